//! The sources of work, each of which always has more.
#![expect(clippy::unwrap_used, reason = "only tests use it")]

use asyncio::net::{TcpListener, TcpStream};
use asyncio::{Semaphore, create_task, gather, interval_at, promise, running_loop, yield_now};
use futures::{AsyncReadExt, AsyncWriteExt};
use std::cell::RefCell;
use std::future::{pending, poll_fn, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

/// How many tasks or callbacks a source has at a time, where more make it worse.
pub(crate) const MANY: usize = 100;

/// Where work comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// Tasks that give way and are ready again.
    Yields,
    /// Tasks that wake each other.
    WakesOfEachOther,
    /// Tasks that make tasks and await them.
    NewTasks,
    /// Callbacks that schedule themselves again.
    LocalCallbacks,
    /// Callbacks, sent as if by another thread, that send themselves again.
    PostsThatPost,
    /// Sleeps whose time has come when they are made.
    LateTimers,
    /// Callbacks of timers whose time has come, which set the next.
    LateCallbacks,
    /// Intervals that have a million ticks to make up for.
    LateIntervals,
    /// Sockets that are always readable and always writable.
    ReadySockets,
    /// Streams on which as much comes as is read.
    FullStreams,
    /// Jobs that come back at once.
    Jobs,
    /// A `gather` of a thousand values that are there.
    GatheredThousand,
    /// A `gather` of a thousand futures that are not ours and never wait.
    GatheredForeign,
    /// Permits that are free whenever somebody wants one.
    FreePermits,
    /// A permit that many want and all give back at once.
    ContendedPermits,
}

impl Source {
    pub(crate) const ALL: [Self; 15] = [
        Self::Yields,
        Self::WakesOfEachOther,
        Self::NewTasks,
        Self::LocalCallbacks,
        Self::PostsThatPost,
        Self::LateTimers,
        Self::LateCallbacks,
        Self::LateIntervals,
        Self::ReadySockets,
        Self::FullStreams,
        Self::Jobs,
        Self::GatheredThousand,
        Self::GatheredForeign,
        Self::FreePermits,
        Self::ContendedPermits,
    ];

    /// Starts it; it runs until the load is stopped or the loop ends.
    pub(crate) async fn start(self, load: &Load) {
        match self {
            Self::Yields => load.tasks(MANY, |load| async move {
                while load.goes_on() {
                    yield_now().await;
                }
            }),
            Self::WakesOfEachOther => wakes_of_each_other(load),
            Self::NewTasks => load.tasks(MANY, |load| async move {
                while load.goes_on() {
                    create_task(async {}).await.unwrap();
                }
            }),
            Self::LocalCallbacks => (0..MANY).for_each(|_| call_again(load.clone())),
            Self::PostsThatPost => {
                let handle = running_loop().handle();
                (0..MANY).for_each(|_| post_again(load.clone(), handle.clone()));
            }
            Self::LateTimers => load.tasks(MANY, |load| async move {
                while load.goes_on() {
                    asyncio::sleep_until(running_loop().time()).await;
                }
            }),
            Self::LateCallbacks => (0..MANY).for_each(|_| call_later_again(load.clone())),
            Self::LateIntervals => {
                let made = running_loop().time();
                asyncio::sleep(Duration::from_millis(1)).await;
                load.tasks(4, |load| async move {
                    let mut ticks = interval_at(made, Duration::from_nanos(1));
                    while load.goes_on() {
                        ticks.tick().await;
                    }
                });
            }
            Self::ReadySockets => ready_sockets(load).await,
            Self::FullStreams => full_streams(load).await,
            Self::Jobs => load.tasks(8, |load| async move {
                while load.goes_on() {
                    asyncio::to_thread(|| ()).await.unwrap();
                }
            }),
            Self::GatheredThousand => load.tasks(1, |load| async move {
                while load.goes_on() {
                    let ready = (0..1_000).map(|number| {
                        let (value, resolver) = promise();
                        resolver.resolve(number).unwrap();
                        value
                    });
                    assert_eq!(gather(ready).await.len(), 1_000);
                }
            }),
            Self::GatheredForeign => load.tasks(1, |load| async move {
                while load.goes_on() {
                    assert_eq!(gather((0..1_000).map(ready)).await.len(), 1_000);
                }
            }),
            Self::FreePermits => permits(load, 4),
            Self::ContendedPermits => permits(load, 1),
        }
    }
}

/// What the sources share with who watches them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    is_stopped: Arc<AtomicBool>,
    steps: Arc<AtomicU64>,
}

impl Load {
    /// Counts a step of a source; `false` once it is stopped.
    pub(crate) fn goes_on(&self) -> bool {
        self.steps.fetch_add(1, Ordering::Relaxed);
        !self.is_stopped.load(Ordering::Relaxed)
    }

    /// How many steps the sources took.
    pub(crate) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// Stops the sources; tells whether they ran until now.
    pub(crate) fn stop(&self) -> bool {
        !self.is_stopped.swap(true, Ordering::Relaxed)
    }

    fn tasks<F: Future<Output = ()> + 'static>(&self, count: usize, work: impl Fn(Self) -> F) {
        (0..count).for_each(|_| drop(create_task(work(self.clone()))));
    }
}

/// Rings of two: each wakes the other and waits to be woken.
fn wakes_of_each_other(load: &Load) {
    for _ in 0..MANY / 2 {
        let pair = Rc::new(RefCell::new([None::<Waker>, None]));
        for own in 0..2 {
            let (load, pair) = (load.clone(), Rc::clone(&pair));
            drop(create_task(poll_fn(move |cx| {
                let other = {
                    let mut pair = pair.borrow_mut();
                    pair[own] = Some(cx.waker().clone());
                    pair[1 - own].clone()
                };
                if let Some(other) = other {
                    other.wake();
                }
                if load.goes_on() { Poll::Pending } else { Poll::Ready(()) }
            })));
        }
    }
}

fn call_again(load: Load) {
    if load.goes_on() {
        drop(running_loop().call_soon(move || call_again(load)));
    }
}

fn post_again(load: Load, handle: asyncio::Handle) {
    if load.goes_on() {
        let next = handle.clone();
        // The loop may have been closed meanwhile.
        let _posted = handle.call_soon(move || post_again(load, next));
    }
}

fn call_later_again(load: Load) {
    if load.goes_on() {
        drop(running_loop().call_later(Duration::ZERO, move || call_later_again(load)));
    }
}

/// Two ends of a connection.
async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, client) = gather((listener.accept(), TcpStream::connect(address))).await;
    (accepted.unwrap().0, client.unwrap())
}

/// A byte that nobody reads, and room that nobody fills.
async fn ready_sockets(load: &Load) {
    let (server, mut client) = connected().await;
    client.write_all(b"!").await.unwrap();
    server.readable().await.unwrap();
    let ends = Rc::new((server, client));
    for is_reader in [true, false] {
        let ends = Rc::clone(&ends);
        load.tasks(4, move |load| {
            let ends = Rc::clone(&ends);
            async move {
                while load.goes_on() {
                    if is_reader {
                        ends.0.readable().await.unwrap();
                    } else {
                        ends.1.writable().await.unwrap();
                    }
                }
            }
        });
    }
}

async fn full_streams(load: &Load) {
    for _ in 0..2 {
        let (mut server, mut client) = connected().await;
        let (writer, reader) = (load.clone(), load.clone());
        drop(create_task(async move {
            while writer.goes_on() {
                client.write_all(&[7; 4_096]).await.unwrap();
            }
            pending::<()>().await;
        }));
        drop(create_task(async move {
            let mut buffer = [0; 512];
            while reader.goes_on() {
                assert_ne!(server.read(&mut buffer).await.unwrap(), 0);
            }
            pending::<()>().await;
        }));
    }
}

/// Four tasks that take and give back.
fn permits(load: &Load, count: usize) {
    let semaphore = Arc::new(Semaphore::new(count));
    load.tasks(4, |load| {
        let semaphore = Arc::clone(&semaphore);
        async move {
            while load.goes_on() {
                drop(semaphore.acquire().await.unwrap());
            }
        }
    });
}
