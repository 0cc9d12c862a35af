//! In a simulation, where no time goes by while anything is ready: what is due is served within a number of
//! steps of the source.
#![expect(clippy::unwrap_used, reason = "only tests use it")]

use super::load::{Load, Source};
use asyncio::net::{TcpListener, TcpStream};
use asyncio::testing::Simulation;
use asyncio::{create_task, running_loop, yield_now};
use std::future::pending;
use std::time::Duration;

/// The most steps of a round: four tasks that spend a budget of 128 each.
const ROUND: u64 = 512;
/// Each victim takes some rounds; timers are looked at every 64 polls.
const SOON: u64 = 8 * ROUND;
/// What starves is given up after so many polls.
const STEPS: u64 = 20_000;

#[derive(Clone, Copy, Debug)]
enum Victim {
    DueSleep,
    DueTimeout,
    Accept,
    Post,
    Task,
    Job,
}

const VICTIMS: [Victim; 6] =
    [Victim::DueSleep, Victim::DueTimeout, Victim::Accept, Victim::Post, Victim::Task, Victim::Job];

impl Victim {
    async fn serve(self) {
        match self {
            Self::DueSleep => asyncio::sleep_until(running_loop().time()).await,
            Self::DueTimeout => {
                assert!(asyncio::timeout(Duration::ZERO, pending::<()>()).await.is_err());
            }
            Self::Accept => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let client = create_task(TcpStream::connect(address));
                listener.accept().await.unwrap();
                client.await.unwrap().unwrap();
            }
            Self::Post => {
                let (called, resolver) = asyncio::promise();
                let posted =
                    running_loop().handle().call_soon(move || resolver.resolve(()).unwrap());
                posted.unwrap();
                called.await.unwrap();
            }
            Self::Task => create_task(yield_now()).await.unwrap(),
            Self::Job => asyncio::to_thread(|| ()).await.unwrap(),
        }
    }
}

/// How many steps the source took until the victim was served.
fn steps_until_served(seed: u64, source: Source, victim: Victim) -> Result<u64, String> {
    let simulation = Simulation::new(seed).step_limit(STEPS);
    let served = simulation.run(async || {
        let load = Load::default();
        source.start(&load).await;
        yield_now().await;
        let before = load.steps();
        victim.serve().await;
        let steps = load.steps() - before;
        load.stop();
        steps
    });
    served.map_err(|stall| format!("{victim:?} beside {source:?}, seed {seed}: {:?}", stall.kind()))
}

#[test]
fn each_source_of_work_leaves_the_others_their_turn_in_every_order() {
    let mut starved = Vec::new();
    for source in Source::ALL {
        for victim in VICTIMS {
            for seed in 0..5 {
                // The first seed starts jobs when nothing else is ready (S-43).
                if seed == 0 && matches!(victim, Victim::Job) {
                    continue;
                }
                match steps_until_served(seed, source, victim) {
                    Ok(steps) if steps <= SOON => {}
                    Ok(steps) => starved.push(format!(
                        "{victim:?} beside {source:?}, seed {seed}: after {steps} steps"
                    )),
                    Err(stall) => starved.push(stall),
                }
            }
        }
    }
    assert!(starved.is_empty(), "{starved:#?}");
}
