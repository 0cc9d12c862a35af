//! Fetches plain `http://` URLs side by side and says what came: status, bytes, milliseconds.
//!
//! `cargo run --release --example fetch -- --concurrency 20 --timeout 5 http://example.com/ ..`
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

#[path = "fetch/args.rs"]
mod args;
#[path = "fetch/error.rs"]
mod error;
#[path = "fetch/url.rs"]
mod url;
#[path = "fetch/progress.rs"]
mod progress;
#[path = "fetch/http.rs"]
mod http;
#[path = "fetch/report.rs"]
mod report;

use args::{Options, USAGE, Wish};
use asyncio::{create_task, gather, running_loop, timeout};
use error::FetchError;
use progress::Progress;
use report::Outcome;
use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;

fn main() -> ExitCode {
    match args::parse() {
        Ok(Wish::Help) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Wish::Fetch(options)) => asyncio::run(fetch_all(options)),
        Err(error) => {
            eprintln!("fetch: {error}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

async fn fetch_all(options: Options) -> ExitCode {
    let progress = Rc::new(Progress::new(options.urls.len()));
    let shown = progress::is_wanted().then(|| create_task(progress::show(Rc::clone(&progress))));

    // The workers run in this task, so they may borrow, and a plain cell tells them who is next.
    let next = Cell::new(0);
    let workers = options.concurrency.min(options.urls.len());
    let outcomes = gather((0..workers).map(|_| worker(&options, &next, &progress))).await;

    if let Some(shown) = shown {
        shown.cancel();
        progress::clear();
    }
    let mut outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    outcomes.sort_by_key(|outcome| outcome.index);
    report::print(&outcomes)
}

/// Fetches one URL after the other until there is none left.
async fn worker(options: &Options, next: &Cell<usize>, progress: &Progress) -> Vec<Outcome> {
    let event_loop = running_loop();
    let mut outcomes = Vec::new();
    loop {
        let index = next.get();
        let Some(url) = options.urls.get(index) else { return outcomes };
        next.set(index + 1);
        let start = event_loop.time();
        let in_time = timeout(options.timeout, http::fetch(url, progress)).await;
        let result = in_time.unwrap_or(Err(FetchError::TimedOut(options.timeout)));
        let took = event_loop.time() - start;
        outcomes.push(Outcome { index, url: url.clone(), result, took });
        progress.one_more();
    }
}
