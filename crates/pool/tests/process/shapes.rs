//! Values come back as they went, whatever serde made of them on the way.

use crate::support::pool_of;
use asyncio_pool::ProcessPoolExecutor;
use asyncio_pool::process::{Codec, MessagePack};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeSeq, Serializer};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ops::{Bound, Range};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
struct Nothing;

#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
struct Wrapped<T>(T);

/// Its type is told by what it holds, which serde keeps in a buffer meanwhile.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Untagged<T> {
    Named { untagged: T },
    Pair(Box<Untagged<T>>, u8),
    Array([u8; 20]),
    Bare(T),
}

#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind")]
enum Tagged<T> {
    Nothing,
    Named { tagged: T },
    Inner(Inner<T>),
}

#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", content = "data")]
enum Adjacent<T> {
    Nothing,
    One(T),
    Two(T, bool),
    Named { adjacent: T },
}

#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
struct Inner<T> {
    inner: T,
}

#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
struct Flat<T> {
    before: T,
    #[serde(flatten)]
    inner: Inner<T>,
    #[serde(flatten)]
    rest: BTreeMap<String, T>,
}

/// A value that describes itself.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Document {
    Null,
    Yes(bool),
    Number(i64),
    Real(f64),
    Text(String),
    List(Vec<Document>),
    Map(BTreeMap<String, Document>),
}

type Options = Option<Option<Option<u8>>>;

/// Some of everything, in each other.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
enum Shape {
    Unit,
    Nothing(Nothing),
    Options(Options),
    OptionOfWrapped(Option<Wrapped<Option<u8>>>),
    Number(i64, u64, f64, f32),
    Wide(i128, u128),
    Text(String, char),
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>, [u8; 17]),
    Address(IpAddr, SocketAddr),
    Time { duration: Duration, range: Range<i8>, bound: Bound<u8> },
    List(Vec<Shape>),
    Map(BTreeMap<(u8, Option<Option<bool>>), Shape>),
    Optional(Option<Option<Box<Shape>>>),
    Untagged(Untagged<Plain>),
    Tagged(Tagged<Plain>),
    Adjacent(Adjacent<Plain>),
    Flat(Flat<Plain>),
}

/// What can be kept in serde's buffer.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
enum Plain {
    Unit,
    Options(Options),
    Number(i64, u64),
    Text(String),
    Address { ip: IpAddr, socket: SocketAddr },
    List(Vec<Plain>),
}

fn addresses() -> impl Strategy<Value = (IpAddr, SocketAddr)> + Clone {
    let ip = any::<IpAddr>();
    (ip.clone(), ip, any::<u16>())
        .prop_map(|(one, other, port)| (one, SocketAddr::new(other, port)))
}

/// Options in each other, of those that can be said: all are `Some`, or the outermost is `None`.
fn options() -> impl Strategy<Value = Options> + Clone {
    any::<Option<u8>>().prop_map(|number| number.map(|number| Some(Some(number))))
}

fn plain() -> impl Strategy<Value = Plain> + Clone {
    let leaf = prop_oneof![
        Just(Plain::Unit),
        options().prop_map(Plain::Options),
        any::<(i64, u64)>().prop_map(|(signed, unsigned)| Plain::Number(signed, unsigned)),
        any::<String>().prop_map(Plain::Text),
        addresses().prop_map(|(ip, socket)| Plain::Address { ip, socket }),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| vec(inner, 0..3).prop_map(Plain::List)).boxed()
}

fn untagged() -> impl Strategy<Value = Untagged<Plain>> {
    let leaf = prop_oneof![
        plain().prop_map(|untagged| Untagged::Named { untagged }),
        any::<[u8; 20]>().prop_map(Untagged::Array),
        plain().prop_map(Untagged::Bare),
    ];
    let pair = |(inner, n)| Untagged::Pair(Box::new(inner), n);
    leaf.prop_recursive(3, 3, 1, move |inner| (inner, any::<u8>()).prop_map(pair))
}

fn shape() -> impl Strategy<Value = Shape> {
    let number = any::<(i64, u64, f64, f32)>();
    let time = any::<(u64, i8, i8, u8)>();
    let leaf = prop_oneof![
        Just(Shape::Unit),
        Just(Shape::Nothing(Nothing)),
        options().prop_map(Shape::Options),
        any::<Option<u8>>().prop_map(|number| {
            Shape::OptionOfWrapped(number.map(|number| Wrapped(Some(number))))
        }),
        number.prop_map(|(i, u, d, f)| Shape::Number(i, u, d, f)),
        any::<(i128, u128)>().prop_map(|(i, u)| Shape::Wide(i, u)),
        any::<(String, char)>().prop_map(|(text, one)| Shape::Text(text, one)),
        any::<(Vec<u8>, [u8; 17])>().prop_map(|(bytes, array)| Shape::Bytes(bytes, array)),
        addresses().prop_map(|(ip, socket)| Shape::Address(ip, socket)),
        time.prop_map(|(nanos, from, to, bound)| Shape::Time {
            duration: Duration::from_nanos(nanos),
            range: from..to,
            bound: if bound < 128 { Bound::Included(bound) } else { Bound::Unbounded },
        }),
        untagged().prop_map(Shape::Untagged),
        prop_oneof![
            Just(Tagged::Nothing),
            plain().prop_map(|tagged| Tagged::Named { tagged }),
            plain().prop_map(|inner| Tagged::Inner(Inner { inner })),
        ]
        .prop_map(Shape::Tagged),
        prop_oneof![
            Just(Adjacent::Nothing),
            plain().prop_map(Adjacent::One),
            (plain(), any::<bool>()).prop_map(|(one, two)| Adjacent::Two(one, two)),
            plain().prop_map(|adjacent| Adjacent::Named { adjacent }),
        ]
        .prop_map(Shape::Adjacent),
        (plain(), plain(), btree_map("[x-z]{1,3}", plain(), 0..3)).prop_map(
            |(before, inner, rest)| Shape::Flat(Flat { before, inner: Inner { inner }, rest })
        ),
    ];
    let key = any::<(u8, Option<bool>)>().prop_map(|(number, yes)| (number, yes.map(Some)));
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..20).prop_map(Shape::List),
            btree_map(key.clone(), inner.clone(), 0..20).prop_map(Shape::Map),
            proptest::option::of(inner.prop_map(Box::new))
                .prop_map(|shape| Shape::Optional(shape.map(Some))),
        ]
    })
}

fn by_codec<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let mut bytes = Vec::new();
    MessagePack::encode(value, &mut bytes).unwrap();
    MessagePack::decode(&bytes).unwrap()
}

proptest! {
    #[test]
    fn prop_a_value_comes_back_as_it_went(shape in shape()) {
        prop_assert_eq!(by_codec(&shape), shape);
    }

    #[test]
    fn prop_no_bytes_bring_the_reader_down(
        shape in shape(),
        noise in vec(any::<(prop::sample::Index, u8)>(), 0..4),
        bytes in vec(any::<u8>(), 0..64),
    ) {
        let mut written = Vec::new();
        MessagePack::encode(&shape, &mut written).unwrap();
        for (place, byte) in noise {
            let place = place.index(written.len());
            written[place] = byte;
        }
        for bytes in [written, bytes] {
            drop(MessagePack::decode::<Shape>(&bytes));
            drop(MessagePack::decode::<Document>(&bytes));
        }
    }
}

#[test]
fn values_of_any_shape_come_back_from_a_worker() {
    let pool = pool_of(1);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(200));
    let ran = runner.run(&shape(), |shape| {
        let back = pool.run_blocking(|shape: Shape| shape, shape.clone()).unwrap();
        prop_assert_eq!(back, shape);
        Ok(())
    });
    ran.unwrap();
}

#[track_caller]
fn echo<T>(pool: &ProcessPoolExecutor, value: T)
where
    T: Serialize + DeserializeOwned + Clone + PartialEq + Debug + 'static,
{
    assert_eq!(pool.run_blocking(|value: T| value, value.clone()).unwrap(), value);
}

#[track_caller]
fn is_refused<T>(pool: &ProcessPoolExecutor, value: T)
where
    T: Serialize + DeserializeOwned + Debug + 'static,
{
    let shown = format!("{value:?}");
    let error = pool.run_blocking(|_: T| (), value).unwrap_err();
    assert!(error.is_encode(), "{shown}: {error}");
    let text = error.to_string();
    assert!(text.contains("a `Some` that holds nothing (of type `"), "{shown}: {text}");
    assert!(text.contains(std::any::type_name::<T>()), "{shown}: {text}");
    assert!(text.contains("use an enum of your own"), "{shown}: {text}");
}

#[test]
fn a_some_of_nothing_is_refused_and_never_taken_for_none() {
    let pool = pool_of(1);
    is_refused(&pool, [None, Some(None), Some(Some(1))]);
    is_refused(&pool, Some(Some(Some(()))));
    is_refused(&pool, [None, Some(())]);
    is_refused(&pool, [None, Some(Nothing)]);
    is_refused(&pool, Some(()));
    is_refused::<Option<Option<()>>>(&pool, Some(None));
    is_refused(&pool, Wrapped(Some(Wrapped(None::<u8>))));
    is_refused::<Vec<Result<Option<()>, u8>>>(&pool, vec![Ok(Some(())), Ok(None), Err(1)]);
    is_refused(&pool, Adjacent::One(Some(None::<u8>)));
    is_refused(&pool, Untagged::Named { untagged: Some(Some(None::<u8>)) });
    is_refused(&pool, Tagged::Named { tagged: Some(()) });
    is_refused(&pool, BTreeMap::from([(Some(None::<u8>), 1)]));
    assert_eq!(pool.started_workers(), 0, "nothing was sent");
}

#[test]
fn what_is_near_a_some_of_nothing_comes_back() {
    let pool = pool_of(1);
    echo(&pool, [None, Some(Some(Some(1)))]);
    echo(&pool, (None::<()>, (), None::<Option<u8>>, Nothing));
    echo(&pool, Wrapped(Some(Wrapped(Some(1)))));
    echo(&pool, vec![Ok(()), Err(None::<String>), Err(Some("so".to_owned()))]);
    echo(&pool, (Some([(); 0]), Some(String::new()), Some([None::<u8>])));
}

#[test]
fn a_result_that_is_a_some_of_nothing_is_an_error_and_the_process_is_kept() {
    let pool = pool_of(1);
    assert_eq!(pool.run_blocking(|()| None::<()>, ()).unwrap(), None);
    let error = pool.run_blocking(|()| Some(()), ()).unwrap_err();
    assert!(error.is_encode() && error.to_string().contains("Option<()>"), "{error}");
    assert_eq!(pool.started_workers(), 1);
}

#[test]
fn a_type_that_is_written_for_humans_comes_back_from_serdes_buffer() {
    let pool = pool_of(1);
    let ip: IpAddr = "2001:db8::7".parse().unwrap();
    let scoped = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 7);
    echo(&pool, ip);
    echo(&pool, scoped);
    echo(&pool, Untagged::Named { untagged: ip });
    echo(&pool, Tagged::Inner(Inner { inner: scoped }));
    let rest = BTreeMap::from([("more".to_owned(), ip)]);
    echo(&pool, Flat { before: ip, inner: Inner { inner: ip }, rest });
}

#[test]
fn what_programs_have_comes_back() {
    let pool = pool_of(1);
    echo(&pool, (i128::MIN, u128::MAX, i64::MIN, u64::MAX, -33, -129, -32_769, 255, 65_536));
    echo(&pool, Untagged::<u8>::Array([200; 20]));
    echo(&pool, [[1_u8; 32]; 2]);
    let text = |length| Document::Text("x".repeat(length));
    let numbers = [Document::Number(-1), Document::Real(1.5), Document::Null, Document::Yes(true)];
    echo(&pool, Document::List(vec![text(1), text(70_000), Document::List(numbers.into())]));
    echo(
        &pool,
        (
            PathBuf::from("/a"),
            SystemTime::UNIX_EPOCH + Duration::from_nanos(7),
            Duration::MAX,
            'ß',
            "ß".repeat(20),
        ),
    );
    echo(&pool, BTreeMap::from([((1_u8, 'a'), vec![Some(1.5_f32)])]));
    echo(&pool, (0..70_000).map(|n| (n, n.to_string())).collect::<BTreeMap<u32, String>>());
    echo(&pool, Result::<Nothing, String>::Err("so".to_owned()));
    echo(&pool, (f64::MAX, f32::MIN_POSITIVE, f64::NEG_INFINITY));
}

/// An honest type of 128 bits where serde has no room for it.
#[test]
fn a_number_of_128_bits_in_serdes_buffer_is_an_error_and_no_other_number() {
    let pool = pool_of(1);
    let error = pool
        .run_blocking(|value: Tagged<u128>| value, Tagged::Named { tagged: 1 << 100 })
        .unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("u128"), "{error}");
}

#[test]
fn a_value_that_announces_more_than_it_has_is_not_sent() {
    #[derive(Debug, serde::Deserialize)]
    struct Boaster;
    impl Serialize for Boaster {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut two = serializer.serialize_seq(Some(2))?;
            two.serialize_element(&1)?;
            two.end()
        }
    }
    let error = pool_of(1).run_blocking(|_: Boaster| (), Boaster).unwrap_err();
    assert!(error.is_encode(), "{error}");
}
