//! A run made of named steps: each is announced, timed, and listed once more at the end.
//!
//! A failed step does not stop the run: one run tells everything that is wrong.

use std::time::Duration;

use crate::sh::{Failure, Outcome, Stopwatch};

/// What has happened so far.
#[derive(Debug)]
pub(crate) struct Report {
    rows: Vec<Row>,
    watch: Stopwatch,
}

#[derive(Debug)]
struct Row {
    name: String,
    took: Duration,
    verdict: Verdict,
}

#[derive(Debug)]
enum Verdict {
    Passed,
    Failed(String),
    Skipped(String),
}

impl Report {
    pub(crate) fn new() -> Report {
        Report { rows: Vec::new(), watch: Stopwatch::start() }
    }

    /// Runs one step.
    pub(crate) fn step(&mut self, name: &str, step: impl FnOnce() -> Outcome) {
        println!("\n=== {name}");
        let watch = Stopwatch::start();
        let outcome = step();
        let took = watch.elapsed();
        let verdict = match outcome {
            Ok(()) => {
                println!("=== {name}: passed in {:.1} s", took.as_secs_f64());
                Verdict::Passed
            }
            Err(failure) => {
                println!("{failure}");
                println!("=== {name}: FAILED after {:.1} s", took.as_secs_f64());
                Verdict::Failed(failure.to_string())
            }
        };
        self.rows.push(Row { name: name.to_owned(), took, verdict });
    }

    /// Says that a step cannot be run here.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        println!("\n=== {name}: skipped, {why}");
        let verdict = Verdict::Skipped(why.to_owned());
        self.rows.push(Row { name: name.to_owned(), took: Duration::ZERO, verdict });
    }

    /// Lists all steps and fails if one did.
    pub(crate) fn finish(self) -> Outcome {
        println!("\n{}", self.summary());
        let failed: Vec<&str> = self
            .rows
            .iter()
            .filter(|row| matches!(row.verdict, Verdict::Failed(_)))
            .map(|row| row.name.as_str())
            .collect();
        if failed.is_empty() {
            Ok(())
        } else {
            Err(Failure::new(format!("failed: {}", failed.join(", "))))
        }
    }

    fn summary(&self) -> String {
        let mut text = String::from("=== summary\n");
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for row in &self.rows {
            let said = match &row.verdict {
                Verdict::Passed => {
                    passed += 1;
                    "passed".to_owned()
                }
                Verdict::Failed(why) => {
                    failed += 1;
                    format!("FAILED: {}", brief(why))
                }
                Verdict::Skipped(why) => {
                    skipped += 1;
                    format!("skipped: {why}")
                }
            };
            text.push_str(&format!("{:>7.1} s  {:<40} {said}\n", row.took.as_secs_f64(), row.name));
        }
        let total = self.watch.elapsed().as_secs_f64();
        text.push_str(&format!(
            "{total:>7.1} s  in all\nsteps: {passed} passed, {failed} failed, {skipped} skipped"
        ));
        text
    }
}

/// The first line, without the middle of a long command.
fn brief(why: &str) -> String {
    const SHOWN_MAX: usize = 100;
    let line: Vec<char> = why.lines().next().unwrap_or_default().chars().collect();
    if line.len() <= SHOWN_MAX {
        return line.iter().collect();
    }
    let (head, tail) = (&line[..SHOWN_MAX - 40], &line[line.len() - 40..]);
    head.iter().chain(&[' ', '…', ' ']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_step_fails_the_run_but_not_the_steps_after_it() {
        let mut report = Report::new();
        let mut later = false;
        report.step("bad", || Err(Failure::new("no\nmore lines")));
        report.step("good", || {
            later = true;
            Ok(())
        });
        report.skip("absent", "no such tool");
        assert!(later);
        let summary = report.summary();
        assert!(summary.ends_with("steps: 1 passed, 1 failed, 1 skipped"));
        assert!(summary.contains("FAILED: no\n"));
        assert_eq!(report.finish().unwrap_err().to_string(), "failed: bad");
    }
}
