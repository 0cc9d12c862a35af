//! TCP: streams, their halves, listeners, and sockets that are not yet either.

mod stream;
mod ready;
mod connect;
mod split;
mod pause;
mod listener;
mod incoming;
mod socket;

pub use connect::Connect;
pub use incoming::{Incoming, IntoIncoming};
pub use listener::{Accept, TcpListener};
pub use socket::TcpSocket;
pub use split::{ReadHalf, ReuniteError, WriteHalf};
pub use stream::TcpStream;
