//! `docs/benchmarks.md`: the date, the machine, the method, the tables, the verdicts. Only what was measured in this run.

use std::process::Command;

use rustix::time::{ClockId, clock_gettime};

use super::figures::Table;
use crate::catalogue::{ENTRANTS, Role, WORKLOADS};

const METHOD: &str = "\
Every figure comes from a fresh process of one release build (fat LTO, one codegen unit, the system's allocator), pinned to core 0; \
clients and other threads that are not the runtime's stand on core 1.
The runtimes take turns in every round, and each round begins with another of them.
A process warms up with one pass and takes the median of further passes, at least three.
Times are CPU time of the whole process, all its threads, unless a row says wall clock; memory is resident memory.
A cell is the median over the rounds, with the lowest and the highest in brackets.
A ratio is ours divided by the other's figure of the same round; a goal is met when the median of these ratios is at most the goal.
Thread pools have four threads, all on core 0. Echo messages have 64 bytes, one under way on each connection.
Lower is better everywhere. `floor` is a bound written by hand, without panics caught, cancellation or names, and is no peer.
";

/// Writes the page below the current folder, which is the workspace's root.
pub(crate) fn write(tables: &[Table<'_>], rounds: usize) -> Result<(), String> {
    let mut page = String::from("# Benchmarks\n\n");
    page.push_str("This page is written by `cargo xtask bench --peers`, the section on builds by `cargo xtask bench build`; words and figures are not edited by hand.\n\n");
    page.push_str(&format!("Measured on {} in {rounds} rounds.\n\n", today()));
    page.push_str("![Bars for every workload, shorter is better](benchmarks.svg)\n\n");
    page.push_str(&format!("## Machine\n\n{}\n## Runtimes\n\n{}\n", machine(), runtimes()));
    page.push_str(&format!("## Method\n\n{METHOD}\n## Goals\n\n{}\n", goals(tables)));
    page.push_str(&format!("## Figures\n\n{}", figures(tables)));
    let skipped: Vec<&str> =
        WORKLOADS.iter().map(|workload| workload.name).filter(|name| lacks(tables, name)).collect();
    if !skipped.is_empty() {
        page.push_str(&format!(
            "\nNot measured, for lack of a tool on this machine: {}.\n",
            skipped.join(", ")
        ));
    }
    page.push_str(&build_section());
    std::fs::write("docs/benchmarks.md", page)
        .map_err(|error| format!("cannot write docs/benchmarks.md: {error}"))
}

/// The last section of the page as it is, which another command writes.
fn build_section() -> String {
    let page = std::fs::read_to_string("docs/benchmarks.md").unwrap_or_default();
    page.find("\n## Build\n").map_or(String::new(), |at| page[at..].to_owned())
}

fn lacks(tables: &[Table<'_>], name: &str) -> bool {
    tables.iter().all(|table| table.workload.name != name || table.figures.is_empty())
}

fn goals(tables: &[Table<'_>]) -> String {
    let mut text = String::from(
        "| workload | compared with | ratio | goal | |\n| --- | --- | --- | ---: | --- |\n",
    );
    for table in tables {
        for verdict in table.verdicts() {
            text.push_str(&format!(
                "| {} | {} | {} | {} | {} |\n",
                table.workload.name,
                verdict.reference,
                verdict.ratio.text(),
                verdict.at_most,
                if verdict.met { "met" } else { "**missed**" },
            ));
        }
    }
    text
}

fn figures(tables: &[Table<'_>]) -> String {
    let mut text = String::new();
    for table in tables.iter().filter(|table| !table.figures.is_empty()) {
        let workload = table.workload;
        text.push_str(&format!(
            "### {}\n\n{}, in {}.\n\n",
            workload.name,
            capital(workload.meaning),
            workload.unit
        ));
        text.push_str("| runtime | median (lowest-highest) |\n| --- | --- |\n");
        for row in table.ranked() {
            let name = row.entrant.name;
            let name = if row.entrant.role == Role::Ours {
                format!("**{name}**")
            } else {
                name.to_owned()
            };
            text.push_str(&format!("| {name} | {} |\n", row.spread().text()));
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Facts that figures depend on, and none that tell whose machine it is.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches(['\t', ' ', ':']));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    // What a distributor appends to the version names builds and not behaviour.
    let kernel = kernel.split('-').next().unwrap_or_default().to_owned();
    let rustc = Command::new("rustc")
        .arg("--version")
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let rustc = String::from_utf8_lossy(&rustc).trim().to_owned();
    format!("- CPU: {model}, {cores} cores\n- kernel: Linux {kernel}\n- compiler: {rustc}\n")
}

/// Each entrant with the version that the lock file has for its crate.
fn runtimes() -> String {
    let lock = std::fs::read_to_string("Cargo.lock").unwrap_or_default();
    let mut text = String::new();
    for entrant in ENTRANTS {
        let (name, rest) = entrant.about.split_once(", ").unwrap_or((entrant.about, ""));
        let version = version(&lock, name).map_or(String::new(), |version| format!(" {version}"));
        text.push_str(&format!("- `{}`: {name}{version}, {rest}\n", entrant.name));
    }
    text
}

/// The newest version of a crate in the lock file, which lists versions in rising order.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let line = format!("name = \"{name}\"");
    let after =
        lock.rsplit("[[package]]").find(|package| package.trim_start().starts_with(&line))?;
    after.lines().find_map(|line| line.strip_prefix("version = "))?.trim_matches('"').into()
}

/// The date in UTC, by the usual calculation from days to a civil date.
fn today() -> String {
    let days = clock_gettime(ClockId::Realtime).tv_sec / 86_400 + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month_of_year) =
        (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + i64::from(month_of_year <= 2);
    format!("{year}-{month_of_year:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_of_the_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"ab\"\nversion = \"2.0.0\"\n";
        assert_eq!(version(lock, "a"), Some("1.0.0"));
        assert_eq!(version(lock, "ab"), Some("2.0.0"));
        assert_eq!(version(lock, "b"), None);
    }

    #[test]
    fn the_date_is_a_date() {
        let date = today();
        assert_eq!(date.len(), 10);
        assert!(date.as_str() > "2025" && date.as_str() < "2200", "{date}");
    }
}
