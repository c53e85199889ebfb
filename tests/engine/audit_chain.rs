//! Whatever is changed in the trail, taken out of it or cut off is found, and told apart; whoever writes at once, and
//! however a writer ends, leaves it whole.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ravi_workspace_core::audit::{AuditFilter, AuditProblemKind, AuditReport, Completeness, Integrity};
use ravi_workspace_core::{Config, Ravi};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use secrecy::SecretString;

use crate::common::Bed;

const COLUMNS: [&str; 11] =
    ["seq", "at_ms", "program", "pid", "workspace", "action", "object", "outcome", "reason", "times", "mac"];

fn ledger(bed: &Bed) -> Connection {
    let ledger = Connection::open(bed.state().join("ledger.db")).expect("the ledger opens");
    ledger.busy_timeout(Duration::from_secs(30)).expect("set");
    ledger
}

fn head(bed: &Bed) -> std::path::PathBuf {
    bed.state().join("audit.head")
}

/// A trail of some kinds of entries, with and without everything that may be missing.
async fn trail(bed: &Bed) -> Ravi {
    let ravi = bed.ravi();
    ravi.secrets().set("ONE", SecretString::from("made-up")).await.expect("stored");
    ravi.secrets().get("ONE").await.expect("read");
    ravi.secrets().get("NONE").await.expect_err("there is none");
    let tree = bed.worktree(&bed.repository("repo"), "one");
    bed.run(&Bed::provision_args(&tree, "w1", "one")).ok();
    bed.run(&Bed::provision_args(Path::new("/nowhere"), "w2", "two"));
    // Writes what waits, so that nothing comes while a test looks.
    assert!(verify(&ravi).await.ok);
    ravi
}

async fn verify(ravi: &Ravi) -> AuditReport {
    ravi.audit().verify().await.expect("it can be looked at")
}

fn whole(report: &AuditReport) -> bool {
    report.ok && report.integrity == Integrity::Whole && report.completeness == Completeness::Whole
}

/// Values that differ from `value` in one byte, or in being there.
fn changed(value: &Value) -> Vec<Value> {
    let bytes = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let flip = |index: usize| {
            let mut other = bytes.to_vec();
            other[index] ^= 1;
            other
        };
        (0..bytes.len()).map(flip).collect()
    };
    match value {
        Value::Null => vec![Value::Text(String::new()), Value::Text("x".to_owned())],
        Value::Integer(number) => (0..8).map(|byte| Value::Integer(number ^ (1 << (8 * byte)))).collect(),
        Value::Text(text) => {
            let flipped = bytes(text.as_bytes()).into_iter().map(|b| Value::Text(String::from_utf8(b).expect("ASCII")));
            flipped.chain([Value::Text(format!("{text}x")), Value::Text(String::new())]).collect()
        }
        Value::Blob(blob) => bytes(blob).into_iter().map(Value::Blob).chain([Value::Blob(Vec::new())]).collect(),
        Value::Real(_) => unreachable!("no column has such"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_changed_byte_in_every_column_is_found() {
    let bed = Bed::new().await;
    let ravi = trail(&bed).await;
    let ledger = ledger(&bed);
    let rows: Vec<Vec<Value>> = {
        let mut query = ledger.prepare(&format!("SELECT {} FROM audit ORDER BY seq", COLUMNS.join(", "))).expect("SQL");
        let read = |row: &rusqlite::Row<'_>| (0..COLUMNS.len()).map(|index| row.get(index)).collect();
        query.query_map([], read).expect("rows").collect::<Result<_, _>>().expect("values")
    };
    assert!(rows.len() >= 6, "{rows:?}");
    let mut tried = 0;
    for row in &rows {
        for (column, value) in COLUMNS.iter().zip(row) {
            for other in changed(value) {
                if matches!((column, &other), (_, Value::Text(text)) if Value::Text(text.clone()) == *value) {
                    continue;
                }
                let set = format!("UPDATE audit SET {column} = ?1 WHERE seq = ?2");
                let (mut there, mut back) = (row[0].clone(), row[0].clone());
                if *column == "seq" {
                    (there, back) = (value.clone(), other.clone());
                }
                // Where the number is another entry's, the database itself refuses.
                if ledger.execute(&set, params![other, there]).is_err() {
                    continue;
                }
                let report = verify(&ravi).await;
                assert!(!report.ok, "{column}: {value:?} as {other:?} was not found");
                assert_eq!(report.integrity, Integrity::Broken, "{column} of {:?} as {other:?}: {report:?}", row[0]);
                assert_eq!(ledger.execute(&set, params![value, back]).expect("put back"), 1);
                tried += 1;
            }
        }
    }
    assert!(whole(&verify(&ravi).await), "the trail is as before");
    println!("{} entries, {tried} changes found", rows.len());
    assert!(tried > 500, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_that_is_taken_out_and_every_tail_that_is_cut_is_found_and_stays_found() {
    let bed = Bed::new().await;
    let ravi = trail(&bed).await;
    let ledger = ledger(&bed);
    let last: i64 = ledger.query_row("SELECT max(seq) FROM audit", [], |row| row.get(0)).expect("a number");
    ledger.execute_batch("CREATE TABLE kept AS SELECT * FROM audit").expect("a copy");
    let restore = "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept;";
    for seq in 1..last {
        ledger.execute("DELETE FROM audit WHERE seq = ?1", [seq]).expect("deleted");
        let report = verify(&ravi).await;
        assert_eq!((report.integrity, report.completeness), (Integrity::Broken, Completeness::Whole), "{report:?}");
        let problem = &report.problems[0];
        assert_eq!((problem.kind, problem.from, problem.to), (AuditProblemKind::Missing, seq, seq));
        ledger.execute_batch(restore).expect("restored");
    }
    for seq in 1..=last {
        ledger.execute("DELETE FROM audit WHERE seq >= ?1", [seq]).expect("cut");
        let report = verify(&ravi).await;
        assert_eq!((report.integrity, report.completeness), (Integrity::Whole, Completeness::Cut), "{report:?}");
        let problem = &report.problems[0];
        assert_eq!((problem.kind, problem.from, problem.to), (AuditProblemKind::Cut, seq, last));
        ledger.execute_batch(restore).expect("restored");
    }
    assert!(whole(&verify(&ravi).await));
    // What is noted afterwards does not cover a cut up.
    ledger.execute("DELETE FROM audit WHERE seq >= ?1", [last - 1]).expect("cut");
    ravi.secrets().set("ONE", SecretString::from("made-up-2")).await.expect("stored");
    ravi.secrets().set("ONE", SecretString::from("made-up-3")).await.expect("stored");
    let report = verify(&ravi).await;
    let problem = &report.problems[0];
    assert_eq!((problem.kind, problem.from, problem.to), (AuditProblemKind::Missing, last - 1, last), "{report:?}");
    assert_eq!(report.problems.len(), 1, "the new entries are good: {report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_nobody_wrote_is_found() {
    let bed = Bed::new().await;
    let ravi = trail(&bed).await;
    let ledger = ledger(&bed);
    ledger
        .execute_batch(
            "INSERT INTO audit SELECT seq + 1, at_ms, program, pid, workspace, action, object, outcome, reason, times, mac
             FROM audit ORDER BY seq DESC LIMIT 1",
        )
        .expect("put in");
    assert_eq!(verify(&ravi).await.integrity, Integrity::Broken);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_older_head_is_told_and_a_later_writer_does_not_hide_it() {
    let bed = Bed::new().await;
    let ravi = trail(&bed).await;
    let good = std::fs::read(head(&bed)).expect("the head");
    for (name, bytes) in
        [("gone", None), ("empty", Some(Vec::new())), ("longer", Some([good.as_slice(), b"x"].concat()))]
    {
        match bytes {
            None => std::fs::remove_file(head(&bed)).expect("removed"),
            Some(bytes) => std::fs::write(head(&bed), bytes).expect("written"),
        }
        let report = verify(&ravi).await;
        assert_eq!((report.ok, report.integrity), (false, Integrity::Whole), "{name}");
        assert_eq!(report.completeness, Completeness::Unknown, "{name}");
    }
    std::fs::write(head(&bed), &good).expect("written");
    assert!(whole(&verify(&ravi).await));
    // An older head than the table is what a power cut may leave. The entries prove themselves.
    ravi.secrets().set("ONE", SecretString::from("made-up-2")).await.expect("stored");
    std::fs::write(head(&bed), &good).expect("written");
    assert!(whole(&verify(&ravi).await));
    std::fs::remove_file(head(&bed)).expect("removed");
    ravi.secrets().set("ONE", SecretString::from("made-up-3")).await.expect("stored");
    let report = verify(&ravi).await;
    assert_eq!((report.integrity, report.completeness), (Integrity::Whole, Completeness::Unknown), "{report:?}");
}

/// The numbers of the crash points that a `secret set` passes around its entry.
fn points(bed: &Bed) -> (u64, u64) {
    let trace = bed.path("trace");
    let mut set = bed.program();
    set.args(["secret", "delete", "TWO"]).env("RAVI_WORKSPACE_CRASH_TRACE", &trace);
    set.output().expect("it runs");
    let text = std::fs::read_to_string(trace).expect("a trace");
    let number = |when: &str| {
        let line = text.lines().find(|line| line.ends_with(&format!("{when} ledger: audit entry"))).expect("the point");
        line.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
    };
    (number("Before"), number("After"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_around_the_commit_is_no_cut_and_does_not_hide_one() {
    let bed = Bed::new().await;
    let ravi = trail(&bed).await;
    let (before, after) = points(&bed);
    let crash = |at: u64| {
        let mut set = bed.program();
        set.args(["secret", "delete", "TWO"]).env("RAVI_WORKSPACE_CRASH_AT", at.to_string());
        assert_eq!(set.output().expect("it starts").status.signal(), Some(6));
    };
    crash(after);
    assert!(whole(&verify(&ravi).await), "the entry is there, and proves itself");
    let entries = verify(&ravi).await.entries;
    crash(before);
    let report = verify(&ravi).await;
    assert_eq!((report.ok, report.completeness), (true, Completeness::Interrupted), "{report:?}");
    assert_eq!((report.entries, report.interrupted), (entries, 1));
    ravi.secrets().set("ONE", SecretString::from("made-up-2")).await.expect("stored");
    let report = verify(&ravi).await;
    assert!(whole(&report), "{report:?}");
    assert_eq!(report.interrupted, 1, "it stays told");
    // With an interruption at the end, a cut before it is still one.
    crash(before);
    let ledger = ledger(&bed);
    ledger.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", []).expect("cut");
    assert_eq!(verify(&ravi).await.completeness, Completeness::Cut);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_write_at_once_leave_one_whole_chain() {
    let bed = Bed::new().await;
    let ravi = trail(&bed).await;
    let before = verify(&ravi).await.entries;
    let (writers, runs) = (4, 12);
    std::thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| (0..runs).for_each(|_| drop(bed.run(&["secret", "get", "ONE"]).ok())));
        }
    });
    let report = verify(&ravi).await;
    assert!(whole(&report), "{report:?}");
    assert_eq!((report.entries, report.interrupted), (before + writers * runs, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_that_write_at_once_leave_one_whole_chain() {
    let bed = Bed::new().await;
    let ravi = trail(&bed).await;
    let before = verify(&ravi).await.entries;
    let mut jobs = Vec::new();
    for _ in 0..4 {
        let ravi = bed.ravi();
        jobs.push(tokio::spawn(async move {
            for _ in 0..100 {
                ravi.secrets().get("ONE").await.expect("read");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }));
    }
    for job in jobs {
        job.await.expect("it ends");
    }
    let report = verify(&ravi).await;
    assert!(whole(&report), "{report:?}");
    assert_eq!(report.entries, before + 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_warm_reads_is_counted_and_none_is_left_out() {
    let bed = Bed::new().await;
    let ravi = trail(&bed).await;
    let count =
        |rows: &[ravi_workspace_core::audit::AuditRow]| rows.iter().map(|row| u64::from(row.times)).sum::<u64>();
    let reads =
        AuditFilter { secret: Some("ONE".into()), action: Some("secret.read".into()), ..AuditFilter::default() };
    let before = count(&ravi.audit().query(&reads).await.expect("rows"));
    for _ in 0..50_000 {
        ravi.secrets().get("ONE").await.expect("read");
    }
    let rows = ravi.audit().query(&reads).await.expect("rows");
    assert_eq!(count(&rows), before + 50_000);
    assert!(whole(&verify(&ravi).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_killed_leaves_a_whole_trail() {
    let bed = Bed::new().await;
    let ravi = trail(&bed).await;
    let ledger = ledger(&bed);
    let count = || -> i64 { ledger.query_row("SELECT sum(times) FROM audit", [], |row| row.get(0)).expect("a number") };
    for round in 0..3 {
        let before = count();
        let mut reader = Command::new(std::env::current_exe().expect("this program"));
        reader.args(["audit_chain::reader", "--exact", "--nocapture"]).env("RAVI_TEST_READER", "1");
        reader.env("RAVI_API_URL", &bed.base_url).env("RAVI_WORKSPACE_STATE", bed.state());
        reader.env("RAVI_API_KEY", secrecy::ExposeSecret::expose_secret(&bed.key));
        reader.env("RAVI_WORKSPACE_KEYCHAIN", "file");
        let mut reader = reader.stdout(Stdio::piped()).spawn().expect("it starts");
        let begun = Instant::now();
        // While it runs, not when it ends.
        while count() < before + 200 {
            assert!(begun.elapsed() < Duration::from_secs(120), "round {round}: {} entries came", count() - before);
            std::thread::sleep(Duration::from_millis(2));
        }
        let seen = count();
        reader.kill().expect("killed");
        let output = reader.wait_with_output().expect("it ends");
        assert_eq!(output.status.signal(), Some(9));
        assert!(count() >= seen);
        // A line is printed after its read was answered.
        let read = BufReader::new(output.stdout.as_slice()).lines().filter(|l| l.as_ref().is_ok_and(|l| l == "read"));
        println!("round {round}: {} reads answered, {} in the trail", read.count(), count() - before);
        let report = verify(&ravi).await;
        assert!(report.ok && report.integrity == Integrity::Whole, "{report:?}");
    }
}

/// The process that is killed above; by itself it does nothing.
#[tokio::test]
async fn reader() {
    if std::env::var("RAVI_TEST_READER").is_err() {
        println!("skipped: started by another test");
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ravi = Ravi::open(Config::default().with_env().expect("an environment")).expect("the ledger opens");
    loop {
        ravi.secrets().get("ONE").await.expect("read");
        println!("read");
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}

/// A run of the program, so many days ago.
fn days_ago(bed: &Bed, days: i64, args: &[&str]) {
    let mut program = bed.program();
    program.args(args).env("RAVI_WORKSPACE_CLOCK_OFFSET_S", (-days * 86_400).to_string());
    program.output().expect("it runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_removes_the_oldest_and_nobody_else_can_do_so_unseen() {
    let bed = Bed::new().await;
    for days in [30, 20, 10] {
        days_ago(&bed, days, &["secret", "get", "NONE"]);
    }
    bed.run(&["secret", "get", "NONE"]);
    let ravi = bed.ravi();
    assert_eq!(bed.run(&["audit", "prune", "--before", "60d", "--json"]).ok().json()["removed"], 0);
    let entries = verify(&ravi).await.entries;
    let pruned = bed.run(&["audit", "prune", "--before", "15d", "--json"]).ok().json();
    let removed = pruned["removed"].as_u64().expect("a number");
    assert!(removed >= 2 && removed < entries, "{pruned}");
    let report = verify(&ravi).await;
    assert!(whole(&report), "{report:?}");
    assert_eq!((report.pruned, report.entries), (removed, entries - removed + 1), "and the entry that says so");
    let ledger = ledger(&bed);
    let row: Vec<Value> = ledger
        .query_row("SELECT seq, mac, removed, at_ms, seal FROM audit_checkpoint", [], |row| {
            (0..5).map(|index| row.get(index)).collect()
        })
        .expect("a checkpoint");
    for (column, value) in ["seq", "mac", "removed", "at_ms", "seal"].iter().zip(&row) {
        for other in changed(value) {
            let set = format!("UPDATE audit_checkpoint SET {column} = ?1");
            ledger.execute(&set, [&other]).expect("changed");
            assert_eq!(verify(&ravi).await.integrity, Integrity::Broken, "{column}: {value:?} as {other:?}");
            ledger.execute(&set, [value]).expect("put back");
        }
    }
    ledger
        .execute_batch("CREATE TABLE kept AS SELECT * FROM audit_checkpoint; DELETE FROM audit_checkpoint")
        .expect("SQL");
    assert_eq!(verify(&ravi).await.integrity, Integrity::Broken);
    ledger.execute_batch("INSERT INTO audit_checkpoint SELECT * FROM kept").expect("put back");
    assert!(whole(&verify(&ravi).await));
    // Again, from where it begins now; and all of it but the entry about it.
    bed.run(&["audit", "prune", "--before", "5d"]).ok();
    assert!(whole(&verify(&ravi).await));
    ledger.execute("DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)", []).expect("taken out");
    let refused = bed.run(&["audit", "prune", "--before", "0d", "--json"]);
    assert_eq!(refused.error_code(), "audit.broken");
    let verified = bed.run(&["audit", "verify", "--json"]);
    assert_eq!((verified.code, verified.json()["integrity"].as_str()), (1, Some("broken")));
    bed.run(&["audit", "prune", "--before", "2999-01-01", "--even-if-broken"]).ok();
    assert!(whole(&verify(&ravi).await));
}
