//! [`Options`]: the settings of a network.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const DEFAULT_STREAM_BUFFER: usize = 64 << 10;

/// The names that are known, and how much a stream holds.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// By the name in lower case, for names do not mind.
    hosts: BTreeMap<String, Vec<IpAddr>>,
    stream_buffer: usize,
}

impl Default for Options {
    fn default() -> Self {
        let hosts = [(String::from("localhost"), vec![Ipv4Addr::LOCALHOST.into()])];
        Self { hosts: hosts.into(), stream_buffer: DEFAULT_STREAM_BUFFER }
    }
}

impl Options {
    pub(crate) fn add_host(&mut self, name: String, ip: IpAddr) {
        self.hosts.entry(name.to_lowercase()).or_default().push(ip);
    }

    #[track_caller]
    pub(crate) fn set_stream_buffer(&mut self, bytes: usize) {
        assert!(bytes > 0, "a stream that holds no bytes carries none: give it one at least");
        self.stream_buffer = bytes;
    }

    pub(super) fn stream_buffer(&self) -> usize {
        self.stream_buffer
    }

    pub(super) fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let Some(ips) = self.hosts.get(&host.to_lowercase()) else {
            let message = "no such host in this simulation; `Simulation::host` makes one known";
            return Err(io::Error::new(ErrorKind::NotFound, message));
        };
        Ok(ips.iter().map(|&ip| SocketAddr::new(ip, port)).collect())
    }
}
