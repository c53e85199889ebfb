//! Who used a secret lately, in a long trail: found by an index, so that it takes as long as its answer is, not as the
//! trail is. `scripts/bench` runs it with a million entries and a goal.

use std::time::Instant;

use ravi_workspace_core::audit::AuditFilter;
use rusqlite::Connection;

use crate::common::Bed;

const DAY_MS: i64 = 86_400_000;

/// So many entries over 90 days, of 100 secrets and 32 workspaces.
fn fill(ledger: &Connection, entries: i64, now_ms: i64) {
    ledger
        .execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO audit (seq, at_ms, program, pid, workspace, action, object, outcome, reason, times, mac)
             SELECT 1000000 + i, ?2 - 90 * 86400000 + i * (90 * 86400000) / ?1, 'app', 4711,
                    'workspace ' || (i % 32), 'secret.read', 'SECRET_' || (i % 100), 'done', NULL, 1, zeroblob(32) FROM n",
            [entries, now_ms],
        )
        .expect("filled");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_used_a_secret_in_the_last_week_is_found_by_an_index() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<i64>().ok());
    let entries = number("RAVI_TEST_ENTRIES").unwrap_or(20_000);
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let now_ms = ravi_workspace_core::audit::parse_time("0d").expect("now");
    let ledger = Connection::open(bed.state().join("ledger.db")).expect("the ledger opens");
    fill(&ledger, entries, now_ms);

    let since_ms = Some(now_ms - 7 * DAY_MS);
    let filter = AuditFilter { secret: Some("SECRET_7".into()), since_ms, ..AuditFilter::default() };
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..21 {
        let begun = Instant::now();
        found = ravi.audit().query(&filter).await.expect("rows").len();
        times.push(begun.elapsed());
    }
    times.sort();
    let expected = entries * 7 / 90 / 100;
    assert!(i64::try_from(found).expect("few").abs_diff(expected) <= 1, "{found}, not {expected}");
    println!("{entries} entries: {found} uses of one secret in 7 days, median {:.2?}", times[times.len() / 2]);
    if let Some(goal) = number("RAVI_TEST_GOAL_MS") {
        let met = times[times.len() / 2].as_millis() <= goal.unsigned_abs().into();
        println!("  goal at most {goal} ms: {}", if met { "met" } else { "MISSED" });
        assert!(met);
    }
    for (wheres, index) in [
        ("object = 'SECRET_7' AND at_ms >= 1", "audit_object (object=? AND at_ms>?)"),
        ("workspace = 'workspace 1' AND at_ms >= 1", "audit_workspace (workspace=? AND at_ms>?)"),
        ("action = 'github.git' AND at_ms >= 1", "audit_action (action=? AND at_ms>?)"),
        ("at_ms >= 1", "audit_time (at_ms>?)"),
    ] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT * FROM audit WHERE {wheres} ORDER BY +seq DESC LIMIT -1");
        let plan: String = ledger.query_row(&sql, [], |row| row.get(3)).expect("a plan");
        assert!(plan.ends_with(index), "{wheres}: {plan}");
    }
}
