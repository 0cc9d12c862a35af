//! No user code can hurt the loop: random programs whose futures, outputs, wakers, panic payloads, posts,
//! handlers, policies and parks panic, or call back into every public function, wherever they are called.
//!
//! Nothing may abort, hang, be dropped twice or be lost; AddressSanitizer looks for the rest.

use asyncio_core::park::{Park, ThreadPark, Unpark};
use asyncio_executor::policy::{Candidates, Policy};
use asyncio_executor::{
    CallHandle, EventLoop, Task, all_tasks, call_soon, create_task, current_task,
};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

type Loop = EventLoop<HostilePark>;

/// The program that runs on this thread. Wakers and posts are `Send`, so they find it here.
#[derive(Default)]
struct World {
    script: RefCell<Vec<u8>>,
    event_loop: RefCell<Option<Rc<Loop>>>,
    tasks: RefCell<Vec<Task<Output>>>,
    calls: RefCell<Vec<CallHandle>>,
    wakers: RefCell<Vec<Waker>>,
    depth: Cell<u32>,
    made: Cell<usize>,
    dropped: Cell<usize>,
    /// Futures that a closing loop has refused: it forgets them, or their drops would ask for the next.
    refused: Cell<usize>,
    in_payload: Cell<bool>,
}

thread_local! {
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

fn world() -> Option<Rc<World>> {
    WORLD.with_borrow(Clone::clone)
}

impl World {
    /// The next word of the script; zero when it is over.
    fn next(&self) -> u8 {
        self.script.borrow_mut().pop().unwrap_or(0)
    }

    fn event_loop(&self) -> Option<Rc<Loop>> {
        self.event_loop.borrow().clone()
    }

    /// Takes one of several out of a list, which is not borrowed when the rest happens.
    fn pick<T>(&self, list: &RefCell<Vec<T>>) -> Option<T> {
        let mut list = list.borrow_mut();
        let count = list.len();
        (count > 0).then(|| list.swap_remove(usize::from(self.next()) % count))
    }
}

/// A value that is counted.
#[derive(Debug)]
struct Counted {
    is_dropped: bool,
}

impl Counted {
    fn new() -> Self {
        if let Some(world) = world() {
            world.made.set(world.made.get() + 1);
        }
        Self { is_dropped: false }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert!(!std::mem::replace(&mut self.is_dropped, true), "dropped twice");
        if let Some(world) = world() {
            world.dropped.set(world.dropped.get() + 1);
        }
    }
}

/// A value whose drop is hostile.
#[derive(Debug)]
struct Probe(#[expect(dead_code, reason = "only its drop counts")] Counted);

impl Probe {
    fn new() -> Self {
        Self(Counted::new())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        act();
    }
}

type Output = Probe;

/// The payload of a panic.
struct Payload(#[expect(dead_code, reason = "only its drop counts")] Counted);

impl Drop for Payload {
    fn drop(&mut self) {
        let Some(world) = world() else { return };
        let outer = world.in_payload.replace(true);
        let acted = catch_unwind(act);
        world.in_payload.set(outer);
        if let Err(payload) = acted {
            std::panic::resume_unwind(payload);
        }
    }
}

/// Does what the script says: nothing, a panic, or a call of something public.
fn act() {
    let Some(world) = world() else { return };
    if world.depth.get() > 3 {
        return;
    }
    let what = world.next();
    // A panic in a drop that unwinding runs aborts by the rules of the language.
    if what % 24 == 1 && !std::thread::panicking() {
        // What the drop of a payload throws is forgotten, for it may go on for ever: it is of no size here.
        if world.in_payload.get() {
            std::panic::resume_unwind(Box::new(()));
        }
        panic_any(Payload(Counted::new()));
    }
    world.depth.set(world.depth.get() + 1);
    // What a call refuses it refuses by a panic, which ends here.
    let called = catch_unwind(AssertUnwindSafe(|| call(&world, what % 24)));
    world.depth.set(world.depth.get() - 1);
    if let Err(payload) = called {
        asyncio_core::exception::forget_payload(payload);
    }
}

fn call(world: &Rc<World>, what: u8) {
    let event_loop = world.event_loop();
    match what {
        2 | 3 => spawn(world, || create_task(Hostile::new())),
        4 => {
            spawn(world, || Task::builder().name("hostile").eager_start(true).spawn(Hostile::new()))
        }
        5 => {
            if let Some(event_loop) = event_loop {
                spawn(world, || event_loop.create_task(Hostile::new()));
            }
        }
        6 => drop(world.pick(&world.tasks)),
        7 => with_task(world, |task| {
            let _asked = task.cancel();
        }),
        8 => with_task(world, |task| {
            let waker = Waker::from(Arc::new(HostileWaker(Probe::new())));
            drop(Pin::new(task).poll(&mut Context::from_waker(&waker)));
        }),
        9 => world.pick(&world.wakers).into_iter().for_each(Waker::wake),
        10 => world.pick(&world.wakers).iter().for_each(Waker::wake_by_ref),
        11 => drop(world.pick(&world.wakers)),
        12 => event_loop.into_iter().for_each(|event_loop| event_loop.stop()),
        13 => event_loop.into_iter().for_each(|event_loop| {
            let _first = event_loop.close();
        }),
        14 => drop(event_loop.map(|event_loop| event_loop.run_until_complete(Hostile::new()))),
        15 => {
            if let Some(event_loop) = event_loop {
                let _sent = event_loop.handle().call_soon(act);
                // An async block would leak the output of a future whose drop panics (rust-lang/rust#47949).
                drop(event_loop.handle().create_task(|| async { act() }));
            }
        }
        16 => drop(world.event_loop.take()),
        17 => {
            if let Some(event_loop) = event_loop {
                let probe = Probe::new();
                event_loop.set_exception_handler(Some(Rc::new(move |_| {
                    let _kept = &probe;
                    act();
                })));
            }
        }
        18 => {
            if let Some(event_loop) = event_loop {
                event_loop.set_policy(Some(Box::new(HostilePolicy(Probe::new()))));
            }
        }
        19 => {
            let probe = Probe::new();
            let call = call_soon(move || drop(probe));
            world.calls.borrow_mut().push(call);
        }
        20 => drop(world.pick(&world.calls).map(|call| call.cancel())),
        21 => {
            let _names: Vec<String> = all_tasks().iter().map(ToString::to_string).collect();
            let _asked = current_task().map(|task| task.cancel());
        }
        22 => drop(event_loop.map(|event_loop| event_loop.cancel_other_tasks())),
        23 => drop(event_loop.map(|event_loop| event_loop.try_turn())),
        _ => {}
    }
}

/// Keeps a new task. A loop that is closing refuses by a panic and forgets the future.
fn spawn(world: &World, create: impl FnOnce() -> Task<Output>) {
    world.refused.set(world.refused.get() + 1);
    let task = create();
    world.refused.set(world.refused.get() - 1);
    world.tasks.borrow_mut().push(task);
}

fn with_task(world: &World, use_it: impl FnOnce(&mut Task<Output>)) {
    if let Some(mut task) = world.pick(&world.tasks) {
        use_it(&mut task);
        world.tasks.borrow_mut().push(task);
    }
}

/// A future that does something at each poll.
struct Hostile(#[expect(dead_code, reason = "only its drop counts")] Probe);

impl Hostile {
    fn new() -> Self {
        Self(Probe::new())
    }
}

impl Future for Hostile {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        act();
        let Some(world) = world() else { return Poll::Ready(Probe::new()) };
        match world.next() % 6 {
            1 => {
                cx.waker().wake_by_ref();
                act();
                Poll::Pending
            }
            2 | 3 => {
                let waker = cx.waker().clone();
                world.wakers.borrow_mut().push(waker);
                Poll::Pending
            }
            4 => {
                let mut polled = None;
                with_task(&world, |task| polled = Some(Pin::new(task).poll(cx)));
                drop(polled);
                Poll::Pending
            }
            _ => Poll::Ready(Probe::new()),
        }
    }
}

struct HostileWaker(#[expect(dead_code, reason = "only its drop counts")] Probe);

impl Wake for HostileWaker {
    fn wake(self: Arc<Self>) {
        act();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        act();
    }
}

#[derive(Debug)]
struct HostilePolicy(#[expect(dead_code, reason = "only its drop counts")] Probe);

impl Policy for HostilePolicy {
    fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        act();
        let choice = usize::from(world()?.next());
        (choice != 255).then_some(choice % (candidates.len() + 1))
    }

    fn observes(&self) -> bool {
        act();
        true
    }
}

/// Never waits: a program that has nothing to do is halted.
struct HostilePark(ThreadPark);

impl Park for HostilePark {
    type Entered = ();

    fn enter(&self) {}

    fn poll_driver(&self) {
        act();
        asyncio_core::budget::grant(1);
    }

    fn park(&self) -> ControlFlow<()> {
        act();
        ControlFlow::Break(())
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        Arc::new(CountedBell(self.0.unparker(), Counted::new()))
    }
}

/// Goes when the loop's block does: a loop that leaks is a value that was not dropped.
#[derive(Debug)]
struct CountedBell(Arc<dyn Unpark>, #[expect(dead_code, reason = "only its drop counts")] Counted);

impl Unpark for CountedBell {
    fn unpark(&self) {
        self.0.unpark();
    }
}

/// Runs a program, drops all that is left of it in the order that it says, and looks at what was dropped.
fn run(script: Vec<u8>) -> Result<(), TestCaseError> {
    SILENT.set(true);
    let world = Rc::new(World::default());
    world.script.replace(script);
    WORLD.set(Some(Rc::clone(&world)));
    world.event_loop.replace(Some(Rc::new(EventLoop::new(HostilePark(ThreadPark::new())))));
    while !world.script.borrow().is_empty() {
        let turn = || match world.event_loop() {
            Some(event_loop) if world.next() % 2 == 0 => {
                drop(event_loop.run_until_complete(Hostile::new()))
            }
            Some(event_loop) => drop(event_loop.try_turn()),
            None => act(),
        };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(turn)) {
            asyncio_core::exception::forget_payload(payload);
        }
    }
    // From here on nothing is hostile any more, for the script is over; drops still count.
    drop(world.event_loop.take());
    drop(world.tasks.take());
    drop(world.calls.take());
    drop(world.wakers.take());
    WORLD.set(None);
    SILENT.set(false);
    let (made, dropped, refused) = (world.made.get(), world.dropped.get(), world.refused.get());
    prop_assert!(dropped <= made, "{dropped} of {made} values were dropped");
    prop_assert!(
        made - dropped <= 2 * refused,
        "{made} made, {dropped} dropped, {refused} refused"
    );
    Ok(())
}

/// The panics are the program; their messages would only be in the way.
fn silence() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !SILENT.get() {
                former(info);
            }
        }));
    });
}

fn cases() -> u32 {
    if crate::support::is_long() { 40_000 } else { 1_500 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn prop_no_user_code_can_hurt_the_loop(script in prop::collection::vec(any::<u8>(), 0..300)) {
        silence();
        run(script)?;
    }
}
