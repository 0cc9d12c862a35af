//! The table, and the failures by name.

use crate::error::FetchError;
use crate::http::Page;
use std::process::ExitCode;
use std::time::Duration;

/// What became of one URL.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Its place on the command line.
    pub(crate) index: usize,
    pub(crate) url: String,
    pub(crate) result: Result<Page, FetchError>,
    pub(crate) took: Duration,
}

impl Outcome {
    /// Why it counts as failed, if it does.
    fn failure(&self) -> Option<String> {
        match &self.result {
            Ok(page) if page.status < 400 => None,
            Ok(page) => Some(format!("the server says {} {}", page.status, page.reason)),
            Err(error) => Some(error.to_string()),
        }
    }
}

/// Prints the table, then what failed and why.
pub(crate) fn print(outcomes: &[Outcome]) -> ExitCode {
    println!("{:>6} {:>12} {:>8}  url", "status", "bytes", "ms");
    for Outcome { url, result, took, .. } in outcomes {
        let ms = took.as_millis();
        match result {
            Ok(Page { status, bytes, .. }) => println!("{status:>6} {bytes:>12} {ms:>8}  {url}"),
            Err(_) => println!("{:>6} {:>12} {ms:>8}  {url}", "-", "-"),
        }
    }
    let mut code = ExitCode::SUCCESS;
    for outcome in outcomes {
        if let Some(why) = outcome.failure() {
            eprintln!("failed: {}: {why}", outcome.url);
            code = ExitCode::FAILURE;
        }
    }
    code
}
