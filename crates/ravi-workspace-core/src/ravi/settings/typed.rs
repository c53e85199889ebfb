//! [`Settings`]: an app's own settings type, read and written without its secrets ever being on the disk.
//!
//! What the app loaded is remembered in the form that it has in the file, with references in place of secrets. A save
//! compares in that form: an unchanged secret becomes its reference again before anything is written; a changed one is
//! stored in the vault first. A reference is never a value: if it leads to none, the app has nothing there.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::referred::{Referred, in_references, is_same_place, resolve, wipe};
use crate::Ravi;
use crate::account::AccountError;
use crate::audit::{Action, Entry};
use crate::error::{Error, Kind, Result};
use crate::machine::files::{self, FileError, Mode};
use crate::model::reference::{Reference, SecretName};
use crate::vault::VaultError;
use crate::vault::settings::{Held, Place, SettingsError, SettingsFile, Slot, Unresolved, Value};

/// How often a save starts over because a program without our lock wrote the file in the meantime.
const ATTEMPTS: usize = 5;

/// An app's settings of any serde type, `serde_json::Value` included. Derefs to it.
///
/// ```no_run
/// # async fn example(ravi: ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
/// use ravi_workspace_core::{Settings, vault::settings::preset};
///
/// let places = preset("codex-monitor").unwrap_or_default();
/// let mut settings = Settings::<serde_json::Value>::load(&ravi, "settings.json", places).await?;
/// settings["theme"] = "dark".into();
/// settings.save().await?; // the daemon's token is in `settings`, and a reference in the file
/// # Ok(())
/// # }
/// ```
pub struct Settings<T> {
    /// `None`: the app does not use Ravi now.
    ravi: Option<Ravi>,
    file: PathBuf,
    places: Vec<Place>,
    value: T,
    /// What the app was given or last wrote, with references.
    base: Json,
    referred: Vec<Referred>,
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

impl<T> Settings<T> {
    /// Returns the bare settings, for an app that keeps them in a place of its own.
    pub fn into_value(self) -> T {
        self.value
    }

    /// Whether they were read without Ravi; see [`offline`](Settings::offline).
    pub fn is_offline(&self) -> bool {
        self.ravi.is_none()
    }

    /// Returns every place that holds a reference in the file, whether or not it leads to a value: pointer, and the
    /// text there.
    pub fn references(&self) -> Vec<(String, String)> {
        self.referred.iter().map(|one| (one.pointer.to_string(), one.text().to_owned())).collect()
    }

    /// Returns the places whose reference leads to no value now: Ravi is out of reach and nothing is remembered, nobody
    /// is signed in, or the secret was deleted.
    ///
    /// In memory they are `null`; a save keeps the references.
    pub fn unresolved(&self) -> Vec<Unresolved> {
        self.referred.iter().filter_map(Referred::unresolved).collect()
    }
}

impl<T: Serialize + DeserializeOwned> Settings<T> {
    /// Reads `file` and resolves the references at `places`, with at most one API call and within about 5 s.
    ///
    /// References elsewhere stay text: being able to change a setting must not mean being able to read any secret. A
    /// reference that leads to no value now is `null`, never its text, and is listed by
    /// [`unresolved`](Settings::unresolved).
    ///
    /// # Errors
    /// The file cannot be read or is not such a settings file (`settings.…`); a reference leads to no value that `T`
    /// requires: the error then names the place and has the code of the reason.
    pub async fn load(ravi: &Ravi, file: impl AsRef<Path>, places: Vec<Place>) -> Result<Settings<T>> {
        let file = file.as_ref();
        let referred = read(file).await?;
        Settings::of(Some(ravi), file, places, referred).await
    }

    /// Like [`load`](Settings::load), for settings that the app has read by itself: after its own defaults, migrations
    /// and repairs, with references still in place.
    ///
    /// The file is not read.
    ///
    /// # Errors
    /// Those of `load`.
    pub async fn resolve(ravi: &Ravi, file: impl AsRef<Path>, places: Vec<Place>, value: T) -> Result<Settings<T>> {
        let read = as_file(file.as_ref(), &value)?;
        Settings::of(Some(ravi), file.as_ref(), places, read).await
    }

    /// Like [`resolve`](Settings::resolve), for an app that does not use Ravi now: every reference leads nowhere, and a
    /// save keeps it.
    ///
    /// Other values, secrets included, are written as the app has them.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn offline(file: impl AsRef<Path>, places: Vec<Place>, value: T) -> Result<Settings<T>> {
        let (file, read) = (file.as_ref(), as_file(file.as_ref(), &value)?);
        let referred = Referred::all_of(&read, &places)?;
        Settings::put_together(None, file, places, &read, referred)
    }

    /// Makes settings that no file holds yet; the first save writes one.
    pub fn new(ravi: &Ravi, file: impl AsRef<Path>, places: Vec<Place>, value: T) -> Settings<T> {
        let file = file.as_ref().to_owned();
        Settings { ravi: Some(ravi.clone()), file, places, value, base: Json::Null, referred: Vec::new() }
    }

    async fn of(ravi: Option<&Ravi>, file: &Path, places: Vec<Place>, read: SettingsFile) -> Result<Settings<T>> {
        let mut referred = Referred::all_of(&read, &places)?;
        if let Some(ravi) = ravi {
            resolve(ravi, file, &mut referred).await;
        }
        Settings::put_together(ravi, file, places, &read, referred)
    }

    fn put_together(
        ravi: Option<&Ravi>,
        file: &Path,
        places: Vec<Place>,
        read: &SettingsFile,
        referred: Vec<Referred>,
    ) -> Result<Settings<T>> {
        let plain: Vec<_> = referred.iter().map(|one| (one.pointer.clone(), one.value().cloned())).collect();
        let text = read.resolved(&plain).map_err(VaultError::from)?;
        // A type that requires the secret has no form without it; the reason is then why there is none.
        let value = parse(file, &text).map_err(|shape| match referred.iter().find_map(Referred::failure) {
            Some((pointer, reason, kind)) => {
                let (file, pointer) = (file.to_owned(), pointer.to_string());
                VaultError::Unresolved { file, pointer, reason: Box::new(reason), kind }.into()
            }
            None => shape,
        })?;
        let base = in_references(file, &places, &referred, to_json(file, &value)?)?;
        Ok(Settings { ravi: ravi.cloned(), file: file.to_owned(), places, value, base, referred })
    }

    /// Writes what has changed since [`load`](Settings::load) or the last save.
    ///
    /// It keeps keys that `T` does not know, changes that other processes have made, order and white space. An
    /// unchanged secret is written as the reference it was; a changed one is first stored in the vault, under the name
    /// in the reference. Plaintext already in the file is moved into the vault on the way; if that is not possible now,
    /// it stays as it is. A save that changes nothing writes nothing and asks nobody.
    ///
    /// # Errors
    /// A changed secret cannot be stored; a value is a reference to another place's secret
    /// (`settings.foreign_reference`); the file cannot be written. The file is then as it was.
    pub async fn save(&mut self) -> Result<()> {
        let mut ours = in_references(&self.file, &self.places, &self.referred, to_json(&self.file, &self.value)?)?;
        let outcome = self.write_changes(&ours).await;
        wipe(&mut ours);
        let moved = outcome?;
        self.referred.retain(|old| !moved.iter().any(|new| is_same_place(old, &new.name, &new.pointer)));
        self.referred.extend(moved);
        let now = to_json(&self.file, &self.value)?;
        self.base = in_references(&self.file, &self.places, &self.referred, now)?;
        Ok(())
    }

    async fn write_changes(&self, ours: &Json) -> Result<Vec<Referred>> {
        let _lock = match &self.ravi {
            Some(ravi) => Some(ravi.lock_settings(&self.file).await?),
            None => None,
        };
        let mut attempt = 1;
        loop {
            match self.write_once(ours).await {
                Err(error) if attempt < ATTEMPTS && has_changed(&error) => {
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn write_once(&self, ours: &Json) -> Result<Vec<Referred>> {
        let theirs = match read(&self.file).await {
            Err(error) if is_absent(&error) => None,
            other => Some(other?),
        };
        let merged = match &theirs {
            Some(theirs) => theirs.merged(&self.base, ours),
            None => SettingsFile::from_bytes(&self.file, format!("{ours:#}\n").into_bytes()),
        };
        let merged = merged.map_err(VaultError::from)?;
        let moved = self.store(&merged, theirs.as_ref()).await?;
        let references: Vec<_> =
            moved.iter().filter_map(|one| Some((one.pointer.clone(), one.reference()?.clone()))).collect();
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

    /// Puts the plaintext values of `merged` into the vault, and returns their references.
    async fn store(&self, merged: &SettingsFile, theirs: Option<&SettingsFile>) -> Result<Vec<Referred>> {
        let Some(ravi) = &self.ravi else { return Ok(Vec::new()) };
        let slots = merged.slots(&self.places).map_err(VaultError::from)?;
        if !slots.iter().any(|slot| matches!(slot.held, Held::Value(Value::Plain(_)))) {
            return Ok(Vec::new());
        }
        // Finds a value without a name, or two values with one name.
        merged.check_names(&self.places).map_err(VaultError::from)?;
        let mut moved: Vec<Referred> = Vec::new();
        for slot in &slots {
            let (Held::Value(Value::Plain(value)), Some(name)) = (&slot.held, &slot.name) else { continue };
            let reference = Reference::host(self.target(slot, name, &slots));
            moved.push(Referred::stored(slot.pointer.clone(), name.clone(), reference, value.clone()));
        }
        match put(ravi, &moved).await {
            // The person changed something else, and must be able to.
            Err(error) if may_wait(&error) && self.has_all(theirs, &moved)? => {
                ravi.warn(error);
                Ok(Vec::new())
            }
            done => done.map(|()| moved),
        }
    }

    /// Whether the file on the disk already has all these values in plaintext.
    fn has_all(&self, theirs: Option<&SettingsFile>, moved: &[Referred]) -> Result<bool> {
        let Some(theirs) = theirs else { return Ok(false) };
        let slots = theirs.slots(&self.places).map_err(VaultError::from)?;
        let is_there = |one: &Referred| {
            slots.iter().any(|slot| match &slot.held {
                Held::Value(Value::Plain(there)) => {
                    is_same_place(one, &slot.name, &slot.pointer)
                        && one.value().is_some_and(|value| value.expose_secret() == there.expose_secret())
                }
                _ => false,
            })
        };
        Ok(moved.iter().all(is_there))
    }

    /// Returns where a changed value goes: where its reference led, unless another place of the file refers to the same
    /// secret.
    fn target(&self, slot: &Slot, name: &SecretName, slots: &[Slot]) -> SecretName {
        let before = self.referred.iter().find(|old| is_same_place(old, &slot.name, &slot.pointer));
        let Some(before) = before.and_then(Referred::reference).map(Reference::name) else { return name.clone() };
        let shared = slots.iter().any(|other| match &other.held {
            Held::Value(Value::Reference(reference)) => reference.name() == before,
            _ => other.pointer != slot.pointer && other.name.as_ref() == Some(before),
        });
        let names = self.referred.iter().filter_map(Referred::reference).map(Reference::name);
        if shared || names.filter(|name| *name == before).count() > 1 {
            return name.clone();
        }
        before.clone()
    }
}

/// For threads that may wait, such as the one that runs Tauri's `setup`, inside or outside a runtime.
impl<T: Serialize + DeserializeOwned + Send> Settings<T> {
    /// [`load`](Settings::load), blocking.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn load_blocking(ravi: &Ravi, file: impl AsRef<Path>, places: Vec<Place>) -> Result<Settings<T>> {
        let (file, kept) = (file.as_ref(), ravi.clone());
        let loaded = ravi.wait_for(async move |ravi| Settings::load(ravi, file, places).await);
        loaded.map(|settings| Settings { ravi: Some(kept), ..settings })
    }

    /// [`resolve`](Settings::resolve), blocking.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn resolve_blocking(ravi: &Ravi, file: impl AsRef<Path>, places: Vec<Place>, value: T) -> Result<Settings<T>> {
        let (file, kept) = (file.as_ref(), ravi.clone());
        let resolved = ravi.wait_for(async move |ravi| Settings::resolve(ravi, file, places, value).await);
        resolved.map(|settings| Settings { ravi: Some(kept), ..settings })
    }

    /// [`save`](Settings::save), blocking.
    ///
    /// # Errors
    /// Those of `save`.
    pub fn save_blocking(&mut self) -> Result<()> {
        let kept = self.ravi.clone();
        let saved = crate::ravi::blocking::wait_for(kept.as_ref(), async |apart| {
            self.ravi = apart.cloned();
            self.save().await
        });
        self.ravi = kept;
        saved
    }
}

async fn put(ravi: &Ravi, moved: &[Referred]) -> Result<()> {
    ravi.with_vault(async |vault| {
        for one in moved {
            let (Some(reference), Some(value)) = (one.reference(), one.value()) else { continue };
            let kept = vault.fetch(reference.name()).await?;
            if kept.is_none_or(|kept| kept.expose_secret() != value.expose_secret()) {
                let done = vault.set(reference.name(), value).await;
                let entry = Entry::done(Action::SecretSet).object(reference.name().as_str());
                ravi.noted(entry.because("settings.save"), done).await?;
            }
        }
        Ok(())
    })
    .await
}

fn has_changed(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(VaultError::Settings(SettingsError::File(FileError::Changed { .. }))))
}

fn is_absent(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(VaultError::Settings(SettingsError::File(FileError::NotFound { .. }))))
}

/// Whether the vault may accept later what it cannot accept now.
fn may_wait(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(AccountError::NotSignedIn { .. })) || error.kind() == Kind::Unreachable
}

/// Parses the app's type. serde's own messages may repeat values, so they are not used.
fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let reason = match e.inner().to_string() {
            lacking if lacking.starts_with("missing field") => "a required key is missing".to_owned(),
            unknown if unknown.starts_with("unknown field") => "a key is unknown".to_owned(),
            range if range.starts_with("number out of range") => "the number is too large".to_owned(),
            _ => "the value has the wrong type or form".to_owned(),
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

/// Returns settings as they would stand in the file.
fn as_file<T: Serialize>(file: &Path, value: &T) -> Result<SettingsFile> {
    let mut json = to_json(file, value)?;
    let read = SettingsFile::from_bytes(file, json.to_string().into_bytes());
    wipe(&mut json);
    Ok(read.map_err(VaultError::from)?)
}

async fn read(file: &Path) -> Result<SettingsFile> {
    let path = file.to_owned();
    blocking(file, move || SettingsFile::read(&path)).await
}

/// Runs work with files, which waits for disks, off the async threads.
async fn blocking<V: Send + 'static>(
    file: &Path,
    work: impl FnOnce() -> Result<V, SettingsError> + Send + 'static,
) -> Result<V> {
    let interrupted = |_| VaultError::from(SettingsError::Interrupted { file: file.to_owned() });
    Ok(crate::machine::blocking::blocking(work).await.map_err(interrupted)?.map_err(VaultError::from)?)
}
