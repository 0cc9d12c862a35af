//! A job that panics: its error tells everything, and its process goes on.

use crate::support::{Meeting, among_innocents, pool_of, process_id, square, visit};
use asyncio_core::exception::{self, ExceptionContext};
use asyncio_pool::ProcessPoolExecutor;
use std::cell::RefCell;
use std::rc::Rc;

#[inline(never)]
fn bad(n: u32) {
    panic!("bad {n}");
}

#[test]
fn a_panic_costs_one_job_and_tells_message_place_and_stack() {
    let pool = pool_of(1);
    let before = pool.run_blocking(process_id, ()).unwrap();
    let error = among_innocents(&pool, bad, 7).unwrap_err();
    assert!(error.is_panicked() && !error.worker_died());
    assert_eq!(error.panic_message(), Some("bad 7"));
    let location = error.panic_location().unwrap();
    assert!(location.contains("tests/process/panics.rs:11:"), "{location}");
    assert!(error.backtrace().unwrap().contains("panics::bad"), "{:?}", error.backtrace());
    assert!(error.job_name().ends_with("panics::bad"));
    assert_eq!(pool.run_blocking(process_id, ()).unwrap(), before, "the process is kept");
    assert!(error.into_panic().is_err(), "its payload is in another process");
}

#[test]
fn backtraces_can_be_left_out() {
    let pool = ProcessPoolExecutor::builder().workers(1).backtraces(false).build().unwrap();
    let error = pool.run_blocking(bad, 7).unwrap_err();
    assert_eq!((error.panic_message(), error.backtrace()), (Some("bad 7"), None));
    assert!(error.panic_location().is_some());
}

#[test]
fn a_payload_that_is_no_text_is_a_panic_all_the_same() {
    let error =
        pool_of(1).run_blocking(|()| -> () { std::panic::panic_any(7_u32) }, ()).unwrap_err();
    assert!(error.is_panicked() && error.panic_location().is_some(), "{error}");
}

#[test]
fn a_payload_that_panics_in_its_drop_costs_nothing_more() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the bomb went off");
        }
    }
    let pool = pool_of(1);
    let error = pool.run_blocking(|()| -> () { std::panic::panic_any(Bomb) }, ()).unwrap_err();
    assert!(error.is_panicked(), "{error}");
    assert_eq!(pool.run_blocking(|n: u32| n, 1).unwrap(), 1);
}

#[test]
fn a_panic_that_an_earlier_job_has_caught_is_not_taken_for_a_later_one() {
    fn caught(_: ()) {
        let _caught = std::panic::catch_unwind(|| panic!("caught"));
    }
    fn resumed(_: ()) {
        std::panic::resume_unwind(Box::new("resumed"));
    }
    let pool = pool_of(1);
    pool.run_blocking(caught, ()).unwrap();
    let error = pool.run_blocking(resumed, ()).unwrap_err();
    assert_eq!(error.panic_message(), Some("resumed"));
    assert_eq!(error.panic_location(), None, "it has called no hook");
}

#[test]
fn a_panic_of_a_job_s_own_thread_is_the_job_s_to_see() {
    fn spawns(_: ()) -> bool {
        let thread = std::thread::Builder::new().spawn(|| panic!("on a thread")).unwrap();
        thread.join().is_err()
    }
    let pool = pool_of(1);
    assert!(pool.run_blocking(spawns, ()).unwrap());
}

#[test]
fn a_panic_that_cannot_unwind_tells_message_and_place_though_its_process_aborts() {
    extern "C" fn called_by_c(n: u32) {
        panic!("bad callback {n}");
    }
    struct Bomb(u32);
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("bad end {}", self.0);
        }
    }
    fn drops(n: u32) {
        let _bomb = Bomb(n);
        panic!("the first one");
    }
    let pool = pool_of(1);
    let error = among_innocents(&pool, |n: u32| called_by_c(n), 7).unwrap_err();
    assert!(error.is_panicked(), "{error}");
    assert_eq!(
        error.panic_message(),
        Some("bad callback 7 (panic in a function that cannot unwind)")
    );
    assert!(error.panic_location().unwrap().contains("tests/process/panics.rs:"), "{error}");
    assert!(error.backtrace().unwrap().contains("called_by_c"), "{:?}", error.backtrace());
    let error = among_innocents(&pool, drops, 8).unwrap_err();
    assert!(error.is_panicked(), "{error}");
    assert_eq!(error.panic_message(), Some("bad end 8 (panic in a destructor during cleanup)"));
    assert!(error.panic_location().is_some());
}

#[test]
#[cfg(debug_assertions)]
fn something_unsafe_that_is_misused_is_told_though_its_process_aborts() {
    #[expect(unsafe_code, reason = "it is wrong, which builds with debug assertions look for")]
    fn misuses(place: usize) -> u8 {
        // SAFETY: it is not safe, and ends the process before it is done.
        unsafe { *[1, 2, 3].get_unchecked(place) }
    }
    let error = among_innocents(&pool_of(1), misuses, 7).unwrap_err();
    assert!(error.is_panicked(), "{error}");
    assert!(error.panic_message().unwrap().contains("precondition"), "{error}");
}

#[test]
fn an_abort_after_a_panic_that_the_job_has_caught_is_no_panic() {
    fn caught(_: ()) {
        let _caught = std::panic::catch_unwind(|| panic!("caught"));
        std::process::abort();
    }
    let error = among_innocents(&pool_of(1), caught, ()).unwrap_err();
    assert_eq!((error.is_panicked(), error.signal()), (false, Some(6)), "{error}");
}

/// What is told to nobody else, in the words that it is told in.
fn reports_of(job: impl AsyncFnOnce(&ProcessPoolExecutor)) -> Vec<String> {
    let (reports, pool) = (Rc::new(RefCell::new(Vec::new())), pool_of(1));
    let said = Rc::clone(&reports);
    let handler = move |context: &ExceptionContext| {
        said.borrow_mut().push(context.to_string());
    };
    let _entered = exception::enter(Some(Rc::new(handler)));
    asyncio_reactor::block_on(job(&pool)).unwrap();
    reports.take()
}

#[test]
fn a_panic_that_nobody_awaits_is_reported_when_its_future_goes_and_when_it_comes_later() {
    fn visit_and_panic(place: String) {
        visit(place);
        panic!("nobody hears this");
    }
    let early = reports_of(async |pool| {
        let job = pool.submit(|()| -> () { panic!("nobody hears this") }, ());
        pool.run(square, 1).await.unwrap();
        assert!(job.is_finished());
    });
    let late = reports_of(async |pool| {
        let meeting = Meeting::new();
        let job = pool.job(visit_and_panic).detached().submit(meeting.place.clone());
        let behind = pool.submit(square, 1);
        let visitor = meeting.wait();
        drop((job, visitor));
        behind.await.unwrap();
    });
    for reports in [early, late] {
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].contains("nobody awaited it"), "{reports:?}");
        assert!(reports[0].contains("nobody hears this"), "{reports:?}");
    }
}

#[test]
fn a_job_that_was_awaited_or_killed_is_not_reported() {
    let reports = reports_of(async |pool| {
        assert!(pool.run(|()| -> () { panic!("heard") }, ()).await.is_err());
        let meeting = Meeting::new();
        let running = pool.submit(visit, meeting.place.clone());
        let _visitor = meeting.wait();
        let queued = pool.submit(square, 1);
        drop((queued, running));
        pool.run(square, 1).await.unwrap();
    });
    assert!(reports.is_empty(), "{reports:?}");
}
