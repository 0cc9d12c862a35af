//! Arguments and results that cannot be written or read.

use crate::support::{Record, among_innocents, note, pool_of, process_id};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Can be written and not read.
#[derive(Debug)]
struct OneWay;

impl Serialize for OneWay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for OneWay {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("there is no way back"))
    }
}

/// Cannot be written.
#[derive(Debug, Deserialize)]
struct NoWay;

impl Serialize for NoWay {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("there is no way"))
    }
}

/// Panics when it is written, or read in a process other than the one it names.
#[derive(Debug, Deserialize)]
#[serde(try_from = "u32")]
struct Explosive(u32);

impl TryFrom<u32> for Explosive {
    type Error = String;

    fn try_from(process: u32) -> Result<Self, String> {
        assert_eq!(process, std::process::id(), "it explodes");
        Ok(Self(process))
    }
}

impl Serialize for Explosive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

#[test]
fn a_result_that_cannot_be_read_is_an_error_of_a_job_that_has_run() {
    fn has_run(record: String) -> OneWay {
        note((record, 7));
        OneWay
    }
    let pool = pool_of(1);
    let record = Record::new();
    let error = among_innocents(&pool, has_run, record.path()).unwrap_err();
    assert!(error.is_decode(), "{error}");
    let text = format!("{error} {}", std::error::Error::source(&error).unwrap());
    assert!(text.contains("OneWay") && text.contains("no way back"), "{text}");
    assert_eq!(record.notes(), [7]);
}

#[test]
fn arguments_that_cannot_be_read_are_an_error_of_a_job_that_has_not_run() {
    fn never((_, record): (OneWay, String)) {
        note((record, 7));
    }
    let pool = pool_of(1);
    let before = pool.run_blocking(process_id, ()).unwrap();
    let record = Record::new();
    let error = among_innocents(&pool, never, (OneWay, record.path())).unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert!(error.to_string().contains("OneWay"), "{error}");
    assert_eq!(record.notes(), []);
    assert_eq!(pool.run_blocking(process_id, ()).unwrap(), before, "the process is kept");
}

#[test]
fn arguments_that_cannot_be_written_are_an_error_and_start_nothing() {
    let pool = pool_of(1);
    let error = pool.run_blocking(|_: NoWay| 1, NoWay).unwrap_err();
    assert!(error.is_encode() && error.to_string().contains("NoWay"), "{error}");
    let job = pool.submit(|_: NoWay| 1, NoWay);
    assert!(job.is_finished());
    assert!(crate::support::block_on(job).unwrap_err().is_encode());
    assert_eq!(pool.started_workers(), 0);
    assert!(among_innocents(&pool, |_: NoWay| 1, NoWay).unwrap_err().is_encode());
}

#[test]
fn a_result_that_cannot_be_written_is_an_error_and_the_process_is_kept() {
    let pool = pool_of(1);
    let before = pool.run_blocking(process_id, ()).unwrap();
    let error = among_innocents(&pool, |()| NoWay, ()).unwrap_err();
    assert!(error.is_encode() && error.to_string().contains("NoWay"), "{error}");
    assert!(!error.to_string().contains("fn("), "the very type is named: {error}");
    assert_eq!(pool.run_blocking(process_id, ()).unwrap(), before);
}

#[test]
fn a_panic_while_arguments_are_read_is_a_panic_of_the_job() {
    let pool = pool_of(1);
    let arguments = Explosive(std::process::id());
    let error = among_innocents(&pool, |_: Explosive| 1, arguments).unwrap_err();
    assert!(error.is_panicked(), "{error}");
}

/// A list whose every element is inside of the one before.
#[derive(Debug, Serialize, Deserialize)]
enum Nested {
    End,
    Further(Box<Nested>),
}

fn nested(depth: u32) -> Nested {
    (0..depth).fold(Nested::End, |inner, _| Nested::Further(Box::new(inner)))
}

#[test]
fn what_is_nested_too_deep_for_the_stack_is_an_error_that_says_the_limit() {
    let pool = pool_of(1);
    pool.run_blocking(nested, 256).unwrap();
    pool.run_blocking(|_: Nested| (), nested(256)).unwrap();
    let result = among_innocents(&pool, nested, 300).unwrap_err();
    let arguments = pool.run_blocking(|_: Nested| (), nested(300)).unwrap_err();
    for error in [result, arguments] {
        assert!(error.is_encode(), "{error}");
        let text = std::error::Error::source(&error).unwrap().to_string();
        assert!(text.contains("more than 256 levels"), "{text}");
    }
    assert_eq!(pool.started_workers(), 1, "nobody has died of it");
}
