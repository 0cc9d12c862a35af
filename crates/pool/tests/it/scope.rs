//! Jobs that borrow: a scope ends, with all of its jobs, whatever becomes of body, jobs, handles and pool.

use crate::support::{Bomb, Drops, Stepwise, block_on, hold};
use asyncio_core::exception::{self, ExceptionContext};
use asyncio_pool::{ScopedJob, Shutdown, ThreadPoolExecutor, simulation};
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

/// What `body` panicked with.
fn panic_of(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).expect_err("it panics");
    exception::panic_message(&*payload).to_owned()
}

fn longest(words: &[String]) -> Option<&str> {
    words.iter().map(String::as_str).max_by_key(|word| word.len())
}

#[test]
fn jobs_borrow_and_so_do_their_results() {
    let pool = ThreadPoolExecutor::new(2);
    let words = ["to", "be", "or", "not"].map(str::to_owned);
    let mut lengths = [0; 4];
    let found: Option<&str> = pool.scope(|scope| {
        for (length, word) in lengths.iter_mut().zip(&words) {
            scope.submit(move |word: &String| *length = word.len(), word);
        }
        let job: ScopedJob<'_, Option<&str>> = scope.submit(longest, &words[..]);
        // It borrows what lives longer than the scope, so it may leave.
        job.join().unwrap()
    });
    assert_eq!((found, lengths), (Some("not"), [2, 2, 2, 3]));
}

#[test]
fn the_scope_gives_the_value_of_its_body() {
    let pool = ThreadPoolExecutor::new(1);
    let text = String::from("borrowed");
    let same: &str = pool.scope(|_| &*text);
    assert_eq!(same, "borrowed");
    assert_eq!(pool.workers(), 0, "no job needs no thread");
}

#[test]
fn all_jobs_have_ended_when_the_scope_has() {
    let pool = ThreadPoolExecutor::new(3);
    let ended = AtomicUsize::new(0);
    for round in 0..200 {
        pool.scope(|scope| {
            for _ in 0..10 {
                scope.submit(|()| ended.fetch_add(1, SeqCst), ());
            }
        });
        assert_eq!(ended.load(SeqCst), (round + 1) * 10);
    }
}

#[test]
fn jobs_of_a_scope_run_on_the_threads_of_the_pool() {
    let pool = ThreadPoolExecutor::new(2);
    let here = thread::current().id();
    let barrier = Barrier::new(3);
    pool.scope(|scope| {
        let place = |()| {
            barrier.wait();
            thread::current().id()
        };
        let (one, two) = (scope.submit(place, ()), scope.submit(place, ()));
        barrier.wait();
        let (one, two) = (one.join().unwrap(), two.join().unwrap());
        assert!(one != two && one != here && two != here);
    });
}

#[test]
fn a_panic_of_the_body_is_thrown_on_after_all_jobs_have_ended() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let ran = AtomicUsize::new(0);
    let said = panic_of(|| {
        pool.scope(|scope| {
            for _ in 0..3 {
                scope.submit(|()| ran.fetch_add(1, SeqCst), ());
            }
            panic!("the body gives up")
        })
    });
    assert_eq!((said.as_str(), ran.load(SeqCst)), ("the body gives up", 3));
    drop(held.go);
}

#[test]
fn a_panic_of_a_job_is_delivered_by_its_join_and_by_nothing_else() {
    let pool = ThreadPoolExecutor::new(1);
    pool.scope(|scope| {
        let job = scope.submit(|text: &str| text.parse::<u8>().unwrap(), "many");
        let error = job.join().unwrap_err();
        assert!(error.is_panicked() && error.job_name().contains("scope::"), "{error}");
    });
    assert_eq!(block_on(pool.submit(|()| "alive", ())).unwrap(), "alive");
}

#[test]
fn a_panic_that_nobody_joins_is_thrown_by_the_scope_at_its_end() {
    let pool = ThreadPoolExecutor::new(2);
    let ran = AtomicUsize::new(0);
    let said = panic_of(|| {
        pool.scope(|scope| {
            scope.submit(|()| panic!("bad magic"), ());
            scope.submit(|()| ran.fetch_add(1, SeqCst), ());
        });
    });
    assert!(said.starts_with("a job of the scope was not joined: job `"), "{said}");
    assert!(said.ends_with("panicked: bad magic"), "{said}");
    assert_eq!(ran.load(SeqCst), 1);
}

#[test]
fn the_panic_of_a_leaked_handle_is_not_lost() {
    let pool = ThreadPoolExecutor::new(1);
    let said = panic_of(|| {
        pool.scope(|scope| {
            let _leaked = ManuallyDrop::new(scope.submit(|()| panic!("leaked"), ()));
        });
    });
    assert!(said.ends_with("panicked: leaked"), "{said}");
    let said = panic_of(|| {
        pool.scope(|scope| {
            for _ in 0..3 {
                scope.submit(|()| panic!("thrice"), ());
            }
        });
    });
    assert!(said.starts_with("3 jobs of the scope were not joined: "), "{said}");
}

#[test]
fn panics_of_jobs_beside_that_of_the_body_are_reported() {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&reports);
    let _entered = exception::enter(Some(Rc::new(move |context: &ExceptionContext| {
        sink.borrow_mut().push(context.to_string());
    })));
    let pool = ThreadPoolExecutor::new(1);
    let said = panic_of(|| {
        pool.scope(|scope| {
            scope.submit(|()| panic!("the job's"), ());
            panic!("the body's")
        })
    });
    assert_eq!(said, "the body's");
    let reports = reports.take();
    assert!(
        matches!(reports.as_slice(), [one] if one.ends_with("panicked: the job's")),
        "{reports:?}"
    );
}

#[test]
fn a_scope_in_a_job_of_a_pool_of_one_ends() {
    let pool = ThreadPoolExecutor::new(1);
    let inner = pool.clone();
    let sum = pool.submit(
        move |numbers: Vec<u64>| {
            let (left, right) = numbers.split_at(500);
            inner.scope(|scope| {
                let left = scope.submit(|half: &[u64]| half.iter().sum::<u64>(), left);
                let right = scope.submit(|half: &[u64]| half.iter().sum::<u64>(), right);
                // The only thread of the pool is this one.
                left.join().unwrap() + right.join().unwrap()
            })
        },
        (1..=1000).collect(),
    );
    assert_eq!(block_on(sum).unwrap(), 500_500);
    assert_eq!(pool.workers(), 1);
}

/// Sums by halves, each half a job of a scope of its own.
fn sum_by_halves(pool: &ThreadPoolExecutor, numbers: &[u64]) -> u64 {
    if numbers.len() <= 4 {
        return numbers.iter().sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    pool.scope(|scope| {
        let left = scope.submit(|half| sum_by_halves(pool, half), left);
        let right = scope.submit(|half| sum_by_halves(pool, half), right);
        left.join().expect("no sum panics") + right.join().expect("no sum panics")
    })
}

#[test]
fn scopes_nest_deeper_than_the_pool_has_threads() {
    let numbers: Vec<u64> = (1..=2000).collect();
    for workers in 1..4 {
        let pool = ThreadPoolExecutor::new(workers);
        assert_eq!(sum_by_halves(&pool, &numbers), 2_001_000);
        let (inner, numbers) = (pool.clone(), numbers.clone());
        let job = pool.submit(move |numbers: Vec<u64>| sum_by_halves(&inner, &numbers), numbers);
        assert_eq!(block_on(job).unwrap(), 2_001_000);
    }
}

#[test]
fn a_job_may_submit_to_its_own_scope_and_to_one_around() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let ran = AtomicUsize::new(0);
    pool.scope(|outer| {
        outer.submit(
            |()| {
                outer.submit(|()| ran.fetch_add(1, SeqCst), ());
                pool.scope(|inner| {
                    inner.submit(|()| outer.submit(|()| ran.fetch_add(1, SeqCst), ()), ());
                });
            },
            (),
        );
    });
    assert_eq!(ran.load(SeqCst), 2);
    drop(held.go);
}

#[test]
fn a_job_added_while_the_scope_waits_for_its_end_is_run_by_it() {
    let pool = ThreadPoolExecutor::new(1);
    let (started, running) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let ran_on = Mutex::new(None);
    thread::scope(|threads| {
        let (pool, ran_on) = (&pool, &ran_on);
        let leaver = thread::Builder::new().spawn_scoped(threads, move || {
            pool.scope(|scope| {
                scope.submit(
                    |(started, gate): (mpsc::Sender<()>, mpsc::Receiver<()>)| {
                        started.send(()).unwrap();
                        gate.recv().unwrap();
                        // This is the only worker, so either the leaver takes it or this thread does later.
                        let added = scope.submit(|()| thread::current().id(), ());
                        while !added.is_finished() {
                            thread::yield_now();
                        }
                        *ran_on.lock().unwrap() = Some(added.join().unwrap());
                    },
                    (started, gate),
                );
                running.recv().unwrap();
            });
            thread::current().id()
        });
        go.send(()).unwrap();
        let leaver = leaver.unwrap().join().unwrap();
        assert_eq!(*ran_on.lock().unwrap(), Some(leaver));
    });
}

#[test]
fn a_pool_that_is_shut_down_loses_no_job_of_a_scope() {
    for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Now] {
        let pool = ThreadPoolExecutor::new(1);
        pool.shutdown(how);
        let ran = AtomicUsize::new(0);
        let joined = pool.scope(|scope| {
            scope.submit(|()| ran.fetch_add(1, SeqCst), ());
            scope.submit(|n| n + 1, 1).join().unwrap()
        });
        assert_eq!((joined, ran.load(SeqCst), pool.workers()), (2, 1, 0));
    }
}

#[test]
fn a_shutdown_during_the_scope_loses_no_job_of_it() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let (ran, go) = (AtomicUsize::new(0), held.go);
    pool.scope(|scope| {
        scope.submit(|()| ran.fetch_add(1, SeqCst), ());
        pool.shutdown(Shutdown::Now);
        drop(go);
        pool.shutdown(Shutdown::Drain);
        assert_eq!((ran.load(SeqCst), pool.workers()), (0, 0), "its ticket was cancelled");
        scope.submit(|()| ran.fetch_add(1, SeqCst), ());
    });
    assert_eq!(ran.load(SeqCst), 2);
    assert_eq!(block_on(held.job).unwrap(), "held");
}

#[test]
fn a_pool_whose_initializer_panics_loses_no_job_of_a_scope() {
    let pool =
        ThreadPoolExecutor::builder().max_workers(1).initializer(|| panic!("no model")).build();
    let ran = AtomicUsize::new(0);
    pool.scope(|scope| {
        for _ in 0..10 {
            scope.submit(|()| ran.fetch_add(1, SeqCst), ());
        }
    });
    assert_eq!(ran.load(SeqCst), 10);
}

#[test]
fn a_leaked_handle_does_not_keep_the_scope() {
    let pool = ThreadPoolExecutor::new(1);
    let drops = Drops::default();
    pool.scope(|scope| {
        let _leaked = ManuallyDrop::new(scope.submit(Drops::probe, &drops));
    });
    assert_eq!(drops.count(), 0, "its result is leaked with it");
}

#[test]
fn captures_go_before_the_result_is_there_and_an_unjoined_result_before_the_scope_ends() {
    let pool = ThreadPoolExecutor::new(1);
    let (owned, results) = (Drops::default(), Drops::default());
    pool.scope(|scope| {
        let captured = owned.probe();
        let job = scope.submit(
            |_argument| {
                let _captured = captured;
                results.probe()
            },
            owned.probe(),
        );
        let result = job.join().unwrap();
        assert_eq!((owned.count(), results.count()), (2, 0));
        drop(result);
        scope.submit(|_argument| results.probe(), owned.probe());
    });
    assert_eq!((owned.count(), results.count()), (3, 2));
}

#[test]
fn a_result_that_uses_what_it_borrows_in_its_drop_goes_while_that_is_there() {
    struct Adds<'a>(&'a Mutex<Vec<usize>>, usize);
    impl Drop for Adds<'_> {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(self.1);
        }
    }
    let pool = ThreadPoolExecutor::new(2);
    for _ in 0..100 {
        let log = Box::new(Mutex::new(Vec::new()));
        pool.scope(|scope| {
            for n in 0..8 {
                let job = scope.submit(|n| Adds(&log, n), n);
                if n % 2 == 0 {
                    drop(job);
                } else {
                    drop(job.join().unwrap());
                }
            }
        });
        let mut log = log.into_inner().unwrap();
        log.sort_unstable();
        assert_eq!(log, (0..8).collect::<Vec<_>>());
    }
}

#[test]
fn a_result_that_panics_in_its_drop_is_reported_and_the_scope_ends() {
    let _entered = exception::enter(Some(Rc::new(|_: &ExceptionContext| {})));
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let drops = Drops::default();
    pool.scope(|scope| {
        scope.submit(Bomb, drops.clone());
    });
    assert_eq!(drops.count(), 1);
    drop(held.go);
}

#[test]
fn tickets_through_a_door_that_runs_none_do_not_keep_the_scope() {
    let simulation = Rc::new(Stepwise::default());
    let _entered = simulation::enter(Rc::<Stepwise>::clone(&simulation));
    let pool = ThreadPoolExecutor::new(1);
    let ran = AtomicUsize::new(0);
    let here = pool.scope(|scope| {
        scope.submit(|()| ran.fetch_add(1, SeqCst), ());
        scope.submit(|()| thread::current().id(), ()).join().unwrap()
    });
    assert_eq!((here, ran.load(SeqCst)), (thread::current().id(), 1));
    assert_eq!(simulation.run_all(), 2, "they run later, for nothing");
    assert_eq!((ran.load(SeqCst), pool.workers()), (1, 0));
    pool.scope(|scope| {
        let job = scope.submit(|()| ran.fetch_add(1, SeqCst), ());
        assert!(!job.is_finished());
        assert_eq!(simulation.run_all(), 1);
        assert!(job.is_finished(), "a ticket that runs in time runs its job");
    });
    assert_eq!(ran.load(SeqCst), 2);
}

#[test]
fn tickets_that_are_left_over_own_nothing_of_the_users() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let shared = Arc::new(());
    pool.scope(|scope| {
        for _ in 0..10 {
            let mine = Arc::clone(&shared);
            scope.submit(drop, mine);
        }
    });
    assert_eq!(Arc::strong_count(&shared), 1);
    assert_eq!(pool.waiting_jobs(), 10);
    drop(held.go);
    assert_eq!(block_on(pool.submit(|()| "next", ())).unwrap(), "next");
}
