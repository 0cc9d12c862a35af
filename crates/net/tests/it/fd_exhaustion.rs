//! S-65: a listener that finds no descriptor free pauses and goes on. In a child process, for the limit is
//! the whole process's.

use crate::support::run;
use asyncio_core::exception::{self, ExceptionContext};
use asyncio_core::gather;
use asyncio_net::TcpListener;
use asyncio_reactor::{sleep, timeout};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::cell::{Cell, RefCell};
use std::env;
use std::io;
use std::net::TcpStream as Client;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

const CHILD: &str = "ASYNCIO_NET_TEST_CHILD";
const CLIENTS: usize = 12;
const FREE: usize = 3;

#[test]
fn real_a_listener_without_descriptors_pauses_and_recovers() {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "fd_exhaustion::in_a_child_process", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    assert!(said.contains("the child has finished"), "{said}");
}

#[test]
fn in_a_child_process() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let reports = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&reports);
    let _entered = exception::enter(Some(Rc::new(move |context: &ExceptionContext| {
        heard.borrow_mut().push(context.to_string());
    })));
    run(exhaust());
    let reports = reports.take();
    assert_eq!(reports.len(), 1, "one report for the series of pauses: {reports:?}");
    assert!(reports[0].contains("pauses for want of resources"), "{reports:?}");
    assert!(reports[0].contains("\n  error: Too many open files (os error 24)"), "{reports:?}");
    eprintln!("the child has finished");
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

async fn exhaust() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let clients = (0..CLIENTS).map(|_| Client::connect(addr)).collect::<io::Result<Vec<_>>>()?;
    // A new descriptor gets the lowest free number, and the limit is one on numbers.
    let highest = clients.last().expect("there are some").as_raw_fd() as u64;
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(highest + 1 + FREE as u64), maximum })?;

    let (held, let_go, accepted) = (RefCell::new(Vec::new()), Cell::new(false), Cell::new(0));
    let accepting = async {
        while accepted.get() < CLIENTS {
            // Given up and asked again all the time, as under a timeout: it must not spin for that.
            let Ok(stream) = timeout(Duration::from_millis(20), listener.accept()).await else {
                continue;
            };
            accepted.set(accepted.get() + 1);
            if !let_go.get() {
                held.borrow_mut().push(stream?);
            }
        }
        io::Result::Ok(())
    };
    let watching = async {
        let before = cpu_time();
        sleep(Duration::from_millis(500)).await;
        let spent = cpu_time() - before;
        assert_eq!(accepted.get(), FREE, "as many as there were descriptors");
        assert!(spent < Duration::from_millis(100), "{spent:?} of CPU in 500 ms of pausing");
        let_go.set(true);
        held.take();
    };
    let (done, ()) = gather((accepting, watching)).await;
    done?;
    assert_eq!(accepted.get(), CLIENTS, "no connection was lost");
    Ok(())
}
