#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// In dependence order: a module uses only what stands above it.
mod error;
pub mod network;
mod os;
mod sock;
mod lookup;
mod addr;
mod tcp;
mod udp;

pub use addr::{ToSocketAddrs, lookup_host};
pub use std::net::Shutdown;
pub use tcp::{Accept, Connect, Incoming, IntoIncoming, TcpListener, TcpSocket, TcpStream};
pub use tcp::{ReadHalf, ReuniteError, WriteHalf};
pub use udp::UdpSocket;
