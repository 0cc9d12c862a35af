//! The race: children started in interleaved rounds, their figures gathered, compared, printed and written down.

mod figures;
mod children;
mod page;
mod chart;

use crate::catalogue::{ENTRANTS, Entrant, Role, WORKLOADS, Workload};
use children::Counter;
use figures::{Figures, Table};

#[derive(Debug)]
struct Options {
    with_peers: bool,
    only: Option<String>,
    rounds: usize,
}

pub(crate) fn run(arguments: &[&str]) -> Result<(), String> {
    let options = parse(arguments)?;
    let chosen = |name: &str| options.only.as_deref().is_none_or(|only| name.starts_with(only));
    let workloads: Vec<&Workload> =
        WORKLOADS.iter().filter(|workload| chosen(workload.name)).collect();
    if workloads.is_empty() {
        let names: Vec<&str> = WORKLOADS.iter().map(|workload| workload.name).collect();
        return Err(format!("no such workload; there are {}", names.join(", ")));
    }
    let entrants: Vec<&Entrant> = ENTRANTS
        .iter()
        .filter(|entrant| options.with_peers || entrant.role != Role::Peer)
        .collect();
    let counter = Counter::find();
    let mut tables = Vec::new();
    for workload in workloads {
        let figures = race(workload, &entrants, options.rounds, counter)?;
        let table = Table { workload, figures };
        println!("{}", table.text());
        tables.push(table);
    }
    // A page without the peers, or with one workload, would say less than the one it replaces.
    if options.with_peers && options.only.is_none() {
        page::write(&tables, options.rounds)?;
        chart::draw(&tables)?;
        println!("wrote docs/benchmarks.md and docs/benchmarks.svg");
    }
    Ok(())
}

/// All rounds of one workload. Each round starts with another entrant, so that none is always the first on a warm core.
fn race(
    workload: &Workload,
    entrants: &[&'static Entrant],
    rounds: usize,
    counter: Counter,
) -> Result<Vec<Figures>, String> {
    let mut all: Vec<Figures> = entrants.iter().map(|entrant| Figures::new(entrant)).collect();
    let mut declined = vec![false; entrants.len()];
    for round in 0..rounds {
        for turn in 0..entrants.len() {
            let index = (turn + round) % entrants.len();
            if declined[index] {
                continue;
            }
            let figure = children::measure(entrants[index].name, workload.name, counter)?;
            declined[index] = figure.is_none();
            all[index].rounds.extend(figure);
        }
    }
    all.retain(|figures| !figures.rounds.is_empty());
    Ok(all)
}

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let mut options = Options { with_peers: false, only: None, rounds: 5 };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--peers" => options.with_peers = true,
            "--only" => {
                options.only =
                    Some((*rest.next().ok_or("--only needs the name of a workload")?).to_owned())
            }
            "--rounds" => {
                let number =
                    rest.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                options.rounds = number.ok_or("--rounds needs a number")?;
            }
            // A family of workloads, by the beginning of their names.
            word if !word.starts_with('-') => options.only = Some(word.to_owned()),
            other => return Err(format!("unknown argument: {other}")),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_understood_or_refused() {
        let options = parse(&["--peers", "--only", "ping_pong", "--rounds", "9"]).unwrap();
        assert!(
            options.with_peers
                && options.only.as_deref() == Some("ping_pong")
                && options.rounds == 9
        );
        assert_eq!(parse(&["--peers", "pool"]).unwrap().only.as_deref(), Some("pool"));
        assert!(parse(&["--rounds", "0"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }
}
