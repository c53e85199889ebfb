//! An app's settings file: read and written with its secrets in the vault, moved there, and put back.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{Bed, files_with};
use ravi_workspace_core::vault::settings::{Place, preset};
use ravi_workspace_core::{Config, Ravi, Settings};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const TOKENS: [&str; 3] = ["made-up-daemon-token-4711", "made-up-backend-token-4712", "made-up-backend-token-4713"];
const DAEMON: &str = "CODEX_MONITOR_DAEMON_TOKEN";

fn places() -> Vec<Place> {
    preset("codex-monitor").expect("a preset")
}

/// What the app's own type knows; the file has far more.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct App {
    remote_backend_token: Option<String>,
    remote_backends: Vec<Backend>,
    active_remote_backend_id: Option<String>,
    #[serde(default)]
    default_of_the_app: u32,
    theme: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Backend {
    id: String,
    token: Option<String>,
}

/// CodexMonitor's keys and forty others, written as its own writer would not.
fn original() -> String {
    let others: String = (0..40).map(|n| format!("\t\"other{n}\" : [ {n}.50, \"\\u0061\", {{}} ],\n")).collect();
    format!(
        "{{\n{others}  \"remoteBackendProvider\":\"tcp\",\r\n  \"remoteBackendHost\": \"127.0.0.1:4732\",\n  \
         \"remoteBackendToken\" :\"{}\", \"theme\":\"dark\",\n  \"remoteBackends\": [\n    \
         {{\"id\": \"one\", \"name\": \"One\", \"provider\":\"tcp\", \"host\":\"h:1\", \"token\": \"{}\", \
         \"lastConnectedAtMs\":1767225600000}},\n    {{\"token\":\"{}\", \"id\": \"two\", \"extra\": null}}\n  ],\n  \
         \"activeRemoteBackendId\": \"one\" }}\n\n",
        TOKENS[0], TOKENS[1], TOKENS[2]
    )
}

fn migrated() -> String {
    original()
        .replace(TOKENS[0], "ravi://CODEX_MONITOR_DAEMON_TOKEN")
        .replace(TOKENS[1], "ravi://CODEX_MONITOR_BACKEND_TOKEN_ONE")
        .replace(TOKENS[2], "ravi://CODEX_MONITOR_BACKEND_TOKEN_TWO")
}

/// A folder with nothing but the file.
fn settings_file(bed: &Bed, text: &str) -> PathBuf {
    let folder = bed.path("app");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("settings.json");
    std::fs::write(&file, text).expect("a file");
    file
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).expect("it is there")
}

fn arg(file: &Path) -> &str {
    file.to_str().expect("text")
}

fn migrate(bed: &Bed, file: &Path) {
    bed.run(&["settings", "migrate", arg(file), "--preset", "codex-monitor"]).ok();
}

async fn stored(bed: &Bed, key: &str) -> String {
    bed.ravi().secrets().refresh(key).await.expect("it is there").expose_secret().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_reads_its_tokens_and_never_writes_them_back() {
    let bed = Bed::new().await;
    let file = settings_file(&bed, &original());
    migrate(&bed, &file);
    // A machine that has read none of them yet.
    let ravi = Ravi::open(Config { state_dir: Some(bed.path("elsewhere")), ..bed.config() }).expect("the ledger opens");
    ravi.secrets().names().await.expect("a first call, which finds the host identity");
    bed.reset_calls().await;
    let mut settings = Settings::<App>::load(&ravi, &file, places()).await.expect("loaded");
    assert_eq!(bed.call_log().await, ["GET /api/secrets/"], "one call for all tokens");
    assert_eq!(settings.remote_backend_token.as_deref(), Some(TOKENS[0]));
    assert_eq!(settings.remote_backends[1].token.as_deref(), Some(TOKENS[2]));
    settings.save().await.expect("saved");
    assert_eq!(text(&file), migrated(), "nothing changed, nothing is written");
    settings.theme = "light".into();
    settings.remote_backends.swap(0, 1);
    settings.save().await.expect("saved");
    assert_eq!(bed.call_log().await.len(), 1, "an unchanged token needs no call");
    let now: Value = serde_json::from_str(&text(&file)).expect("JSON");
    assert_eq!(text(&file).matches("other").count(), 40);
    assert_eq!(
        now["remoteBackends"][0],
        json!({ "token": "ravi://CODEX_MONITOR_BACKEND_TOKEN_TWO", "id": "two", "extra": null })
    );
    assert_eq!(now["theme"], "light");
    assert!(now.get("defaultOfTheApp").is_none(), "a default that nobody chose is not written");
    for token in TOKENS {
        assert_eq!(files_with(bed.dir.path(), token), Vec::<PathBuf>::new());
    }
    assert!(!format!("{settings:?}").contains("token-47"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_token_is_stored_first_and_referred_to() {
    let bed = Bed::new().await;
    let file = settings_file(&bed, &original());
    migrate(&bed, &file);
    let ravi = bed.ravi();
    let mut settings = Settings::<App>::load(&ravi, &file, places()).await.expect("loaded");
    settings.remote_backend_token = Some("made-up-next-token-1".into());
    settings.remote_backends.push(Backend { id: "three".into(), token: Some("made-up-next-token-2".into()) });
    settings.remote_backends[0].token = None;
    settings.save().await.expect("saved");
    assert_eq!(stored(&bed, DAEMON).await, "made-up-next-token-1");
    assert_eq!(stored(&bed, "CODEX_MONITOR_BACKEND_TOKEN_THREE").await, "made-up-next-token-2");
    let now: Value = serde_json::from_str(&text(&file)).expect("JSON");
    assert_eq!(now["remoteBackendToken"], format!("ravi://{DAEMON}"));
    assert_eq!(now["remoteBackends"][0]["token"], Value::Null);
    assert_eq!(now["remoteBackends"][2]["token"], "ravi://CODEX_MONITOR_BACKEND_TOKEN_THREE");
    assert_eq!(files_with(bed.dir.path(), "made-up-next"), Vec::<PathBuf>::new());
    // The next save knows what this one wrote.
    bed.reset_calls().await;
    settings.theme = "light".into();
    settings.save().await.expect("saved");
    assert_eq!(bed.call_log().await, Vec::<String>::new());
    let again = Settings::<App>::load(&bed.ravi(), &file, places()).await.expect("loaded");
    assert_eq!(again.remote_backends[2].token.as_deref(), Some("made-up-next-token-2"));
    // Where it cannot be stored, the file is as it was.
    let before = text(&file);
    settings.remote_backend_token = Some("made-up-next-token-3".into());
    settings.theme = "odd".into();
    bed.fault(json!({ "path": "/api/secrets/*", "times": 9, "status": 403 })).await;
    assert!(settings.save().await.is_err());
    assert_eq!(text(&file), before);
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    settings.save().await.expect("saved");
    assert_eq!(stored(&bed, DAEMON).await, "made-up-next-token-3");
    assert!(text(&file).contains("\"odd\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_nobody_migrated_is_sealed_by_the_first_save() {
    let bed = Bed::new().await;
    let file = settings_file(&bed, &original());
    let ravi = bed.ravi();
    let mut settings = Settings::<Value>::load(&ravi, &file, places()).await.expect("loaded");
    assert_eq!(bed.call_log().await, Vec::<String>::new());
    settings.save().await.expect("saved");
    assert_eq!(text(&file), migrated());
    assert_eq!(stored(&bed, DAEMON).await, TOKENS[0]);
    // A file that is not there yet.
    let new = bed.path("app/new.json");
    let mut settings = Settings::new(&ravi, &new, places(), json!({ "a": 1, "remoteBackendToken": TOKENS[0] }));
    settings.save().await.expect("saved");
    assert_eq!(
        serde_json::from_str::<Value>(&text(&new)).expect("JSON")["remoteBackendToken"],
        format!("ravi://{DAEMON}")
    );
    assert_eq!(files_with(&bed.path("app"), TOKENS[0]), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_the_person_wrote_is_kept_and_written_through() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let secret = |text: &str| SecretString::from(text);
    ravi.secrets().set("MINE", secret("made-up-mine-1")).await.expect("stored");
    ravi.secrets().set("SHARED", secret("made-up-shared-1")).await.expect("stored");
    let file = settings_file(
        &bed,
        "{\"remoteBackendToken\":\"ravi://MINE\",\"theme\":\"ravi://MINE\",\
         \"remoteBackends\":[{\"id\":\"a\",\"token\":\"ravi://SHARED\"},{\"id\":\"b\",\"token\":\"ravi://SHARED\"}]}",
    );
    let mut settings = Settings::<Value>::load(&ravi, &file, places()).await.expect("loaded");
    assert_eq!(settings["theme"], "ravi://MINE", "no place for a secret, so nothing is resolved there");
    settings["remoteBackendToken"] = json!("made-up-mine-2");
    settings["remoteBackends"][0]["token"] = json!("made-up-own-2");
    settings.save().await.expect("saved");
    let now: Value = serde_json::from_str(&text(&file)).expect("JSON");
    assert_eq!(
        (now["remoteBackendToken"].as_str(), stored(&bed, "MINE").await.as_str()),
        (Some("ravi://MINE"), "made-up-mine-2")
    );
    // The other backend's token must not change with it.
    assert_eq!(now["remoteBackends"][0]["token"], "ravi://CODEX_MONITOR_BACKEND_TOKEN_A");
    assert_eq!(now["remoteBackends"][1]["token"], "ravi://SHARED");
    assert_eq!(stored(&bed, "SHARED").await, "made-up-shared-1");
    // Settings come from a web view, too: it must not read any secret by writing its name.
    let before = text(&file);
    settings["remoteBackendToken"] = json!("ravi://SHARED");
    let error = settings.save().await.expect_err("refused");
    assert_eq!(
        (error.code().as_str(), ravi_workspace_helper::exit_code(error.kind())),
        ("settings.foreign_reference", 6)
    );
    assert_eq!(text(&file), before);
}

/// A type that cannot be without its token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Strict {
    remote_backend_token: String,
}

const NOWHERE: [(&str, &str); 4] = [
    ("ravi://NOBODY", "secret.not_found"),
    ("ravi://NESTED", "settings.nested_reference"),
    ("ravi://other/FINE", "reference.other_identity"),
    ("ravi://not a name", "settings.reference"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_never_a_value_and_a_save_keeps_it() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    ravi.secrets().set("NESTED", SecretString::from("ravi://OTHER")).await.expect("stored");
    ravi.secrets().set("FINE", SecretString::from("made-up-fine-4711")).await.expect("stored");
    for (reference, code) in NOWHERE {
        let before = format!(
            "{{\"remoteBackendToken\":\"{reference}\",\"theme\":\"dark\",\"activeRemoteBackendId\":null,\
             \"remoteBackends\":[{{\"id\":\"a\",\"token\":\"ravi://FINE\"}},{{\"id\":\"b\",\"token\":\"{reference}\"}}]}}"
        );
        let file = settings_file(&bed, &before);
        // As the file says, and as the app read it by itself.
        let read: App = serde_json::from_str(&before).expect("the app reads it");
        let loads = [
            Settings::<App>::load(&bed.ravi(), &file, places()).await.expect(reference),
            Settings::<App>::resolve(&bed.ravi(), &file, places(), read).await.expect(reference),
        ];
        for mut settings in loads {
            assert_eq!(settings.remote_backend_token, None, "{reference}");
            assert_eq!(settings.remote_backends[0].token.as_deref(), Some("made-up-fine-4711"), "the others are read");
            assert_eq!(settings.remote_backends[1].token, None);
            let unresolved = settings.unresolved();
            let at: Vec<_> = unresolved.iter().map(|one| one.pointer.as_str()).collect();
            assert_eq!(at, ["/remoteBackendToken", "/remoteBackends/1/token"]);
            assert!(
                unresolved.iter().all(|one| one.error.code == code && one.reference == reference),
                "{unresolved:?}"
            );
            settings.theme = "light".into();
            settings.remote_backends.reverse();
            settings.save().await.expect("saved");
            let now: Value = serde_json::from_str(&text(&file)).expect("JSON");
            assert_eq!(now["remoteBackendToken"], reference);
            assert_eq!(now["remoteBackends"][0], json!({ "id": "b", "token": reference }));
            assert_eq!(now["remoteBackends"][1]["token"], "ravi://FINE");
            assert_eq!(now["theme"], "light");
            std::fs::write(&file, &before).expect("as before");
        }
        // A person types a new one: that is the value from then on.
        let mut settings = Settings::<App>::load(&bed.ravi(), &file, places()).await.expect("loaded");
        settings.remote_backend_token = Some("made-up-typed-4712".into());
        settings.save().await.expect("saved");
        assert!(!text(&file).contains("made-up-typed"));
        let again = Settings::<App>::load(&bed.ravi(), &file, places()).await.expect("loaded");
        assert_eq!(again.remote_backend_token.as_deref(), Some("made-up-typed-4712"), "{reference}");
        ravi.secrets().delete(DAEMON).await.ok();
        // An app that uses no Ravi now.
        std::fs::write(&file, &before).expect("as before");
        let read: App = serde_json::from_str(&before).expect("the app reads it");
        let mut settings = Settings::offline(&file, places(), read).expect("read");
        assert_eq!((&settings.remote_backend_token, &settings.remote_backends[0].token), (&None, &None));
        settings.theme = "odd".into();
        settings.save().await.expect("saved");
        assert_eq!(text(&file), before.replace("dark", "odd"));
    }
}

/// Leaves out what is not set, as many apps do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sparse {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remote_backend_token: Option<String>,
    remote_backends: Vec<SparseBackend>,
    theme: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct SparseBackend {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_kept_also_where_the_app_leaves_out_what_it_lacks() {
    let bed = Bed::new().await;
    let before = "{\"remoteBackendToken\":\"ravi://NOBODY\",\"theme\":\"dark\",\
                  \"remoteBackends\":[{\"id\":\"a\",\"token\":\"ravi://NOBODY\"},{\"id\":\"b\"}]}";
    let file = settings_file(&bed, before);
    let mut settings = Settings::<Sparse>::load(&bed.ravi(), &file, places()).await.expect("loaded");
    settings.theme = "light".into();
    settings.remote_backends.push(SparseBackend { id: "c".into(), token: None });
    settings.save().await.expect("saved");
    let now: Value = serde_json::from_str(&text(&file)).expect("JSON");
    let (token, id) = ("ravi://NOBODY", |id: &str| json!({ "id": id }));
    assert_eq!(now["remoteBackendToken"], token);
    assert_eq!(now["remoteBackends"], json!([{ "id": "a", "token": token }, id("b"), id("c")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_saved_also_while_plaintext_cannot_be_moved() {
    let bed = Bed::new().await;
    let file = settings_file(&bed, &original());
    let nobody =
        Ravi::open(Config { state_dir: Some(bed.path("nobody")), api_key: None, ..bed.config() }).expect("opens");
    for ravi in [nobody.clone(), bed.ravi()] {
        bed.fault(json!({ "path": "/api/*", "times": 99, "status": 503 })).await;
        let mut settings = Settings::<App>::load(&ravi, &file, places()).await.expect("loaded");
        settings.theme = "light".into();
        settings.save().await.expect("saved");
        assert_eq!(text(&file), original().replace("\"dark\"", "\"light\""), "the tokens are where they were");
        assert!(!ravi.take_warnings().is_empty(), "and it is said");
        std::fs::write(&file, original()).expect("as before");
        bed.local(reqwest::Method::DELETE, "faults", None).await;
    }
    // A new one is not written in plaintext.
    let mut settings = Settings::<App>::load(&nobody, &file, places()).await.expect("loaded");
    settings.remote_backend_token = Some("made-up-next-token-1".into());
    assert_eq!(settings.save().await.expect_err("refused").code(), "account.not_signed_in");
    assert_eq!(text(&file), original());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_resolve_is_an_error_at_its_place_where_the_app_needs_it() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    ravi.secrets().set("NESTED", SecretString::from("ravi://OTHER")).await.expect("stored");
    ravi.secrets().set("FINE", SecretString::from("made-up-fine-4711")).await.expect("stored");
    for (reference, code) in NOWHERE {
        let file = settings_file(&bed, &format!("{{\"remoteBackendToken\":\"{reference}\"}}"));
        let error = Settings::<Strict>::load(&bed.ravi(), &file, places()).await.expect_err(reference);
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains("/remoteBackendToken"), "{error}");
    }
    let load = async |text: &str| {
        let file = settings_file(&bed, text);
        let error = Settings::<App>::load(&bed.ravi(), &file, places()).await.expect_err(text);
        assert!(!error.to_string().contains("made-up-fine"), "{error}");
        error.code()
    };
    for (text, wanted) in [
        ("{\"remoteBackendToken\":7}", "settings.wrong_type"),
        ("{\"remoteBackendToken\":\"a\",\"remoteBackendToken\":\"b\"}", "settings.duplicate_key"),
        ("\u{feff}{\"remoteBackendToken\":\"a\"}", "settings.bom"),
        ("{\"remoteBackendToken\":", "settings.not_json"),
        // The token stands where the app expects a list; the message must not repeat it.
        ("{\"remoteBackendToken\":null,\"remoteBackends\":\"made-up-fine-4711\",\"theme\":\"\"}", "settings.shape"),
        ("{\"remoteBackendToken\":\"ravi://FINE\",\"remoteBackends\":[]}", "settings.shape"),
    ] {
        assert_eq!(load(text).await, wanted, "{text}");
    }
    let deep = format!("{{\"remoteBackendToken\":null,\"x\":{}{}}}", "[".repeat(200), "]".repeat(200));
    assert!(["settings.too_deep", "settings.not_json"].contains(&load(&deep).await.as_str()));
    let huge = settings_file(&bed, "{}");
    std::fs::File::options().write(true).open(&huge).and_then(|f| f.set_len(100 << 20)).expect("a sparse file");
    let error = Settings::<Value>::load(&ravi, &huge, places()).await.expect_err("too large");
    assert_eq!(error.code(), "settings.too_large");
    let error = Settings::<Value>::load(&ravi, bed.path("app/none.json"), places()).await.expect_err("nothing there");
    assert_eq!((error.code().as_str(), ravi_workspace_helper::exit_code(error.kind())), ("settings.not_found", 4));
    // No Ravi: the reason at the place, never an empty text; what was read before is served.
    let file = settings_file(
        &bed,
        "{\"remoteBackendToken\":\"ravi://UNREAD\",\"remoteBackends\":[{\"id\":\"a\",\"token\":\"ravi://FINE\"}]}",
    );
    bed.stop_ravi().await;
    let settings = Settings::<Value>::load(&bed.ravi(), &file, places()).await.expect("loaded");
    let unresolved = settings.unresolved();
    assert_eq!(
        unresolved.iter().map(|one| (one.pointer.as_str(), one.error.code.as_str())).collect::<Vec<_>>(),
        [("/remoteBackendToken", "api.unreachable")]
    );
    assert_eq!(settings["remoteBackendToken"], Value::Null);
    assert_eq!(settings["remoteBackends"][0]["token"], "made-up-fine-4711");
    let last = bed.audit_trail().pop().expect("a trail");
    assert_eq!(
        (last[0].as_str(), last[2].as_str(), last[3].as_str()),
        ("secret.read", "FINE", "done"),
        "what is served is noted"
    );
    let error = Settings::<Strict>::load(&bed.ravi(), &file, places()).await.expect_err("no Ravi");
    assert_eq!((error.code().as_str(), ravi_workspace_helper::exit_code(error.kind())), ("api.unreachable", 5));
    assert!(error.to_string().contains("/remoteBackendToken"), "{error}");
}

/// A connection of the handle's own client is driven by the runtime that opened it, which the blocking call blocks.
#[test]
fn blocking_calls_wait_for_nothing_that_the_blocked_runtime_would_have_to_do() {
    let outside = tokio::runtime::Runtime::new().expect("a runtime");
    let bed = outside.block_on(Bed::new());
    let file = settings_file(&bed, &original());
    migrate(&bed, &file);
    let token = std::sync::atomic::AtomicU32::new(0);
    // In a thread of its own with a limit: what fails hangs for half a minute.
    let change = |ravi: &Ravi| {
        let next = format!("made-up-changed-{}", token.fetch_add(1, Ordering::SeqCst));
        let began = std::time::Instant::now();
        let mut settings = Settings::<App>::load_blocking(ravi, &file, places()).expect("loaded");
        settings.remote_backend_token = Some(next.clone());
        settings.save_blocking().expect("a changed token is stored");
        assert_eq!(ravi.secrets().get_blocking(DAEMON).expect("read").expose_secret(), next);
        assert!(began.elapsed().as_secs() < 20, "it waited for a connection of the blocked runtime");
    };
    type Make = fn() -> tokio::runtime::Builder;
    let builders: [(&str, Make); 2] = [
        ("one thread", tokio::runtime::Builder::new_current_thread),
        ("several threads", tokio::runtime::Builder::new_multi_thread),
    ];
    for (name, builder) in builders {
        let runtime = builder().enable_all().build().expect("a runtime");
        let ravi = bed.ravi();
        // A pool that was used before, and one that is in use.
        runtime.block_on(async { ravi.secrets().names().await.expect("a call") });
        runtime.block_on(async { change(&ravi) });
        runtime.block_on(async {
            let (busy, within) = (ravi.clone(), ravi.clone());
            let busy = tokio::spawn(async move { busy.secrets().refresh(DAEMON).await });
            tokio::task::yield_now().await;
            change(&within);
            busy.await.expect("it ran").expect("read");
        });
        runtime.block_on(async {
            let ravi = ravi.clone();
            std::thread::scope(|scope| scope.spawn(|| change(&ravi)).join()).expect(name);
        });
        let (spawned, file) = (ravi.clone(), file.clone());
        runtime.block_on(async move {
            let read = move || {
                Settings::<App>::load_blocking(&spawned, &file, places()).map(|settings| settings.theme.clone())
            };
            assert_eq!(tokio::task::spawn_blocking(read).await.expect(name).expect(name), "dark");
        });
        change(&ravi);
    }
}

#[test]
fn the_blocking_forms_work_with_and_without_a_runtime_around_them() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let bed = runtime.block_on(Bed::new());
    let file = settings_file(&bed, &original());
    migrate(&bed, &file);
    let ravi = bed.ravi();
    let change = |theme: &str| {
        let mut settings = Settings::<App>::load_blocking(&ravi, &file, places()).expect("loaded");
        assert_eq!(settings.remote_backend_token.as_deref(), Some(TOKENS[0]));
        settings.theme = theme.to_owned();
        settings.save_blocking().expect("saved");
        assert_eq!(text(&file), migrated().replace("\"dark\"", &format!("\"{theme}\"")));
    };
    change("one");
    runtime.block_on(async { change("two") });
    // The same handle serves async callers afterwards.
    runtime.block_on(ravi.secrets().refresh(DAEMON)).expect("read");
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_gives_the_original_byte_for_byte() {
    let bed = Bed::new().await;
    let file = settings_file(&bed, &original());
    let none = bed.run(&["settings", "undo", arg(&file), "--json"]);
    assert_eq!((none.code, none.error_code().as_str()), (4, "settings.no_backup"));
    migrate(&bed, &file);
    assert_eq!(files_with(bed.dir.path(), TOKENS[0]), Vec::<PathBuf>::new(), "the backup is sealed");
    bed.stop_ravi().await;
    let undo = || bed.run(&["settings", "undo", arg(&file), "--json"]).ok().json();
    assert_eq!((undo()["restored"].as_bool(), text(&file)), (Some(true), original()));
    assert_eq!((undo()["restored"].as_bool(), text(&file)), (Some(false), original()));
    assert_eq!(std::fs::read_dir(bed.path("app")).expect("a folder").count(), 1, "nothing beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_after_changes_loses_neither_the_original_nor_the_changes() {
    let bed = Bed::new().await;
    let file = settings_file(&bed, &original());
    migrate(&bed, &file);
    let ravi = bed.ravi();
    let mut settings = Settings::<Value>::load(&ravi, &file, places()).await.expect("loaded");
    settings["theme"] = json!("light");
    settings.save().await.expect("saved");
    // A token that the app's old version wrote, and a second migration: the original stays the first one's.
    let again = text(&file).replace("\"ravi://CODEX_MONITOR_BACKEND_TOKEN_TWO\"", "\"made-up-later-token\"");
    std::fs::write(&file, again).expect("written");
    let conflict = bed.run(&["settings", "migrate", arg(&file), "--preset", "codex-monitor", "--json"]);
    assert_eq!(conflict.error_code(), "settings.conflict");
    ravi.secrets()
        .set("CODEX_MONITOR_BACKEND_TOKEN_TWO", SecretString::from("made-up-later-token"))
        .await
        .expect("stored");
    migrate(&bed, &file);
    std::fs::write(&file, text(&file).replace("light", "odd")).expect("written");
    let changed = text(&file);
    let report = bed.run(&["settings", "undo", arg(&file), "--json"]).ok().json();
    assert_eq!(text(&file), original());
    let aside = PathBuf::from(report["aside"].as_str().expect("a path"));
    assert_eq!(
        (text(&aside), aside.file_name().and_then(|n| n.to_str())),
        (changed, Some("settings.json.before-undo"))
    );
    // From here a migration is a first one again.
    std::fs::write(&file, original().replace("dark", "blue")).expect("written");
    ravi.secrets().set("CODEX_MONITOR_BACKEND_TOKEN_TWO", SecretString::from(TOKENS[2])).await.expect("stored");
    migrate(&bed, &file);
    bed.run(&["settings", "undo", arg(&file)]).ok();
    assert_eq!(text(&file), original().replace("dark", "blue"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_are_looked_at_before_the_first_is_changed() {
    let bed = Bed::new().await;
    let one = settings_file(&bed, &original());
    let two = bed.path("app/two.json");
    let both = ["settings", "migrate", arg(&one), arg(&two), "--preset", "codex-monitor", "--json"];
    std::fs::write(&two, "{\"other\": 1}").expect("a file");
    assert_eq!(bed.run(&both).error_code(), "settings.nothing_to_migrate");
    assert_eq!(text(&one), original());
    std::fs::write(&two, format!("{{\"remoteBackendToken\": \"{}\"}}", TOKENS[0])).expect("a file");
    let answer = bed.run(&both).ok().json();
    assert_eq!(answer["files"][1]["moved"][0]["secret"], DAEMON);
    assert_eq!(text(&one), migrated());
    assert_eq!(text(&two), format!("{{\"remoteBackendToken\": \"ravi://{DAEMON}\"}}"));
    for file in [&one, &two] {
        bed.run(&["settings", "undo", arg(file)]).ok();
    }
    assert_eq!((text(&one), text(&two).contains(TOKENS[0])), (original(), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_is_killed_anywhere_is_finished_by_the_next_one() {
    let mut killed = 0;
    loop {
        let bed = Bed::new().await;
        let file = settings_file(&bed, &original());
        migrate(&bed, &file);
        std::fs::write(&file, migrated().replace("dark", "light")).expect("written");
        let mut program = bed.program();
        program.args(["settings", "undo", arg(&file)]).env("RAVI_WORKSPACE_CRASH_AT", (killed + 1).to_string());
        let run = program.output().expect("it starts");
        if run.status.success() {
            break;
        }
        killed += 1;
        assert_eq!(run.status.signal(), Some(6), "{run:?}");
        assert!([original(), migrated().replace("dark", "light")].contains(&text(&file)), "killed at point {killed}");
        bed.run(&["settings", "undo", arg(&file)]).ok();
        assert_eq!(text(&file), original(), "killed at point {killed}");
        assert!(text(&bed.path("app/settings.json.before-undo")).contains("light"), "killed at point {killed}");
    }
    assert!(killed >= 6, "{killed}");
}

/// Two processes that load and save the same file for a while; somebody watches the disk. `RAVI_TEST_SAVES` says how
/// often each of them saves.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_save_all_the_time_lose_no_key_and_leak_no_token() {
    let saves: u64 = std::env::var("RAVI_TEST_SAVES").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let bed = Bed::new().await;
    let file = settings_file(&bed, &original());
    migrate(&bed, &file);
    let children: Vec<_> = (0..2)
        .map(|number| {
            let mut child = Command::new(std::env::current_exe().expect("this program"));
            child.args(["settings_files::saver", "--exact", "--nocapture"]).env("RAVI_TEST_FILE", &file);
            child.env("RAVI_API_KEY", bed.key.expose_secret()).env("RAVI_API_URL", &bed.base_url);
            child.env("RAVI_WORKSPACE_STATE", bed.state());
            child.env("RAVI_TEST_NUMBER", number.to_string()).env("RAVI_TEST_SAVES", saves.to_string());
            child.spawn().expect("it starts")
        })
        .collect();
    let done = AtomicBool::new(false);
    let looks = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looks = 0;
            while !done.load(Ordering::Relaxed) {
                for folder in [bed.path("app"), bed.state()] {
                    // All made-up tokens of this test have this in common.
                    assert_eq!(files_with(&folder, "-token-47"), Vec::<PathBuf>::new());
                }
                looks += 1;
            }
            looks
        });
        let ended: Vec<_> = children.into_iter().map(|mut child| child.wait().expect("it ends")).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(|status| status.success()), "{ended:?}");
        watcher.join().expect("no token was seen")
    });
    let (now, before): (Map<String, Value>, Map<String, Value>) =
        (serde_json::from_str(&text(&file)).expect("JSON"), serde_json::from_str(&migrated()).expect("JSON"));
    for (key, value) in before.iter().filter(|(key, _)| *key != "theme") {
        assert_eq!(now.get(key), Some(value), "{key}");
    }
    assert_eq!((&now["savedBy0"], &now["savedBy1"]), (&json!(saves), &json!(saves)));
    assert_eq!(now.len(), before.len() + 2);
    // The last token that was stored is one that a saver wrote.
    assert!(stored(&bed, DAEMON).await.starts_with("made-up-daemon-token-47"));
    bed.run(&["settings", "undo", arg(&file)]).ok();
    assert_eq!(text(&file), original());
    println!("2 processes, {saves} saves each, {looks} looks at the disk");
}

/// One of the two processes above; by itself it does nothing.
#[tokio::test]
async fn saver() {
    let Ok(file) = std::env::var("RAVI_TEST_FILE") else {
        println!("skipped: started by another test");
        return;
    };
    let number = |name: &str| -> u64 { std::env::var(name).ok().and_then(|n| n.parse().ok()).expect("a number") };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ravi = Ravi::open(Config::default().with_env().expect("an environment")).expect("the ledger opens");
    let me = number("RAVI_TEST_NUMBER");
    let mut settings = Settings::<Value>::load(&ravi, &file, places()).await.expect("loaded");
    for count in 1..=number("RAVI_TEST_SAVES") {
        // One of them is an app that runs for long, the other starts anew each time.
        if me == 1 {
            settings = Settings::load(&ravi, &file, places()).await.expect("loaded");
        }
        settings[format!("savedBy{me}")] = json!(count);
        settings["theme"] = json!(format!("theme {count} of {me}"));
        // Now and then the person enters another token.
        if me == 0 && count % 10 == 0 {
            settings["remoteBackendToken"] = json!(format!("made-up-daemon-token-47{count}"));
        }
        settings.save().await.expect("saved");
    }
}
