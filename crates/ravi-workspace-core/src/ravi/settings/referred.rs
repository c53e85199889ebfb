//! The places of an app's settings that hold references: what each leads to, and how it becomes a reference again.

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use tokio::time::timeout;
use zeroize::{Zeroize as _, Zeroizing};

use crate::Ravi;
use crate::error::{Error, ErrorBody, Kind, Result};
use crate::model::reference::{Reference, ReferenceError, SecretName};
use crate::ravi::vault::read_of;
use crate::vault::VaultError;
use crate::vault::settings::{Held, Place, Pointer, SettingsError, SettingsFile, Step, Unresolved, Value, pattern};

/// How long an app's start waits for Ravi; a window that does not appear is worse than a token that comes later.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take after that to find out what is remembered.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// A place that holds a reference.
pub(super) struct Referred {
    pub(super) pointer: Pointer,
    pub(super) name: Option<SecretName>,
    /// As it stands in the file.
    text: String,
    /// `None`: it was meant as a reference, but is not a valid one.
    reference: Option<Reference>,
    value: Result<SecretString, Nowhere>,
}

/// Why a reference leads to no value.
#[derive(Clone)]
struct Nowhere {
    reason: ErrorBody,
    kind: Kind,
}

impl From<&Error> for Nowhere {
    fn from(error: &Error) -> Nowhere {
        Nowhere { reason: error.body(), kind: error.kind() }
    }
}

impl Referred {
    /// Returns all references of a settings file; none leads to a value yet.
    pub(super) fn all_of(read: &SettingsFile, places: &[Place]) -> Result<Vec<Referred>> {
        let mut all = Vec::new();
        for slot in read.slots(places).map_err(VaultError::from)? {
            let (reference, error) = match slot.held {
                Held::Value(Value::Reference(reference)) => (Some(reference), Error::from(VaultError::Off)),
                Held::Malformed(source) => (None, malformed(read, &slot.pointer, source)),
                Held::Value(_) => continue,
            };
            let text = reference.as_ref().map_or_else(|| text_at(read, &slot.pointer), Reference::to_string);
            let (pointer, name) = (slot.pointer, slot.name);
            all.push(Referred { pointer, name, text, reference, value: Err((&error).into()) });
        }
        Ok(all)
    }

    /// Makes the reference for a value that was just put into the vault.
    pub(super) fn stored(pointer: Pointer, name: SecretName, reference: Reference, value: SecretString) -> Referred {
        let text = reference.to_string();
        Referred { pointer, name: Some(name), text, reference: Some(reference), value: Ok(value) }
    }

    pub(super) fn reference(&self) -> Option<&Reference> {
        self.reference.as_ref()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn value(&self) -> Option<&SecretString> {
        self.value.as_ref().ok()
    }

    /// Returns why it leads to no value.
    pub(super) fn failure(&self) -> Option<(&Pointer, ErrorBody, Kind)> {
        let Nowhere { reason, kind } = self.value.as_ref().err()?.clone();
        Some((&self.pointer, reason, kind))
    }

    /// Sets the value. A secret that is itself a reference leads nowhere: nobody could see where that would end.
    fn take(&mut self, file: &Path, value: SecretString) {
        self.value = match Reference::parse(value.expose_secret()) {
            None => Ok(value),
            Some(_) => {
                let (file, pointer) = (file.to_owned(), self.pointer.to_string());
                let error = VaultError::from(SettingsError::NestedReference { file, pointer });
                Err((&Error::from(error)).into())
            }
        };
    }

    pub(super) fn unresolved(&self) -> Option<Unresolved> {
        let (pointer, error, _) = self.failure()?;
        Some(Unresolved { pointer: pointer.to_string(), reference: self.text.clone(), error })
    }
}

fn malformed(read: &SettingsFile, pointer: &Pointer, source: ReferenceError) -> Error {
    let (file, pointer) = (read.path().to_owned(), pointer.to_string());
    VaultError::from(SettingsError::Reference { file, pointer, source }).into()
}

fn text_at(read: &SettingsFile, pointer: &Pointer) -> String {
    let json: Option<Json> = serde_json::from_str(read.text()).ok();
    let text = json.as_ref().and_then(|json| json.pointer(&pointer.to_string())?.as_str().map(str::to_owned));
    text.unwrap_or_default()
}

/// Resolves the references, with one call for all that are not at hand. A reference without a value records why.
pub(super) async fn resolve(ravi: &Ravi, file: &Path, referred: &mut [Referred]) {
    let mut wanted: Vec<(usize, SecretName)> = Vec::new();
    for (index, one) in referred.iter_mut().enumerate() {
        match &one.reference {
            Some(reference) if reference.identity().is_none() => wanted.push((index, reference.name().clone())),
            Some(reference) => {
                let error = VaultError::OtherIdentity { reference: reference.to_string() };
                one.value = Err((&Error::from(error)).into());
            }
            None => {}
        }
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !wanted.is_empty() {
        let names: Vec<&str> = wanted.iter().map(|(_, name)| name.as_str()).collect();
        let asked = tokio::time::timeout_at(deadline, ravi.secrets().get_all(&names)).await;
        let error = match asked.unwrap_or_else(|_| Err(VaultError::Slow { after: PATIENCE }.into())) {
            Ok(values) => {
                for ((index, _), value) in wanted.drain(..).zip(values) {
                    referred[index].take(file, value);
                }
                return;
            }
            Err(error) => error,
        };
        match error.downcast_ref() {
            // The others may exist.
            Some(VaultError::NoSecret { name, .. }) if wanted.iter().any(|(_, one)| one.as_str() == name) => {
                let missing = |(_, one): &mut (usize, SecretName)| one.as_str() == name;
                for (index, _) in wanted.extract_if(.., missing) {
                    referred[index].value = Err((&error).into());
                }
            }
            _ => return from_hand(ravi, file, referred, &wanted, &error).await,
        }
    }
}

/// Serves what is remembered of the references for which Ravi could not be asked.
async fn from_hand(ravi: &Ravi, file: &Path, referred: &mut [Referred], wanted: &[(usize, SecretName)], error: &Error) {
    let names: Vec<SecretName> = wanted.iter().map(|(_, name)| name.clone()).collect();
    let look = ravi.with_vault(async |vault| vault.at_hand(&names).await);
    let kept = match timeout(LAST_LOOK, look).await {
        Ok(Ok(kept)) => kept,
        _ => vec![None; names.len()],
    };
    for ((index, name), value) in wanted.iter().zip(kept) {
        // What is served is in the trail, or it is not served.
        referred[*index].value = match value {
            None => Err(error.into()),
            Some(value) => match ravi.note(read_of(name)).await {
                Ok(()) => {
                    referred[*index].take(file, value);
                    continue;
                }
                Err(unnoted) => Err((&unnoted).into()),
            },
        };
    }
}

/// Returns the same settings with references restored: for secrets that came through a reference and are unchanged, and
/// for references that led to no value and were left empty.
pub(super) fn in_references(file: &Path, places: &[Place], referred: &[Referred], mut value: Json) -> Result<Json> {
    let added = fill_absent(&mut value, places, referred)?;
    let text = Zeroizing::new(value.to_string());
    let slots = SettingsFile::from_bytes(file, text.as_bytes().to_vec()).and_then(|read| read.slots(places));
    for slot in slots.map_err(VaultError::from)? {
        let before = referred.iter().find(|old| is_same_place(old, &slot.name, &slot.pointer));
        let unchanged = match (&slot.held, before.map(Referred::value)) {
            (Held::Value(Value::Plain(now)), Some(Some(before))) => now.expose_secret() == before.expose_secret(),
            (Held::Value(Value::Empty), Some(None)) => true,
            _ => false,
        };
        let at = slot.pointer.to_string();
        if let (Some(before), true, Some(place)) = (before, unchanged, value.pointer_mut(&at)) {
            wipe(place);
            *place = Json::from(before.text.clone());
        }
        if let Held::Value(Value::Reference(given)) = &slot.held {
            let own = slot.name.as_ref().is_some_and(|name| *given == Reference::host(name.clone()));
            if !own && before.is_none_or(|before| before.reference.as_ref() != Some(given)) {
                return Err(
                    VaultError::from(SettingsError::ForeignReference { file: file.to_owned(), pointer: at }).into()
                );
            }
        }
    }
    take_out(&mut value, &added);
    Ok(value)
}

/// Adds a place for each reference that leads nowhere, because an app that leaves out `None` has none for them.
fn fill_absent(value: &mut Json, places: &[Place], referred: &[Referred]) -> Result<Vec<Pointer>> {
    let mut added = Vec::new();
    if referred.iter().all(|one| one.value.is_ok()) {
        return Ok(added);
    }
    for place in places {
        let steps = pattern(&place.pointer)
            .map_err(|source| VaultError::from(SettingsError::Pointer { pointer: place.pointer.clone(), source }))?;
        fill(value, &steps, &Pointer::default(), &mut added);
    }
    Ok(added)
}

fn fill(value: &mut Json, steps: &[Step], at: &Pointer, added: &mut Vec<Pointer>) {
    match (steps, value) {
        ([Step::Member(last)], Json::Object(members)) if !members.contains_key(last) => {
            members.insert(last.clone(), Json::Null);
            added.push(at.join(last));
        }
        ([Step::Member(next), rest @ ..], Json::Object(members)) => {
            if let Some(member) = members.get_mut(next) {
                fill(member, rest, &at.join(next), added);
            }
        }
        ([Step::Any, rest @ ..], Json::Object(members)) => {
            members.iter_mut().for_each(|(key, member)| fill(member, rest, &at.join(key), added));
        }
        ([Step::Any, rest @ ..], Json::Array(elements)) => {
            let numbered = elements.iter_mut().enumerate();
            numbered.for_each(|(index, element)| fill(element, rest, &at.join(&index.to_string()), added));
        }
        _ => {}
    }
}

/// Removes places that were added and that no reference needed.
fn take_out(value: &mut Json, added: &[Pointer]) {
    for pointer in added {
        let Some((last, parent)) = pointer.segments().split_last() else { continue };
        let parent = parent.iter().fold(Pointer::default(), |at, segment| at.join(segment)).to_string();
        if let Some(Json::Object(members)) = value.pointer_mut(&parent)
            && members.get(last) == Some(&Json::Null)
        {
            members.remove(last);
        }
    }
}

/// Whether two places are the same. Members of a list may have moved, and are recognised by the name that their id
/// gives.
pub(super) fn is_same_place(old: &Referred, name: &Option<SecretName>, pointer: &Pointer) -> bool {
    match (&old.name, name) {
        (Some(old), Some(name)) => old == name,
        _ => old.pointer == *pointer,
    }
}

/// Overwrites every string, because some may be secrets.
pub(super) fn wipe(value: &mut Json) {
    match value {
        Json::String(text) => text.zeroize(),
        Json::Array(elements) => elements.iter_mut().for_each(wipe),
        Json::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}
