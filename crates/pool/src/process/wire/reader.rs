//! Messages out of a stream of bytes.
//!
//! Small messages are read many at a time into one buffer; the payload of a large one is read straight into
//! a vector of its own, which becomes the value.

use crate::process::wire::frame::{Garbage, HEAD, Head};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// How much is asked for at a time.
const BUFFER: usize = 16 * 1024;
/// A payload that is larger than this and not there yet gets a vector of its own.
const LARGE: usize = 8 * 1024;

/// Takes messages out of the bytes of a descriptor.
#[derive(Debug)]
pub(crate) struct Reader {
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
    payload: Vec<u8>,
    filled: usize,
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
    pub(crate) fn new() -> Self {
        Self { buffer: vec![0; BUFFER].into_boxed_slice(), start: 0, end: 0, large: None }
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
        let room = match &mut self.large {
            Some(large) => &mut large.payload[large.filled..],
            None => &mut self.buffer[self.end..],
        };
        let asked = room.len();
        let count = loop {
            match rustix::io::read(fd, &mut *room) {
                Ok(0) => return Fill::End,
                Ok(count) => break count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Fill::Empty,
                // Whoever is on the other side is gone, or will never be understood again.
                Err(_) => return Fill::End,
            }
        };
        match &mut self.large {
            Some(large) => large.filled += count,
            None => self.end += count,
        }
        // The end of a large payload says nothing about what follows it.
        if count < asked { Fill::Short } else { Fill::Full }
    }

    /// The next message that is there as a whole.
    pub(crate) fn next(&mut self) -> Result<Option<(Head, Vec<u8>)>, Garbage> {
        if let Some(large) = self.large.take_if(|large| large.filled == large.payload.len()) {
            return Ok(Some((large.head, large.payload)));
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
        // Zeroed memory of this size comes from the system as it is, so nothing is written twice.
        let mut payload = vec![0; length];
        let rest = &self.buffer[self.start + HEAD..self.end];
        let filled = rest.len();
        payload[..filled].copy_from_slice(rest);
        (self.start, self.end) = (0, 0);
        self.large = Some(Large { head, payload, filled });
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
