//! `fetch` against real servers: Python's own file server, and one that answers in every odd way.

use crate::programs::{Running, folder, printed, python, run};
use std::path::Path;

/// Starts `python3 -m http.server` on a free port; gives its address.
fn file_server(test: &str, files: &Path) -> Option<(Running, String)> {
    let mut command = python(test)?;
    command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]).arg(files);
    let mut server = Running::start(&mut command);
    let line = server.line();
    let address = line.split(['(', ')']).nth(1).expect("it prints its address in brackets");
    Some((server, address.trim_end_matches('/').to_owned()))
}

/// Starts the odd server; gives its address.
fn odd_server(test: &str) -> Option<(Running, String)> {
    let mut server = Running::start(python(test)?.arg("-u").arg(folder().join("odd_server.py")));
    let address = server.line();
    Some((server, address))
}

/// What `fetch` prints on both streams, and whether it succeeded.
struct Fetched {
    rows: Vec<(String, String)>,
    said: String,
    succeeded: bool,
}

/// Fetches these paths of a server; the rows are status and bytes.
fn fetch(server: &str, paths: &[&str], options: &[&str]) -> Fetched {
    let urls: Vec<String> = paths.iter().map(|path| format!("{server}{path}")).collect();
    let arguments: Vec<&str> =
        options.iter().copied().chain(urls.iter().map(String::as_str)).collect();
    let output = run("fetch", &arguments);
    let table = String::from_utf8(output.stdout).unwrap();
    let mut lines = table.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split_ascii_whitespace().collect();
    assert_eq!(heading, ["status", "bytes", "ms", "url"]);
    let rows = lines.zip(&urls).map(|(line, url)| {
        let cells: Vec<&str> = line.split_ascii_whitespace().collect();
        assert_eq!(cells[3], url);
        (cells[0].to_owned(), cells[1].to_owned())
    });
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), urls.len());
    let said = String::from_utf8(output.stderr).unwrap();
    Fetched { rows, said, succeeded: output.status.success() }
}

/// Fetches a path that has to succeed, and gives status and bytes.
#[track_caller]
fn one(server: &str, path: &str) -> (String, String) {
    let mut fetched = fetch(server, &[path], &[]);
    assert!(fetched.succeeded, "{}", fetched.said);
    assert_eq!(fetched.said, "");
    fetched.rows.remove(0)
}

/// Fetches a path that has to fail for this reason.
#[track_caller]
fn fails(server: &str, path: &str, why: &str) {
    let fetched = fetch(server, &[path], &["--timeout", "20"]);
    assert!(!fetched.succeeded);
    let expected = format!("failed: {server}{path}: ");
    assert!(fetched.said.starts_with(&expected) && fetched.said.contains(why), "{}", fetched.said);
}

fn row(status: u16, bytes: usize) -> (String, String) {
    (status.to_string(), bytes.to_string())
}

#[test]
fn cpython_file_server_gives_files_of_any_size_side_by_side() {
    let files = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fetch_files");
    std::fs::create_dir_all(&files).unwrap();
    for (name, bytes) in [("empty", 0), ("small", 19), ("big", 3_000_000)] {
        std::fs::write(files.join(name), vec![b'x'; bytes]).unwrap();
    }
    let Some((_server, address)) = file_server("cpython_file_server", &files) else { return };
    let mut paths = vec!["/empty", "/small", "/big"];
    paths.extend(["/small"; 30]);
    let fetched = fetch(&address, &paths, &["--concurrency", "8"]);
    assert!(fetched.succeeded, "{}", fetched.said);
    let mut expected = vec![row(200, 0), row(200, 19), row(200, 3_000_000)];
    expected.extend(vec![row(200, 19); 30]);
    assert_eq!(fetched.rows, expected);
}

#[test]
fn cpython_one_that_fails_is_named_and_the_others_come() {
    let Some((_server, address)) = file_server("cpython_one_that_fails", &folder().join("www"))
    else {
        return;
    };
    let fetched = fetch(&address, &["/hello.txt", "/missing", "/hello.txt"], &[]);
    assert!(!fetched.succeeded);
    assert_eq!(fetched.rows[0], row(200, 19));
    assert_eq!(fetched.rows[1].0, "404");
    assert_eq!(fetched.rows[2], row(200, 19));
    let said = format!("failed: {address}/missing: the server says 404 File not found\n");
    assert_eq!(fetched.said, said);
}

#[test]
fn cpython_bodies_of_every_framing_are_counted() {
    let Some((_server, address)) = odd_server("cpython_bodies_of_every_framing") else { return };
    assert_eq!(one(&address, "/length"), row(200, 5));
    assert_eq!(one(&address, "/chunked"), row(200, 70_011));
    assert_eq!(one(&address, "/until-closed"), row(200, 100_000));
    assert_eq!(one(&address, "/no-content"), row(204, 0));
    assert_eq!(one(&address, "/interim"), row(200, 5));
    assert_eq!(one(&address, "/in-pieces"), row(200, 5));
}

#[test]
fn cpython_redirects_are_followed_to_the_fifth_and_to_plain_http_only() {
    let Some((_server, address)) = odd_server("cpython_redirects") else { return };
    assert_eq!(one(&address, "/redirect/1"), row(200, 5));
    assert_eq!(one(&address, "/redirect/5"), row(200, 5));
    fails(&address, "/redirect/6", "more than 5 redirects");
    assert_eq!(one(&address, "/absolute"), row(200, 5));
    assert_eq!(one(&address, "/deep/relative?query"), row(200, 5));
    assert_eq!(one(&address, "/with-space"), row(200, 5));
    fails(&address, "/to-tls", "`https://localhost/` needs TLS");
}

#[test]
fn cpython_answers_that_make_no_sense_are_refused() {
    let Some((_server, address)) = odd_server("cpython_answers_that_make_no_sense") else { return };
    fails(&address, "/truncated", "closed before the end of the body");
    fails(&address, "/truncated-chunk", "closed before the end of the body");
    fails(&address, "/no-answer", "closed before the end of the header");
    fails(&address, "/garbage", "not HTTP");
    fails(&address, "/endless-header", "header is longer than 65536 bytes");
    fails(&address, "/endless-trailer", "trailer is longer than 65536 bytes");
    fails(&address, "/bad-chunk", "chunk size makes no sense");
    fails(&address, "/two-lengths", "content-length makes no sense");
}

#[test]
fn real_cpython_a_server_that_does_not_answer_times_out_beside_one_that_does() {
    let Some((_server, address)) = odd_server("real_cpython_a_server_that_does_not_answer") else {
        return;
    };
    let fetched = fetch(&address, &["/silent", "/length", "/trickle"], &["--timeout", "0.5"]);
    assert!(!fetched.succeeded);
    assert_eq!(fetched.rows[1], row(200, 5));
    let (silent, trickle) = fetched.said.split_once('\n').unwrap();
    assert_eq!(silent, format!("failed: {address}/silent: timed out after 500ms"));
    assert_eq!(trickle.trim_end(), format!("failed: {address}/trickle: timed out after 500ms"));
}

#[test]
fn what_cannot_be_fetched_is_said_clearly() {
    let fetched = fetch("", &["https://example.org/", "example.org", "ftp://example.org/"], &[]);
    assert!(!fetched.succeeded);
    let lines: Vec<&str> = fetched.said.lines().collect();
    assert!(
        lines[0].ends_with("`https://example.org/` needs TLS: only plain http:// is spoken here")
    );
    assert!(lines[1].ends_with("`example.org` is not a URL: write `http://host/path`"));
    assert!(lines[2].ends_with("it does not begin with `http://`"));

    // Nobody listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fetched = fetch(&format!("http://{free}"), &["/"], &[]);
    assert!(fetched.said.contains(&format!("cannot connect to {free}")), "{}", fetched.said);
}

#[test]
fn a_wrong_command_line_prints_the_usage() {
    for wrong in
        [&[][..], &["--concurrency", "0", "http://a/"], &["--timeout", "soon", "http://a/"]]
    {
        let output = run("fetch", wrong);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains("usage: fetch"));
    }
    assert!(printed("fetch", &["--help"]).starts_with("usage: fetch"));
}
