//! A secret that this process has read before, beside reading and parsing a settings file.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use ravi_workspace_core::Ravi;
use ravi_workspace_core::audit::AuditFilter;
use serde_json::{Value, json};

use crate::ravi_local::RaviLocal;
use crate::{Rows, median};

/// Reads of each kind in one turn.
const TURN: u32 = 20;

const KEY: &str = "DAEMON_TOKEN";

pub async fn measure(rows: &mut Rows, rounds: usize) {
    let server = RaviLocal::start(0);
    let ravi = server.ravi("state");
    ravi.secrets().set(KEY, "made-up-daemon-token".into()).await.expect("it is stored");
    let file = server.room.path().join("settings.json");
    let text = serde_json::to_string_pretty(&settings()).expect("JSON");
    std::fs::write(&file, &text).expect("a file");
    server.calls().await;

    rows.title("warm secret read in the process, its audit entry handed over / reading and parsing a settings file");
    let (mut ours, mut base) = (Vec::new(), Vec::new());
    for round in 0..20 * rounds + 20 {
        let (a, b) = (read_secret(&ravi).await, read_file(&file));
        // The first ones fill caches and are not counted.
        if round >= 20 {
            ours.push(a);
            base.push(b);
        }
    }
    let (ours, base) = (median(ours), median(base));
    rows.figure("secret, median", format!("{ours:.2?}"));
    rows.figure(&format!("settings file of {} bytes, median", text.len()), format!("{base:.2?}"));
    rows.goal("ratio", ours.as_secs_f64() / base.as_secs_f64(), 1.0 / 15.0);
    rows.goal("calls to Ravi", server.calls().await, 0);
    rows.figure("with its entry on the disk (1,000 at once)", format!("{:.2?}", written(&ravi).await));
}

async fn read_secret(ravi: &Ravi) -> Duration {
    let begin = Instant::now();
    for _ in 0..TURN {
        black_box(ravi.secrets().get(KEY).await.expect("a value"));
    }
    begin.elapsed() / TURN
}

fn read_file(file: &Path) -> Duration {
    let begin = Instant::now();
    for _ in 0..TURN {
        let bytes = std::fs::read(file).expect("the file");
        black_box(serde_json::from_slice::<Value>(&bytes).expect("JSON"));
    }
    begin.elapsed() / TURN
}

/// Per read, until the entries are in the ledger.
async fn written(ravi: &Ravi) -> Duration {
    let newest = AuditFilter { limit: Some(1), ..AuditFilter::default() };
    let mut times = Vec::new();
    for _ in 0..10 {
        // Nothing waits from before.
        ravi.audit().query(&newest).await.expect("a trail");
        let begin = Instant::now();
        for _ in 0..1000 {
            black_box(ravi.secrets().get(KEY).await.expect("a value"));
        }
        ravi.audit().query(&newest).await.expect("a trail");
        times.push(begin.elapsed() / 1000);
    }
    median(times)
}

/// The settings of a desktop app that orchestrates agents, made up: some 7 kB as such apps write them.
fn settings() -> Value {
    let shortcuts: serde_json::Map<String, Value> =
        (0..34).map(|n| (format!("composerActionNumber{n}Shortcut"), json!(format!("cmd+shift+{n}")))).collect();
    let groups: Vec<Value> = (0..8)
        .map(|n| {
            json!({
                "id": format!("0f0e0d0c-0000-4000-8000-00000000000{n}"),
                "name": format!("Group {n}"),
                "sortOrder": n,
                "copiesFolder": if n % 2 == 0 { json!(format!("/home/hanna/copies/group-{n}")) } else { Value::Null },
            })
        })
        .collect();
    let backends: Vec<Value> = (0..6)
        .map(|n| {
            json!({
                "id": format!("backend-{n}"),
                "name": format!("Build machine {n}"),
                "provider": "tcp",
                "host": format!("machine-{n}.example.com:4732"),
                "token": format!("made-up-token-of-machine-{n}-which-is-long"),
                "lastConnectedAtMs": 1_763_000_000_000_u64 + n,
            })
        })
        .collect();
    let switches: serde_json::Map<String, Value> =
        (0..40).map(|n| (format!("someFeatureOfTheApp{n}Enabled"), json!(n % 3 == 0))).collect();
    json!({
        "codexBin": null,
        "codexArgs": "--config model_reasoning_effort=high",
        "backendMode": "remote",
        "remoteBackendHost": "127.0.0.1:4732",
        "remoteBackendToken": "made-up-daemon-token",
        "theme": "system",
        "uiScale": 1.25,
        "uiFontFamily": "\"SF Pro Text\", -apple-system, \"Helvetica Neue\", sans-serif",
        "codeFontFamily": "\"SF Mono\", \"JetBrains Mono\", Menlo, monospace",
        "codeFontSize": 12,
        "shortcuts": shortcuts,
        "workspaceGroups": groups,
        "remoteBackends": backends,
        "switches": switches,
        "commitMessagePrompt": "Write a commit message for the changes below.\nFirst line: imperative, at most 72 \
                                characters.\nThen an empty line, then why.\n\nChanges:\n{diff}",
    })
}
