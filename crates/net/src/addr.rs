//! [`ToSocketAddrs`]: what names an address, and its resolution.
//!
//! Literals are taken as they are. Names are resolved by the system's `getaddrinfo`, which blocks and so
//! runs on threads of its own; on a simulated network, by the network.

use crate::error::while_doing;
use crate::lookup::{Lookup, Lookups};
use crate::network;
use asyncio_core::budget;
use asyncio_core::wait_note::{WaitKind, pending_on};
use futures_core::future::FusedFuture;
use std::future::Future;
use std::io;
use std::net::ToSocketAddrs as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::pin::Pin;
use std::slice;
use std::task::{Context, Poll, ready};

/// What can be connected to or bound: an address, or a name with a port.
///
/// Implemented by [`SocketAddr`] and its two forms, by pairs of an IP address or a name with a port, by
/// strings like `"example.org:80"`, `"192.0.2.1:80"` and `"[2001:db8::1]:80"`, by slices of addresses, and
/// by references to all of them. It is sealed.
///
/// Addresses need no waiting. A name is resolved on a thread that does nothing else, sixteen at a time.
pub trait ToSocketAddrs: sealed::Sealed {}

impl<T: sealed::Sealed + ?Sized> ToSocketAddrs for T {}

/// Resolves a name to its addresses. It is the useful part of Python's `loop.getaddrinfo`.
///
/// # Errors
/// `InvalidInput` for a string that is not `host:port`; if the name is not known.
///
/// # Cancel safety
/// Nothing is lost. A resolution that a thread has begun goes on unheard, and holds nobody up.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// asyncio::run(async {
///     let addrs = asyncio::net::lookup_host(("127.0.0.1", 80)).await?;
///     assert_eq!(addrs, ["127.0.0.1:80".parse().unwrap()]);
///     Ok(())
/// })
/// # }
/// ```
#[doc(alias = "getaddrinfo")]
pub async fn lookup_host<A: ToSocketAddrs>(addr: A) -> io::Result<Vec<SocketAddr>> {
    Ok(resolve(&addr).await?.as_slice().to_vec())
}

/// The addresses to be tried, in order; at least one.
#[derive(Debug)]
pub enum Addrs {
    One(SocketAddr),
    Many(Vec<SocketAddr>),
}

impl Addrs {
    pub(crate) fn as_slice(&self) -> &[SocketAddr] {
        match self {
            Self::One(addr) => slice::from_ref(addr),
            Self::Many(addrs) => addrs,
        }
    }

    /// The first, for what takes only one.
    pub(crate) fn first(&self) -> SocketAddr {
        self.as_slice()[0]
    }
}

/// Begins a resolution at once; what it borrows it borrows no longer.
pub(crate) fn resolve<A: ToSocketAddrs + ?Sized>(addr: &A) -> Resolving {
    match addr.target() {
        Err(error) => Resolving::Done(Some(Err(error))),
        Ok(Target::Addrs(addrs)) => Resolving::Done(Some(at_least_one(addrs))),
        Ok(Target::Name(host, port)) => match network::current() {
            Some(network) => Resolving::Done(Some(checked(&host, network.resolve(&host, port)))),
            None => Resolving::OnThread { lookup: getaddrinfo(host.clone(), port), host },
        },
    }
}

/// A resolution on its way.
#[derive(Debug)]
pub(crate) enum Resolving {
    /// `None` after it was taken.
    Done(Option<io::Result<Addrs>>),
    OnThread {
        host: String,
        lookup: Lookup<io::Result<Vec<SocketAddr>>>,
    },
}

impl Future for Resolving {
    type Output = io::Result<Addrs>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Done(result) => {
                ready!(budget::poll_spend(cx, budget::STEP));
                Poll::Ready(result.take().expect("a future is not polled after its result"))
            }
            Self::OnThread { host, lookup } => {
                let Poll::Ready(result) = Pin::new(lookup).poll(cx) else {
                    // It has said that it is a promise; that it resolves a name tells more.
                    pending_on(WaitKind::Name, 0);
                    return Poll::Pending;
                };
                Poll::Ready(checked(host, result.flatten()))
            }
        }
    }
}

/// What is done with the addresses when they are there: `make` begins it.
///
/// It is a type of its own so that its `poll` can pass on where it is awaited.
pub(crate) enum AfterResolving<Make, Then> {
    Resolving(Resolving, Option<Make>),
    Going(Then),
    Done,
}

impl<Make, Then> AfterResolving<Make, Then> {
    pub(crate) fn new(resolving: Resolving, make: Make) -> Self {
        Self::Resolving(resolving, Some(make))
    }
}

impl<Make, Then, R> Future for AfterResolving<Make, Then>
where
    Make: FnOnce(Addrs) -> io::Result<Then> + Unpin,
    Then: Future<Output = io::Result<R>> + Unpin,
{
    type Output = io::Result<R>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let result = ready!(this.poll_result(cx));
        *this = Self::Done;
        Poll::Ready(result)
    }
}

impl<Make, Then, R> AfterResolving<Make, Then>
where
    Make: FnOnce(Addrs) -> io::Result<Then>,
    Then: Future<Output = io::Result<R>> + Unpin,
{
    #[track_caller]
    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if let Self::Resolving(resolving, make) = self {
            let addrs = ready!(Pin::new(resolving).poll(cx))?;
            let make = make.take().expect("it is replaced below");
            *self = Self::Going(make(addrs)?);
        }
        match self {
            Self::Going(then) => Pin::new(then).poll(cx),
            Self::Resolving(..) => unreachable!("it was replaced above"),
            Self::Done => panic!("an operation was polled after its result"),
        }
    }
}

impl<Make, Then, R> FusedFuture for AfterResolving<Make, Then>
where
    Make: FnOnce(Addrs) -> io::Result<Then> + Unpin,
    Then: Future<Output = io::Result<R>> + Unpin,
{
    fn is_terminated(&self) -> bool {
        matches!(self, Self::Done)
    }
}

/// Tries `each` address in order; if none will do, the error names the last.
pub(crate) fn first_that<T>(
    addrs: &Addrs,
    action: &str,
    mut each: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut failure = None;
    for &addr in addrs.as_slice() {
        match each(addr) {
            Ok(made) => return Ok(made),
            Err(error) => failure = Some(while_doing(format!("{action} {addr}"), error)),
        }
    }
    Err(failure.expect("there is at least one address"))
}

fn getaddrinfo(host: String, port: u16) -> Lookup<io::Result<Vec<SocketAddr>>> {
    Lookups::current().begin(move || Ok((host.as_str(), port).to_socket_addrs()?.collect()))
}

fn checked(host: &str, result: io::Result<Vec<SocketAddr>>) -> io::Result<Addrs> {
    let failed = |error| while_doing(format!("cannot resolve `{host}`"), error);
    match result {
        Ok(addrs) => at_least_one(Addrs::Many(addrs)).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn at_least_one(addrs: Addrs) -> io::Result<Addrs> {
    if addrs.as_slice().is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no address"));
    }
    Ok(addrs)
}

/// What was asked for: addresses, or a name still to be resolved.
#[derive(Debug)]
pub enum Target {
    Addrs(Addrs),
    Name(String, u16),
}

/// A name, or an address written as one.
fn host_and_port(host: &str, port: u16) -> Target {
    match host.parse::<IpAddr>() {
        Ok(ip) => Target::Addrs(Addrs::One(SocketAddr::new(ip, port))),
        Err(_) => Target::Name(host.to_owned(), port),
    }
}

fn parse(text: &str) -> io::Result<Target> {
    if let Ok(addr) = text.parse() {
        return Ok(Target::Addrs(Addrs::One(addr)));
    }
    let invalid = |why: &str| {
        let message = format!("`{text}` is not an address to connect to or to bind: {why}");
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    };
    let Some((host, port)) = text.rsplit_once(':') else {
        return invalid("it has no port, write \"host:port\"");
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if bare.is_none() && host.contains(':') {
        return invalid("an IPv6 address with a port is written \"[::1]:80\"");
    }
    let host = bare.unwrap_or(host);
    if host.is_empty() {
        return invalid("it has no host, and all interfaces are \"0.0.0.0\" or \"[::]\"");
    }
    match port.parse() {
        Ok(port) => Ok(host_and_port(host, port)),
        Err(_) => invalid("its port is not a number up to 65535"),
    }
}

mod sealed {
    //! What keeps the trait closed, so that more kinds of address can be added.

    /// Says what is to be resolved.
    pub trait Sealed {
        #[doc(hidden)]
        fn target(&self) -> std::io::Result<super::Target>;
    }
}

macro_rules! already_an_address {
    ($($addr:ty),* $(,)?) => {$(
        impl sealed::Sealed for $addr {
            fn target(&self) -> io::Result<Target> {
                Ok(Target::Addrs(Addrs::One(SocketAddr::from(*self))))
            }
        }
    )*};
}

already_an_address!(SocketAddr, SocketAddrV4, SocketAddrV6);
already_an_address!((IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl sealed::Sealed for (&str, u16) {
    fn target(&self) -> io::Result<Target> {
        Ok(host_and_port(self.0, self.1))
    }
}

impl sealed::Sealed for (String, u16) {
    fn target(&self) -> io::Result<Target> {
        Ok(host_and_port(&self.0, self.1))
    }
}

impl sealed::Sealed for str {
    fn target(&self) -> io::Result<Target> {
        parse(self)
    }
}

impl sealed::Sealed for String {
    fn target(&self) -> io::Result<Target> {
        parse(self)
    }
}

impl sealed::Sealed for [SocketAddr] {
    fn target(&self) -> io::Result<Target> {
        Ok(Target::Addrs(Addrs::Many(self.to_vec())))
    }
}

impl sealed::Sealed for Vec<SocketAddr> {
    fn target(&self) -> io::Result<Target> {
        self.as_slice().target()
    }
}

impl<const N: usize> sealed::Sealed for [SocketAddr; N] {
    fn target(&self) -> io::Result<Target> {
        self.as_slice().target()
    }
}

impl<T: sealed::Sealed + ?Sized> sealed::Sealed for &T {
    fn target(&self) -> io::Result<Target> {
        (**self).target()
    }
}
