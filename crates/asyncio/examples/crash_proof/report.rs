//! The table at the end.

use crate::inputs::{Input, KINDS, Outcome};

/// Prints what became of each kind; tells whether every input ended as it should.
pub(crate) fn print(inputs: &[Input], outcomes: &[Outcome]) -> bool {
    println!("{:<11} {:>6} {:>6}  expected", "kind", "inputs", "right");
    let mut right_in_all = 0;
    for (kind, number, expected) in KINDS {
        let ended = || inputs.iter().zip(outcomes).filter(|(input, _)| input.kind == kind);
        let right = ended().filter(|(input, outcome)| input.expects(outcome)).count();
        right_in_all += right;
        println!("{:<11} {number:>6} {right:>6}  {expected}", format!("{kind:?}"));
        for (_, outcome) in ended().filter(|(input, outcome)| !input.expects(outcome)) {
            println!("{:26} not so: {}", "", words(outcome));
        }
    }
    println!("\nIn their own words, the first of each:");
    for (kind, ..) in KINDS {
        let first = inputs.iter().zip(outcomes).find(|(input, _)| input.kind == kind);
        if let Some((_, outcome)) = first {
            println!("{:<11} {}", format!("{kind:?}"), words(outcome));
        }
    }
    println!("\n{right_in_all} of {} inputs ended as they should", inputs.len());
    right_in_all == inputs.len() && outcomes.len() == inputs.len()
}

/// An outcome as a user would print it.
fn words(outcome: &Outcome) -> String {
    match outcome {
        Ok(Ok(sum)) => format!("sum {sum}"),
        Ok(Err(malformed)) => malformed.to_string(),
        Err(error) => error.to_string(),
    }
}
