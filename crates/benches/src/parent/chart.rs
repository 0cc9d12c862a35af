//! `docs/benchmarks.svg`: a small chart of horizontal bars for every workload, ours in colour.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::figures::{Table, short};
use crate::catalogue::Role;

const FILE: &str = "docs/benchmarks.svg";
const COLUMNS: usize = 3;
const PANEL: (u32, u32) = (400, 190);

const OURS: RGBColor = RGBColor(208, 78, 40);
const PEERS: RGBColor = RGBColor(120, 144, 168);
const FLOORS: RGBColor = RGBColor(208, 212, 216);
const INK: RGBColor = RGBColor(40, 44, 52);

/// Draws what was measured; a workload that nobody ran has no panel.
pub(crate) fn draw(tables: &[Table<'_>]) -> Result<(), String> {
    let tables: Vec<&Table<'_>> = tables.iter().filter(|table| !table.figures.is_empty()).collect();
    let rows = tables.len().div_ceil(COLUMNS);
    let size = (PANEL.0 * COLUMNS as u32, PANEL.1 * rows as u32);
    let area = SVGBackend::new(FILE, size).into_drawing_area();
    let failed = |error: &dyn std::fmt::Display| format!("cannot draw {FILE}: {error}");
    area.fill(&WHITE).map_err(|error| failed(&error))?;
    for (panel, table) in area.split_evenly((rows, COLUMNS)).iter().zip(tables) {
        draw_panel(panel, table).map_err(|error| failed(&error))?;
    }
    area.present().map_err(|error| failed(&error))
}

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw_panel<'a>(
    panel: &DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
    table: &Table<'_>,
) -> Drawn<'a> {
    const LABELS: i32 = 110;
    const VALUES: i32 = 60;
    const TOP: i32 = 34;
    let right_of_labels = Pos::new(HPos::Right, VPos::Center);
    let left = Pos::new(HPos::Left, VPos::Center);
    let words = |size: i32| ("sans-serif", size).into_font().color(&INK);
    let title = format!("{} ({})", table.workload.name, table.workload.unit);
    panel.draw(&Text::new(title, (LABELS, 18), words(14).pos(left)))?;

    let ranked = table.ranked();
    let largest =
        ranked.last().map_or(1.0, |figures| figures.spread().median).max(f64::MIN_POSITIVE);
    let width = PANEL.0 as i32 - LABELS - VALUES;
    let step = (PANEL.1 as i32 - TOP - 6) / ranked.len() as i32;
    for (index, figures) in ranked.iter().enumerate() {
        let median = figures.spread().median;
        let length = (median / largest * f64::from(width)).max(1.0) as i32;
        let top = TOP + step * index as i32;
        let (middle, bottom) = (top + step / 2, top + (step - 3).min(18));
        let colour = match figures.entrant.role {
            Role::Ours => OURS,
            Role::Peer => PEERS,
            Role::Floor => FLOORS,
        };
        panel.draw(&Rectangle::new([(LABELS, top), (LABELS + length, bottom)], colour.filled()))?;
        let middle = middle.min(top + 9);
        panel.draw(&Text::new(
            figures.entrant.name,
            (LABELS - 6, middle),
            words(12).pos(right_of_labels),
        ))?;
        panel.draw(&Text::new(
            short(median),
            (LABELS + length + 5, middle),
            words(12).pos(left),
        ))?;
    }
    Ok(())
}
