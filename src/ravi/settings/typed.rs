//! [`Settings`]: an app's own settings type, read and written without its secrets ever lying on the disk.
//!
//! What the app loaded is remembered in the form it has in the file, with references in place of secrets. A save compares
//! with that, in that form: a secret that did not change is its reference again before anything is written; one that
//! changed is stored in the vault first.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use zeroize::{Zeroize as _, Zeroizing};

use crate::Ravi;
use crate::audit::{Action, Entry};
use crate::error::{Error, Result};
use crate::files::{self, FileError, Mode};
use crate::ravi::blocking::wait_for;
use crate::vault::VaultError;
use crate::vault::reference::{Reference, SecretName};
use crate::vault::settings::{Place, Pointer, SettingsError, SettingsFile, Slot, Value};

/// How often a save starts over because a program without our lock wrote the file meanwhile.
const ATTEMPTS: usize = 5;

/// An app's settings of any serde type, `serde_json::Value` included. Derefs to it.
///
/// ```no_run
/// # async fn example(ravi: tauri_plugin_ravi::Ravi) -> tauri_plugin_ravi::Result<()> {
/// use tauri_plugin_ravi::{Settings, vault::settings::preset};
///
/// let places = preset("codex-monitor").unwrap_or_default();
/// let mut settings = Settings::<serde_json::Value>::load(&ravi, "settings.json", places).await?;
/// settings["theme"] = "dark".into();
/// settings.save().await?; // the daemon's token is in `settings`, and a reference in the file
/// # Ok(())
/// # }
/// ```
pub struct Settings<T> {
    ravi: Ravi,
    file: PathBuf,
    places: Vec<Place>,
    value: T,
    /// What the app was given or wrote last, with references.
    base: Json,
    loaded: Vec<Loaded>,
}

/// A secret that came through a reference.
struct Loaded {
    pointer: Pointer,
    name: Option<SecretName>,
    reference: Reference,
    value: SecretString,
}

impl<T> fmt::Debug for Settings<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("file", &self.file).finish_non_exhaustive()
    }
}

impl<T> Deref for Settings<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Settings<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Serialize + DeserializeOwned> Settings<T> {
    /// Reads `file` and resolves the references at `places`, with one API call at most. References elsewhere stay text:
    /// whoever may change a setting must not be able to read any secret by that.
    ///
    /// # Errors
    /// The file cannot be read or is no such settings file (`settings.…`); a reference does not resolve: then the error
    /// names the place and has the code of the reason.
    pub async fn load(ravi: &Ravi, file: impl AsRef<Path>, places: Vec<Place>) -> Result<Settings<T>> {
        let file = file.as_ref().to_owned();
        let read = read(&file).await?;
        let loaded = resolve(ravi, &read, &places).await?;
        let plain: Vec<_> = loaded.iter().map(|one| (one.pointer.clone(), one.value.clone())).collect();
        let value = parse(&file, &read.resolved(&plain).map_err(VaultError::from)?)?;
        let base = in_references(&file, &places, &loaded, to_json(&file, &value)?)?;
        Ok(Settings { ravi: ravi.clone(), file, places, value, base, loaded })
    }

    /// Settings that no file holds yet; the first save writes one.
    pub fn new(ravi: &Ravi, file: impl AsRef<Path>, places: Vec<Place>, value: T) -> Settings<T> {
        let file = file.as_ref().to_owned();
        Settings { ravi: ravi.clone(), file, places, value, base: Json::Null, loaded: Vec::new() }
    }

    /// Writes what was changed since [`load`](Settings::load) or the last save. Keys that `T` does not know, changes that
    /// other processes made meanwhile, order and white space are kept. A secret that did not change is written as the
    /// reference it was; one that changed is stored in the vault first, under the name that the reference had. A save
    /// that changes nothing writes nothing and asks nobody.
    ///
    /// # Errors
    /// A changed secret cannot be stored; a value is a reference to another place's secret
    /// (`settings.foreign_reference`); the file cannot be written. The file is then as it was.
    pub async fn save(&mut self) -> Result<()> {
        let mut ours = in_references(&self.file, &self.places, &self.loaded, to_json(&self.file, &self.value)?)?;
        let _lock = self.ravi.lock_settings(&self.file).await?;
        let saved = self.write(&ours).await;
        let outcome = match saved {
            Ok(moved) => {
                self.loaded.retain(|old| !moved.iter().any(|new| is_same_place(old, &new.name, &new.pointer)));
                self.loaded.extend(moved);
                let now = to_json(&self.file, &self.value)?;
                self.base = in_references(&self.file, &self.places, &self.loaded, now)?;
                Ok(())
            }
            Err(e) => Err(e),
        };
        wipe(&mut ours);
        outcome
    }

    async fn write(&self, ours: &Json) -> Result<Vec<Loaded>> {
        let mut attempt = 1;
        loop {
            match self.write_once(ours).await {
                Err(Error::Vault(VaultError::Settings(SettingsError::File(FileError::Changed { .. }))))
                    if attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn write_once(&self, ours: &Json) -> Result<Vec<Loaded>> {
        let theirs = match read(&self.file).await {
            Err(Error::Vault(VaultError::Settings(SettingsError::File(FileError::NotFound { .. })))) => None,
            other => Some(other?),
        };
        let merged = match &theirs {
            Some(theirs) => theirs.merged(&self.base, ours),
            None => SettingsFile::from_bytes(&self.file, format!("{ours:#}\n").into_bytes()),
        };
        let merged = merged.map_err(VaultError::from)?;
        let moved = self.store(&merged).await?;
        let references: Vec<_> = moved.iter().map(|one| (one.pointer.clone(), one.reference.clone())).collect();
        let bytes = merged.replace(&references).map_err(VaultError::from)?;
        let file = self.file.clone();
        blocking(&self.file, move || match theirs {
            Some(theirs) if theirs.text().as_bytes() == bytes.as_slice() => Ok(()),
            Some(theirs) => theirs.write(&bytes),
            None => Ok(files::write_atomic(&file, &bytes, Mode::Exact(0o600))?),
        })
        .await?;
        Ok(moved)
    }

    /// Puts the plaintext values of `merged` into the vault, and answers what each is referred to by.
    async fn store(&self, merged: &SettingsFile) -> Result<Vec<Loaded>> {
        let slots = merged.slots(&self.places).map_err(VaultError::from)?;
        if !slots.iter().any(|slot| matches!(slot.value, Value::Plain(_))) {
            return Ok(Vec::new());
        }
        // Finds what has no name, or two values of one name.
        merged.find(&self.places).map_err(VaultError::from)?;
        let mut moved: Vec<Loaded> = Vec::new();
        for slot in &slots {
            let (Value::Plain(value), Some(name)) = (&slot.value, &slot.name) else { continue };
            let reference = Reference::host(self.target(slot, name, &slots));
            let (pointer, name) = (slot.pointer.clone(), Some(name.clone()));
            moved.push(Loaded { pointer, name, reference, value: value.clone() });
        }
        self.ravi
            .with_vault(async |vault| {
                for one in &moved {
                    let kept = vault.fetch(one.reference.name()).await?;
                    if kept.is_none_or(|kept| kept.expose_secret() != one.value.expose_secret()) {
                        let done = vault.set(one.reference.name(), &one.value).await;
                        let entry = Entry::done(Action::SecretSet).object(one.reference.name().as_str());
                        self.ravi.noted(entry.because("settings.save"), done).await?;
                    }
                }
                Ok(())
            })
            .await?;
        Ok(moved)
    }

    /// A changed value goes where its reference led, unless another place of the file refers to the same secret.
    fn target(&self, slot: &Slot, name: &SecretName, slots: &[Slot]) -> SecretName {
        let before = self.loaded.iter().find(|old| is_same_place(old, &slot.name, &slot.pointer));
        let Some(before) = before.map(|old| old.reference.name()) else { return name.clone() };
        let shared = slots.iter().any(|other| match &other.value {
            Value::Reference(reference) => reference.name() == before,
            _ => other.pointer != slot.pointer && other.name.as_ref() == Some(before),
        });
        if shared || self.loaded.iter().filter(|old| old.reference.name() == before).count() > 1 {
            return name.clone();
        }
        before.clone()
    }
}

/// For threads that may wait, such as the one that runs Tauri's `setup`. Inside a runtime use the async forms.
impl<T: Serialize + DeserializeOwned + Send> Settings<T> {
    /// [`load`](Settings::load), blocking.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn load_blocking(ravi: &Ravi, file: impl AsRef<Path>, places: Vec<Place>) -> Result<Settings<T>> {
        let file = file.as_ref();
        wait_for(move || Settings::load(ravi, file, places))
    }

    /// [`save`](Settings::save), blocking.
    ///
    /// # Errors
    /// Those of `save`.
    pub fn save_blocking(&mut self) -> Result<()> {
        wait_for(move || self.save())
    }
}

/// With one call for all references that are not at hand.
async fn resolve(ravi: &Ravi, read: &SettingsFile, places: &[Place]) -> Result<Vec<Loaded>> {
    let slots = read.slots(places).map_err(VaultError::from)?;
    let unresolved = |pointer: &Pointer, source: Error| {
        let (file, pointer) = (read.path().to_owned(), pointer.to_string());
        Error::from(VaultError::Unresolved { file, pointer, source: Box::new(source) })
    };
    let mut loaded = Vec::new();
    for Slot { pointer, name, value } in slots {
        let Value::Reference(reference) = value else { continue };
        if reference.identity().is_some() {
            let error = VaultError::OtherIdentity { reference: reference.to_string() };
            return Err(unresolved(&pointer, error.into()));
        }
        loaded.push(Loaded { pointer, name, reference, value: SecretString::default() });
    }
    let Some(first) = loaded.first() else { return Ok(loaded) };
    let names: Vec<&str> = loaded.iter().map(|one| one.reference.name().as_str()).collect();
    let values = ravi.secrets(&names).await.map_err(|error| {
        let missing = match &error {
            Error::Vault(VaultError::NoSecret { name, .. }) => names.iter().position(|one| one == name),
            _ => None,
        };
        unresolved(missing.map_or(&first.pointer, |index| &loaded[index].pointer), error)
    })?;
    for (one, value) in loaded.iter_mut().zip(values) {
        if Reference::parse(value.expose_secret()).is_some() {
            let (file, pointer) = (read.path().to_owned(), one.pointer.to_string());
            return Err(VaultError::from(SettingsError::NestedReference { file, pointer }).into());
        }
        one.value = value;
    }
    Ok(loaded)
}

/// The same settings with references in place of the secrets that were loaded through one and are unchanged.
fn in_references(file: &Path, places: &[Place], loaded: &[Loaded], mut value: Json) -> Result<Json> {
    let text = Zeroizing::new(value.to_string());
    let slots = SettingsFile::from_bytes(file, text.as_bytes().to_vec()).and_then(|read| read.slots(places));
    for slot in slots.map_err(VaultError::from)? {
        let before = loaded.iter().find(|old| is_same_place(old, &slot.name, &slot.pointer));
        match (&slot.value, before) {
            (Value::Plain(now), Some(before)) if now.expose_secret() == before.value.expose_secret() => {
                if let Some(place) = value.pointer_mut(&slot.pointer.to_string()) {
                    wipe(place);
                    *place = Json::from(before.reference.to_string());
                }
            }
            (Value::Reference(given), before) => {
                let own = slot.name.as_ref().is_some_and(|name| *given == Reference::host(name.clone()));
                if !own && before.is_none_or(|before| before.reference != *given) {
                    let (file, pointer) = (file.to_owned(), slot.pointer.to_string());
                    return Err(VaultError::from(SettingsError::ForeignReference { file, pointer }).into());
                }
            }
            _ => {}
        }
    }
    Ok(value)
}

/// Members of a list may have moved, and are told by the name that their id gives.
fn is_same_place(old: &Loaded, name: &Option<SecretName>, pointer: &Pointer) -> bool {
    match (&old.name, name) {
        (Some(old), Some(name)) => old == name,
        _ => old.pointer == *pointer,
    }
}

/// Reads the app's type. serde's own messages may repeat values, so they are not used.
fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let reason = match e.inner().to_string() {
            lacking if lacking.starts_with("missing field") => "a key that must be there is missing".to_owned(),
            unknown if unknown.starts_with("unknown field") => "a key is not known".to_owned(),
            range if range.starts_with("number out of range") => "the number is too large".to_owned(),
            _ => "the value has another type or form".to_owned(),
        };
        let at = e.path().to_string();
        VaultError::from(SettingsError::Shape { file: file.to_owned(), at, reason }).into()
    })
}

fn to_json<T: Serialize>(file: &Path, value: &T) -> Result<Json> {
    let reason = || "it cannot be written as JSON".to_owned();
    serde_json::to_value(value).map_err(|_| {
        let (file, at) = (file.to_owned(), ".".to_owned());
        VaultError::from(SettingsError::Shape { file, at, reason: reason() }).into()
    })
}

/// Overwrites every string; some may be secrets.
fn wipe(value: &mut Json) {
    match value {
        Json::String(text) => text.zeroize(),
        Json::Array(elements) => elements.iter_mut().for_each(wipe),
        Json::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}

async fn read(file: &Path) -> Result<SettingsFile> {
    let path = file.to_owned();
    blocking(file, move || SettingsFile::read(&path)).await
}

/// Work with files waits for disks; the async threads must not.
async fn blocking<V: Send + 'static>(
    file: &Path,
    work: impl FnOnce() -> Result<V, SettingsError> + Send + 'static,
) -> Result<V> {
    let interrupted = |_| VaultError::from(SettingsError::Interrupted { file: file.to_owned() });
    Ok(tokio::task::spawn_blocking(work).await.map_err(interrupted)?.map_err(VaultError::from)?)
}
