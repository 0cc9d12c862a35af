//! Hello and goodbye, a second apart: the smallest program.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use jiff::Zoned;
use std::time::Duration;

/// Python's `time.ctime()`.
fn ctime() -> String {
    Zoned::now().strftime("%a %b %e %H:%M:%S %Y").to_string()
}

#[asyncio::main]
pub(crate) async fn main() {
    println!("{} Hello!", ctime());
    asyncio::sleep(Duration::from_secs(1)).await;
    println!("{} Goodbye!", ctime());
}
