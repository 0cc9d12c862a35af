//! TCP: streams, their halves, and listeners.

mod stream;
mod connect;
mod split;
mod pause;
mod listener;

pub use connect::Connect;
pub use listener::{Accept, Incoming, TcpListener};
pub use split::{ReadHalf, ReuniteError, WriteHalf};
pub use stream::TcpStream;
