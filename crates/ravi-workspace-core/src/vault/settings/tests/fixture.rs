//! What several tests need: oddly written CodexMonitor files, and a vault in memory that fails on demand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use secrecy::{ExposeSecret, SecretString};

use crate::model::reference::{Reference, SecretName};
use crate::vault::settings::{Place, Pointer, SecretStore, SettingsFile};

/// Made-up tokens, in the order in which they appear in [`CODEX_MONITOR`].
pub const TOKENS: [&str; 3] = ["made-up-daemon-token", "made-up \"quoted\" t\u{f6}ken\n2", "made-up-daemon-token"];

/// A CodexMonitor settings file with every oddity that a JSON writer may have. `/theme` appears twice, which does not
/// matter here, since no secret is below it.
pub const CODEX_MONITOR: &str = concat!(
    "\r\n{\t\"theme\" : \"dark\",\"theme\":\"\\u0064ark\",\n",
    "  \"uiScale\": 1.0e+0 , \"big\":12345678901234567890, \"huge\": 1e400,\"tiny\":-0.0E-999,\n",
    "\t\"escaped\\/key~\" : { \"a/b\": [ ], \"m~n\":{}, \"\":null },\n",
    "  \"lone\": \"\\ud800\", \"emoji\": \"\\ud83d\\ude00 \u{1f600}\",\n",
    "  \"remoteBackendProvider\":\"tcp\",\"remoteBackendHost\":\"127.0.0.1:4732\",\n",
    "  \"remote\\u0042ackendToken\"  :\t\"made-up-daemon-token\" ,\n",
    "  \"remoteBackends\":[{\"id\":\"b4ck-\u{e9}nd.1\",\"name\":\"one\",\"provider\":\"tcp\",\"host\":\"h:1\",",
    "\"token\": \"made-up \\\"quoted\\\" t\\u00f6ken\\n2\",\"lastConnectedAtMs\":1767225600000},\n",
    "     {\"token\":null,\"id\":\"none\"},{\"id\":\"empty\",\"token\":\"\"},{\"id\":\"absent\"},\n",
    "\t{ \"token\":\"made-up-daemon-token\",\"host\":null,\"id\":\"c\" }],\n",
    "  \"activeRemoteBackendId\": \"c\",\n\n",
    "  \"workspaceGroups\": [[[]],{\"x\":[true , false,null]}] }\n\n \t",
);

/// [`CODEX_MONITOR`] after the migration: every other byte is unchanged.
pub fn migrated() -> String {
    CODEX_MONITOR
        .replace("\t\"made-up-daemon-token\"", "\t\"ravi://CODEX_MONITOR_DAEMON_TOKEN\"")
        .replace("\"made-up \\\"quoted\\\" t\\u00f6ken\\n2\"", "\"ravi://CODEX_MONITOR_BACKEND_TOKEN_B4CK__ND_1\"")
        .replace("\"made-up-daemon-token\"", "\"ravi://CODEX_MONITOR_BACKEND_TOKEN_C\"")
}

pub fn codex_monitor() -> Vec<Place> {
    crate::vault::settings::preset("codex-monitor").unwrap()
}

pub fn place(pointer: &str, secret: &str) -> Place {
    Place { pointer: pointer.into(), secret: secret.into() }
}

pub fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

pub fn host(name: &str) -> Reference {
    Reference::host(SecretName::parse(name).unwrap())
}

/// A file that is only in memory.
pub fn file(text: &str) -> SettingsFile {
    SettingsFile::from_bytes(Path::new("/made/up/settings.json"), text.as_bytes().to_vec()).unwrap()
}

/// A file on disk, in its own folder.
pub fn on_disk(bytes: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.json");
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the vault is out of order")]
pub struct OutOfOrder;

/// What a store does at its nth call, from 0.
pub type Meddle = Box<dyn Fn(usize) -> Result<(), OutOfOrder> + Send + Sync>;

pub struct MemoryStore {
    pub kept: Mutex<BTreeMap<String, String>>,
    pub calls: Mutex<Vec<String>>,
    pub meddle: Meddle,
}

impl MemoryStore {
    pub fn new() -> MemoryStore {
        MemoryStore::meddled(|_| Ok(()))
    }

    pub fn failing_at(call: usize) -> MemoryStore {
        MemoryStore::meddled(move |n| if n == call { Err(OutOfOrder) } else { Ok(()) })
    }

    pub fn meddled(meddle: impl Fn(usize) -> Result<(), OutOfOrder> + Send + Sync + 'static) -> MemoryStore {
        MemoryStore { kept: Mutex::default(), calls: Mutex::default(), meddle: Box::new(meddle) }
    }

    pub fn with(self, name: &str, value: &str) -> MemoryStore {
        self.kept.lock().unwrap().insert(name.into(), value.into());
        self
    }

    pub fn get(&self, name: &str) -> Option<String> {
        self.kept.lock().unwrap().get(name).cloned()
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn begin(&self, what: &str, name: &SecretName) -> Result<(), OutOfOrder> {
        let mut calls = self.calls.lock().unwrap();
        calls.push(format!("{what} {name}"));
        (self.meddle)(calls.len() - 1)
    }
}

impl SecretStore for MemoryStore {
    type Error = OutOfOrder;

    async fn read(&self, name: &SecretName) -> Result<Option<SecretString>, OutOfOrder> {
        self.begin("read", name)?;
        Ok(self.get(name.as_str()).map(SecretString::from))
    }

    async fn write(&self, name: &SecretName, value: &SecretString) -> Result<(), OutOfOrder> {
        self.begin("write", name)?;
        self.kept.lock().unwrap().insert(name.to_string(), value.expose_secret().to_owned());
        Ok(())
    }
}
