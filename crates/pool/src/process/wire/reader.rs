//! Messages out of a stream of bytes.
//!
//! Small messages are read many at a time into one buffer; the payload of a large one is read straight into
//! a vector of its own, which becomes the value.
//!
//! How large it is the other side says. A pool that has no memory for so much reads past it and takes it
//! for a [`Kind::TooLarge`], which costs one job; a worker ends, as it does whenever it has no memory.

use crate::process::wire::frame::{Garbage, HEAD, Head, Kind};
use rustix::buffer::spare_capacity;
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// How much is asked for at a time.
const BUFFER: usize = 16 * 1024;
/// A payload that is larger than this and not there yet gets a vector of its own.
const LARGE: usize = 8 * 1024;

/// Takes messages out of the bytes of a descriptor.
#[derive(Debug)]
pub(crate) struct Reader {
    shortage: Shortage,
    buffer: Box<[u8]>,
    /// What was read and not yet taken.
    start: usize,
    end: usize,
    /// A large message whose payload is on its way.
    large: Option<Large>,
}

#[derive(Debug)]
struct Large {
    head: Head,
    /// The payload as far as it has come; stays empty if there is no memory for it.
    payload: Vec<u8>,
    /// How much is still to come.
    left: usize,
}

/// What happens if there is no memory for a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shortage {
    /// It is read and forgotten.
    CostsTheMessage,
    /// The process ends.
    CostsTheProcess,
}

/// What a read found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fill {
    /// Bytes, and perhaps there are more.
    Full,
    /// Bytes, and no more at this moment.
    Short,
    /// Nothing at this moment.
    Empty,
    /// Nothing, and nothing will come.
    End,
}

impl Reader {
    pub(crate) fn new(shortage: Shortage) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { shortage, buffer, start: 0, end: 0, large: None }
    }

    /// Reads once. Waits if the descriptor does.
    pub(crate) fn fill(&mut self, fd: BorrowedFd<'_>) -> Fill {
        self.make_room();
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let (asked, read) = loop {
            let (asked, read) = self.read_once(fd);
            match read {
                Ok(0) => return Fill::End,
                Ok(count) => break (asked, count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Fill::Empty,
                // Whoever is on the other side is gone, or will never be understood again.
                Err(_) => return Fill::End,
            }
        };
        match &mut self.large {
            Some(large) => large.left -= read,
            None => self.end += read,
        }
        // The end of a large payload says nothing about what follows it.
        if read < asked { Fill::Short } else { Fill::Full }
    }

    /// Asks the system once; returns for how much, and what came of it.
    fn read_once(&mut self, fd: BorrowedFd<'_>) -> (usize, Result<usize, Errno>) {
        let Some(large) = &mut self.large else {
            let room = &mut self.buffer[self.end..];
            return (room.len(), rustix::io::read(fd, room));
        };
        let room = large.payload.capacity() - large.payload.len();
        if room == large.left {
            return (room, rustix::io::read(fd, spare_capacity(&mut large.payload)));
        }
        // It is not kept, or the vector has room for more than may be read. The buffer is empty since the
        // message had begun.
        let length = large.left.min(BUFFER);
        let read = rustix::io::read(fd, &mut self.buffer[..length]);
        if let Ok(count) = read
            && room > 0
        {
            large.payload.extend_from_slice(&self.buffer[..count]);
        }
        (length, read)
    }

    /// The next message that is there as a whole.
    pub(crate) fn next(&mut self) -> Result<Option<(Head, Vec<u8>)>, Garbage> {
        if let Some(large) = self.large.take_if(|large| large.left == 0) {
            let Large { head, payload, .. } = large;
            if head.length == payload.len() as u64 {
                return Ok(Some((head, payload)));
            }
            let why = format!("there is no memory for its {} bytes", head.length);
            return Ok(Some((Head { kind: Kind::TooLarge, ..head }, why.into_bytes())));
        }
        let unread = &self.buffer[self.start..self.end];
        let Some((head, rest)) = unread.split_first_chunk::<HEAD>() else { return Ok(None) };
        if self.large.is_some() {
            return Ok(None);
        }
        let head = Head::from_bytes(head)?;
        let length = usize::try_from(head.length).map_err(|_| Garbage)?;
        if let Some(payload) = rest.get(..length) {
            let payload = payload.to_vec();
            self.start += HEAD + length;
            return Ok(Some((head, payload)));
        }
        Ok(None)
    }

    /// Gives a large message that has begun a vector of its own. Not before it is read on: the memory for
    /// it may be the end of this process, and by then it is noted what is [`arriving`](Self::arriving).
    fn make_room(&mut self) {
        if self.large.is_some() {
            return;
        }
        let Some(head) = self.arriving() else { return };
        let length = usize::try_from(head.length).unwrap_or(usize::MAX);
        if length <= LARGE {
            return;
        }
        let mut payload = Vec::new();
        let is_kept = payload.try_reserve_exact(length).is_ok();
        if !is_kept && self.shortage == Shortage::CostsTheProcess {
            // Says so on standard error, from where the pool knows what the worker has died of.
            payload.reserve_exact(length);
        }
        let come = &self.buffer[self.start + HEAD..self.end];
        let left = length - come.len();
        if is_kept {
            payload.extend_from_slice(come);
        }
        (self.start, self.end) = (0, 0);
        self.large = Some(Large { head, payload, left });
    }

    /// The head of a message whose payload has not come as a whole.
    pub(crate) fn arriving(&self) -> Option<Head> {
        match &self.large {
            Some(large) => Some(large.head),
            None => {
                let head = self.buffer[self.start..self.end].first_chunk::<HEAD>()?;
                Head::from_bytes(head).ok()
            }
        }
    }
}
