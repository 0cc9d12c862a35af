#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// In dependence order: a module uses only what stands above it.
mod function;
mod options;

use function::Function;
use options::Options;
use proc_macro::TokenStream;

/// Runs an `async fn main` by `asyncio::run`.
///
/// A process that was started as a worker of a process pool becomes one here at the latest.
///
/// ```ignore
/// #[asyncio::main]
/// async fn main() {
///     asyncio::sleep(std::time::Duration::from_secs(1)).await;
/// }
/// ```
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = Options::parse(arguments, &[]).and_then(|_none| {
        let function = Function::parse(item)?;
        let call = format!("{{ ::asyncio::enter_main(); ::asyncio::run({}()) }}", function.name());
        function.expand("", &call)
    });
    expanded.unwrap_or_else(error)
}

/// Runs an `async fn` as a test: on the real loop, or with `sim` in a simulated world.
///
/// `#[asyncio::test(sim)]` uses seed zero, `#[asyncio::test(sim, seed = 7)]` another; a program that is
/// stuck fails the test with the report of what every task waits for.
///
/// ```ignore
/// #[asyncio::test(sim)]
/// async fn an_hour_passes_at_once() {
///     asyncio::sleep(std::time::Duration::from_secs(3600)).await;
/// }
/// ```
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = Options::parse(arguments, &["sim", "seed"]).and_then(|options| {
        let function = Function::parse(item)?;
        let name = function.name();
        let call = match options.simulated_seed()? {
            None => format!("::asyncio::run({name}())"),
            Some(seed) => format!(
                "match ::asyncio::testing::Simulation::new({seed}).run({name}) {{ \
                     ::core::result::Result::Ok(value) => value, \
                     ::core::result::Result::Err(stall) => ::core::panic!(\"{{stall}}\"), \
                 }}"
            ),
        };
        function.expand("#[::core::prelude::v1::test]", &call)
    });
    expanded.unwrap_or_else(error)
}

/// What is wrong with the attribute or the function, as a compile error.
type Refusal = String;

fn error(refusal: Refusal) -> TokenStream {
    format!("::core::compile_error!({refusal:?});").parse().expect("a string literal is valid Rust")
}
