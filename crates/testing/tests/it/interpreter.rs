//! Runs a program on the production loop in a simulated world, and writes down what happens.

use crate::program::{End, Event, Leaf, Op, Program, Run};
use asyncio_core::Instant;
use asyncio_core::exception::ExceptionContext;
use asyncio_executor::Task;
use asyncio_reactor::{now, sleep, timeout};
use asyncio_runtime::try_running_loop;
use asyncio_testing::{Simulation, StallKind};
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Runs `program` with this seed.
pub(crate) fn run(program: &Program, seed: u64) -> Run {
    let scene = Rc::new(Scene::new(program.clone()));
    let stage = Rc::clone(&scene);
    let result = Simulation::new(seed).run(async move || {
        let reports = Rc::clone(&stage);
        let event_loop = try_running_loop().unwrap();
        event_loop.set_exception_handler(move |context: &ExceptionContext| {
            let name = context.task_name.as_ref().unwrap();
            reports.log(Event::Reported(name.parse().unwrap()));
        });
        traced(&stage, 0).await;
    });
    let deadlock = match result {
        Ok(()) => false,
        Err(stall) => {
            assert_eq!(stall.kind(), StallKind::Deadlock, "{stall}");
            true
        }
    };
    let trace = scene.trace.take();
    // What is left are handles and wakers of a loop that is closed.
    drop((scene.handles.take(), scene.wakers.take()));
    assert!(scene.trace.take().is_empty(), "nothing happens after the close");
    Run { trace, deadlock }
}

struct Scene {
    program: Program,
    spawned: RefCell<Vec<bool>>,
    handles: RefCell<Vec<Option<Task<()>>>>,
    /// The last waker of each task; they are kept past the end.
    wakers: RefCell<Vec<Option<Waker>>>,
    trace: RefCell<Vec<Event>>,
}

impl Scene {
    fn new(program: Program) -> Self {
        let tasks = program.0.len();
        let mut spawned = vec![false; tasks];
        spawned[0] = true;
        Self {
            program,
            spawned: RefCell::new(spawned),
            handles: RefCell::new((0..tasks).map(|_| None).collect()),
            wakers: RefCell::new(vec![None; tasks]),
            trace: RefCell::default(),
        }
    }

    fn log(&self, event: Event) {
        self.trace.borrow_mut().push(event);
    }

    /// The handle of another task, if it is there.
    fn take_handle(&self, me: usize, task: usize) -> Option<Task<()>> {
        if task == me { None } else { self.handles.borrow_mut()[task].take() }
    }
}

/// A body that notes its polls, its end and its drop.
struct Traced {
    // Dropped first, so that what it holds goes before the drop is noted.
    body: Pin<Box<dyn Future<Output = ()>>>,
    noted: NotedDrop,
}

struct NotedDrop {
    scene: Rc<Scene>,
    me: usize,
}

impl Drop for NotedDrop {
    fn drop(&mut self) {
        self.scene.log(Event::Dropped(self.me));
    }
}

fn traced(scene: &Rc<Scene>, me: usize) -> Traced {
    let noted = NotedDrop { scene: Rc::clone(scene), me };
    Traced { body: Box::pin(body(Rc::clone(scene), me)), noted }
}

impl Future for Traced {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (scene, me) = (Rc::clone(&self.noted.scene), self.noted.me);
        scene.log(Event::Poll(me, now()));
        let former = scene.wakers.borrow_mut()[me].replace(cx.waker().clone());
        drop(former);
        let polled = self.body.as_mut().poll(cx);
        if polled.is_ready() {
            scene.log(Event::Returned(me));
        }
        polled
    }
}

async fn body(scene: Rc<Scene>, me: usize) {
    for op in scene.program.0[me].clone() {
        match op {
            Op::Await(leaf) => wait(&scene, me, leaf).await,
            Op::Timeout(duration, leaf) => {
                let in_time = timeout(duration, wait(&scene, me, leaf)).await;
                scene.log(Event::TimedOut(me, in_time.is_err()));
            }
            Op::Spawn(task) => spawn(&scene, me, task),
            Op::Cancel(task) => {
                let asked = scene.handles.borrow()[task].as_ref().map(Task::cancel);
                if let Some(asked) = asked {
                    scene.log(Event::Cancelled(me, task, asked));
                }
            }
            Op::Detach(task) => {
                let handle = scene.handles.borrow_mut()[task].take();
                drop(handle);
            }
            Op::Wake(task, times) => {
                let waker = scene.wakers.borrow()[task].clone();
                for waker in waker.iter().cycle().take(times) {
                    scene.log(Event::Woke(me, task));
                    waker.wake_by_ref();
                }
            }
            // Does not call the panic hook, which would print it.
            Op::Panic => std::panic::resume_unwind(Box::new("planned")),
        }
    }
}

fn spawn(scene: &Rc<Scene>, me: usize, task: usize) {
    if std::mem::replace(&mut scene.spawned.borrow_mut()[task], true) {
        return;
    }
    scene.log(Event::Spawned(me, task));
    let handle = Task::builder().name(task.to_string()).spawn(traced(scene, task));
    scene.handles.borrow_mut()[task] = Some(handle);
}

/// Waits; what it waits for is made here and now, not at the first poll.
fn wait(scene: &Rc<Scene>, me: usize, leaf: Leaf) -> impl Future<Output = ()> + use<> {
    let scene = Rc::clone(scene);
    let made: Pin<Box<dyn Future<Output = ()>>> = match leaf {
        Leaf::Yield => Box::pin(asyncio_core::yield_now()),
        Leaf::Sleep(duration) => Box::pin(slept(scene, me, duration)),
        Leaf::Join(task) => match scene.take_handle(me, task) {
            Some(handle) => Box::pin(joined(scene, me, task, handle)),
            None => Box::pin(std::future::ready(())),
        },
    };
    made
}

fn slept(scene: Rc<Scene>, me: usize, duration: Duration) -> impl Future<Output = ()> {
    let sleeping = sleep(duration);
    let deadline: Instant = sleeping.deadline();
    async move {
        sleeping.await;
        scene.log(Event::Slept(me, deadline, now()));
    }
}

async fn joined(scene: Rc<Scene>, me: usize, task: usize, handle: Task<()>) {
    let end = match handle.await {
        Ok(()) => End::Value,
        Err(error) if error.is_cancelled() => End::Cancelled,
        Err(error) => {
            assert!(error.is_panic(), "{error}");
            End::Panic
        }
    };
    scene.log(Event::Joined(me, task, end));
}
