//! What a job finds in its process: arguments, environment, input, directory, signals.

#![expect(unsafe_code, reason = "a constructor of another crate than the pool's")]

use crate::support::pool_of;
use asyncio_pool::ProcessPoolExecutor;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static CONSTRUCTED: AtomicU32 = AtomicU32::new(0);

extern "C" fn construct() {
    CONSTRUCTED.fetch_add(1, Relaxed);
}

#[used]
// The section holds pointers to functions, and the loader calls each once.
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = construct;

#[used]
// The same, behind all that have no number.
#[unsafe(link_section = ".init_array.65535")]
static LAST_CONSTRUCTOR: extern "C" fn() = construct;

#[test]
fn constructors_of_other_crates_have_run_once_each() {
    assert_eq!(CONSTRUCTED.load(Relaxed), 2);
    let in_worker = pool_of(1).run_blocking(|()| CONSTRUCTED.load(Relaxed), ()).unwrap();
    assert_eq!(in_worker, 2);
}

#[test]
fn a_process_has_no_arguments_that_could_mean_something() {
    let count = pool_of(1).run_blocking(|()| std::env::args_os().count(), ()).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn the_standard_input_of_a_job_is_empty() {
    fn read(_: ()) -> (usize, String) {
        let mut text = String::new();
        let count = std::io::stdin().read_to_string(&mut text).unwrap();
        (count, std::fs::read_link("/proc/self/fd/0").unwrap().display().to_string())
    }
    assert_eq!(pool_of(1).run_blocking(read, ()).unwrap(), (0, "/dev/null".to_owned()));
}

#[test]
fn no_descriptor_of_the_parent_reaches_a_process() {
    fn descriptors(_: ()) -> Vec<String> {
        let links = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        links
            .filter_map(|link| std::fs::read_link(link.path()).ok())
            .map(|l| l.display().to_string())
            .collect()
    }
    let _ours = std::fs::File::open("/proc/self/exe").unwrap();
    let pools = [pool_of(1), pool_of(1)];
    for pool in &pools {
        let theirs = pool.run_blocking(descriptors, ()).unwrap();
        let sockets = theirs.iter().filter(|link| link.starts_with("socket:")).count();
        assert_eq!(sockets, 1, "{theirs:?}");
        let ours = std::env::current_exe().unwrap().display().to_string();
        let is_of_a_pool = |link: &&String| {
            link.starts_with("anon_inode:") || link.starts_with("/memfd:") || **link == ours
        };
        assert_eq!(theirs.iter().find(is_of_a_pool), None, "{theirs:?}");
    }
}

#[test]
fn the_environment_is_as_it_was_set() {
    fn variables(_: ()) -> Vec<(String, String)> {
        let mut variables: Vec<_> = std::env::vars().collect();
        variables.sort();
        variables
    }
    let builder = ProcessPoolExecutor::builder().workers(1).env("MODEL", "a").env("MODEL", "b");
    let inherited = builder.build().unwrap().run_blocking(variables, ()).unwrap();
    assert!(inherited.contains(&("MODEL".into(), "b".into())));
    assert!(inherited.iter().any(|(name, _)| name == "PATH"));
    assert!(!inherited.iter().any(|(name, _)| name == "ASYNCIO_POOL_WORKER"));
    let builder = ProcessPoolExecutor::builder().workers(1).env("MODEL", "b").env_clear();
    let cleared = builder.build().unwrap().run_blocking(variables, ()).unwrap();
    let nesting = ("ASYNCIO_POOL_NESTING".to_owned(), "1".to_owned());
    assert_eq!(cleared, [nesting, ("MODEL".to_owned(), "b".to_owned())]);
}

#[test]
fn the_directory_is_as_it_was_set() {
    fn directory(_: ()) -> String {
        std::env::current_dir().unwrap().display().to_string()
    }
    let pool = ProcessPoolExecutor::builder().workers(1).current_dir("/").build().unwrap();
    assert_eq!(pool.run_blocking(directory, ()).unwrap(), "/");
    assert_eq!(pool_of(1).run_blocking(directory, ()).unwrap(), directory(()));
}

#[test]
fn a_pipe_that_breaks_is_an_error_and_no_death() {
    fn write(_: ()) -> bool {
        let (reader, mut writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
            .write_all(b"hello")
            .is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }
    assert!(pool_of(1).run_blocking(write, ()).unwrap());
}

#[test]
fn programs_that_a_job_starts_can_be_interrupted() {
    use std::os::unix::process::ExitStatusExt;
    fn interrupted(signal: i32) -> Option<i32> {
        let command = format!("kill -{signal} $$; exit 0");
        let status = std::process::Command::new("/bin/sh").args(["-c", &command]).status();
        status.unwrap().signal()
    }
    let pool = pool_of(1);
    assert_eq!(pool.run_blocking(interrupted, 2).unwrap(), Some(2));
    assert_eq!(pool.run_blocking(interrupted, 13).unwrap(), Some(13));
}

#[test]
fn a_process_can_be_nicer() {
    fn nice(_: ()) -> i64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields = &stat[stat.rfind(')').unwrap() + 1..];
        fields.split_ascii_whitespace().nth(16).unwrap().parse().unwrap()
    }
    let pool = ProcessPoolExecutor::builder().workers(1).nice(5).build().unwrap();
    assert_eq!(pool.run_blocking(nice, ()).unwrap(), nice(()) + 5);
}
