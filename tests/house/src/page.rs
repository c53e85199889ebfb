//! The tables of ARCHITECTURE.md.

use crate::project;

/// The cells of a table, row by row, without its head.
pub type Table = Vec<Vec<String>>;

/// The first table below a heading of ARCHITECTURE.md.
pub fn table(heading: &str) -> Table {
    let page = std::fs::read_to_string(project().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let (_, below) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let below = below.split("\n## ").next().unwrap_or_default();
    let rows = below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    rows.skip(2).map(cells).collect()
}
