//! What `docs/process-pool.md` shows, so that it builds and does what the page says.
//!
//! Each snippet of the page is a piece of this file, line by line; the last test compares them.

use asyncio::ProcessPoolExecutor;
use futures::StreamExt;
use serde_bytes::ByteBuf;
use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

type Result = std::result::Result<(), Box<dyn Error>>;

fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

fn compress(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().step_by(2).collect()
}

#[asyncio::test]
async fn calls() -> Result {
    let pool = ProcessPoolExecutor::new()?;
    let event_loop = asyncio::running_loop();

    let n = pool.run(fib, 20).await?;
    let n_again = event_loop.run_in_executor(&pool, fib, 20).await?;
    let sum = pool.run(|(a, b)| a + b, (1.5, 2.0)).await?;
    let process = pool.run(|()| std::process::id(), ()).await?;

    assert_eq!((n, n_again, sum), (6765, 6765, 3.5));
    assert_ne!(process, std::process::id());
    Ok(())
}

#[asyncio::test]
async fn bytes() -> Result {
    let pool = ProcessPoolExecutor::new()?;
    let (picture, level) = (vec![7; 1000], 3);

    // As they are: the buffer itself is written to the worker.
    let small = pool.run(compress, picture.clone()).await?;
    // Byte by byte, because it is a tuple that crosses; `ByteBuf` says that its bytes are bytes.
    let cut = |(bytes, level): (ByteBuf, usize)| ByteBuf::from(&bytes[..bytes.len() / level]);
    let third = pool.run(cut, (ByteBuf::from(picture), level)).await?;

    assert_eq!((small.len(), third.len()), (500, 333));
    Ok(())
}

static MODEL: OnceLock<Vec<f64>> = OnceLock::new();

fn load_model(path: PathBuf) -> std::result::Result<(), String> {
    let weights = path.as_os_str().as_encoded_bytes().iter().map(|&byte| f64::from(byte));
    MODEL.set(weights.collect()).map_err(|_| "each process is new".to_owned())
}

fn score(x: f64) -> f64 {
    let model = MODEL.get().expect("the initializer has run");
    model.iter().map(|weight| weight * x).sum()
}

#[asyncio::test]
async fn initializer() -> Result {
    let pool = ProcessPoolExecutor::builder()
        .initializer(load_model, PathBuf::from("model.bin"))
        .build()?;
    let score = pool.run(score, 2.0).await?;

    assert!(score > 0.0);
    assert!(MODEL.get().is_none());
    Ok(())
}

fn parse(text: String) -> u32 {
    text.parse().expect("a number was promised")
}

#[asyncio::test]
async fn errors() -> Result {
    let pool = ProcessPoolExecutor::new()?;
    let text = "seven".to_owned();

    match pool.run(parse, text).await {
        Ok(number) => println!("{number}"),
        Err(error) if error.is_panicked() => {
            println!("{:?} at {:?}", error.panic_message(), error.panic_location());
        }
        Err(error) if error.worker_died() => {
            println!("signal {:?}, exit code {:?}", error.signal(), error.exit_code());
            println!("its last words: {}", error.stderr_tail());
        }
        // Its text names the job and the cause.
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn render(scene: String) -> Vec<u8> {
    black_box(scene.into_bytes())
}

#[asyncio::test]
async fn treatment() -> Result {
    use asyncio::Priority;

    let pool = ProcessPoolExecutor::new()?;
    let scene = "teapot".to_owned();

    let job = pool.job(render).timeout(Duration::from_secs(60)).priority(Priority::High).retry(1);
    let picture = job.run(scene).await?;

    assert_eq!(picture, b"teapot");
    Ok(())
}

fn thumbnail(picture: PathBuf) -> String {
    format!("small {}", picture.display())
}

#[asyncio::test]
async fn map() -> Result {
    let pool = ProcessPoolExecutor::new()?;
    let pictures = ["a.png", "b.png"].map(PathBuf::from);

    let mut thumbnails = pool.map(thumbnail, pictures).unordered();
    while let Some(thumbnail) = thumbnails.next().await {
        println!("{}", thumbnail?);
    }
    Ok(())
}

#[asyncio::test]
async fn back_pressure() -> Result {
    let pool = ProcessPoolExecutor::builder().queue_bound(100).build()?;
    let request = "teapot".to_owned();

    match pool.try_run(render, request) {
        Ok(job) => println!("{} bytes", job.await?.len()),
        Err(rejected) => println!("busy, come back with {:?}", rejected.into_args()),
    }
    Ok(())
}

#[asyncio::test]
async fn limits() -> Result {
    use asyncio::pool::StderrPolicy;

    let pool = ProcessPoolExecutor::builder()
        .workers(2)
        .memory_limit(256 << 20)
        .cpu_limit(Duration::from_secs(10))
        .max_tasks_per_child(1000)
        .idle_timeout(Duration::from_secs(60))
        .stderr(StderrPolicy::Capture)
        .env_clear()
        .env("LANG", "C")
        .current_dir("/")
        .kill_children(true)
        .build()?;

    let place = pool.run(|()| std::env::current_dir().unwrap_or_default(), ()).await?;
    assert_eq!(place, Path::new("/"));
    assert_eq!(pool.run(|()| std::env::var("HOME").ok(), ()).await?, None);
    Ok(())
}

#[asyncio::test]
async fn the_end() -> Result {
    use asyncio::Shutdown;

    let pool = ProcessPoolExecutor::new()?;
    let job = pool.submit(fib, 20);

    // In async code, awaited: the loop goes on meanwhile.
    pool.shutdown(Shutdown::Drain).await;

    assert!(job.is_finished());
    Ok(())
}

/// The lines of the Rust blocks of a page, block by block.
fn snippets(page: &str) -> Vec<Vec<&str>> {
    let blocks = page.split("```rust\n").skip(1);
    let code = blocks.map(|block| block.split("```").next().unwrap_or_default());
    code.map(lines).collect()
}

/// Lines as they are compared: without their indentation, and without empty ones.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_snippet_of_the_page_is_a_piece_of_this_file() {
    let page = include_str!("../../../../docs/process-pool.md");
    let here = lines(include_str!("process_guide.rs"));
    let snippets = snippets(page);
    assert!(snippets.len() >= 9, "{}", snippets.len());
    for snippet in snippets {
        let found = here.windows(snippet.len()).any(|piece| piece == snippet);
        assert!(found, "not tested: {}", snippet.join("\n"));
    }
}
