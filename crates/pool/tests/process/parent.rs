//! The process that has the pool: how it ends, how it is interrupted, how it forks.

#![expect(unsafe_code, reason = "fork(2), kill(2) and signal(2)")]

use crate::child;
use crate::support::{
    Meeting, await_workers, block_on, children, exists, kill, pool_of, process_id, square, visit,
    wait_for_end_of,
};
use asyncio_pool::{ProcessPoolExecutor, Shutdown};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

fn spin(_: ()) {
    loop {
        std::hint::spin_loop();
    }
}

#[test]
fn workers_end_with_their_parent_whatever_they_do() {
    let name = "parent::workers_end_with_their_parent_whatever_they_do";
    let Some(mut command) = child::command(name) else {
        let pool = pool_of(3);
        let meeting = Meeting::new();
        let _idle = pool.run_blocking(process_id, ()).unwrap();
        let _waits = pool.submit(visit, meeting.place.clone());
        let _visitor = meeting.wait();
        let _spins = pool.submit(spin, ());
        let _starts = pool.submit(square, 3);
        await_workers(&pool, 3);
        println!("workers {:?}", pool.worker_ids());
        println!("done");
        spin(());
        return;
    };
    let mut parent = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.filter(|line| line.contains("workers [")).take(1).next().unwrap();
    let ids = line.split('[').nth(1).unwrap().trim_end_matches(']');
    let ids: Vec<u32> = ids.split(", ").map(|id| id.parse().unwrap()).collect();
    assert_eq!(ids.len(), 3);
    parent.kill().unwrap();
    parent.wait().unwrap();
    ids.into_iter().for_each(wait_for_end_of);
}

#[test]
fn an_interrupt_of_the_whole_group_interrupts_no_job() {
    extern "C" fn nothing(_: i32) {}
    let name = "parent::an_interrupt_of_the_whole_group_interrupts_no_job";
    let Some(mut command) = child::command(name) else {
        let handler = nothing as *const () as usize;
        // SAFETY: the handler does nothing.
        unsafe { libc::signal(libc::SIGINT, handler) };
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGQUIT, handler) };
        let pool = pool_of(2);
        let idle = pool.run_blocking(process_id, ()).unwrap();
        let meeting = Meeting::new();
        let jobs = [(); 2].map(|()| pool.submit(visit, meeting.place.clone()));
        let visitors = [meeting.wait(), meeting.wait()];
        for signal in [libc::SIGINT, libc::SIGQUIT] {
            // SAFETY: it goes to the group that this process leads.
            assert_eq!(unsafe { libc::kill(0, signal) }, 0);
        }
        drop(visitors);
        let mut ids = jobs.map(|job| block_on(job).unwrap());
        ids.sort_unstable();
        assert!(ids.contains(&idle) && pool.started_workers() == 2);
        return;
    };
    let output = command.process_group(0).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn workers_outlive_the_thread_that_started_them() {
    let thread = std::thread::Builder::new().spawn(|| {
        let pool = pool_of(1);
        let process = pool.run_blocking(process_id, ()).unwrap();
        (pool, process)
    });
    let (pool, process) = thread.unwrap().join().unwrap();
    for _ in 0..20 {
        assert_eq!(pool.run_blocking(process_id, ()).unwrap(), process);
    }
}

/// Runs this in the child of a fork; returns whether it gave `true` there.
fn forked(test: impl FnOnce() -> bool) -> bool {
    // SAFETY: only in a process whose other threads hold no lock that the child needs: they wait.
    match unsafe { libc::fork() } {
        0 => {
            let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test));
            // SAFETY: the child ends here, without the exit handlers of its parent.
            unsafe { libc::_exit(i32::from(!good.unwrap_or(false))) }
        }
        child => {
            let mut status = 0;
            // SAFETY: the status is a local variable.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            status == 0
        }
    }
}

#[test]
fn a_pool_refuses_to_work_in_the_child_of_a_fork_and_does_no_harm_there() {
    let name = "parent::a_pool_refuses_to_work_in_the_child_of_a_fork_and_does_no_harm_there";
    if !child::is_child(name) {
        return;
    }
    let pool = pool_of(1);
    let process = pool.run_blocking(process_id, ()).unwrap();
    let job = pool.submit(square, 3);
    let kept = pool.clone();
    let refused = |test: &mut dyn FnMut()| {
        let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test));
        let message = payload.err().and_then(|payload| payload.downcast::<String>().ok());
        message
            .is_some_and(|message| message.contains("after a fork the child has to make its own"))
    };
    let good = forked(|| {
        std::panic::set_hook(Box::new(|_| {}));
        let each = [
            refused(&mut || drop(pool.submit(square, 3))),
            refused(&mut || drop(pool.run_blocking(square, 3))),
            refused(&mut || drop(pool.try_run(square, 3))),
            refused(&mut || drop(block_on(pool.run(square, 3)))),
            refused(&mut || drop(pool.shutdown(Shutdown::Now))),
        ];
        eprintln!("{each:?}");
        let each = each == [true; 5];
        drop(job);
        drop(pool);
        let own = pool_of(1);
        each && own.run_blocking(square, 3).unwrap() == 9
    });
    assert!(good);
    assert!(exists(process), "it is the parent's");
    assert_eq!(kept.run_blocking(process_id, ()).unwrap(), process);
}

#[test]
fn a_pool_works_on_while_the_child_of_a_fork_drops_its_copy() {
    let name = "parent::a_pool_works_on_while_the_child_of_a_fork_drops_its_copy";
    if !child::is_child(name) {
        return;
    }
    let pool = pool_of(1);
    let process = pool.run_blocking(process_id, ()).unwrap();
    let copy = pool.clone();
    let job = pool.submit(square, 3);
    assert!(forked(|| {
        drop((copy, job));
        true
    }));
    assert_eq!(pool.run_blocking(process_id, ()).unwrap(), process);
}

#[test]
fn a_job_that_forks_is_answered_once() {
    /// Both processes come back from it.
    fn forks(n: u64) -> u64 {
        // SAFETY: the child only goes back to the pool's code, which ends it.
        match unsafe { libc::fork() } {
            0 => n + 1_000,
            child => {
                let mut status = 0;
                // SAFETY: the status is a local variable.
                unsafe { libc::waitpid(child, &raw mut status, 0) };
                n
            }
        }
    }
    fn forks_and_panics(_: ()) {
        // SAFETY: as above.
        let child = unsafe { libc::fork() };
        assert_ne!(child, 0, "in the child");
        let mut status = 0;
        // SAFETY: the status is a local variable.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
    }
    let pool = pool_of(1);
    let jobs: Vec<_> =
        (0..40).map(|n| (n, pool.submit(forks, n), pool.submit(square, n))).collect();
    for (n, job, other) in jobs {
        assert_eq!((block_on(job).unwrap(), block_on(other).unwrap()), (n, n * n));
    }
    pool.run_blocking(forks_and_panics, ()).unwrap();
    assert_eq!(pool.started_workers(), 1);
}

fn start_sleeper(_: ()) -> u32 {
    let mut command = Command::new("/bin/sleep");
    command.arg("1000").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap().id()
}

#[test]
fn children_of_a_worker_end_with_it_if_that_was_asked_for() {
    for soft in [false, true] {
        let pool = ProcessPoolExecutor::builder().workers(1).kill_children(true).build().unwrap();
        let sleeper = pool.run_blocking(start_sleeper, ()).unwrap();
        if soft {
            pool.shutdown(Shutdown::Drain);
        } else {
            let worker = pool.run_blocking(process_id, ()).unwrap();
            kill(worker, 9);
            assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
        }
        wait_for_end_of(sleeper);
    }
}

#[test]
fn children_of_a_worker_are_left_alone_otherwise() {
    let pool = pool_of(1);
    let sleeper = pool.run_blocking(start_sleeper, ()).unwrap();
    pool.shutdown(Shutdown::Now);
    let state = std::fs::read_to_string(format!("/proc/{sleeper}/stat")).unwrap();
    assert!(!state.contains(") Z"), "{state}");
    kill(sleeper, 9);
}

#[test]
fn a_killed_job_takes_its_children_along_if_that_was_asked_for() {
    let name = "parent::a_killed_job_takes_its_children_along_if_that_was_asked_for";
    if !child::is_child(name) {
        return;
    }
    let pool = ProcessPoolExecutor::builder().workers(1).kill_children(true).build().unwrap();
    let meeting = Meeting::new();
    let job = pool.submit(
        |place: String| {
            let sleeper = start_sleeper(());
            visit(place);
            sleeper
        },
        meeting.place.clone(),
    );
    let mut visitor = meeting.wait();
    let task = format!("/proc/{0}/task", visitor.process);
    let sleeper = std::fs::read_dir(task).unwrap().flatten().find_map(|task| {
        let text = std::fs::read_to_string(task.path().join("children")).unwrap();
        text.split_ascii_whitespace().next().map(|id| id.parse::<u32>().unwrap())
    });
    drop(job);
    visitor.wait_for_end();
    wait_for_end_of(sleeper.unwrap());
    drop(pool);
    assert_eq!(children(), []);
}
