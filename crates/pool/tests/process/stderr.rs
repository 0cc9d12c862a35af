//! What jobs write to standard error.

#![expect(clippy::print_stderr, reason = "that is what jobs do here")]

use crate::child;
use crate::support::{among_innocents, square};
use asyncio_pool::ProcessPoolExecutor;
use asyncio_pool::process::StderrPolicy;

fn talk(lines: u32) {
    for n in 0..lines {
        eprintln!("line {n} of a job that has much to say");
    }
    std::process::abort();
}

fn with(policy: StderrPolicy) -> ProcessPoolExecutor {
    ProcessPoolExecutor::builder().workers(2).stderr(policy).build().unwrap()
}

#[test]
fn a_job_that_says_much_and_dies_leaves_its_last_lines() {
    for policy in [StderrPolicy::Capture, StderrPolicy::Forward] {
        if policy == StderrPolicy::Forward
            && !child::is_child("stderr::a_job_that_says_much_and_dies_leaves_its_last_lines")
        {
            continue;
        }
        let error = among_innocents(&with(policy), talk, 50_000).unwrap_err();
        assert_eq!(error.signal(), Some(6));
        let tail = error.stderr_tail();
        assert!(tail.len() <= 2048 && tail.lines().count() > 10, "{tail}");
        assert!(tail.ends_with("line 49999 of a job that has much to say"), "{tail}");
        assert!(tail.lines().all(|line| line.starts_with("line 49")), "{tail}");
    }
}

#[test]
fn what_earlier_jobs_said_is_not_laid_at_a_later_one_s_door() {
    let pool = ProcessPoolExecutor::builder().workers(1).stderr(StderrPolicy::Capture);
    let pool = pool.build().unwrap();
    for n in 0..5 {
        pool.run_blocking(|n: u32| eprintln!("job {n} was here"), n).unwrap();
    }
    for _ in 0..5 {
        pool.run_blocking(square, 3).unwrap();
    }
    let error = pool.run_blocking(|()| -> () { std::process::abort() }, ()).unwrap_err();
    assert_eq!(error.stderr_tail(), "");
}

#[test]
fn a_job_that_does_not_stop_talking_keeps_no_other_from_its_turn() {
    fn babble(_: ()) {
        loop {
            eprintln!("and another thing");
        }
    }
    let pool = with(StderrPolicy::Capture);
    let babbler = pool.submit(babble, ());
    for n in 0..200 {
        assert_eq!(pool.run_blocking(square, n).unwrap(), n * n);
    }
    drop(babbler);
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn each_policy_does_what_its_name_says() {
    let name = "stderr::each_policy_does_what_its_name_says";
    let say = |text: String| -> () {
        eprint!("{text}");
        eprint!(" without an end");
        std::process::abort();
    };
    let Some(output) = child::run(name) else {
        for policy in [
            StderrPolicy::Forward,
            StderrPolicy::Capture,
            StderrPolicy::Inherit,
            StderrPolicy::Discard,
        ] {
            let pool = ProcessPoolExecutor::builder().workers(1).stderr(policy).build().unwrap();
            let error = pool.run_blocking(say, format!("{policy:?}\nand more")).unwrap_err();
            let expected = match policy {
                StderrPolicy::Forward | StderrPolicy::Capture => {
                    format!("{policy:?}\nand more without an end")
                }
                _ => String::new(),
            };
            assert_eq!(error.stderr_tail(), expected);
        }
        return;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = "[asyncio-pool/0] Forward\n[asyncio-pool/0] and more without an end\n";
    assert!(errors.contains(text), "{errors}");
    assert!(errors.contains("Inherit\nand more without an end"), "{errors}");
    assert!(!errors.contains("] Inherit"), "{errors}");
    assert!(!errors.contains("Capture") && !errors.contains("Discard"), "{errors}");
}

#[test]
fn what_a_job_says_is_no_text_and_is_kept_all_the_same() {
    use std::io::Write;
    fn noise(_: ()) {
        std::io::stderr().write_all(&[0xff, 0xfe, b'x', 0, b'\n']).unwrap();
        std::process::abort();
    }
    let pool = ProcessPoolExecutor::builder().workers(1).stderr(StderrPolicy::Capture);
    let error = pool.build().unwrap().run_blocking(noise, ()).unwrap_err();
    assert!(error.stderr_tail().contains('x'), "{error}");
}
