//! Limits of the process.

use asyncio::EventLoop;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn no_descriptors_left_is_an_error_of_the_new_loop() {
    const NAME: &str = "exhaustion::no_descriptors_left_is_an_error_of_the_new_loop";
    if let Some(output) = crate::child::run(NAME) {
        assert!(output.status.success(), "{}", crate::child::stderr(&output));
        return;
    }
    let before = EventLoop::new().unwrap();
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), maximum: limit.maximum }).unwrap();
    let error = EventLoop::new().unwrap_err();
    setrlimit(Resource::Nofile, limit).unwrap();
    assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()));
    assert_eq!(before.run_until_complete(async { 1 }), Ok(1), "an open loop still works");
    assert_eq!(EventLoop::new().unwrap().run_until_complete(async { 2 }), Ok(2));
}

#[test]
fn closed_loops_leave_no_descriptor_behind() {
    const NAME: &str = "exhaustion::closed_loops_leave_no_descriptor_behind";
    if let Some(output) = crate::child::run(NAME) {
        assert!(output.status.success(), "{}", crate::child::stderr(&output));
        return;
    }
    let open = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    asyncio::run(async {});
    let before = open();
    for _ in 0..50 {
        asyncio::run(async { asyncio::to_thread(|| ()).await.unwrap() });
    }
    assert_eq!(open(), before);
}

#[test]
fn many_tasks_and_timers_are_closed() {
    let many = if std::env::var_os("ASYNCIO_LONG").is_some() { 1_000_000 } else { 50_000 };
    asyncio::run(async {
        for _ in 0..many {
            drop(asyncio::create_task(asyncio::sleep(std::time::Duration::from_secs(3600))));
        }
        asyncio::yield_now().await;
        assert_eq!(asyncio::all_tasks().len(), many + 1);
    });
}
