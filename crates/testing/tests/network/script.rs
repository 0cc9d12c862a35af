//! Scripts of network calls, and how they are generated.
//!
//! Sockets are named by numbers that count modulo those that there are, so every script makes sense and
//! what is left of it after shrinking does, too.

use asyncio_net::Shutdown;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is done, one after the other.
pub(crate) type Script = Vec<Step>;

/// A call, and one that waits while it is made.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) waiting: Option<Op>,
    pub(crate) op: Op,
}

/// A port: a free one, or that of a socket, open or closed, of the same protocol.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Port {
    Zero,
    Of(usize),
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Listen(IpAddr, Port),
    Connect(IpAddr, Port),
    /// By a socket of IPv6 or not, that is bound first or not.
    ListenBy(bool, Option<(IpAddr, Port)>),
    ConnectBy(bool, Option<IpAddr>, IpAddr, Port),
    Accept(usize),
    /// Listens, connects and accepts.
    Pair(IpAddr),
    Read(usize, usize),
    Peek(usize, usize),
    Write(usize, usize),
    TryRead(usize, usize),
    TryWrite(usize, usize),
    /// Whether there is something to read, when a peek has just been tried.
    Readable(usize),
    Shutdown(usize, Shutdown),
    Close(usize),
    ResetOnDrop(usize, bool),
    /// Sets the option, or asks for it.
    Nodelay(usize, Option<bool>),
    Ttl(usize, Option<u32>),
    StreamAddrs(usize),
    ListenerAddr(usize),
    DropStream(usize),
    DropListener(usize),
    Bind(IpAddr, Port),
    ConnectDatagram(usize, IpAddr, Port),
    Send(usize, usize),
    SendTo(usize, usize, IpAddr, Port),
    Recv(usize, usize),
    RecvFrom(usize, usize),
    PeekFrom(usize, usize),
    TryRecvFrom(usize, usize),
    TrySendTo(usize, usize, IpAddr, Port),
    DatagramReadable(usize),
    DatagramAddrs(usize),
    DropDatagram(usize),
}

fn ips() -> impl Strategy<Value = IpAddr> {
    const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
    prop_oneof![
        6 => Just(Ipv4Addr::LOCALHOST.into()),
        2 => Just(OTHER.into()),
        3 => Just(Ipv4Addr::UNSPECIFIED.into()),
        3 => Just(Ipv6Addr::LOCALHOST.into()),
        3 => Just(Ipv6Addr::UNSPECIFIED.into()),
        2 => Just(Ipv4Addr::LOCALHOST.to_ipv6_mapped().into()),
        1 => Just(OTHER.to_ipv6_mapped().into()),
        1 => Just(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().into()),
    ]
}

fn ports() -> impl Strategy<Value = Port> {
    prop_oneof![9 => (0_usize..8).prop_map(Port::Of), 1 => Just(Port::Zero)]
}

/// To bind to: mostly free ones.
fn own_ports() -> impl Strategy<Value = Port> {
    prop_oneof![1 => (0_usize..8).prop_map(Port::Of), 1 => Just(Port::Zero)]
}

fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0_usize), 8 => 1_usize..8, 1 => 8_usize..3000]
}

fn datagram_lengths() -> impl Strategy<Value = usize> {
    prop_oneof![
        20 => lengths(),
        1 => prop::sample::select(vec![65_507, 65_508, 65_527, 65_528]),
    ]
}

fn directions() -> impl Strategy<Value = Shutdown> {
    prop_oneof![
        1 => Just(Shutdown::Read),
        3 => Just(Shutdown::Write),
        1 => Just(Shutdown::Both),
    ]
}

fn ttls() -> impl Strategy<Value = Option<u32>> {
    prop::option::of(prop::sample::select(vec![0, 1, 64, 255, 256]))
}

fn stream_ops() -> impl Strategy<Value = Op> {
    let n = || 0_usize..8;
    prop_oneof![
        3 => (ips(), own_ports()).prop_map(|(ip, port)| Op::Listen(ip, port)),
        5 => (ips(), ports()).prop_map(|(ip, port)| Op::Connect(ip, port)),
        2 => (any::<bool>(), prop::option::weighted(0.8, (ips(), own_ports())))
            .prop_map(|(is_v6, own)| Op::ListenBy(is_v6, own)),
        2 => (any::<bool>(), prop::option::weighted(0.8, ips()), ips(), ports())
            .prop_map(|(is_v6, own, ip, port)| Op::ConnectBy(is_v6, own, ip, port)),
        4 => n().prop_map(Op::Accept),
        3 => ips().prop_map(Op::Pair),
        9 => (n(), lengths()).prop_map(|(stream, length)| Op::Read(stream, length)),
        1 => (n(), lengths()).prop_map(|(stream, length)| Op::Peek(stream, length)),
        7 => (n(), lengths()).prop_map(|(stream, length)| Op::Write(stream, length)),
        1 => (n(), lengths()).prop_map(|(stream, length)| Op::TryRead(stream, length)),
        1 => (n(), lengths()).prop_map(|(stream, length)| Op::TryWrite(stream, length)),
        1 => n().prop_map(Op::Readable),
        5 => (n(), directions()).prop_map(|(stream, how)| Op::Shutdown(stream, how)),
        1 => n().prop_map(Op::Close),
        1 => (n(), any::<bool>()).prop_map(|(stream, on)| Op::ResetOnDrop(stream, on)),
        1 => (n(), any::<Option<bool>>()).prop_map(|(stream, on)| Op::Nodelay(stream, on)),
        1 => (n(), ttls()).prop_map(|(stream, ttl)| Op::Ttl(stream, ttl)),
        3 => n().prop_map(Op::StreamAddrs),
        1 => n().prop_map(Op::ListenerAddr),
        3 => n().prop_map(Op::DropStream),
        1 => n().prop_map(Op::DropListener),
    ]
}

fn datagram_ops() -> impl Strategy<Value = Op> {
    let n = || 0_usize..8;
    prop_oneof![
        3 => (ips(), own_ports()).prop_map(|(ip, port)| Op::Bind(ip, port)),
        3 => (n(), ips(), ports()).prop_map(|(n, ip, port)| Op::ConnectDatagram(n, ip, port)),
        3 => (n(), datagram_lengths()).prop_map(|(n, length)| Op::Send(n, length)),
        4 => (n(), datagram_lengths(), ips(), ports())
            .prop_map(|(n, length, ip, port)| Op::SendTo(n, length, ip, port)),
        3 => (n(), lengths()).prop_map(|(n, length)| Op::Recv(n, length)),
        4 => (n(), lengths()).prop_map(|(n, length)| Op::RecvFrom(n, length)),
        1 => (n(), lengths()).prop_map(|(n, length)| Op::PeekFrom(n, length)),
        1 => (n(), lengths()).prop_map(|(n, length)| Op::TryRecvFrom(n, length)),
        1 => (n(), datagram_lengths(), ips(), ports())
            .prop_map(|(n, length, ip, port)| Op::TrySendTo(n, length, ip, port)),
        1 => n().prop_map(Op::DatagramReadable),
        2 => n().prop_map(Op::DatagramAddrs),
        1 => n().prop_map(Op::DropDatagram),
    ]
}

/// What can wait for another.
fn waiting_ops() -> impl Strategy<Value = Op> {
    let n = || 0_usize..8;
    prop_oneof![
        n().prop_map(Op::Accept),
        (n(), lengths()).prop_map(|(n, length)| Op::Read(n, length)),
        (n(), lengths()).prop_map(|(n, length)| Op::RecvFrom(n, length)),
        n().prop_map(Op::Readable),
        n().prop_map(Op::DatagramReadable),
    ]
}

fn script_of(ops: impl Strategy<Value = Op>) -> impl Strategy<Value = Script> {
    let step = (prop::option::weighted(0.15, waiting_ops()), ops)
        .prop_map(|(waiting, op)| Step { waiting, op });
    prop::collection::vec(step, 1..30)
}

/// Scripts of streams, of datagrams, and of both.
pub(crate) fn scripts() -> impl Strategy<Value = Script> {
    prop_oneof![
        3 => script_of(stream_ops()),
        2 => script_of(datagram_ops()),
        1 => script_of(prop_oneof![stream_ops(), datagram_ops()]),
    ]
}
