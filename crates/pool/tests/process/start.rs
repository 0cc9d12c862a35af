//! Processes that cannot be started, or are not what they should be.

use crate::child;
use crate::support::{Record, block_on, note, pool_of, process_id, square};
use asyncio_pool::JobError;
use asyncio_pool::ProcessPoolExecutor;
use asyncio_pool::process::{ProcessPoolBuilder, StartError, StartPhase, StderrPolicy};
use serde::{Deserialize, Deserializer, Serialize};
use std::error::Error;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

fn quiet() -> ProcessPoolBuilder {
    ProcessPoolExecutor::builder().workers(2).stderr(StderrPolicy::Capture)
}

#[track_caller]
fn start_error(error: &JobError) -> &StartError {
    assert!(error.is_not_started(), "{error}");
    error.source().unwrap().downcast_ref().expect("its source says why")
}

#[test]
fn an_initializer_that_panics_fails_all_that_waits_and_says_why() {
    fn bad(n: u32) {
        panic!("no model {n}");
    }
    let pool = quiet().initializer(bad, 7).build().unwrap();
    let jobs: Vec<_> = (0..40).map(|n| pool.submit(square, n)).collect();
    for job in jobs {
        let error = block_on(job).unwrap_err();
        let why = start_error(&error);
        assert_eq!(why.phase(), StartPhase::Initializer);
        assert!(why.to_string().contains("no model 7"), "{why}");
        assert!(why.to_string().contains("start.rs:"), "{why}");
    }
    let error = quiet().initializer(bad, 8).prestart(true).build().unwrap_err();
    assert_eq!(error.phase(), StartPhase::Initializer);
}

#[test]
fn an_initializer_that_gives_an_error_has_failed_and_says_so() {
    fn load(path: String) -> Result<usize, std::io::Error> {
        Ok(std::fs::read(path)?.len())
    }
    let pool = quiet().initializer(load, "/nowhere/at/all".to_owned()).build().unwrap();
    let error = pool.run_blocking(square, 3).unwrap_err();
    let why = start_error(&error);
    assert_eq!(why.phase(), StartPhase::Initializer);
    assert!(why.to_string().contains("the initializer failed: No such file"), "{why}");
    let pool = quiet().initializer(load, "/proc/self/exe".to_owned()).build().unwrap();
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn an_initializer_that_dies_is_told_from_a_job_that_does() {
    fn bad(code: i32) {
        eprintln!("the licence has expired");
        std::process::exit(code);
    }
    let pool = quiet().initializer(bad, 3).build().unwrap();
    let error = pool.run_blocking(square, 3).unwrap_err();
    let why = start_error(&error);
    assert_eq!(why.phase(), StartPhase::Initializer);
    assert!(why.to_string().contains("exit code 3"), "{why}");
    assert_eq!(why.stderr_tail(), "the licence has expired");
    let pool = quiet().initializer(|()| -> () { std::process::abort() }, ()).build().unwrap();
    let error = pool.run_blocking(square, 3).unwrap_err();
    assert!(start_error(&error).to_string().contains("signal 6"), "{error}");
}

#[test]
fn an_initializer_whose_arguments_cannot_be_read_fails_at_once() {
    #[derive(Serialize)]
    struct OneWay;
    impl<'de> Deserialize<'de> for OneWay {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("there is no way back"))
        }
    }
    let pool = quiet().initializer(|_: OneWay| (), OneWay).build().unwrap();
    let error = pool.run_blocking(square, 3).unwrap_err();
    let why = start_error(&error);
    assert_eq!(why.phase(), StartPhase::Initializer);
    assert!(why.to_string().contains("no way back"), "{why}");
    assert!(!why.to_string().contains('\0'), "{why:?}");
}

#[test]
fn an_initializer_that_failed_is_tried_anew_by_the_next_job() {
    fn fails_once(record: String) {
        note((record.clone(), 1));
        assert!(std::fs::read(record).unwrap().len() > 4, "the first time");
    }
    let record = Record::new();
    let builder = ProcessPoolExecutor::builder().workers(1).stderr(StderrPolicy::Discard);
    let pool = builder.initializer(fails_once, record.path()).build().unwrap();
    assert!(pool.run_blocking(square, 3).unwrap_err().is_not_started());
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn statics_are_fresh_and_an_initializer_sets_them() {
    static MODEL: OnceLock<String> = OnceLock::new();
    MODEL.set("the parent's".to_owned()).unwrap();
    let read = |()| MODEL.get().cloned();
    assert_eq!(pool_of(1).run_blocking(read, ()).unwrap(), None);
    let set = |name: String| drop(MODEL.set(name));
    let builder = ProcessPoolExecutor::builder().workers(2);
    let pool = builder.initializer(set, "the worker's".to_owned()).prestart(true).build().unwrap();
    assert_eq!((pool.started_workers(), pool.idle_workers()), (2, 2));
    for _ in 0..4 {
        assert_eq!(pool.run_blocking(read, ()).unwrap().as_deref(), Some("the worker's"));
    }
}

#[test]
fn a_program_that_ends_at_once_is_tried_five_times() {
    let pool = quiet().workers(1).worker_command("/bin/true", [""; 0]).build().unwrap();
    let jobs: Vec<_> = (0..40).map(|n| pool.submit(square, n)).collect();
    for job in jobs {
        let error = block_on(job).unwrap_err();
        let why = start_error(&error);
        assert_eq!(why.phase(), StartPhase::Handshake);
        assert!(why.to_string().contains("worker_command"), "{why}");
    }
    let started = pool.started_workers();
    assert!(started >= 5, "{started}");
    assert!(pool.run_blocking(square, 1).unwrap_err().is_not_started());
    assert_eq!(pool.started_workers(), started + 1, "each further job tries once");
}

#[test]
fn real_a_program_that_never_says_a_word_is_given_up() {
    let builder = quiet().workers(1).start_timeout(Duration::from_millis(20));
    let pool = builder.worker_command("/bin/sleep", ["1000"]).build().unwrap();
    let error = pool.run_blocking(square, 1).unwrap_err();
    let why = start_error(&error);
    assert_eq!(why.phase(), StartPhase::Handshake);
    assert!(why.to_string().contains("in time, 20ms by `start_timeout`"), "{why}");
    assert_eq!(pool.worker_ids(), [], "nothing is left of it");
}

#[test]
fn real_an_initializer_that_takes_too_long_is_given_up() {
    fn hang(_: ()) {
        loop {
            std::thread::park();
        }
    }
    let builder = quiet().workers(1).start_timeout(Duration::from_millis(200));
    let pool = builder.initializer(hang, ()).build().unwrap();
    let error = pool.run_blocking(square, 1).unwrap_err();
    let why = start_error(&error);
    assert_eq!(why.phase(), StartPhase::Initializer);
    assert!(why.to_string().contains("200ms of `start_timeout`"), "{why}");
}

#[test]
fn a_program_that_talks_nonsense_is_no_worker() {
    let pool = quiet().workers(1);
    let nonsense = ["-c", "echo 'What would you like to know? I talk and talk.' >&0; cat"];
    let pool = pool.worker_command("/bin/sh", nonsense).build().unwrap();
    let error = pool.run_blocking(square, 1).unwrap_err();
    assert_eq!(start_error(&error).phase(), StartPhase::Handshake);
}

#[test]
fn a_program_that_is_not_there_is_the_system_s_error() {
    let pool = quiet().worker_command("/nowhere/at/all", [""; 0]).build().unwrap();
    let error = pool.run_blocking(square, 1).unwrap_err();
    let why = start_error(&error);
    assert_eq!(why.phase(), StartPhase::Launch);
    let source: &std::io::Error = why.source().unwrap().downcast_ref().unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
    assert!(why.to_string().contains("`/nowhere/at/all`: No such file"), "{why}");
}

#[test]
fn a_directory_or_a_variable_that_cannot_be_is_named_in_the_system_s_error() {
    let pool = quiet().current_dir("/nowhere/at/all").build().unwrap();
    let error = pool.run_blocking(square, 1).unwrap_err();
    let text = start_error(&error).to_string();
    assert!(text.contains("the directory `/nowhere/at/all` of `current_dir`: No such"), "{text}");
    let pool = quiet().env("NAME", "with a \0 in it").build().unwrap();
    let error = pool.run_blocking(square, 1).unwrap_err();
    let text = start_error(&error).to_string();
    assert!(text.contains("a variable of `env`"), "{text}");
    let pool = quiet().env("NAME", "x".repeat(1 << 20)).build().unwrap();
    let error = pool.run_blocking(square, 1).unwrap_err();
    let text = start_error(&error).to_string();
    assert!(text.contains("the environment"), "{text}");
}

#[test]
fn another_build_of_the_program_is_refused_and_says_so() {
    let mut program = std::fs::read("/proc/self/exe").unwrap();
    // The head of the note with the build id: four for the name, twenty for the id, its kind, the name.
    let note = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0";
    let Some(place) = program.windows(note.len()).position(|bytes| bytes == note) else {
        return;
    };
    program[place + note.len()] ^= 1;
    let path = std::env::temp_dir().join(format!("asyncio-pool-test-{}", std::process::id()));
    std::fs::write(&path, program).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let pool = quiet().workers(1).worker_command(&path, [""; 0]).build().unwrap();
    let result = pool.run_blocking(square, 1);
    std::fs::remove_file(&path).unwrap();
    let error = result.unwrap_err();
    let why = start_error(&error);
    assert_eq!(why.phase(), StartPhase::Handshake);
    assert!(why.to_string().contains("another build"), "{why}");
}

#[test]
fn the_executable_may_be_replaced_and_deleted_while_it_runs() {
    let name = "start::the_executable_may_be_replaced_and_deleted_while_it_runs";
    let Some(command) = child::command(name) else {
        let path = std::env::current_exe().unwrap();
        let old = pool_of(1);
        let other = path.with_extension("other");
        std::fs::copy("/bin/true", &other).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(old.run_blocking(square, 2).unwrap(), 4);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(pool_of(1).run_blocking(square, 3).unwrap(), 9);
        return;
    };
    let copy = std::env::temp_dir().join(format!("asyncio-pool-copy-{}", std::process::id()));
    std::fs::copy(command.get_program(), &copy).unwrap();
    let mut copied = Command::new(&copy);
    copied.args(command.get_args());
    copied.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = copied.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert!(!copy.exists(), "the child has deleted it");
}

#[test]
fn a_process_that_is_killed_while_it_starts_is_replaced() {
    let pool = pool_of(2);
    for round in 0..20 {
        let jobs: Vec<_> = (0..40).map(|n| pool.submit(square, n)).collect();
        for process in pool.worker_ids() {
            crate::support::kill(process, 9);
        }
        for (n, job) in (0..).zip(jobs) {
            match block_on(job) {
                Ok(value) => assert_eq!(value, n * n),
                Err(error) => assert_eq!(error.signal(), Some(9), "{round}: {error}"),
            }
        }
    }
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn the_variable_alone_makes_no_worker_and_no_pool_is_built_where_it_is_set() {
    let name = "start::the_variable_alone_makes_no_worker_and_no_pool_is_built_where_it_is_set";
    for value in ["1", "2", "", "nonsense"] {
        let Some(mut command) = child::command(name) else {
            let error = ProcessPoolExecutor::new().unwrap_err();
            assert_eq!(error.phase(), StartPhase::Entry);
            assert!(error.to_string().contains("init()"), "{error}");
            return;
        };
        let output = command.env("ASYNCIO_POOL_WORKER", value).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{value}: {text}");
    }
}

/// A copy of a program that belongs to a user without rights, and is gone with this.
struct Given(PathBuf);

impl Given {
    const NOBODY: u32 = 65534;

    fn copy(program: &str, name: &str) -> Self {
        let name = format!("asyncio-pool-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::copy(program, &path).unwrap();
        // Only root may; for anybody else the copy stays their own.
        let _refused = std::os::unix::fs::chown(&path, Some(Self::NOBODY), Some(Self::NOBODY));
        Self(path)
    }

    /// Whoever starts it runs as its owner, or as who they are.
    fn runs_as_owner(&self, does: bool) {
        let mode = if does { 0o4755 } else { 0o755 };
        std::fs::set_permissions(&self.0, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn a_program_with_rights_of_another_user_is_made_no_worker_by_its_environment() {
    // Whether a program can be given such rights at all: not everywhere, nor by everybody.
    let id = Given::copy("/usr/bin/id", "id");
    id.runs_as_owner(true);
    let user = Command::new(&id.0).arg("-u").output().unwrap().stdout;
    if user != format!("{}\n", Given::NOBODY).into_bytes() {
        eprintln!("not checked: no program can be given rights here");
        return;
    }
    let copy = Given::copy("/proc/self/exe", "given");
    let run = || {
        let pool = quiet().workers(1).worker_command(&copy.0, ["--exact", "no such test"]);
        pool.build().unwrap().run_blocking(square, 3)
    };
    copy.runs_as_owner(false);
    assert_eq!(run().unwrap(), 9);
    copy.runs_as_owner(true);
    assert_eq!(start_error(&run().unwrap_err()).phase(), StartPhase::Handshake);
}

#[test]
fn pools_inside_of_pools_end_somewhere() {
    let name = "start::pools_inside_of_pools_end_somewhere";
    let Some(mut command) = child::command(name) else {
        let error = ProcessPoolExecutor::new().unwrap_err();
        assert_eq!(error.phase(), StartPhase::Entry);
        return;
    };
    let output = command.env("ASYNCIO_POOL_NESTING", "8").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    fn nested(depth: u32) -> Vec<u32> {
        let mut ids = match depth {
            0 => Vec::new(),
            depth => pool_of(1).run_blocking(nested, depth - 1).unwrap(),
        };
        ids.push(process_id(()));
        ids
    }
    let mut ids = nested(3);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "each in a process of its own");
    assert!(ids.iter().all(|&id| id == process_id(()) || !crate::support::exists(id)));
}
