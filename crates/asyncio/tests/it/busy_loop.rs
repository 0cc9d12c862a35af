//! S-10 and S-11: a loop that always has something ready still serves timers, sockets and threads.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

#[test]
fn a_task_that_yields_for_ever_starves_neither_timers_nor_threads() {
    asyncio::run(async {
        let spinner = asyncio::create_task(async {
            loop {
                asyncio::yield_now().await;
            }
        });
        asyncio::sleep(Duration::from_millis(2)).await;
        assert_eq!(asyncio::to_thread(|| 7).await.unwrap(), 7);
        spinner.cancel();
        assert!(spinner.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_self_posting_callback_does_not_starve_a_socket() {
    use futures::{AsyncReadExt, AsyncWriteExt};
    fn again(count: Rc<Cell<u64>>) {
        count.set(count.get() + 1);
        drop(asyncio::running_loop().call_soon(move || again(count)));
    }
    asyncio::run(async {
        let count = Rc::new(Cell::new(0));
        again(Rc::clone(&count));
        let listener = asyncio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = async {
            let mut stream = asyncio::net::TcpStream::connect(address).await.unwrap();
            stream.write_all(b"ping").await.unwrap();
            let mut answer = [0; 4];
            stream.read_exact(&mut answer).await.unwrap();
            answer
        };
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 4];
            stream.read_exact(&mut question).await.unwrap();
            stream.write_all(b"pong").await.unwrap();
            question
        };
        assert_eq!(asyncio::gather((client, server)).await, (*b"pong", *b"ping"));
        assert!(count.get() > 0);
    });
}

#[test]
fn a_task_that_never_yields_holds_everything_back() {
    // Cooperative multitasking, as in asyncio: nothing interrupts a poll, and what was due meanwhile
    // runs right after it.
    asyncio::run(async {
        let ran = Rc::new(Cell::new(false));
        let flag = Rc::clone(&ran);
        drop(asyncio::create_task(async move { flag.set(true) }));
        let until = asyncio::running_loop().time() + Duration::from_millis(2);
        while asyncio::running_loop().time() < until {
            std::hint::spin_loop();
        }
        assert!(!ran.get());
        asyncio::yield_now().await;
        assert!(ran.get());
    });
}
