//! Several futures awaited at once: results in argument order, and the first error to the awaiter.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use asyncio::{gather, sleep, try_gather};
use std::num::ParseIntError;
use std::time::Duration;

async fn task1() -> &'static str {
    sleep(Duration::from_secs(1)).await;
    println!("Task 1 done");
    "one"
}

async fn task2() -> u32 {
    sleep(Duration::from_secs(2)).await;
    println!("Task 2 done");
    2
}

async fn parse(text: &str, after: Duration) -> Result<u32, ParseIntError> {
    sleep(after).await;
    let number = text.parse()?;
    println!("Parsed {number}");
    Ok(number)
}

#[asyncio::main]
pub(crate) async fn main() {
    let (number, word) = gather((task2(), task1())).await;
    println!("Results in argument order: {number}, {word}");

    let millis = Duration::from_millis;
    let both = try_gather((parse("7", millis(100)), parse("seven", millis(200)))).await;
    println!("One that fails: {}", both.expect_err("`seven` is no number"));
}
