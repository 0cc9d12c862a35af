//! The last lines that a worker wrote to standard error.

use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// How many bytes are kept for errors.
const KEPT: usize = 2048;
/// What std says before it aborts for want of memory.
const OUT_OF_MEMORY: &[u8] = b"memory allocation of ";
/// A line that is longer than this is forwarded in pieces.
const LINE: usize = 8192;

/// What a worker wrote last.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    kept: Vec<u8>,
    /// The beginning of a line that has no end yet.
    line: Vec<u8>,
    is_closed: bool,
    /// Whether it said that an allocation failed; what follows may push it out of what is kept.
    is_out_of_memory: bool,
}

impl Tail {
    /// Reads what there is, but for what is too much for one go; returns whether that was all. Complete
    /// lines are appended to `forward` behind `prefix`.
    pub(crate) fn read(
        &mut self,
        fd: BorrowedFd<'_>,
        prefix: &str,
        mut forward: Option<&mut Vec<u8>>,
    ) -> bool {
        let mut buffer = [0; 4096];
        let mut is_all = false;
        // A worker that writes faster than this reads must not keep the pool from its jobs.
        for _ in 0..64 {
            match rustix::io::read(fd, &mut buffer) {
                Ok(0) => self.is_closed = true,
                Ok(count) => {
                    self.keep(&buffer[..count]);
                    if let Some(forward) = &mut forward {
                        self.forward(&buffer[..count], prefix, forward);
                    }
                    continue;
                }
                Err(Errno::INTR) => continue,
                Err(_) => {}
            }
            is_all = true;
            break;
        }
        if self.is_closed
            && let Some(forward) = forward
        {
            self.end_line(prefix, forward);
        }
        is_all
    }

    /// Whether nothing more will come.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.kept.extend_from_slice(bytes);
        let is_it = |text: &[u8]| text == OUT_OF_MEMORY;
        self.is_out_of_memory |= self.kept.windows(OUT_OF_MEMORY.len()).any(is_it);
        let excess = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..excess);
    }

    fn forward(&mut self, bytes: &[u8], prefix: &str, forward: &mut Vec<u8>) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.line.len() > LINE {
                self.end_line(prefix, forward);
            }
        }
    }

    fn end_line(&mut self, prefix: &str, forward: &mut Vec<u8>) {
        if self.line.is_empty() {
            return;
        }
        forward.extend_from_slice(prefix.as_bytes());
        forward.append(&mut self.line);
        if !forward.ends_with(b"\n") {
            forward.push(b'\n');
        }
    }

    /// The last lines.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.kept);
        // The first line has probably lost its beginning.
        match text.split_once('\n') {
            Some((_, rest)) if self.kept.len() == KEPT => rest.trim_end().to_owned(),
            _ => text.trim_end().to_owned(),
        }
    }

    /// Whether an allocation has failed.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        self.is_out_of_memory
    }

    /// What was written so far belongs to jobs that are done with.
    pub(crate) fn forget(&mut self) {
        self.kept.clear();
        self.is_out_of_memory = false;
    }
}
