//! Performs a script call by call, the same way on either network, and notes what each call gives.

use crate::script::{Op, Port, Script, Step};
use asyncio_net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use asyncio_reactor::{sleep, timeout};
use futures::future::{FutureExt, LocalBoxFuture};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// How long a call may take before it counts as waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// It is polled this often, and the loop asks the system in between.
    Polls(u32),
    /// As long as this, and the same time passes after every call.
    Time(Duration),
}

/// What a script has made, and what it has seen.
pub(crate) struct Performer {
    pace: Pace,
    streams: RefCell<Vec<Rc<TcpStream>>>,
    listeners: RefCell<Vec<Rc<TcpListener>>>,
    datagrams: RefCell<Vec<Rc<UdpSocket>>>,
    /// Ports of listeners and of datagram sockets, open or closed.
    stream_ports: RefCell<Vec<u16>>,
    datagram_ports: RefCell<Vec<u16>>,
    /// Ports in the order in which they were seen; of the two protocols they may be the same numbers.
    seen_ports: RefCell<Vec<(Protocol, u16)>>,
    /// Ports of sockets that were bound to `::` and then connected: for Linux they are not quite free for
    /// `0.0.0.0`, which is not worth imitating.
    narrowed: RefCell<Vec<u16>>,
    written: Cell<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Tcp,
    Udp,
}

/// What each call of `script` gives, one line a call.
pub(crate) async fn perform(script: &Script, pace: Pace) -> Vec<String> {
    let performer = Rc::new(Performer {
        pace,
        streams: RefCell::default(),
        listeners: RefCell::default(),
        datagrams: RefCell::default(),
        stream_ports: RefCell::default(),
        datagram_ports: RefCell::default(),
        seen_ports: RefCell::default(),
        narrowed: RefCell::default(),
        written: Cell::new(0),
    });
    let mut seen = Vec::new();
    for step in script {
        performer.step(step, &mut seen).await;
    }
    // So that nothing stays behind in the system, where closed connections linger for a minute.
    for stream in performer.streams.borrow().iter() {
        drop(stream.set_reset_on_drop(true));
    }
    seen
}

impl Performer {
    async fn step(self: &Rc<Self>, Step { waiting, op }: &Step, seen: &mut Vec<String>) {
        let mut waiting = waiting.as_ref().and_then(|op| self.call(op).map(|call| (op, call)));
        if let Some((op, call)) = &mut waiting
            && let Some(result) = self.attempt(call).await
        {
            seen.push(format!("{op:?}: {result}"));
            waiting = None;
        }
        if let Some(mut call) = self.call(op) {
            let result = self.attempt(&mut call).await;
            seen.push(format!("{op:?}: {}", result.unwrap_or_else(|| String::from("waits"))));
        }
        if let Some((op, mut call)) = waiting {
            let result = self.attempt(&mut call).await;
            let result = result.unwrap_or_else(|| String::from("waits"));
            seen.push(format!("{op:?}, which had waited: {result}"));
        }
    }

    /// The result of a call, if it comes soon.
    async fn attempt(&self, call: &mut LocalBoxFuture<'static, String>) -> Option<String> {
        match self.pace {
            Pace::Polls(polls) => {
                for _ in 0..polls {
                    if let Poll::Ready(result) =
                        poll_fn(|cx| Poll::Ready(call.poll_unpin(cx))).await
                    {
                        return Some(result);
                    }
                    // Unlike a yield, it makes the loop ask the system.
                    sleep(Duration::from_nanos(1)).await;
                }
                None
            }
            Pace::Time(time) => {
                let result = timeout(time, call).await.ok();
                sleep(time).await;
                result
            }
        }
    }

    /// Begins a call; `None` if there is no such socket.
    fn call(self: &Rc<Self>, op: &Op) -> Option<LocalBoxFuture<'static, String>> {
        let this = Rc::clone(self);
        Some(match *op {
            Op::Listen(ip, port) => {
                let addr = self.addr(Protocol::Tcp, ip, port);
                async move { this.show(this.listen(addr).await) }.boxed_local()
            }
            Op::Connect(ip, port) => {
                let addr = self.addr(Protocol::Tcp, ip, port);
                async move { this.show(this.connect(addr).await) }.boxed_local()
            }
            Op::ListenBy(is_v6, own) => {
                let own = own.map(|(ip, port)| self.addr(Protocol::Tcp, ip, port));
                async move { this.show(this.listen_by(is_v6, own)) }.boxed_local()
            }
            Op::ConnectBy(is_v6, own, ip, port) => {
                let own = own.map(|ip| SocketAddr::new(ip, 0));
                let addr = self.addr(Protocol::Tcp, ip, port);
                async move { this.show(this.connect_by(is_v6, own, addr).await) }.boxed_local()
            }
            Op::Pair(ip) => async move { this.show(this.pair(ip).await) }.boxed_local(),
            Op::Bind(ip, port) => {
                let addr = self.addr(Protocol::Udp, ip, port);
                if ip == Ipv4Addr::UNSPECIFIED && self.narrowed.borrow().contains(&addr.port()) {
                    return None;
                }
                async move { this.show(this.bind(addr).await) }.boxed_local()
            }
            Op::Accept(n) => {
                let listener = nth(&self.listeners, n)?;
                async move { this.show(this.accept(&listener).await) }.boxed_local()
            }
            Op::ListenerAddr(n) => {
                let listener = nth(&self.listeners, n)?;
                at_once(self.show(listener.local_addr().map(|addr| self.name(Protocol::Tcp, addr))))
            }
            Op::DropListener(n) => at_once(format!("{:?}", take(&self.listeners, n).map(drop)?)),
            Op::DropStream(n) => at_once(format!("{:?}", take(&self.streams, n).map(drop)?)),
            Op::DropDatagram(n) => at_once(format!("{:?}", take(&self.datagrams, n).map(drop)?)),
            Op::Read(n, _)
            | Op::Peek(n, _)
            | Op::Write(n, _)
            | Op::TryRead(n, _)
            | Op::TryWrite(n, _)
            | Op::Readable(n)
            | Op::Shutdown(n, _)
            | Op::Close(n)
            | Op::ResetOnDrop(n, _)
            | Op::Nodelay(n, _)
            | Op::Ttl(n, _)
            | Op::StreamAddrs(n) => self.call_stream(nth(&self.streams, n)?, op.clone()),
            Op::ConnectDatagram(n, ..)
            | Op::Send(n, _)
            | Op::SendTo(n, ..)
            | Op::Recv(n, _)
            | Op::RecvFrom(n, _)
            | Op::PeekFrom(n, _)
            | Op::TryRecvFrom(n, _)
            | Op::TrySendTo(n, ..)
            | Op::DatagramReadable(n)
            | Op::DatagramAddrs(n) => self.call_datagram(nth(&self.datagrams, n)?, op.clone()),
        })
    }

    fn call_stream(
        self: &Rc<Self>,
        stream: Rc<TcpStream>,
        op: Op,
    ) -> LocalBoxFuture<'static, String> {
        let this = Rc::clone(self);
        let call = async move {
            let mut stream_ref = &*stream;
            match op {
                Op::Read(_, length) => {
                    let mut buf = vec![0; length];
                    let count = stream_ref.read(&mut buf).await;
                    this.show(count.map(|count| summary(&buf[..count])))
                }
                Op::Peek(_, length) => {
                    let mut buf = vec![0; length];
                    let count = stream.peek(&mut buf).await;
                    this.show(count.map(|count| summary(&buf[..count])))
                }
                Op::TryRead(_, length) => {
                    ask_the_system().await;
                    let mut buf = vec![0; length];
                    let count = stream.try_read(&mut buf);
                    this.show(count.map(|count| summary(&buf[..count])))
                }
                Op::TryWrite(_, length) => {
                    ask_the_system().await;
                    this.show(stream.try_write(&this.bytes(length)))
                }
                Op::Readable(_) => {
                    // A real socket counts as readable until it was tried.
                    let _tried = stream.peek(&mut [0]).now_or_never();
                    this.show(stream.readable().await)
                }
                Op::Write(_, length) => this.show(stream_ref.write(&this.bytes(length)).await),
                Op::Shutdown(_, how) => this.show(stream.shutdown(how)),
                Op::Close(_) => this.show(stream_ref.close().await),
                Op::Nodelay(_, Some(on)) => this.show(stream.set_nodelay(on)),
                Op::Nodelay(_, None) => this.show(stream.nodelay()),
                Op::Ttl(_, Some(ttl)) => this.show(stream.set_ttl(ttl)),
                Op::Ttl(_, None) => this.show(stream.ttl()),
                Op::ResetOnDrop(_, reset) => this.show(stream.set_reset_on_drop(reset)),
                _ => {
                    let name = |addr| this.name(Protocol::Tcp, addr);
                    let local = this.show(stream.local_addr().map(name));
                    format!("{local} -> {}", this.show(stream.peer_addr().map(name)))
                }
            }
        };
        call.boxed_local()
    }

    fn call_datagram(
        self: &Rc<Self>,
        socket: Rc<UdpSocket>,
        op: Op,
    ) -> LocalBoxFuture<'static, String> {
        let this = Rc::clone(self);
        let call = async move {
            match op {
                Op::ConnectDatagram(_, ip, port) => {
                    this.narrowed.borrow_mut().extend(socket.local_addr().map(|addr| addr.port()));
                    this.show(socket.connect(this.addr(Protocol::Udp, ip, port)).await)
                }
                Op::Send(_, length) => this.show(socket.send(&this.bytes(length)).await),
                Op::SendTo(_, length, ip, port) => {
                    let addr = this.addr(Protocol::Udp, ip, port);
                    this.show(socket.send_to(&this.bytes(length), addr).await)
                }
                Op::Recv(_, length) => {
                    let mut buf = vec![0; length];
                    let count = socket.recv(&mut buf).await;
                    this.show(count.map(|count| summary(&buf[..count])))
                }
                Op::PeekFrom(_, length) => {
                    let mut buf = vec![0; length];
                    let received = socket.peek_from(&mut buf).await;
                    this.show(received.map(|(count, from)| {
                        (summary(&buf[..count]), this.name(Protocol::Udp, from))
                    }))
                }
                Op::TryRecvFrom(_, length) => {
                    ask_the_system().await;
                    let mut buf = vec![0; length];
                    let received = socket.try_recv_from(&mut buf);
                    this.show(received.map(|(count, from)| {
                        (summary(&buf[..count]), this.name(Protocol::Udp, from))
                    }))
                }
                Op::TrySendTo(_, length, ip, port) => {
                    let addr = this.addr(Protocol::Udp, ip, port);
                    this.show(socket.try_send_to(&this.bytes(length), addr))
                }
                Op::DatagramReadable(_) => {
                    // Waited for as long as it takes to ask the system, which without edges tells only those who
                    // wait.
                    let tried = timeout(Duration::from_nanos(1), socket.peek_from(&mut [0])).await;
                    let tried = tried.ok().map(|tried| this.show(tried.map(|(count, _)| count)));
                    format!("{tried:?}, {}", this.show(socket.readable().await))
                }
                Op::RecvFrom(_, length) => {
                    let mut buf = vec![0; length];
                    let received = socket.recv_from(&mut buf).await;
                    this.show(received.map(|(count, from)| {
                        (summary(&buf[..count]), this.name(Protocol::Udp, from))
                    }))
                }
                _ => {
                    let name = |addr| this.name(Protocol::Udp, addr);
                    let local = this.show(socket.local_addr().map(name));
                    format!("{local} -> {}", this.show(socket.peer_addr().map(name)))
                }
            }
        };
        call.boxed_local()
    }

    fn socket(&self, is_v6: bool, own: Option<SocketAddr>) -> io::Result<(TcpSocket, String)> {
        let socket = if is_v6 { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
        let mut seen = self.show(socket.local_addr());
        // As `TcpListener::bind` does; without it connections keep the address of their listener.
        socket.set_reuse_address(true)?;
        if let Some(own) = own {
            socket.bind(own)?;
            seen += &self.name(Protocol::Tcp, socket.local_addr()?);
            seen += &self.show(socket.bind(own));
        }
        Ok((socket, seen))
    }

    fn listen_by(&self, is_v6: bool, own: Option<SocketAddr>) -> io::Result<String> {
        let (socket, seen) = self.socket(is_v6, own)?;
        let listener = socket.listen(8)?;
        let local = listener.local_addr()?;
        self.stream_ports.borrow_mut().push(local.port());
        self.listeners.borrow_mut().push(Rc::new(listener));
        Ok(seen + &self.name(Protocol::Tcp, local))
    }

    async fn connect_by(
        &self,
        is_v6: bool,
        own: Option<SocketAddr>,
        to: SocketAddr,
    ) -> io::Result<String> {
        let (socket, seen) = self.socket(is_v6, own)?;
        let stream = socket.connect(to).await?;
        let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
        self.streams.borrow_mut().push(Rc::new(stream));
        Ok([seen, self.name(Protocol::Tcp, local), self.name(Protocol::Tcp, peer)].join(" -> "))
    }

    async fn listen(&self, addr: SocketAddr) -> io::Result<String> {
        let listener = TcpListener::bind(addr).await?;
        let local = listener.local_addr()?;
        self.stream_ports.borrow_mut().push(local.port());
        self.listeners.borrow_mut().push(Rc::new(listener));
        Ok(self.name(Protocol::Tcp, local))
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<String> {
        let stream = TcpStream::connect(addr).await?;
        let addrs = (stream.local_addr()?, stream.peer_addr()?);
        self.streams.borrow_mut().push(Rc::new(stream));
        Ok(self.name(Protocol::Tcp, addrs.0) + " -> " + &self.name(Protocol::Tcp, addrs.1))
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<String> {
        let (stream, peer) = listener.accept().await?;
        self.streams.borrow_mut().push(Rc::new(stream));
        Ok(self.name(Protocol::Tcp, peer))
    }

    async fn pair(&self, ip: IpAddr) -> io::Result<String> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let connected = self.connect(listener.local_addr()?).await?;
        Ok(connected + ", " + &self.accept(&listener).await?)
    }

    async fn bind(&self, addr: SocketAddr) -> io::Result<String> {
        let socket = UdpSocket::bind(addr).await?;
        let local = socket.local_addr()?;
        self.datagram_ports.borrow_mut().push(local.port());
        self.datagrams.borrow_mut().push(Rc::new(socket));
        Ok(self.name(Protocol::Udp, local))
    }

    fn addr(&self, protocol: Protocol, ip: IpAddr, port: Port) -> SocketAddr {
        let ports = match protocol {
            Protocol::Tcp => self.stream_ports.borrow(),
            Protocol::Udp => self.datagram_ports.borrow(),
        };
        let port = match port {
            Port::Of(n) if !ports.is_empty() => ports[n % ports.len()],
            _ => 0,
        };
        SocketAddr::new(ip, port)
    }

    /// An address with the place of its port among those that were seen.
    fn name(&self, protocol: Protocol, addr: SocketAddr) -> String {
        let mut seen = self.seen_ports.borrow_mut();
        let port = (protocol, addr.port());
        let place = seen.iter().position(|known| *known == port).unwrap_or_else(|| {
            seen.push(port);
            seen.len() - 1
        });
        format!("{} port #{place}", addr.ip())
    }

    fn show<T: Debug>(&self, result: io::Result<T>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            // An attempt that would wait need not have asked the system.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => String::from("would wait"),
            Err(error) => {
                let system = error.get_ref().and_then(|inner| inner.source());
                let system = system.and_then(|source| source.downcast_ref::<io::Error>());
                let code = system.unwrap_or(&error).raw_os_error();
                format!("{:?}, error {code:?}", error.kind())
            }
        }
    }

    /// Bytes that differ from call to call.
    fn bytes(&self, length: usize) -> Vec<u8> {
        self.written.set(self.written.get().wrapping_add(1));
        vec![self.written.get(); length]
    }
}

/// An attempt that does not wait believes what the loop was told last.
async fn ask_the_system() {
    sleep(Duration::from_nanos(1)).await;
}

fn at_once(result: String) -> LocalBoxFuture<'static, String> {
    std::future::ready(result).boxed_local()
}

fn nth<T>(sockets: &RefCell<Vec<Rc<T>>>, n: usize) -> Option<Rc<T>> {
    let sockets = sockets.borrow();
    (!sockets.is_empty()).then(|| Rc::clone(&sockets[n % sockets.len()]))
}

fn take<T>(sockets: &RefCell<Vec<Rc<T>>>, n: usize) -> Option<Rc<T>> {
    let mut sockets = sockets.borrow_mut();
    let len = sockets.len();
    (len > 0).then(|| sockets.remove(n % len))
}

/// Bytes in few words.
fn summary(bytes: &[u8]) -> String {
    let runs: Vec<String> = bytes
        .chunk_by(|one, other| one == other)
        .map(|run| format!("{} x {}", run.len(), run[0]))
        .collect();
    format!("{} bytes: {}", bytes.len(), runs.join(", "))
}
