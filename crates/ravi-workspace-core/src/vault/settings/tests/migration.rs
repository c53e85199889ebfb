//! The whole round trip: file to vault to file.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use super::fixture::*;
use crate::error::Explain;
use crate::vault::settings::{MigrateError, MigrateReport, Place, SecretStore, SettingsError, SettingsFile, migrate};

const DAEMON: &str = "CODEX_MONITOR_DAEMON_TOKEN";
const NAMES: [&str; 3] = [DAEMON, "CODEX_MONITOR_BACKEND_TOKEN_B4CK__ND_1", "CODEX_MONITOR_BACKEND_TOKEN_C"];

fn bits(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn settings_code(error: MigrateError<OutOfOrder>) -> String {
    match error {
        MigrateError::Settings(e) => e.code(),
        MigrateError::Store(e) => panic!("{e}"),
    }
}

/// Also runs on another thread, since a caller may spawn it.
async fn spawned(
    path: &Path,
    places: Vec<Place>,
    store: Arc<MemoryStore>,
) -> Result<MigrateReport, MigrateError<OutOfOrder>> {
    let path = path.to_owned();
    tokio::spawn(async move { migrate(&path, &places, &*store, false).await }).await.unwrap()
}

#[tokio::test]
async fn tokens_move_once_and_the_rest_of_the_file_stays() {
    let (dir, path) = on_disk(CODEX_MONITOR);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = Arc::new(MemoryStore::new());
    let report = spawned(&path, codex_monitor(), store.clone()).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), migrated());
    assert_eq!(bits(&path), 0o600);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    for (name, token) in NAMES.iter().zip(TOKENS) {
        assert_eq!(store.get(name).as_deref(), Some(token));
    }
    assert_eq!((report.file.as_path(), report.dry_run, report.already.len()), (path.as_path(), false, 0));
    let moved: Vec<_> = report.moved.iter().map(|moved| moved.secret.as_str()).collect();
    assert_eq!(moved, NAMES);
    assert_eq!(report.moved[1].pointer, "/remoteBackends/0/token");
    assert_eq!(report.moved[1].reference, format!("ravi://{}", NAMES[1]));

    let calls = store.calls().len();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let again = spawned(&path, codex_monitor(), store.clone()).await.unwrap();
    assert_eq!((again.moved.len(), &again.already), (0, &report.moved));
    assert_eq!((store.calls().len(), fs::metadata(&path).unwrap().modified().unwrap()), (calls, modified));
}

#[tokio::test]
async fn a_dry_run_touches_neither() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = MemoryStore::new();
    let dry = migrate(&path, &codex_monitor(), &store, true).await.unwrap();
    assert!(dry.dry_run && store.calls().is_empty());
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), bits(&path)), (CODEX_MONITOR, 0o644));
    let real = migrate(&path, &codex_monitor(), &store, false).await.unwrap();
    assert_eq!(real.moved, dry.moved);
}

#[tokio::test]
async fn a_store_that_fails_at_any_call_leaves_the_file() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let whole = MemoryStore::new();
    let (_other, elsewhere) = on_disk(CODEX_MONITOR);
    migrate(&elsewhere, &codex_monitor(), &whole, false).await.unwrap();
    let calls = whole.calls();
    assert_eq!(calls.len(), 9, "{calls:?}");
    let last_write = calls.iter().rposition(|call| call.starts_with("write")).unwrap();
    let first_back = calls.iter().rposition(|call| call == &format!("read {DAEMON}")).unwrap();
    assert!(first_back > last_write, "{calls:?}");

    for call in 0..calls.len() {
        let store = MemoryStore::failing_at(call);
        let failed = migrate(&path, &codex_monitor(), &store, false).await.unwrap_err();
        assert!(matches!(failed, MigrateError::Store(OutOfOrder)), "call {call}: {failed:?}");
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), bits(&path)), (CODEX_MONITOR, 0o640), "call {call}");

        // The next run, on the repaired vault, ends like an undisturbed one.
        let repaired = MemoryStore { kept: store.kept, ..MemoryStore::new() };
        let (_dir, copy) = on_disk(CODEX_MONITOR);
        assert_eq!(migrate(&copy, &codex_monitor(), &repaired, false).await.unwrap().moved.len(), 3);
        assert_eq!(fs::read_to_string(&copy).unwrap(), migrated());
        assert_eq!(*repaired.kept.lock().unwrap(), *whole.kept.lock().unwrap());
    }
}

#[tokio::test]
async fn another_value_in_the_vault_is_not_overwritten() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    let store = MemoryStore::new().with(NAMES[2], "made-up-other");
    let error = migrate(&path, &codex_monitor(), &store, false).await.unwrap_err();
    let MigrateError::Settings(conflict) = &error else { panic!("{error:?}") };
    assert!(conflict.hint().contains(NAMES[2]) && conflict.to_string().contains("/remoteBackends/4/token"));
    assert!(!format!("{error} {error:?}").contains("made-up-"));
    assert_eq!(settings_code(error), "settings.conflict");
    assert!(store.calls().iter().all(|call| call.starts_with("read")), "nothing is stored: {:?}", store.calls());
    assert_eq!(fs::read_to_string(&path).unwrap(), CODEX_MONITOR);
}

#[tokio::test]
async fn an_equal_value_is_not_written_and_an_empty_one_is_filled() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    let store = MemoryStore::new().with(NAMES[0], TOKENS[0]).with(NAMES[1], "");
    migrate(&path, &codex_monitor(), &store, false).await.unwrap();
    let writes: Vec<_> = store.calls().into_iter().filter(|call| call.starts_with("write")).collect();
    assert_eq!(writes, [format!("write {}", NAMES[1]), format!("write {}", NAMES[2])]);
    assert_eq!(fs::read_to_string(&path).unwrap(), migrated());
}

/// A vault that accepts everything and keeps something else.
struct Forgetful(Option<&'static str>);

impl SecretStore for Forgetful {
    type Error = OutOfOrder;

    async fn read(&self, _: &crate::model::reference::SecretName) -> Result<Option<secrecy::SecretString>, OutOfOrder> {
        Ok(self.0.map(secrecy::SecretString::from))
    }

    async fn write(
        &self,
        _: &crate::model::reference::SecretName,
        _: &secrecy::SecretString,
    ) -> Result<(), OutOfOrder> {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_not_read_back_stays_in_the_file() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    for store in [Forgetful(None), Forgetful(Some(""))] {
        let error = migrate(&path, &codex_monitor(), &store, false).await.unwrap_err();
        assert_eq!(settings_code(error), "settings.read_back");
        assert_eq!(fs::read_to_string(&path).unwrap(), CODEX_MONITOR);
    }
}

#[tokio::test]
async fn errors_of_the_file_come_before_the_first_call() {
    let store = MemoryStore::new();
    for (text, code) in [
        ("not json", "settings.not_json"),
        ("{}", "settings.nothing_to_migrate"),
        (r#"{"remoteBackendToken":7}"#, "settings.wrong_type"),
    ] {
        let (_dir, path) = on_disk(text);
        let error = migrate(&path, &codex_monitor(), &store, false).await.unwrap_err();
        assert_eq!((settings_code(error).as_str(), fs::read_to_string(&path).unwrap().as_str()), (code, text));
    }
    let (dir, path) = on_disk(CODEX_MONITOR);
    assert_eq!(
        settings_code(migrate(dir.path(), &codex_monitor(), &store, false).await.unwrap_err()),
        "settings.directory"
    );
    fs::hard_link(&path, dir.path().join("copy")).unwrap();
    assert_eq!(
        settings_code(migrate(&path, &codex_monitor(), &store, false).await.unwrap_err()),
        "settings.hard_links"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), CODEX_MONITOR);
    assert!(store.calls().is_empty());
}

#[tokio::test]
async fn a_symbolic_link_stays_one() {
    let (dir, real) = on_disk(CODEX_MONITOR);
    let link = dir.path().join("link.json");
    symlink("settings.json", &link).unwrap();
    migrate(&link, &codex_monitor(), &MemoryStore::new(), false).await.unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("settings.json"));
    assert_eq!((fs::read_to_string(&real).unwrap(), bits(&real)), (migrated(), 0o600));
}

#[test]
fn a_file_that_was_changed_after_reading_is_not_replaced() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    let read = SettingsFile::read(&path).unwrap();
    let code = || read.write(b"{}").unwrap_err().code();
    for other in [CODEX_MONITOR.replace("dark", "dusk"), format!("{CODEX_MONITOR} "), "{}".into(), String::new()] {
        fs::write(&path, &other).unwrap();
        assert_eq!(code(), "settings.changed");
        assert_eq!(fs::read_to_string(&path).unwrap(), other);
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(code(), "settings.changed");
    assert!(!path.exists());
    symlink("nowhere", &path).unwrap();
    assert_eq!(code(), "settings.changed");
    fs::remove_file(&path).unwrap();
    fs::write(&path, CODEX_MONITOR).unwrap();
    read.write(b"{}").unwrap();
    assert_eq!((fs::read(&path).unwrap(), bits(&path)), (b"{}".to_vec(), 0o600));
}

#[tokio::test]
async fn a_change_by_the_app_during_the_migration_is_kept() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    let changed = CODEX_MONITOR.replace("dark", "dusk");
    let (at, text) = (path.clone(), changed.clone());
    let store = MemoryStore::meddled(move |call| {
        if call == 4 {
            fs::write(&at, &text).unwrap();
        }
        Ok(())
    });
    migrate(&path, &codex_monitor(), &store, false).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), migrated().replace("dark", "dusk"));

    // An app that never stops writing wins, and its file is left to it.
    let (_dir, path) = on_disk(CODEX_MONITOR);
    let at = path.clone();
    let store = MemoryStore::meddled(move |call| {
        fs::write(&at, format!("{CODEX_MONITOR}{}", " ".repeat(call))).unwrap();
        Ok(())
    });
    let error = migrate(&path, &codex_monitor(), &store, false).await.unwrap_err();
    assert_eq!(settings_code(error), "settings.changed");
    assert!(fs::read_to_string(&path).unwrap().starts_with(CODEX_MONITOR));
}

#[tokio::test]
async fn a_token_that_the_app_changed_meanwhile_is_a_conflict_not_a_loss() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    let changed = CODEX_MONITOR.replace("\t\"made-up-daemon-token\"", "\t\"made-up-newer\"");
    let (at, text) = (path.clone(), changed.clone());
    let store = MemoryStore::meddled(move |call| {
        if call == 8 {
            fs::write(&at, &text).unwrap();
        }
        Ok(())
    });
    let error = migrate(&path, &codex_monitor(), &store, false).await.unwrap_err();
    assert!(matches!(error, MigrateError::Settings(SettingsError::Conflict { .. })), "{error:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), changed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_migrations_at_once_end_as_one() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    let store = Arc::new(MemoryStore::new());
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let (path, store) = (path.clone(), store.clone());
            tokio::spawn(async move { spawned(&path, codex_monitor(), store).await })
        })
        .collect();
    for run in runs {
        let report = run.await.unwrap().unwrap();
        assert_eq!(report.moved.len() + report.already.len(), 3);
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), migrated());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_the_file_meanwhile_finds_the_old_content_or_the_new() {
    let (_dir, path) = on_disk(CODEX_MONITOR);
    let (store, stop) = (MemoryStore::new(), Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let (at, over) = (path.clone(), stop.clone());
    let reader = std::thread::spawn(move || {
        let mut reads = 0;
        while !over.load(std::sync::atomic::Ordering::Relaxed) {
            let mut opened = fs::File::open(&at).unwrap();
            // A program that is interrupted between opening a file and reading it.
            std::thread::yield_now();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut opened, &mut text).unwrap();
            assert!(text == CODEX_MONITOR || text == migrated(), "{text:?}");
            reads += 1;
        }
        reads
    });
    for _ in 0..200 {
        fs::write(path.with_extension("new"), CODEX_MONITOR).unwrap();
        fs::rename(path.with_extension("new"), &path).unwrap();
        migrate(&path, &codex_monitor(), &store, false).await.unwrap();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(reader.join().unwrap() > 0);
}
