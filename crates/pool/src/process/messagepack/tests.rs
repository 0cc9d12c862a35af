//! What a test cannot see from outside: values of other crates, and how deep threads can go.

use crate::process::messagepack::{DEPTH, read, write};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn a_value_that_describes_itself_comes_back() {
    let value = json!({"a": [1, -1, 1.5, null, true, {"b": {}}], "long": "x".repeat(70_000)});
    let mut bytes = Vec::new();
    write(&value, &mut bytes).unwrap();
    assert_eq!(read::<Value>(&bytes).unwrap(), value);
}

/// Each is a list, one level or more to an element.
trait List: Serialize + DeserializeOwned {
    fn of(length: u32) -> Self;
}

#[derive(Serialize, Deserialize)]
struct Linked {
    next: Option<Box<Linked>>,
    text: String,
}

#[derive(Serialize, Deserialize)]
enum Tree {
    Leaf,
    Node(Box<Tree>, u64),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Other { other: BTreeMap<String, Untagged> },
    Node { next: Box<Untagged> },
    Leaf(u8),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Leaf,
    Node { next: Box<Tagged> },
}

#[derive(Serialize, Deserialize)]
struct Flat {
    #[serde(flatten)]
    rest: BTreeMap<String, Flat>,
}

#[derive(Serialize, Deserialize)]
struct Options(Option<Box<Options>>);

impl List for Linked {
    fn of(length: u32) -> Self {
        let one = |next: Option<Self>| Self { next: next.map(Box::new), text: String::new() };
        (1..length).fold(one(None), |list, _| one(Some(list)))
    }
}

impl List for Tree {
    fn of(length: u32) -> Self {
        (0..length).fold(Self::Leaf, |list, _| Self::Node(Box::new(list), 7))
    }
}

impl List for Untagged {
    fn of(length: u32) -> Self {
        (0..length).fold(Self::Leaf(7), |list, _| Self::Node { next: Box::new(list) })
    }
}

impl List for Tagged {
    fn of(length: u32) -> Self {
        (1..length).fold(Self::Leaf, |list, _| Self::Node { next: Box::new(list) })
    }
}

impl List for Flat {
    fn of(length: u32) -> Self {
        let leaf = Self { rest: BTreeMap::new() };
        (1..length).fold(leaf, |list, _| Self { rest: BTreeMap::from([("a".to_owned(), list)]) })
    }
}

impl List for Options {
    fn of(length: u32) -> Self {
        (0..length).fold(Self(None), |list, _| Self(Some(Box::new(list))))
    }
}

impl List for Value {
    fn of(length: u32) -> Self {
        (0..length).fold(Self::Null, |list, _| json!([list]))
    }
}

/// The longest list that can be written is read on a thread of half the usual stack; none is longer.
#[track_caller]
fn is_read_on_little_stack<T: List>() {
    let read = || {
        let mut bytes = Vec::new();
        let mut written = |length| {
            bytes.clear();
            write(&T::of(length), &mut bytes).map(|()| bytes.clone())
        };
        let most = (1..=DEPTH).take_while(|&length| written(length).is_ok()).last().unwrap();
        assert!(most >= DEPTH / 3, "{most}");
        let error = written(most + 1).unwrap_err();
        assert_eq!(error.to_string(), "nested more than 256 levels deep");
        assert!(read::<T>(&written(most).unwrap()).is_ok());
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(read).unwrap().join().unwrap();
}

#[test]
fn the_deepest_value_leaves_half_of_a_threads_stack_free() {
    is_read_on_little_stack::<Linked>();
    is_read_on_little_stack::<Tree>();
    is_read_on_little_stack::<Untagged>();
    is_read_on_little_stack::<Tagged>();
    is_read_on_little_stack::<Flat>();
    is_read_on_little_stack::<Options>();
    is_read_on_little_stack::<Value>();
}

#[test]
fn bytes_that_go_deeper_than_any_value_are_an_error_and_not_the_end_of_the_stack() {
    for mark in [0x91, 0xc1] {
        let bytes = vec![mark; 1 << 20];
        let error = read::<Value>(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "nested more than 256 levels deep");
        assert!(read::<Options>(&bytes).is_err());
    }
}

#[test]
fn bytes_behind_the_end_and_lengths_beyond_it_are_errors() {
    assert!(read::<u8>(&[1, 2]).is_err());
    assert!(read::<(u8, u8)>(&[0x93, 1, 2, 3]).is_err());
    assert!(read::<Vec<u8>>(&[0xdd, 0xff, 0xff, 0xff, 0xff, 1]).is_err());
    assert!(read::<String>(&[0xdb, 0xff, 0xff, 0xff, 0xff, b'x']).is_err());
    assert!(read::<Value>(&[]).is_err());
}
