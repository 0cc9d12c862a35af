//! Numbers and letters in turn, a second apart, on one thread.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use asyncio::{gather, sleep};
use jiff::Zoned;
use std::time::Duration;

/// Python's `time.ctime()`.
fn ctime() -> String {
    Zoned::now().strftime("%a %b %e %H:%M:%S %Y").to_string()
}

async fn print_numbers() {
    for i in 1..4 {
        println!("{} Number: {i}", ctime());
        sleep(Duration::from_secs(1)).await;
    }
}

async fn print_letters() {
    for letter in ["A", "B", "C"] {
        println!("{} Letter: {letter}", ctime());
        sleep(Duration::from_secs(1)).await;
    }
}

#[asyncio::main]
pub(crate) async fn main() {
    gather((print_numbers(), print_letters())).await;
}
