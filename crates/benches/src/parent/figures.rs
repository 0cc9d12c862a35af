//! Figures by entrant and round, their medians, and the ratios that goals are judged by.
//!
//! A ratio pairs figures of the same round, which met the same weather; a goal holds when the median of the ratios meets it.

use crate::catalogue::{Entrant, Goal, Of, Role, Workload};
use crate::measure::median;

#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) entrant: &'static Entrant,
    pub(crate) rounds: Vec<f64>,
}

/// A median with its extremes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Spread {
        let mut values = values.to_vec();
        let median = median(&mut values);
        Spread { median, low: values[0], high: values[values.len() - 1] }
    }

    pub(crate) fn text(&self) -> String {
        format!("{} ({}-{})", short(self.median), short(self.low), short(self.high))
    }
}

/// Three significant digits.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

impl Figures {
    pub(crate) fn new(entrant: &'static Entrant) -> Figures {
        Figures { entrant, rounds: Vec::new() }
    }

    pub(crate) fn spread(&self) -> Spread {
        Spread::of(&self.rounds)
    }
}

/// All figures of one workload.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) figures: Vec<Figures>,
}

/// What came of one goal.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Whom ours is compared with, in words.
    pub(crate) reference: String,
    pub(crate) ratio: Spread,
    pub(crate) at_most: f64,
    pub(crate) met: bool,
}

impl Table<'_> {
    /// The entrants from the lowest median to the highest.
    pub(crate) fn ranked(&self) -> Vec<&Figures> {
        let mut ranked: Vec<&Figures> = self.figures.iter().collect();
        ranked.sort_by(|a, b| a.spread().median.total_cmp(&b.spread().median));
        ranked
    }

    pub(crate) fn best_peer(&self) -> Option<&Figures> {
        self.ranked().into_iter().find(|figures| figures.entrant.role == Role::Peer)
    }

    /// One verdict a goal; none where ours or the other did not take part.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let ours = self.figures.iter().find(|figures| figures.entrant.role == Role::Ours);
        let Some(ours) = ours else { return Vec::new() };
        self.workload.goals.iter().filter_map(|goal| self.verdict(ours, goal)).collect()
    }

    fn verdict(&self, ours: &Figures, goal: &Goal) -> Option<Verdict> {
        let (reference, values) = match goal.of {
            Of::Absolute => ("itself".to_owned(), ours.rounds.clone()),
            Of::Best => {
                let best = self.best_peer()?;
                (format!("best peer, {}", best.entrant.name), ratios(ours, best))
            }
            Of::One(name) => {
                let other = self.figures.iter().find(|figures| figures.entrant.name == name)?;
                (name.to_owned(), ratios(ours, other))
            }
        };
        let ratio = Spread::of(&values);
        Some(Verdict { reference, ratio, at_most: goal.at_most, met: ratio.median <= goal.at_most })
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "\n{} ({}): {}\n",
            self.workload.name, self.workload.unit, self.workload.meaning
        );
        for figures in self.ranked() {
            text.push_str(&format!("  {:<14} {}\n", figures.entrant.name, figures.spread().text()));
        }
        for verdict in self.verdicts() {
            let word = if verdict.met { "met" } else { "MISSED" };
            let ratio = verdict.ratio.text();
            text.push_str(&format!(
                "  to {}: {ratio}, goal {}: {word}\n",
                verdict.reference, verdict.at_most
            ));
        }
        text
    }
}

fn ratios(ours: &Figures, other: &Figures) -> Vec<f64> {
    ours.rounds.iter().zip(&other.rounds).map(|(ours, other)| ours / other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn entrant(name: &'static str, role: Role) -> Entrant {
        Entrant { name, role, about: "", run: |_| {} }
    }

    static OURS: Entrant = entrant("asyncio", Role::Ours);
    static PEER: Entrant = entrant("peer", Role::Peer);
    static FLOOR: Entrant = entrant("floor", Role::Floor);

    #[test]
    fn a_goal_is_judged_by_the_median_of_paired_ratios_and_the_floor_is_no_peer() {
        let goals = &[Goal { at_most: 0.5, of: Of::Best }, Goal { at_most: 1.0, of: Of::Absolute }];
        let workload = Workload { name: "w", unit: "ns", meaning: "", goals };
        let figures = |entrant, rounds: &[f64]| Figures { entrant, rounds: rounds.to_vec() };
        let table = Table {
            workload: &workload,
            figures: vec![
                figures(&OURS, &[1.0, 4.0, 3.0]),
                figures(&PEER, &[2.0, 10.0, 3.0]),
                figures(&FLOOR, &[0.1, 0.1, 0.1]),
            ],
        };
        let verdicts = table.verdicts();
        assert!(
            verdicts[0].met && verdicts[0].ratio.median == 0.5 && verdicts[0].ratio.high == 1.0
        );
        assert!(!verdicts[1].met && verdicts[1].ratio.median == 3.0);
        assert_eq!(table.ranked()[0].entrant.name, "floor");
    }

    #[test]
    fn three_digits_are_enough() {
        assert_eq!([1234.5, 12.345, 1.2345, 0.12345].map(short), ["1234", "12.3", "1.23", "0.123"]);
    }
}
