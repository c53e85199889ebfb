//! [`SettingsFile`]: one settings file as it was read, and the new bytes made from it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::Place;
use super::error::{JsonType, SettingsError};
use super::json::{self, Document, Hit, JsonError, Member, type_of};
use super::merge;
use super::pointer::{self, Pointer, Step};
use crate::machine::files::{self, FileError, Mode};
use crate::machine::os::Facts;
use crate::model::reference::{Reference, ReferenceError, SecretName};

/// The largest settings file that is read, in bytes.
pub const MAX_SIZE: usize = 16 * 1024 * 1024;

/// In a secret's name, stands for the `id` of the member matched by the innermost `*`; for a member of an object, for
/// its key.
const ID: &str = "<ID>";

/// A settings file as it was read. Its text holds secrets, so it is wiped when dropped and never shown.
pub struct SettingsFile {
    path: PathBuf,
    text: Zeroizing<String>,
}

impl fmt::Debug for SettingsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettingsFile").field("path", &self.path).field("bytes", &self.text.len()).finish()
    }
}

/// A string in a settings file.
#[derive(Debug)]
pub enum Value {
    /// A plaintext value.
    Plain(SecretString),
    /// A reference to a secret in the vault.
    Reference(Reference),
    /// `null` or the empty string: there is no secret.
    Empty,
}

/// A string at a place; it may look like a reference without being a valid one.
#[derive(Debug)]
pub enum Held {
    /// A valid string.
    Value(Value),
    /// It begins like a reference, but no secret can have such a name.
    Malformed(ReferenceError),
}

/// What is at the places that were searched. Each list is in the order of the file.
#[derive(Debug, Default)]
pub struct Findings {
    /// Plaintext values.
    pub plain: Vec<PlainValue>,
    /// References.
    pub references: Vec<Referenced>,
    /// Places that hold `null` or an empty string.
    pub empty: Vec<Pointer>,
}

/// A plaintext value, and the name it gets in the vault.
#[derive(Debug)]
pub struct PlainValue {
    /// Where it is.
    pub pointer: Pointer,
    /// Its name in the vault.
    pub secret: SecretName,
    /// The value.
    pub value: SecretString,
}

/// A reference that is already in the file.
#[derive(Debug)]
pub struct Referenced {
    /// Where it is.
    pub pointer: Pointer,
    /// What it refers to.
    pub reference: Reference,
}

/// A string at a place for secrets.
#[derive(Debug)]
pub struct Slot {
    /// Where it is.
    pub pointer: Pointer,
    /// Its name in the vault, if the place and the member's id give one.
    pub name: Option<SecretName>,
    /// What it holds.
    pub held: Held,
}

impl SettingsFile {
    /// Reads a file of at most [`MAX_SIZE`] bytes, following symbolic links, and checks that it is JSON nested at most
    /// [`MAX_DEPTH`](super::MAX_DEPTH) deep.
    pub fn read(path: &Path) -> Result<SettingsFile, SettingsError> {
        SettingsFile::from_bytes(path, files::read_bounded_following(path, MAX_SIZE)?)
    }

    pub(crate) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<SettingsFile, SettingsError> {
        let (path, bytes) = (path.to_owned(), Zeroizing::new(bytes));
        if bytes.starts_with("\u{feff}".as_bytes()) {
            return Err(SettingsError::Bom { file: path });
        }
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => Zeroizing::new(text.to_owned()),
            Err(e) => return Err(SettingsError::NotUtf8 { file: path, offset: e.valid_up_to() }),
        };
        let file = SettingsFile { path, text };
        file.document()?;
        Ok(file)
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is at `places`.
    ///
    /// # Errors
    /// None of the places exists; one holds something other than a string or `null`; a plaintext value has no usable
    /// name, or two have the same; a key on the way to a place appears twice.
    pub fn find(&self, places: &[Place]) -> Result<Findings, SettingsError> {
        let mut malformed = None;
        let found = self.find_well_formed(places, |error| malformed = malformed.take().or(Some(error)))?;
        malformed.map_or(Ok(found), Err)
    }

    /// Checks for values without a usable name, and for two values of the same name. A malformed reference is neither.
    pub(crate) fn check_names(&self, places: &[Place]) -> Result<(), SettingsError> {
        self.find_well_formed(places, |_| {}).map(drop)
    }

    fn find_well_formed(
        &self,
        places: &[Place],
        mut malformed: impl FnMut(SettingsError),
    ) -> Result<Findings, SettingsError> {
        if places.is_empty() {
            return Err(SettingsError::NoPlaces { file: self.path.clone() });
        }
        let queries = places.iter().map(query).collect::<Result<Vec<_>, _>>()?;
        let document = self.document()?;
        let hits = document.find(&queries).map_err(|e| self.explain(e))?;
        if hits.is_empty() {
            let pointers = places.iter().map(|place| place.pointer.clone()).collect();
            return Err(SettingsError::NothingToMigrate { file: self.path.clone(), pointers });
        }
        let mut names = Names::default();
        let mut found = Findings::default();
        for hit in hits {
            let value = match self.string(&hit.pointer, hit.raw) {
                Err(error @ SettingsError::Reference { .. }) => {
                    malformed(error);
                    continue;
                }
                value => value?,
            };
            match value {
                Value::Plain(value) => {
                    let secret = self.name(&document, &places[hit.query], &hit)?;
                    if names.take(self, &hit.pointer, &secret)? {
                        found.plain.push(PlainValue { pointer: hit.pointer, secret, value });
                    }
                }
                Value::Reference(_) | Value::Empty if !names.first_visit(&hit.pointer) => {}
                Value::Reference(reference) => found.references.push(Referenced { pointer: hit.pointer, reference }),
                Value::Empty => found.empty.push(hit.pointer),
            }
        }
        Ok(found)
    }

    /// The strings at `places`, in the order of the file, and the name that each has in the vault, if it can have one.
    ///
    /// # Errors
    /// A place holds something other than a string or `null`; a key on the way appears twice.
    pub(crate) fn slots(&self, places: &[Place]) -> Result<Vec<Slot>, SettingsError> {
        let queries = places.iter().map(query).collect::<Result<Vec<_>, _>>()?;
        let document = self.document()?;
        let mut seen = HashSet::new();
        let mut slots = Vec::new();
        for hit in document.find(&queries).map_err(|e| self.explain(e))? {
            if seen.insert(hit.pointer.clone()) {
                let name = self.name(&document, &places[hit.query], &hit).ok();
                let held = match self.string(&hit.pointer, hit.raw) {
                    Err(SettingsError::Reference { source, .. }) => Held::Malformed(source),
                    value => Held::Value(value?),
                };
                slots.push(Slot { held, pointer: hit.pointer, name });
            }
        }
        Ok(slots)
    }

    /// The text with the changes from `base` to `ours` applied, as a file at the same path.
    pub(crate) fn merged(
        &self,
        base: &serde_json::Value,
        ours: &serde_json::Value,
    ) -> Result<SettingsFile, SettingsError> {
        let merged = merge::merge(&self.text, base, ours).map_err(|e| self.explain(e))?;
        SettingsFile::from_bytes(&self.path, merged.as_bytes().to_vec())
    }

    /// The text, secrets included.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The string at one place.
    ///
    /// # Errors
    /// Nothing is there (kind not found); it is neither a string nor `null`; a key on the way appears twice.
    pub fn value(&self, pointer: &Pointer) -> Result<Value, SettingsError> {
        let hits = self.document()?.find(&[pointer::concrete(pointer)]).map_err(|e| self.explain(e))?;
        match hits.first() {
            Some(hit) => self.string(pointer, hit.raw),
            None => Err(SettingsError::Missing { file: self.path.clone(), pointer: pointer.to_string() }),
        }
    }

    /// The bytes of the file with the strings at some places replaced by references. All other bytes stay.
    ///
    /// # Errors
    /// As [`value`](SettingsFile::value); one place is named twice.
    pub fn replace(&self, replacements: &[(Pointer, Reference)]) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
        let strings: Vec<_> =
            replacements.iter().map(|(pointer, reference)| (pointer.clone(), Some(reference.to_string()))).collect();
        self.with_strings(&strings)
    }

    /// The text with the references at some places replaced by what they lead to, or by `null` if that is not known.
    pub(crate) fn resolved(
        &self,
        values: &[(Pointer, Option<SecretString>)],
    ) -> Result<Zeroizing<String>, SettingsError> {
        let exposed = |value: &'_ Option<SecretString>| value.as_ref().map(|value| value.expose_secret().to_owned());
        let strings: Vec<_> =
            values.iter().map(|(pointer, value)| (pointer.clone(), exposed(value).map(Zeroizing::new))).collect();
        let bytes = self.with_strings(&strings)?;
        let text = std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned()));
        text.map_err(|e| SettingsError::NotUtf8 { file: self.path.clone(), offset: e.valid_up_to() })
    }

    /// The bytes with the strings at some places replaced by others, or by `null`.
    fn with_strings<S: AsRef<str>>(
        &self,
        strings: &[(Pointer, Option<S>)],
    ) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
        let queries: Vec<_> = strings.iter().map(|(pointer, _)| pointer::concrete(pointer)).collect();
        let document = self.document()?;
        let hits = document.find(&queries).map_err(|e| self.explain(e))?;
        self.check_each_once(strings, &hits)?;
        // Room for everything at once: a growing buffer would leave copies in freed memory.
        let room =
            strings.iter().flat_map(|(_, string)| string).map(|string| 6 * string.as_ref().len() + 4).sum::<usize>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.text.len() + room));
        let mut copied = 0;
        // In the order of the file; strings do not contain each other, so the spans follow one another.
        for hit in &hits {
            if type_of(hit.raw) != JsonType::String {
                return Err(self.wrong_type(&hit.pointer, hit.raw));
            }
            let span = document.span(hit.raw);
            bytes.extend_from_slice(&self.text.as_bytes()[copied..span.start]);
            let string = strings[hit.query].1.as_ref().map(|string| string.as_ref());
            let string = serde_json::to_string(&string).map(Zeroizing::new);
            let string = string.expect("a string"); // cannot fail: every string can be written as JSON
            bytes.extend_from_slice(string.as_bytes());
            copied = span.end;
        }
        bytes.extend_from_slice(&self.text.as_bytes()[copied..]);
        Ok(bytes)
    }

    /// Replaces the file on disk in one step, with mode 0600. A symbolic link stays, and its target is replaced.
    ///
    /// The old content is not overwritten: a program that has just opened the file is still reading it, and would find
    /// zeros. Its blocks remain until the disk reuses them; on flash or a copy-on-write file system, overwriting would
    /// not remove them anyway.
    ///
    /// # Errors
    /// The file is no longer as it was read (`settings.changed`); it has further names, under which the old content
    /// would stay; the system refuses.
    pub fn write(&self, bytes: &[u8]) -> Result<(), SettingsError> {
        self.check_links()?;
        match files::write_if_unchanged(&self.path, self.text.as_bytes(), bytes, Mode::Exact(0o600)) {
            // It existed when it was read.
            Err(FileError::NotFound { path }) => Err(FileError::Changed { path }.into()),
            other => Ok(other?),
        }
    }

    /// Refuses a file that has further names on disk: replacing it under one name would leave the secrets under the
    /// others.
    pub fn check_links(&self) -> Result<(), SettingsError> {
        match Facts::of(&self.path) {
            Ok(facts) if facts.names() > 1 => {
                Err(SettingsError::HardLinks { file: self.path.clone(), names: facts.names() })
            }
            // If the file cannot be examined, the write itself reports that.
            _ => Ok(()),
        }
    }

    fn document(&self) -> Result<Document<'_>, SettingsError> {
        Document::parse(&self.text).map_err(|e| self.explain(e))
    }

    fn explain(&self, error: JsonError) -> SettingsError {
        let file = self.path.clone();
        match error {
            JsonError::Syntax { offset, reason } => {
                let (line, column) = json::position(&self.text, offset);
                SettingsError::NotJson { file, line, column, reason }
            }
            JsonError::TooDeep => SettingsError::TooDeep { file, limit: json::MAX_DEPTH },
            JsonError::DuplicateKey(pointer) => SettingsError::DuplicateKey { file, pointer: pointer.to_string() },
        }
    }

    fn string(&self, pointer: &Pointer, raw: &RawValue) -> Result<Value, SettingsError> {
        match type_of(raw) {
            JsonType::Null => return Ok(Value::Empty),
            JsonType::String => {}
            _ => return Err(self.wrong_type(pointer, raw)),
        }
        let (file, pointer) = (|| self.path.clone(), || pointer.to_string());
        let text: Zeroizing<String> = match serde_json::from_str(raw.get()) {
            Ok(text) => Zeroizing::new(text),
            Err(_) => return Err(SettingsError::NotText { file: file(), pointer: pointer() }),
        };
        match Reference::parse(&text) {
            _ if text.is_empty() => Ok(Value::Empty),
            None => Ok(Value::Plain(SecretString::from(text.as_str()))),
            Some(Ok(reference)) => Ok(Value::Reference(reference)),
            Some(Err(source)) => Err(SettingsError::Reference { file: file(), pointer: pointer(), source }),
        }
    }

    fn wrong_type(&self, pointer: &Pointer, raw: &RawValue) -> SettingsError {
        SettingsError::WrongType { file: self.path.clone(), pointer: pointer.to_string(), found: type_of(raw) }
    }

    fn name(&self, document: &Document<'_>, place: &Place, hit: &Hit<'_>) -> Result<SecretName, SettingsError> {
        let name = match (&hit.member, place.secret.contains(ID)) {
            (Some(member), true) => place.secret.replace(ID, &sanitized(&self.id(document, member)?)),
            _ => place.secret.clone(),
        };
        SecretName::parse(&name).map_err(|source| SettingsError::Name { pointer: hit.pointer.to_string(), source })
    }

    fn id(&self, document: &Document<'_>, member: &Member<'_>) -> Result<String, SettingsError> {
        let (pointer, raw) = match member {
            Member::Entry(key) => return Ok(key.clone()),
            Member::Element { pointer, raw } => (pointer, raw),
        };
        let no_id = || SettingsError::NoId { file: self.path.clone(), pointer: pointer.to_string() };
        let ids = document.sub(raw).find(&[vec![Step::Member("id".into())]]).map_err(|e| match e {
            JsonError::DuplicateKey(_) => {
                let pointer = pointer.join("id").to_string();
                SettingsError::DuplicateKey { file: self.path.clone(), pointer }
            }
            other => self.explain(other),
        })?;
        let id: Option<String> = ids.first().and_then(|hit| serde_json::from_str(hit.raw.get()).ok());
        id.filter(|id| !id.is_empty()).ok_or_else(no_id)
    }

    fn check_each_once<S>(&self, wanted: &[(Pointer, S)], hits: &[Hit<'_>]) -> Result<(), SettingsError> {
        let mut seen = HashSet::new();
        let met: HashSet<_> = hits.iter().map(|hit| hit.query).collect();
        for (index, (pointer, _)) in wanted.iter().enumerate() {
            let (file, at) = (self.path.clone(), pointer.to_string());
            if !seen.insert(pointer) {
                return Err(SettingsError::ReplacedTwice { file, pointer: at });
            }
            if !met.contains(&index) {
                return Err(SettingsError::Missing { file, pointer: at });
            }
        }
        Ok(())
    }
}

/// The path by which the ledger knows a file, the same whichever way it was named. For a file that was deleted, the
/// real path of its folder is used.
pub fn real_path(file: &Path) -> Result<String, SettingsError> {
    let real = match std::fs::canonicalize(file) {
        Ok(real) => Ok(real),
        Err(e) => match (e.kind(), file.parent(), file.file_name()) {
            (std::io::ErrorKind::NotFound, Some(parent), Some(name)) => {
                let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                std::fs::canonicalize(parent).map(|parent| parent.join(name))
            }
            _ => Err(e),
        },
    };
    let real = real.map_err(|e| FileError::from_io(file, "resolve", e))?;
    Ok(real.to_string_lossy().into_owned())
}

/// Checks a place as far as possible without a file.
fn query(place: &Place) -> Result<Vec<Step>, SettingsError> {
    let pointer = || place.pointer.clone();
    let steps =
        pointer::pattern(&place.pointer).map_err(|source| SettingsError::Pointer { pointer: pointer(), source })?;
    if place.secret.contains(ID) && !steps.contains(&Step::Any) {
        return Err(SettingsError::IdWithoutMember { pointer: pointer() });
    }
    SecretName::parse(&place.secret.replace(ID, "X"))
        .map_err(|source| SettingsError::Name { pointer: pointer(), source })?;
    Ok(steps)
}

/// An id as part of a secret's name. Different ids may become the same; that is detected where names are compared.
fn sanitized(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Which value has which name.
#[derive(Default)]
struct Names {
    by_pointer: HashMap<Pointer, Option<SecretName>>,
    by_name: HashMap<SecretName, Pointer>,
}

impl Names {
    fn first_visit(&mut self, pointer: &Pointer) -> bool {
        self.by_pointer.insert(pointer.clone(), None).is_none()
    }

    /// Records a name. `false` if two places led to the same value and agree on its name.
    fn take(&mut self, file: &SettingsFile, pointer: &Pointer, secret: &SecretName) -> Result<bool, SettingsError> {
        match self.by_pointer.insert(pointer.clone(), Some(secret.clone())).flatten() {
            Some(first) if first == *secret => return Ok(false),
            Some(first) => {
                let (pointer, second) = (pointer.to_string(), secret.clone());
                return Err(SettingsError::TwoNames { file: file.path.clone(), pointer, first, second });
            }
            None => {}
        }
        match self.by_name.insert(secret.clone(), pointer.clone()) {
            None => Ok(true),
            Some(first) => Err(SettingsError::SameName {
                file: file.path.clone(),
                secret: secret.clone(),
                first: first.to_string(),
                second: pointer.to_string(),
            }),
        }
    }
}
