//! Linux.

// In dependence order: a module uses only what stands above it.
mod image;
mod page;
mod poller;
mod connection;
mod child;
mod memory_group;
mod fault;
mod end;

pub(crate) use child::{Child, Ended, Launch, Launched, StderrRoute};
pub(crate) use connection::{connect, receive_with_page, say_goodbye, send_with_page};
pub(crate) use end::{exit_at_once, prepare_signals};
pub(crate) use fault::watch_stack;
pub(crate) use image::{Image, executable, image_where};
pub(crate) use memory_group::kernel_kills;
pub(crate) use page::{SharedPage, WORDS};
pub(crate) use poller::{Bell, Event, Poller};
