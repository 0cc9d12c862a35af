//! What a test cannot see from outside: values of other crates, and how deep threads can go.

use crate::process::codec::{Codec, CodecError};
use crate::process::messagepack::MessagePack;
use crate::process::messagepack::watch::DEPTH;
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

fn write(value: &impl Serialize, into: &mut Vec<u8>) -> Result<(), CodecError> {
    MessagePack::encode(value, into)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    MessagePack::decode(bytes)
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

impl List for Value {
    fn of(length: u32) -> Self {
        (0..length).fold(Self::Null, |list, _| json!([list]))
    }
}

/// The longest list that can be written is read on a thread of half the usual stack; none is longer.
#[track_caller]
fn is_read_on_little_stack<T: List>(depth: u32) {
    let read = move || {
        let mut bytes = Vec::new();
        let mut written = |length| {
            bytes.clear();
            write(&T::of(length), &mut bytes).map(|()| bytes.clone())
        };
        let most = (1..=depth).take_while(|&length| written(length).is_ok()).last().unwrap();
        assert!(most >= depth / 4, "{}: {most}", std::any::type_name::<T>());
        let error = written(most + 1).unwrap_err();
        assert_eq!(error.to_string(), format!("nested more than {depth} levels deep"));
        let back = read::<T>(&written(most).unwrap());
        assert!(back.is_ok(), "{}: {:?}", std::any::type_name::<T>(), back.err());
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(read).unwrap().join().unwrap();
}

#[test]
fn the_deepest_value_leaves_half_of_a_threads_stack_free() {
    is_read_on_little_stack::<Linked>(DEPTH);
    is_read_on_little_stack::<Tree>(DEPTH);
    is_read_on_little_stack::<Untagged>(DEPTH);
    is_read_on_little_stack::<Tagged>(DEPTH);
    is_read_on_little_stack::<Flat>(DEPTH);
    is_read_on_little_stack::<Value>(DEPTH);
}

#[test]
fn bytes_that_go_deeper_than_any_value_are_an_error_and_not_the_end_of_the_stack() {
    let bytes = vec![0x91; 1 << 20];
    assert!(read::<Value>(&bytes).is_err());
    assert!(read::<Linked>(&bytes).is_err());
}

#[test]
fn lengths_beyond_the_end_are_errors() {
    assert!(read::<(u8, u8)>(&[0x93, 1, 2, 3]).is_err());
    assert!(read::<Vec<u8>>(&[0xdd, 0xff, 0xff, 0xff, 0xff, 1]).is_err());
    assert!(read::<String>(&[0xdb, 0xff, 0xff, 0xff, 0xff, b'x']).is_err());
    assert!(read::<Value>(&[]).is_err());
}

#[derive(Serialize)]
struct Wrapped<T>(T);

#[test]
fn a_some_of_nothing_is_an_error_that_names_the_type_and_gives_advice() {
    fn refusal(value: &impl Serialize) -> String {
        write(value, &mut Vec::new()).unwrap_err().to_string()
    }
    assert_eq!(
        refusal(&(1, [Wrapped(Some(None::<u8>))])),
        "a `Some` that holds nothing (of type `core::option::Option<u8>`) would come back as `None`; \
         use an enum of your own with a variant for each case"
    );
    assert!(refusal(&Some(())).contains("of type `()`"));
    assert!(refusal(&Some(Value::Null)).contains("of type `serde_json::value::Value`"));
    assert!(refusal(&Some(Some(Some(())))).contains("of type `()`"));
    let wrapped = refusal(&Some(Wrapped(Wrapped(None::<u8>))));
    assert!(wrapped.contains("Wrapped<core::option::Option<u8>>>`"), "{wrapped}");
}

#[test]
fn a_some_of_little_is_no_some_of_nothing() {
    fn is_sent(value: &impl Serialize) -> bool {
        write(value, &mut Vec::new()).is_ok()
    }
    assert!(is_sent(&(None::<u8>, Some(1), (), Some((1, ())), Some([None::<u8>]))));
    assert!(is_sent(&Some(Some(1))));
    assert!(is_sent(&Some(Wrapped(Wrapped([(); 0])))));
    assert!(is_sent(&(Some(""), Some(Vec::<u8>::new()), Some(BTreeMap::<u8, u8>::new()))));
}
