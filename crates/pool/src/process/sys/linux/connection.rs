//! The connection between a pool and a worker: a pair of sockets, over which the status page goes first.

use crate::process::sys::SharedPage;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, SocketFlags, SocketType, recvmsg, sendmsg, shutdown,
    socketpair,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;

/// The pool's end, which never waits, and the worker's, which does.
pub(crate) fn connect() -> io::Result<(OwnedFd, OwnedFd)> {
    // Closed in other children from the start: clearing the flag later would race with their spawning.
    let (ours, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    ioctl_fionbio(&ours, true)?;
    Ok((ours, theirs))
}

/// Tells the worker that nothing more will come.
pub(crate) fn say_goodbye(connection: &OwnedFd) {
    // Fails only if the worker is gone already.
    let _gone = shutdown(connection, Shutdown::Write);
}

/// Sends the first bytes of a connection along with a descriptor.
pub(crate) fn send_with_page(connection: &OwnedFd, bytes: &[u8], page: &OwnedFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let pages = [page.as_fd()];
    ancillary.push(SendAncillaryMessage::ScmRights(&pages));
    // The first bytes of a new connection always fit.
    let sent = sendmsg(connection, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    if sent == bytes.len() {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::WriteZero, "a new connection did not take a greeting"))
    }
}

/// Receives the first `N` bytes of a connection and the page that came along.
pub(crate) fn receive_with_page<const N: usize>(
    connection: &OwnedFd,
) -> Option<([u8; N], SharedPage)> {
    let mut bytes = [0; N];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        let slices = &mut [IoSliceMut::new(&mut bytes)];
        match recvmsg(connection, slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR) => {}
            other => break other.ok()?,
        }
    };
    let page = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    })?;
    let page = SharedPage::open(page).ok()?;
    (received.bytes == N).then_some((bytes, page))
}
