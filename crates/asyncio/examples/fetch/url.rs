//! What has to be known of a URL to ask for it, and where a redirect leads.

use crate::error::FetchError;
use iri_string::types::{UriReferenceStr, UriString};
use std::fmt::Write;

/// A plain `http://` URL.
#[derive(Debug)]
pub(crate) struct Url {
    uri: UriString,
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Url {
    /// Takes a URL apart; `text` is what a person or a server wrote, so it may need escapes.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, FetchError> {
        let text = escaped(text.trim_ascii());
        let refuse = |why| FetchError::NotAUrl(text.clone(), why);
        let uri =
            UriString::try_from(text.clone()).map_err(|_| refuse("write `http://host/path`"))?;
        if uri.scheme_str().eq_ignore_ascii_case("https") {
            return Err(FetchError::NeedsTls(text));
        }
        if !uri.scheme_str().eq_ignore_ascii_case("http") {
            return Err(refuse("it does not begin with `http://`"));
        }
        let authority = uri.authority_components().ok_or_else(|| refuse("it has no host"))?;
        if authority.userinfo().is_some() {
            return Err(refuse("names and passwords are not sent in plain text"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(refuse("it has no host"));
        }
        let port = match authority.port() {
            None | Some("") => 80,
            Some(port) => port.parse().map_err(|_| refuse("its port is no port"))?,
        };
        Ok(Self { uri, host, port })
    }

    /// The URL that `location` means when this one's answer says so.
    pub(crate) fn redirected(&self, location: &[u8]) -> Result<Self, FetchError> {
        let location = escaped(location.trim_ascii());
        let reference = UriReferenceStr::new(&location)
            .map_err(|_| FetchError::NotAUrl(location.clone(), "and yet it redirects there"))?;
        let absolute = reference.resolve_against(self.uri.to_absolute()).to_string();
        Self::parse(absolute.as_bytes())
    }

    /// Host and port as the `Host` header has them.
    pub(crate) fn authority(&self) -> &str {
        self.uri.authority_str().unwrap_or_default()
    }

    /// Path and query as the first line of a request has them.
    pub(crate) fn target(&self) -> String {
        let path = match self.uri.path_str() {
            "" => "/",
            path => path,
        };
        match self.uri.query_str() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }
}

/// Percent-encodes whatever no URI may contain; escapes that are there already stay.
fn escaped(text: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a string takes everything");
        }
    }
    escaped
}
