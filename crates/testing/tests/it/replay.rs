//! S-42 for programs that use all of a simulated world: sockets, promises, jobs, timers, random numbers and
//! more work than a poll's budget allows.

use crate::program::config;
use asyncio_core::{Promise, Resolver, gather, promise, random, yield_now};
use asyncio_executor::{Task, create_task};
use asyncio_net::{TcpListener, TcpStream, UdpSocket};
use asyncio_pool::to_thread;
use asyncio_reactor::{now, sleep, timeout};
use asyncio_testing::Simulation;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

const TASKS: usize = 4;
const PROMISES: usize = 3;

#[derive(Clone, Debug)]
enum Op {
    Yield,
    Sleep(u64),
    /// Resolves a promise, or awaits it, if it is still there.
    Resolve(usize),
    Await(usize),
    /// Writes to the next task's stream, or reads from one's own.
    Write(usize),
    Read(usize),
    /// Sends datagrams, more than one poll may.
    Burst(usize),
    RecvFrom,
    Job,
    Draw,
    /// Polls many futures that are ready.
    Gather(usize),
}

fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => Just(Op::Yield),
        3 => (0_u64..4).prop_map(Op::Sleep),
        2 => (0..PROMISES).prop_map(Op::Resolve),
        2 => (0..PROMISES).prop_map(Op::Await),
        3 => (1_usize..200).prop_map(Op::Write),
        3 => (1_usize..200).prop_map(Op::Read),
        1 => (1_usize..100).prop_map(Op::Burst),
        2 => Just(Op::RecvFrom),
        2 => Just(Op::Job),
        2 => Just(Op::Draw),
        1 => (1_usize..300).prop_map(Op::Gather),
    ]
}

fn programs() -> impl Strategy<Value = Vec<Vec<Op>>> {
    prop::collection::vec(prop::collection::vec(ops(), 0..12), TASKS)
}

type Trace = Vec<String>;

/// What the tasks share.
#[derive(Default)]
struct Scene {
    trace: RefCell<Trace>,
    resolvers: RefCell<Vec<Option<Resolver<usize>>>>,
    promises: RefCell<Vec<Option<Promise<usize>>>>,
}

/// One task's own things.
struct Actor {
    me: usize,
    scene: Rc<Scene>,
    reads: TcpStream,
    writes: TcpStream,
    socket: UdpSocket,
}

fn trace(program: &[Vec<Op>], seed: u64) -> Trace {
    let run = Simulation::new(seed).stream_buffer(64).run(async || {
        let scene = Rc::new(Scene::default());
        for _ in 0..PROMISES {
            let (promise, resolver) = promise();
            scene.promises.borrow_mut().push(Some(promise));
            scene.resolvers.borrow_mut().push(Some(resolver));
        }
        // Each task writes to the next one, and the last to the first.
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let (mut writes, mut reads) = (Vec::new(), Vec::new());
        for _ in program {
            writes.push(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
            reads.push(listener.accept().await.unwrap().0);
        }
        reads.rotate_right(1);
        let mut tasks: Vec<Task<()>> = Vec::new();
        for (me, (writes, reads)) in writes.into_iter().zip(reads).enumerate() {
            let socket = UdpSocket::bind("localhost:0").await.unwrap();
            let actor = Actor { me, scene: Rc::clone(&scene), reads, writes, socket };
            tasks.push(create_task(actor.play(program[me].clone())));
        }
        for task in tasks {
            let ended = timeout(Duration::from_secs(1), task).await;
            scene.trace.borrow_mut().push(format!("{} at {}", ended.is_ok(), now()));
        }
        scene.trace.take()
    });
    run.unwrap()
}

impl Actor {
    async fn play(mut self, ops: Vec<Op>) {
        for op in ops {
            let seen = self.perform(&op).await;
            self.scene.trace.borrow_mut().push(format!("{} {op:?} {seen} at {}", self.me, now()));
        }
    }

    async fn perform(&mut self, op: &Op) -> String {
        match *op {
            Op::Yield => format!("{:?}", yield_now().await),
            Op::Sleep(millis) => format!("{:?}", sleep(Duration::from_millis(millis)).await),
            Op::Resolve(number) => {
                let resolver = self.scene.resolvers.borrow_mut()[number].take();
                format!("{:?}", resolver.map(|resolver| resolver.resolve(self.me).is_ok()))
            }
            Op::Await(number) => {
                let promise = self.scene.promises.borrow_mut()[number].take();
                match promise {
                    Some(promise) => format!("{:?}", promise.await),
                    None => String::from("taken"),
                }
            }
            Op::Write(length) => format!("{:?}", self.writes.write(&vec![0; length]).await.ok()),
            Op::Read(length) => format!("{:?}", self.reads.read(&mut vec![0; length]).await.ok()),
            Op::Burst(count) => {
                let to = self.socket.local_addr().unwrap();
                let mut sent = 0;
                for _ in 0..count {
                    sent += self.socket.send_to(b"!", to).await.unwrap();
                }
                sent.to_string()
            }
            Op::RecvFrom => {
                let received = timeout(Duration::from_millis(1), self.socket.recv(&mut [0])).await;
                format!("{:?}", received.is_ok())
            }
            Op::Job => format!("{:?}", to_thread(|| 7).await.ok()),
            Op::Draw => random::below(1000).to_string(),
            Op::Gather(count) => {
                let numbers = gather((0..count).map(|number| async move { number })).await;
                numbers.len().to_string()
            }
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn prop_s42_a_seed_replays_sockets_promises_jobs_and_numbers(program in programs(), seed: u64) {
        let first = trace(&program, seed);
        prop_assert_eq!(&first, &trace(&program, seed), "on the same thread");
        // A thread that has run nothing has another budget, another allocator and other numbers.
        let fresh = thread::scope(|scope| scope.spawn(|| trace(&program, seed)).join().unwrap());
        prop_assert_eq!(first, fresh, "on a fresh thread");
    }
}

#[test]
fn seeds_explore_different_orders_of_programs_with_sockets() {
    let program: Vec<Vec<Op>> = (0..TASKS)
        .map(|_| vec![Op::Write(9), Op::Read(9), Op::Job, Op::Yield, Op::Burst(2), Op::RecvFrom])
        .collect();
    let traces: BTreeSet<Trace> = (1..60).map(|seed| trace(&program, seed)).collect();
    assert!(traces.len() > 30, "{} of 59 seeds give another order", traces.len());
}

#[test]
fn work_beyond_a_budget_gives_way_at_the_same_places_in_every_run() {
    let program = vec![
        vec![Op::Burst(500), Op::Gather(1000), Op::Burst(500)],
        vec![Op::Yield; 30],
        vec![Op::Gather(1000), Op::Burst(100)],
        vec![Op::Yield; 30],
    ];
    for seed in 0..10 {
        let first = trace(&program, seed);
        assert_eq!(first, trace(&program, seed), "seed {seed}");
        let burst = first.iter().position(|seen| seen.starts_with("0 Burst")).unwrap();
        let yields = first.iter().filter(|seen| seen.starts_with("1 Yield")).count();
        let before = first[..burst].iter().filter(|seen| seen.starts_with("1 Yield")).count();
        assert!(before > 5 && yields == 30, "the burst has given way: {before} of {yields}");
    }
}
