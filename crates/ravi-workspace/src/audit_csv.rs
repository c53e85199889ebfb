//! The trail as CSV, for tables and spreadsheets.

use std::borrow::Cow;

use ravi_workspace_core::audit::AuditRow;

/// The columns, in this order.
const COLUMNS: [&str; 15] = [
    "source",
    "seq",
    "at",
    "at_ms",
    "program",
    "pid",
    "workspace",
    "action",
    "object",
    "outcome",
    "reason",
    "times",
    "identity",
    "from",
    "to",
];

/// Returns CSV (RFC 4180) with a header line.
///
/// A cell that a spreadsheet would take for a formula is given a leading `'`: whoever sends a mail chooses the sender's
/// address.
pub(super) fn to_csv(rows: &[AuditRow]) -> String {
    let mut csv = csv::Writer::from_writer(Vec::new());
    // Cannot fail: it is written to memory, and every line has the same number of cells.
    let _ = csv.write_record(COLUMNS);
    for row in rows {
        let cells = cells(row);
        let _ = csv.write_record(cells.iter().map(|cell| harmless(cell).into_owned()));
    }
    csv.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn cells(row: &AuditRow) -> [String; COLUMNS.len()] {
    let name = |value: serde_json::Result<serde_json::Value>| match value {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        name(serde_json::to_value(row.source)),
        row.seq.to_string(),
        text(&row.at),
        number(row.at_ms),
        text(&row.program),
        number(row.pid.map(i64::from)),
        text(&row.workspace),
        row.action.clone(),
        text(&row.object),
        name(serde_json::to_value(row.outcome)),
        text(&row.reason),
        row.times.to_string(),
        text(&row.identity),
        text(&row.from),
        text(&row.to),
    ]
}

fn harmless(cell: &str) -> Cow<'_, str> {
    // A phone number is not a formula.
    let is_number = cell.strip_prefix(['+', '-']).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_phone_numbers_stay() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("@SUM(1)@example.com"), "'@SUM(1)@example.com");
        assert_eq!(harmless("+15555550100"), "+15555550100");
        assert_eq!(harmless("a=b"), "a=b");
    }
}
