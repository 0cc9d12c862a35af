//! The command line.

use lexopt::prelude::*;
use std::error::Error;
use std::time::Duration;

pub(crate) const USAGE: &str = "\
usage: fetch [--concurrency N] [--timeout SECONDS] URL...

Fetches plain http:// URLs and prints a table of status, bytes and milliseconds.
  --concurrency N    at most N at a time (10)
  --timeout SECONDS  at most so long for each (30)
Exits with 1 if one of them failed, and names it.";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Wish {
    Help,
    Fetch(Options),
}

/// What is to be fetched, and how.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) urls: Vec<String>,
    pub(crate) concurrency: usize,
    pub(crate) timeout: Duration,
}

pub(crate) fn parse() -> Result<Wish, Box<dyn Error>> {
    let mut options =
        Options { urls: Vec::new(), concurrency: 10, timeout: Duration::from_secs(30) };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Wish::Help),
            Short('c') | Long("concurrency") => options.concurrency = parser.value()?.parse()?,
            Short('t') | Long("timeout") => {
                options.timeout = parser.value()?.parse_with(seconds)?;
            }
            Value(url) => options.urls.push(url.string()?),
            _ => return Err(argument.unexpected().into()),
        }
    }
    if options.urls.is_empty() {
        return Err("no URL is given".into());
    }
    if options.concurrency == 0 || options.timeout.is_zero() {
        return Err("`--concurrency` and `--timeout` must be more than zero".into());
    }
    Ok(Wish::Fetch(options))
}

/// Seconds, with a fraction if need be.
fn seconds(text: &str) -> Result<Duration, Box<dyn Error + Send + Sync>> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}
