//! On the real loop, by the clock.
//!
//! Starvation is for ever, noise is not: of several tries one within the bound is enough. A watchdog stops the
//! source after a while, so a starving loop makes the test fail and not hang.

use super::load::{Load, MANY, Source};
use asyncio::net::TcpListener;
use asyncio::{Handle, running_loop, yield_now};
use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

/// How late anything may be, beside one round of the queue.
const LATE: Duration = Duration::from_millis(5);
/// No source has more ready at a time than can be polled in this, sanitizers included.
const LONGEST_ROUND: Duration = Duration::from_millis(20);
/// On a machine with other things to do, the loop's thread itself is often held up for some milliseconds.
const TRIES: usize = 25;
const STARVED_TRIES: usize = 3;
/// What starves is given up after this.
const WATCHDOG: Duration = Duration::from_millis(300);
/// How long what comes from a thread waits, so that the source runs flat out.
const HEAD_START: Duration = Duration::from_millis(3);

#[derive(Clone, Copy, Debug)]
enum Victim {
    Sleep,
    Timeout,
    Accept,
    Post,
}

const VICTIMS: [Victim; 4] = [Victim::Sleep, Victim::Timeout, Victim::Accept, Victim::Post];

#[expect(clippy::disallowed_methods, reason = "a test that measures")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "it stands for a client that comes in its own time")]
fn head_start() {
    thread::sleep(HEAD_START);
}

impl Victim {
    /// How late it was served.
    async fn serve<'scope>(self, scope: &'scope Scope<'scope, '_>) -> io::Result<Duration> {
        let (begun, ten) = (now(), Duration::from_millis(10));
        Ok(match self {
            Self::Sleep => {
                asyncio::sleep(ten).await;
                begun.elapsed() - ten
            }
            Self::Timeout => {
                assert!(asyncio::timeout(ten, pending::<()>()).await.is_err());
                begun.elapsed() - ten
            }
            Self::Accept => {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let address = listener.local_addr()?;
                let client = scope.spawn(move || connect(address));
                let (_stream, _peer) = listener.accept().await?;
                let served = now();
                let (_stream, called) = client.join().expect("the client does not panic")?;
                served - called
            }
            Self::Post => {
                let handle = running_loop().handle();
                let (lateness, resolver) = asyncio::promise();
                scope.spawn(move || {
                    head_start();
                    let called = now();
                    let posted = handle.call_soon(move || {
                        resolver.resolve(called.elapsed()).expect("it is awaited")
                    });
                    posted.expect("the loop waits for it");
                });
                lateness.await.expect("the callback was called")
            }
        })
    }
}

/// Connects after a while and says when.
fn connect(address: SocketAddr) -> io::Result<(TcpStream, Instant)> {
    head_start();
    let called = now();
    Ok((TcpStream::connect(address)?, called))
}

/// Sends callbacks as fast as the loop takes them.
fn post_flat_out(load: &Load, handle: &Handle) {
    let outstanding = Arc::new(AtomicUsize::new(0));
    while load.goes_on() {
        if outstanding.load(Ordering::Relaxed) > 10 * MANY {
            thread::yield_now();
            continue;
        }
        outstanding.fetch_add(1, Ordering::Relaxed);
        let outstanding = Arc::clone(&outstanding);
        let posted = handle.call_soon(move || {
            outstanding.fetch_sub(1, Ordering::Relaxed);
        });
        if posted.is_err() {
            return;
        }
    }
}

/// How late a victim is served beside a source (`None`: threads that post), and how long a round takes.
/// An error: it was not served while the source ran.
fn try_once(source: Option<Source>, victim: Victim) -> Result<(Duration, Duration), &'static str> {
    let load = Load::default();
    thread::scope(|scope| {
        let watched = load.clone();
        let watchdog = scope.spawn(move || {
            thread::park_timeout(WATCHDOG);
            watched.stop()
        });
        let served = asyncio::run(async {
            match source {
                Some(source) => source.start(&load).await,
                None => {
                    for _ in 0..2 {
                        let (load, handle) = (load.clone(), running_loop().handle());
                        scope.spawn(move || post_flat_out(&load, &handle));
                    }
                }
            }
            yield_now().await;
            let begun = now();
            yield_now().await;
            let round = begun.elapsed();
            let late = victim.serve(scope).await.expect("the system gives what is needed");
            let is_served = load.stop();
            is_served.then_some((late, round)).ok_or("starved until the source was stopped")
        });
        watchdog.thread().unpark();
        served
    })
}

/// The best of some tries, or what they gave.
fn check(source: Option<Source>, victim: Victim) -> Result<(), String> {
    let mut tries = Vec::new();
    let mut starved = 0;
    while tries.len() < TRIES && starved < STARVED_TRIES {
        let tried = try_once(source, victim);
        starved += usize::from(tried.is_err());
        if tried.is_ok_and(|(late, round)| late <= LATE + round.min(LONGEST_ROUND)) {
            return Ok(());
        }
        tries.push(tried);
    }
    Err(format!("{victim:?} beside {source:?}: late by, with a round of: {tries:?}"))
}

#[test]
fn real_each_source_of_work_leaves_the_others_their_turn() {
    let sources = Source::ALL.into_iter().map(Some).chain([None]);
    let pairs = sources.flat_map(|source| VICTIMS.map(|victim| (source, victim)));
    let starved: Vec<_> =
        pairs.filter_map(|(source, victim)| check(source, victim).err()).collect();
    assert!(starved.is_empty(), "{starved:#?}");
}
