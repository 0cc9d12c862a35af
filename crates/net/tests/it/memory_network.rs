//! The second implementation of [`Network`]: a kernel of a few lines, without latency or faults.

use asyncio_net::Shutdown;
use asyncio_net::network::{Network, NetworkId, SocketId, Take};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};
use std::task::{Context, Poll, Waker};

/// Bytes that a stream holds between its ends.
const ROOM: usize = 16;

#[derive(Debug)]
pub(crate) struct MemoryNetwork {
    id: NetworkId,
    kernel: RefCell<Kernel>,
}

#[derive(Debug, Default)]
struct Kernel {
    sockets: BTreeMap<SocketId, Socket>,
    next_id: SocketId,
    next_port: u16,
}

#[derive(Debug)]
struct Socket {
    local: SocketAddr,
    peer: Option<SocketAddr>,
    /// The other end of a stream.
    other: Option<SocketId>,
    listens: bool,
    /// Connections to be accepted.
    queue: VecDeque<SocketId>,
    /// What has arrived: bytes of a stream, or whole datagrams.
    bytes: VecDeque<u8>,
    datagrams: VecDeque<(Vec<u8>, SocketAddr)>,
    ended: bool,
    was_reset: bool,
    resets_on_close: bool,
    wakers: Vec<Waker>,
}

impl MemoryNetwork {
    pub(crate) fn new() -> Self {
        Self { id: NetworkId::unique(), kernel: RefCell::default() }
    }

    pub(crate) fn sockets(&self) -> usize {
        self.kernel.borrow().sockets.len()
    }

    /// Runs a call inside, and wakes outside of the borrow whoever it may concern.
    fn call<R>(&self, f: impl FnOnce(&mut Kernel) -> (R, Vec<Waker>)) -> R {
        let (result, wakers) = f(&mut self.kernel.borrow_mut());
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    /// Runs a call that may have to wait for `socket`.
    fn poll<R>(
        &self,
        socket: SocketId,
        cx: &mut Context<'_>,
        f: impl FnOnce(&mut Kernel) -> (io::Result<R>, Vec<Waker>),
    ) -> Poll<io::Result<R>> {
        let waker = cx.waker().clone();
        self.call(|kernel| match f(kernel) {
            (Err(error), wakers) if error.kind() == ErrorKind::WouldBlock => {
                if let Some(socket) = kernel.sockets.get_mut(&socket) {
                    socket.wakers.push(waker);
                }
                (Poll::Pending, wakers)
            }
            (result, wakers) => (Poll::Ready(result), wakers),
        })
    }
}

fn missing() -> io::Error {
    ErrorKind::NotConnected.into()
}

impl Kernel {
    fn add(&mut self, mut local: SocketAddr) -> SocketId {
        if local.port() == 0 {
            self.next_port += 1;
            local.set_port(self.next_port);
        }
        self.next_id += 1;
        let socket = Socket {
            local,
            peer: None,
            other: None,
            listens: false,
            queue: VecDeque::new(),
            bytes: VecDeque::new(),
            datagrams: VecDeque::new(),
            ended: false,
            was_reset: false,
            resets_on_close: false,
            wakers: Vec::new(),
        };
        self.sockets.insert(self.next_id, socket);
        self.next_id
    }

    fn get(&mut self, id: SocketId) -> io::Result<&mut Socket> {
        self.sockets.get_mut(&id).ok_or_else(missing)
    }

    fn at(&mut self, addr: SocketAddr) -> Option<&mut Socket> {
        self.sockets.values_mut().find(|socket| socket.local == addr && socket.other.is_none())
    }

    fn wakers_of(&mut self, id: Option<SocketId>) -> Vec<Waker> {
        let socket = id.and_then(|id| self.sockets.get_mut(&id));
        socket.map(|socket| std::mem::take(&mut socket.wakers)).unwrap_or_default()
    }

    fn connect(&mut self, addr: SocketAddr) -> (io::Result<SocketId>, Vec<Waker>) {
        let here = self.add((Ipv4Addr::LOCALHOST, 0).into());
        let there = self.add(addr);
        let local = self.sockets[&here].local;
        for (id, other, peer) in [(here, there, addr), (there, here, local)] {
            let socket = self.sockets.get_mut(&id).expect("just added");
            (socket.other, socket.peer) = (Some(other), Some(peer));
        }
        match self.at(addr).filter(|socket| socket.listens) {
            Some(listener) => {
                listener.queue.push_back(there);
                let wakers = std::mem::take(&mut listener.wakers);
                (Ok(here), wakers)
            }
            None => {
                // Refused, which the caller hears of when it waits.
                self.sockets.remove(&there);
                self.sockets.get_mut(&here).expect("just added").other = None;
                (Ok(here), Vec::new())
            }
        }
    }

    fn receive(
        &mut self,
        id: SocketId,
        bufs: &mut [IoSliceMut<'_>],
        take: Take,
    ) -> (io::Result<(usize, Option<SocketAddr>)>, Vec<Waker>) {
        let Ok(socket) = self.get(id) else { return (Err(missing()), Vec::new()) };
        if socket.was_reset {
            return (Err(ErrorKind::ConnectionReset.into()), Vec::new());
        }
        if let Some((datagram, from)) = socket.datagrams.pop_front() {
            let count = bufs[0].len().min(datagram.len());
            bufs[0][..count].copy_from_slice(&datagram[..count]);
            return (Ok((count, Some(from))), Vec::new());
        }
        if socket.bytes.is_empty() {
            let result =
                if socket.ended { Ok((0, None)) } else { Err(ErrorKind::WouldBlock.into()) };
            return (result, Vec::new());
        }
        let places = bufs.iter_mut().flat_map(|buf| buf.iter_mut());
        let count = places.zip(&socket.bytes).map(|(place, &byte)| *place = byte).count();
        if take == Take::Consume {
            socket.bytes.drain(..count);
        }
        let other = socket.other;
        (Ok((count, None)), self.wakers_of(other))
    }

    fn send(
        &mut self,
        id: SocketId,
        bufs: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> (io::Result<usize>, Vec<Waker>) {
        let Ok(socket) = self.get(id) else { return (Err(missing()), Vec::new()) };
        let (local, other, to) = (socket.local, socket.other, to.or(socket.peer));
        let bytes = bufs.iter().flat_map(|buf| buf.iter().copied());
        match other {
            Some(other) => match self.get(other) {
                Err(_) => (Err(ErrorKind::BrokenPipe.into()), Vec::new()),
                Ok(peer) if peer.bytes.len() == ROOM => {
                    (Err(ErrorKind::WouldBlock.into()), Vec::new())
                }
                Ok(peer) => {
                    let before = peer.bytes.len();
                    peer.bytes.extend(bytes.take(ROOM - before));
                    let count = peer.bytes.len() - before;
                    (Ok(count), std::mem::take(&mut peer.wakers))
                }
            },
            None => {
                let datagram: Vec<u8> = bytes.collect();
                let count = datagram.len();
                // A datagram for nobody is lost.
                let wakers = to.and_then(|to| self.at(to)).map(|receiver| {
                    receiver.datagrams.push_back((datagram, local));
                    std::mem::take(&mut receiver.wakers)
                });
                (Ok(count), wakers.unwrap_or_default())
            }
        }
    }

    fn end(&mut self, other: Option<SocketId>) -> Vec<Waker> {
        if let Some(peer) = other.and_then(|other| self.sockets.get_mut(&other)) {
            peer.ended = true;
        }
        self.wakers_of(other)
    }
}

impl Network for MemoryNetwork {
    fn id(&self) -> NetworkId {
        self.id
    }

    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match host {
            "server" => Ok(vec![(Ipv4Addr::new(10, 0, 0, 1), port).into()]),
            _ => Err(io::Error::new(ErrorKind::NotFound, "no such host here")),
        }
    }

    fn listen(&self, addr: SocketAddr, _backlog: u32) -> io::Result<SocketId> {
        let id = self.bind_datagram(addr)?;
        self.kernel.borrow_mut().get(id)?.listens = true;
        Ok(id)
    }

    fn poll_accept(
        &self,
        listener: SocketId,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(SocketId, SocketAddr)>> {
        self.poll(listener, cx, |kernel| {
            let accepted = kernel.get(listener).and_then(|listener| {
                listener.queue.pop_front().ok_or_else(|| ErrorKind::WouldBlock.into())
            });
            let accepted = accepted
                .and_then(|id| Ok((id, kernel.get(id)?.peer.expect("streams have a peer"))));
            (accepted, Vec::new())
        })
    }

    fn connect(&self, addr: SocketAddr) -> io::Result<SocketId> {
        self.call(|kernel| kernel.connect(addr))
    }

    fn poll_connected(&self, stream: SocketId, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut kernel = self.kernel.borrow_mut();
        Poll::Ready(kernel.get(stream).and_then(|socket| match socket.other {
            Some(_) => Ok(()),
            None => Err(ErrorKind::ConnectionRefused.into()),
        }))
    }

    fn bind_datagram(&self, addr: SocketAddr) -> io::Result<SocketId> {
        let mut kernel = self.kernel.borrow_mut();
        match kernel.at(addr) {
            Some(_) => Err(ErrorKind::AddrInUse.into()),
            None => Ok(kernel.add(addr)),
        }
    }

    fn connect_datagram(&self, socket: SocketId, addr: SocketAddr) -> io::Result<()> {
        self.kernel.borrow_mut().get(socket)?.peer = Some(addr);
        Ok(())
    }

    fn poll_recv(
        &self,
        socket: SocketId,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        take: Take,
    ) -> Poll<io::Result<(usize, Option<SocketAddr>)>> {
        self.poll(socket, cx, |kernel| kernel.receive(socket, bufs, take))
    }

    fn poll_send(
        &self,
        socket: SocketId,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Poll<io::Result<usize>> {
        self.poll(socket, cx, |kernel| kernel.send(socket, bufs, to))
    }

    fn shutdown(&self, stream: SocketId, how: Shutdown) -> io::Result<()> {
        self.call(|kernel| match kernel.get(stream).map(|socket| socket.other) {
            Ok(other) if how != Shutdown::Read => (Ok(()), kernel.end(other)),
            Ok(_) => (Ok(()), Vec::new()),
            Err(error) => (Err(error), Vec::new()),
        })
    }

    fn set_reset_on_close(&self, stream: SocketId, reset: bool) -> io::Result<()> {
        self.kernel.borrow_mut().get(stream)?.resets_on_close = reset;
        Ok(())
    }

    fn close(&self, socket: SocketId) {
        self.call(|kernel| {
            let closed = kernel.sockets.remove(&socket);
            if let Some(Socket { resets_on_close: true, other: Some(other), .. }) = &closed
                && let Ok(peer) = kernel.get(*other)
            {
                peer.was_reset = true;
            }
            let mut wakers = kernel.end(closed.as_ref().and_then(|socket| socket.other));
            wakers.extend(closed.into_iter().flat_map(|socket| socket.wakers));
            ((), wakers)
        });
    }

    fn local_addr(&self, socket: SocketId) -> io::Result<SocketAddr> {
        Ok(self.kernel.borrow_mut().get(socket)?.local)
    }

    fn peer_addr(&self, socket: SocketId) -> io::Result<SocketAddr> {
        self.kernel.borrow_mut().get(socket)?.peer.ok_or_else(missing)
    }
}
