#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// In dependence order: a module uses only what stands above it.
mod refusal;
mod function;
mod options;

use function::Function;
use options::{Options, World};
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
        let function = Function::parse(item.clone())?;
        let call = format!("{{ ::asyncio::enter_main(); ::asyncio::run({}()) }}", function.name());
        function.expand("", &call)
    });
    expanded.unwrap_or_else(|refusal| refusal.beside(item))
}

/// Runs an `async fn` as a test: on the real loop, or with `sim` in a simulated world.
///
/// `#[asyncio::test(sim)]` uses seed zero, `#[asyncio::test(sim, seed = 7)]` another. With
/// `#[asyncio::test(sim, seeds = 0..1000)]` the test runs once for each seed, and fails with the first that
/// fails. A program that is stuck fails the test with the report of what every task waits for.
///
/// ```ignore
/// #[asyncio::test(sim)]
/// async fn an_hour_passes_at_once() {
///     asyncio::sleep(std::time::Duration::from_secs(3600)).await;
/// }
///
/// #[asyncio::test(sim, seeds = 0..1000)]
/// async fn no_order_loses_a_message() {
///     // ...
/// }
/// ```
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = Options::parse(arguments, &["sim", "seed", "seeds"]).and_then(|options| {
        let function = Function::parse(item.clone())?;
        let name = function.name();
        const TEST: &str = "#[::core::prelude::v1::test]";
        match options.world()? {
            World::Real => {
                let call = format!("::asyncio::run({name}())");
                function.expand(TEST, &call)
            }
            World::Simulated { seed } => {
                let call = format!(
                    "match ::asyncio::testing::Simulation::new({seed}).run({name}) {{ \
                         ::core::result::Result::Ok(value) => value, \
                         ::core::result::Result::Err(stall) => ::core::panic!(\"{{stall}}\"), \
                     }}"
                );
                function.expand(TEST, &call)
            }
            World::EachOf { seeds } => {
                let call = format!("::asyncio::testing::for_each_seed({seeds}, {name})");
                function.without_output().expand(TEST, &call)
            }
        }
    });
    expanded.unwrap_or_else(|refusal| refusal.beside(item))
}
