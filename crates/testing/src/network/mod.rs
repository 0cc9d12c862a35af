//! [`SimulatedNetwork`]: a kernel's sockets in memory, without an operating system, latency or faults.
//!
//! It is one host that owns every address: whatever is bound can be reached. What is sent has arrived when
//! the call returns. The calls mean what they mean on Linux' loopback, down to which error comes once and
//! which for ever; the tests run the same programs on both.
//!
//! The state sits in one cell. A call borrows it, gathers the wakers that are to be woken or dropped, and
//! lets go of it before it does so: both run code that may come back here.

mod after;
mod options;
mod address;
mod ports;
mod stream;
mod listener;
mod datagram;
mod kernel;
mod tcp;
mod udp;
mod close;

use asyncio_net::Shutdown;
use asyncio_net::network::{Direction, Network, NetworkId, SocketId, Take};
use kernel::Kernel;
use std::cell::RefCell;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, Waker};

pub(crate) use options::Options;

/// A network in memory. [`Simulation`](crate::Simulation) makes one for each run.
///
/// Entered by itself, it serves code that needs sockets and nothing else of a simulated world.
///
/// # Examples
/// ```
/// use asyncio::net::{TcpStream, network};
/// use asyncio::testing::SimulatedNetwork;
/// use std::net::Ipv4Addr;
/// use std::rc::Rc;
///
/// let world = SimulatedNetwork::new().host("db.example", Ipv4Addr::new(10, 0, 0, 1));
/// let _entered = network::enter(Rc::new(world));
/// let nobody_listens = futures::executor::block_on(TcpStream::connect("db.example:5432"));
/// assert!(nobody_listens.is_err());
/// ```
#[derive(Debug)]
pub struct SimulatedNetwork {
    id: NetworkId,
    options: Options,
    kernel: RefCell<Kernel>,
}

impl Default for SimulatedNetwork {
    fn default() -> Self {
        Self::new()
    }
}

impl SimulatedNetwork {
    /// A network without sockets, on which only the name `localhost` is known.
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(Options::default())
    }

    pub(crate) fn with_options(options: Options) -> Self {
        Self { id: NetworkId::unique(), options, kernel: RefCell::default() }
    }

    /// Makes `name` known. A name may have several addresses, tried in the order in which they were given.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>, ip: impl Into<IpAddr>) -> Self {
        self.options.add_host(name.into(), ip.into());
        self
    }

    /// How many bytes one direction of a stream holds until its writer has to wait; 64 KiB unless set.
    ///
    /// # Panics
    /// If it is zero: no byte could ever travel.
    #[must_use]
    #[track_caller]
    pub fn stream_buffer(mut self, bytes: usize) -> Self {
        self.options.set_stream_buffer(bytes);
        self
    }

    /// How many sockets are open, of all kinds, the queues of listeners included.
    #[must_use]
    pub fn open_sockets(&self) -> usize {
        self.kernel.borrow().open_sockets()
    }

    /// Borrows the kernel for one call; what concerns others happens after the borrow.
    fn call<R>(&self, f: impl FnOnce(&mut Kernel) -> R) -> R {
        let mut kernel = self.kernel.borrow_mut();
        let result = f(&mut kernel);
        let after = kernel.take_after();
        drop(kernel);
        after.perform();
        result
    }

    /// The same for a call that may have to wait; the kernel takes the waker if it keeps it.
    fn poll<R>(
        &self,
        cx: &Context<'_>,
        f: impl FnOnce(&mut Kernel, &mut Option<Waker>) -> Poll<R>,
    ) -> Poll<R> {
        // Cloned, and dropped if it was not kept, outside of the borrow.
        let mut waker = Some(cx.waker().clone());
        self.call(|kernel| f(kernel, &mut waker))
    }
}

impl Network for SimulatedNetwork {
    fn id(&self) -> NetworkId {
        self.id
    }

    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.options.resolve(host, port)
    }

    fn listen(&self, addr: SocketAddr, backlog: u32) -> io::Result<SocketId> {
        self.call(|kernel| {
            let socket = kernel.bind_stream(addr)?;
            kernel.listen(socket, backlog).map(|()| socket)
        })
    }

    fn bind_stream(&self, addr: SocketAddr) -> io::Result<SocketId> {
        self.call(|kernel| kernel.bind_stream(addr))
    }

    fn listen_on(&self, socket: SocketId, backlog: u32) -> io::Result<()> {
        self.call(|kernel| kernel.listen(socket, backlog))
    }

    fn connect_from(&self, socket: SocketId, addr: SocketAddr) -> io::Result<()> {
        self.call(|kernel| kernel.connect_from(socket, addr))
    }

    fn poll_accept(
        &self,
        listener: SocketId,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(SocketId, SocketAddr)>> {
        self.poll(cx, |kernel, waker| kernel.poll_accept(listener, waker))
    }

    fn connect(&self, addr: SocketAddr) -> io::Result<SocketId> {
        self.call(|kernel| kernel.connect(addr))
    }

    fn poll_connected(&self, stream: SocketId, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, |kernel, waker| kernel.poll_connected(stream, waker))
    }

    fn bind_datagram(&self, addr: SocketAddr) -> io::Result<SocketId> {
        self.call(|kernel| kernel.bind_datagram(addr))
    }

    fn connect_datagram(&self, socket: SocketId, addr: SocketAddr) -> io::Result<()> {
        self.call(|kernel| kernel.connect_datagram(socket, addr))
    }

    fn poll_recv(
        &self,
        socket: SocketId,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        take: Take,
    ) -> Poll<io::Result<(usize, Option<SocketAddr>)>> {
        self.poll(cx, |kernel, waker| match kernel.is_datagram(socket) {
            true => kernel.poll_recv_datagram(socket, waker, bufs, take),
            false => kernel
                .poll_recv_stream(socket, waker, bufs, take, self.options.stream_buffer())
                .map_ok(|count| (count, None)),
        })
    }

    fn poll_send(
        &self,
        socket: SocketId,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, |kernel, waker| match kernel.is_datagram(socket) {
            true => Poll::Ready(kernel.send_datagram(socket, bufs, to)),
            false => kernel.poll_send_stream(socket, waker, bufs, self.options.stream_buffer()),
        })
    }

    fn is_ready(&self, socket: SocketId, direction: Direction) -> io::Result<bool> {
        self.call(|kernel| kernel.is_ready(socket, direction, self.options.stream_buffer()))
    }

    fn shutdown(&self, stream: SocketId, how: Shutdown) -> io::Result<()> {
        self.call(|kernel| kernel.shutdown(stream, how))
    }

    fn set_reset_on_close(&self, stream: SocketId, reset: bool) -> io::Result<()> {
        self.call(|kernel| kernel.set_reset_on_close(stream, reset))
    }

    fn close(&self, socket: SocketId) {
        self.call(|kernel| kernel.close(socket));
    }

    fn local_addr(&self, socket: SocketId) -> io::Result<SocketAddr> {
        self.call(|kernel| kernel.local_addr(socket))
    }

    fn peer_addr(&self, socket: SocketId) -> io::Result<SocketAddr> {
        self.call(|kernel| kernel.peer_addr(socket))
    }
}
