//! One GET over HTTP/1.1: request, head, redirects, and a body that is counted and thrown away.
//!
//! Memory is bounded: a connection has one buffer, which no head and no chunk's first line may outgrow.

use crate::error::FetchError;
use crate::progress::Progress;
use crate::url::Url;
use asyncio::net::TcpStream;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use httparse::{EMPTY_HEADER, Header, Response, Status};

const REDIRECTS_MAX: usize = 5;
const BUFFER_BYTES: usize = 64 * 1024;
const HEADERS_MAX: usize = 128;

/// What came in the end.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// Of the body, without its framing.
    pub(crate) bytes: u64,
}

/// Gets a URL, wherever it leads.
pub(crate) async fn fetch(url: &str, progress: &Progress) -> Result<Page, FetchError> {
    let mut url = Url::parse(url.as_bytes())?;
    for _ in 0..=REDIRECTS_MAX {
        let mut connection = Connection::open(&url).await?;
        connection.request(&url).await?;
        let head = connection.final_head().await?;
        if let (301..=303 | 307 | 308, Some(location)) = (head.status, &head.location) {
            url = url.redirected(location)?;
            continue;
        }
        let bytes = connection.body(&head.framing, progress).await?;
        return Ok(Page { status: head.status, reason: head.reason, bytes });
    }
    Err(FetchError::TooManyRedirects(REDIRECTS_MAX))
}

/// What an answer says before its body.
#[derive(Debug)]
struct Head {
    status: u16,
    reason: String,
    location: Option<Vec<u8>>,
    framing: Framing,
}

/// How the end of a body is known.
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    UntilClosed,
}

impl Framing {
    /// The rules of RFC 9112, section 6.3, for the answer to a GET.
    fn of(status: u16, headers: &[Header<'_>]) -> Result<Self, FetchError> {
        if let 100..=199 | 204 | 304 = status {
            return Ok(Self::Length(0));
        }
        if let Some(coding) = values(headers, "transfer-encoding").last() {
            let is_chunked = coding.eq_ignore_ascii_case(b"chunked");
            return Ok(if is_chunked { Self::Chunked } else { Self::UntilClosed });
        }
        let mut lengths = values(headers, "content-length");
        let Some(length) = lengths.next() else { return Ok(Self::UntilClosed) };
        let digits = str::from_utf8(length).ok().filter(|text| !text.starts_with('+'));
        match digits.and_then(|digits| digits.parse().ok()) {
            // The same length twice is harmless, another one is an attack on whoever believes the first.
            Some(bytes) if lengths.all(|other| other == length) => Ok(Self::Length(bytes)),
            _ => Err(FetchError::BadFraming("content-length")),
        }
    }
}

/// The values of a header, whether they stand in one line with commas or in several lines.
fn values<'h>(headers: &[Header<'h>], name: &str) -> impl Iterator<Item = &'h [u8]> {
    let lines = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    lines.flat_map(|header| header.value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// A connection and what was read of it but not looked at.
struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Connection {
    async fn open(url: &Url) -> Result<Self, FetchError> {
        let connecting = TcpStream::connect((url.host.as_str(), url.port));
        let stream = connecting.await.map_err(FetchError::Connect)?;
        Ok(Self { stream, buffer: vec![0; BUFFER_BYTES].into(), start: 0, end: 0 })
    }

    async fn request(&mut self, url: &Url) -> Result<(), FetchError> {
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: asyncio-fetch\r\nAccept: */*\r\n\
             Connection: close\r\n\r\n",
            url.target(),
            url.authority(),
        );
        Ok(self.stream.write_all(request.as_bytes()).await?)
    }

    /// The head of the answer, past those that only say that it will come.
    async fn final_head(&mut self) -> Result<Head, FetchError> {
        loop {
            let head = self.head().await?;
            if !(100..=199).contains(&head.status) {
                return Ok(head);
            }
        }
    }

    async fn head(&mut self) -> Result<Head, FetchError> {
        loop {
            if let Some((length, head)) = parse_head(self.unread())? {
                self.start += length;
                return Ok(head);
            }
            self.read_more("header").await?;
        }
    }

    /// Reads the body to its end, and counts it.
    async fn body(&mut self, framing: &Framing, progress: &Progress) -> Result<u64, FetchError> {
        match *framing {
            Framing::Length(bytes) => {
                self.skip(bytes, "body", progress).await?;
                Ok(bytes)
            }
            Framing::Chunked => self.chunks(progress).await,
            Framing::UntilClosed => {
                let mut bytes = 0;
                loop {
                    let unread = self.unread().len() as u64;
                    bytes += unread;
                    progress.received(unread);
                    self.start = self.end;
                    if self.fill().await? == 0 {
                        return Ok(bytes);
                    }
                }
            }
        }
    }

    async fn chunks(&mut self, progress: &Progress) -> Result<u64, FetchError> {
        let mut bytes = 0_u64;
        loop {
            let size = self.chunk_size().await?;
            if size == 0 {
                break;
            }
            self.skip(size, "body", progress).await?;
            bytes = bytes.checked_add(size).ok_or(FetchError::BadFraming("chunk size"))?;
            if !self.line().await?.is_empty() {
                return Err(FetchError::BadFraming("chunk"));
            }
        }
        // Trailers, one a line, until an empty one; together no longer than a head may be.
        let mut left = BUFFER_BYTES;
        loop {
            let length = self.line().await?.len();
            if length == 0 {
                return Ok(bytes);
            }
            left = left.checked_sub(length).ok_or(FetchError::TooLong("trailer", BUFFER_BYTES))?;
        }
    }

    async fn chunk_size(&mut self) -> Result<u64, FetchError> {
        loop {
            match httparse::parse_chunk_size(self.unread()) {
                Ok(Status::Complete((length, size))) => {
                    self.start += length;
                    return Ok(size);
                }
                Ok(Status::Partial) => self.read_more("chunk size").await?,
                Err(_) => return Err(FetchError::BadFraming("chunk size")),
            }
        }
    }

    /// A line without its end.
    async fn line(&mut self) -> Result<&[u8], FetchError> {
        loop {
            let unread = self.unread();
            if let Some(length) = unread.iter().position(|byte| *byte == b'\n') {
                let start = self.start;
                self.start += length + 1;
                let line = &self.buffer[start..start + length];
                return Ok(line.strip_suffix(b"\r").unwrap_or(line));
            }
            self.read_more("line").await?;
        }
    }

    /// Passes over so many bytes of the body.
    async fn skip(
        &mut self,
        mut bytes: u64,
        what: &'static str,
        progress: &Progress,
    ) -> Result<(), FetchError> {
        while bytes > 0 {
            if self.unread().is_empty() {
                self.read_more(what).await?;
            }
            let unread = self.unread().len();
            let here = usize::try_from(bytes).map_or(unread, |bytes| bytes.min(unread));
            self.start += here;
            bytes -= here as u64;
            progress.received(here as u64);
        }
        Ok(())
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads what is needed to go on with `what`.
    async fn read_more(&mut self, what: &'static str) -> Result<(), FetchError> {
        if self.unread().len() == self.buffer.len() {
            return Err(FetchError::TooLong(what, BUFFER_BYTES));
        }
        match self.fill().await? {
            0 => Err(FetchError::ClosedEarly(what)),
            _ => Ok(()),
        }
    }

    /// Reads behind what is unread; 0 is the end of the stream.
    async fn fill(&mut self) -> Result<usize, FetchError> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let read = self.stream.read(&mut self.buffer[self.end..]).await?;
        self.end += read;
        Ok(read)
    }
}

/// The head and its length, if it is there as a whole.
fn parse_head(bytes: &[u8]) -> Result<Option<(usize, Head)>, FetchError> {
    let mut headers = [EMPTY_HEADER; HEADERS_MAX];
    let mut response = Response::new(&mut headers);
    let Status::Complete(length) = response.parse(bytes)? else { return Ok(None) };
    let status = response.code.unwrap_or_default();
    let location = response.headers.iter().find(|h| h.name.eq_ignore_ascii_case("location"));
    let head = Head {
        status,
        reason: response.reason.unwrap_or_default().to_owned(),
        location: location.map(|header| header.value.to_vec()),
        framing: Framing::of(status, response.headers)?,
    };
    Ok(Some((length, head)))
}
