//! Rules about the code that no compiler checks, one a file, each with its own test.
//!
//! A rule returns what is wrong as lines that name a place and say what to do. A rule about a file that is not written yet says nothing.

pub(crate) mod source;
mod layers;
mod module_order;
mod unsafe_census;
mod sizes;
mod docs_links;
mod references;
mod python_map;
pub(crate) mod budget;
mod names;
mod leftovers;
pub(crate) mod packaging;
mod facade;
mod vocabulary;
mod method_circles;

use source::Source;

use crate::sh::{Failure, Outcome};
use crate::workspace::Workspace;

/// What the rules look at.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) workspace: Workspace,
    pub(crate) sources: Vec<Source>,
}

impl House {
    fn load() -> Outcome<House> {
        let workspace = Workspace::load()?;
        let mut sources = Vec::new();
        for path in
            workspace.packages.iter().flat_map(|package| source::rust_files(&package.folder))
        {
            let text = std::fs::read_to_string(&path).map_err(|error| {
                Failure::new(format!("cannot read {}: {error}", path.display()))
            })?;
            let shown = workspace.shown(&path);
            sources.push(Source::new(path, shown, text));
        }
        Ok(House { workspace, sources })
    }
}

/// Applies every rule and lists every problem.
pub(crate) fn run() -> Outcome {
    let house = House::load()?;
    let rules = [
        ("layers", layers::check(&house)),
        ("module order", module_order::check(&house)),
        ("unsafe census", unsafe_census::check(&house)),
        ("sizes", sizes::check(&house)),
        ("documentation links", docs_links::check(&house)),
        ("references", references::check(&house)),
        ("python map", python_map::check(&house)),
        ("dependency budget", budget::check(&house)?),
        ("names", names::check(&house)),
        ("leftovers", leftovers::check(&house)),
        ("packaging", packaging::check(&house)),
        ("facade", facade::check(&house)),
        ("vocabulary", vocabulary::check(&house)),
        ("method circles", method_circles::check(&house)),
    ];
    let mut count = 0;
    for (rule, problems) in &rules {
        for problem in problems {
            println!("{rule}: {problem}");
        }
        count += problems.len();
    }
    if count > 0 {
        return Err(Failure::new(format!("tidy found {count} problems")));
    }
    println!("tidy: {} rules, {} files, no problems", rules.len(), house.sources.len());
    Ok(())
}

/// Prints the rows that `docs/unsafe.md` needs, contracts left to the author.
pub(crate) fn print_census() -> Outcome {
    println!("| file | blocks | contract |\n| --- | ---: | --- |");
    for (file, count) in unsafe_census::census(&House::load()?) {
        println!("| `{file}` | {count} | |");
    }
    Ok(())
}
