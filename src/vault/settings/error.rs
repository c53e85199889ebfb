//! What can be wrong with a settings file, or with the places named in it.
//!
//! No variant holds a value of the file: pointers and names of secrets only, printed with control characters escaped.

use std::fmt;
use std::path::PathBuf;

use super::pointer::PointerError;
use crate::error::{Explain, Kind};
use crate::files::FileError;
use crate::vault::reference::{ReferenceError, SecretName, SecretNameError};

/// The types of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean,
    /// A number of any size.
    Number,
    /// A string.
    String,
    /// `[…]`
    Array,
    /// `{…}`
    Object,
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JsonType::Null => "null",
            JsonType::Boolean => "a boolean",
            JsonType::Number => "a number",
            JsonType::String => "a string",
            JsonType::Array => "an array",
            JsonType::Object => "an object",
        })
    }
}

/// A settings file that could not be read, understood or replaced. The file is then as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "fields are `file`, the path as given, and JSON pointers into it")]
pub enum SettingsError {
    /// The file itself: missing, a directory, unreadable, too large, changed meanwhile, …
    #[error(transparent)]
    File(#[from] FileError),
    /// Line and column count from 1; the column counts bytes and is that of the last one read.
    #[error("{} is not JSON: line {line}, column {column}: {reason}", file.display())]
    NotJson { file: PathBuf, line: usize, column: usize, reason: String },
    /// It begins with a byte order mark, which JSON does not allow.
    #[error("{} begins with a byte order mark, so it is not JSON", file.display())]
    Bom { file: PathBuf },
    /// `offset` is that of the first wrong byte, from 0.
    #[error("{} is not UTF-8 text (byte {offset})", file.display())]
    NotUtf8 { file: PathBuf, offset: usize },
    /// Deeper than any JSON reader of the app would go.
    #[error("{} nests arrays and objects more than {limit} deep", file.display())]
    TooDeep { file: PathBuf, limit: usize },
    /// Readers disagree on which of the two values counts.
    #[error("the key at {pointer:?} stands twice in {}", file.display())]
    DuplicateKey { file: PathBuf, pointer: String },
    /// A place for a secret holds something that is no string.
    #[error("the value at {pointer:?} in {} is {found}, not a string", file.display())]
    WrongType { file: PathBuf, pointer: String, found: JsonType },
    /// A string with half of a UTF-16 pair, which no reader takes for text.
    #[error("the string at {pointer:?} in {} is not valid text", file.display())]
    NotText { file: PathBuf, pointer: String },
    /// It begins with `ravi://` and is no reference.
    #[error("the reference at {pointer:?} in {} is malformed: {source}", file.display())]
    Reference { file: PathBuf, pointer: String, source: ReferenceError },
    /// Asked for one value, and it is not there.
    #[error("{} lacks the key {pointer:?}", file.display())]
    Missing { file: PathBuf, pointer: String },
    /// None of the places is there.
    #[error("{} lacks the key{} {}", file.display(), if pointers.len() == 1 { "" } else { "s" }, quoted(pointers))]
    NothingToMigrate { file: PathBuf, pointers: Vec<String> },
    /// The member that `*` met has no `id` to name its secret by.
    #[error("the member at {pointer:?} in {} has no id string to name its secret by", file.display())]
    NoId { file: PathBuf, pointer: String },
    /// Two values would overwrite each other in the vault.
    #[error("{first:?} and {second:?} in {} would both be stored as {secret}", file.display())]
    SameName { file: PathBuf, secret: SecretName, first: String, second: String },
    /// Two places name one value differently.
    #[error("the value at {pointer:?} in {} is given two names, {first} and {second}", file.display())]
    TwoNames { file: PathBuf, pointer: String, first: SecretName, second: SecretName },
    /// One value is to be replaced twice.
    #[error("the value at {pointer:?} in {} is to be replaced twice", file.display())]
    ReplacedTwice { file: PathBuf, pointer: String },
    /// The vault holds something else under the name already.
    #[error("the vault already holds another value as {secret}; the one at {pointer:?} in {} was not moved", file.display())]
    Conflict { file: PathBuf, pointer: String, secret: SecretName },
    /// The vault did not give back what was stored; the plaintext is kept.
    #[error("the vault did not return the value that was stored as {secret}; {} was left as it is", file.display())]
    ReadBack { file: PathBuf, secret: SecretName },
    /// The plaintext would stay under the file's other names.
    #[error("{} has {names} names (hard links); its secrets would stay readable under the others", file.display())]
    HardLinks { file: PathBuf, names: u64 },
    /// A pointer that is none.
    #[error("{pointer:?} is not a JSON pointer: {source}")]
    Pointer { pointer: String, source: PointerError },
    /// A place whose secret has no usable name.
    #[error("the place {pointer:?} gives its secret no usable name: {source}")]
    Name { pointer: String, source: SecretNameError },
    /// `<ID>` without a `*` that could meet a member.
    #[error("the place {pointer:?} uses <ID> in the secret's name but has no *")]
    IdWithoutMember { pointer: String },
    /// No places were named.
    #[error("no places were named for {}", file.display())]
    NoPlaces { file: PathBuf },
    /// A secret that a reference leads to is itself a reference.
    #[error("the reference at {pointer:?} in {} leads to another reference", file.display())]
    NestedReference { file: PathBuf, pointer: String },
    /// The app put a reference to a secret of another place into a value: whoever may change settings could read any
    /// secret by that.
    #[error("the value at {pointer:?} for {} is a reference to a secret that is not this place's", file.display())]
    ForeignReference { file: PathBuf, pointer: String },
    /// The settings are JSON, and not those that the app expects.
    #[error("{} is not as the app expects at {at}: {reason}", file.display())]
    Shape { file: PathBuf, at: String, reason: String },
    /// No migration of the file is known here.
    #[error("no migration of {} is known on this machine", file.display())]
    NoBackup { file: PathBuf },
    /// The program is shutting down.
    #[error("work on {} was interrupted", file.display())]
    Interrupted { file: PathBuf },
}

fn quoted(pointers: &[String]) -> String {
    pointers.iter().map(|pointer| format!("{pointer:?}")).collect::<Vec<_>>().join(", ")
}

impl Explain for SettingsError {
    fn code(&self) -> String {
        let case = match self {
            SettingsError::File(e) => e.case(),
            SettingsError::NotJson { .. } => "not_json",
            SettingsError::Bom { .. } => "bom",
            SettingsError::NotUtf8 { .. } => "not_utf8",
            SettingsError::TooDeep { .. } => "too_deep",
            SettingsError::DuplicateKey { .. } => "duplicate_key",
            SettingsError::WrongType { .. } => "wrong_type",
            SettingsError::NotText { .. } => "not_text",
            SettingsError::Reference { .. } => "reference",
            SettingsError::Missing { .. } => "missing",
            SettingsError::NothingToMigrate { .. } => "nothing_to_migrate",
            SettingsError::NoId { .. } => "no_id",
            SettingsError::SameName { .. } => "same_name",
            SettingsError::TwoNames { .. } => "two_names",
            SettingsError::ReplacedTwice { .. } => "replaced_twice",
            SettingsError::Conflict { .. } => "conflict",
            SettingsError::ReadBack { .. } => "read_back",
            SettingsError::HardLinks { .. } => "hard_links",
            SettingsError::Pointer { .. } => "pointer",
            SettingsError::Name { .. } => "name",
            SettingsError::IdWithoutMember { .. } => "id_without_member",
            SettingsError::NoPlaces { .. } => "no_places",
            SettingsError::NestedReference { .. } => "nested_reference",
            SettingsError::ForeignReference { .. } => "foreign_reference",
            SettingsError::Shape { .. } => "shape",
            SettingsError::NoBackup { .. } => "no_backup",
            SettingsError::Interrupted { .. } => "interrupted",
        };
        format!("settings.{case}")
    }

    fn hint(&self) -> String {
        match self {
            SettingsError::File(e) => return e.hint(),
            SettingsError::Reference { source, .. } => return source.hint(),
            SettingsError::Name { source, .. } => return source.hint(),
            SettingsError::Conflict { secret, .. } => {
                return format!(
                    "Choose one value: delete {secret} from the vault and run the command again, \
                     or put ravi://{secret} into the file yourself."
                );
            }
            SettingsError::NotJson { .. } => "Correct the file, or name the right one; it was not changed.",
            SettingsError::Bom { .. } | SettingsError::NotUtf8 { .. } => {
                "Save the file as UTF-8 without a byte order mark."
            }
            SettingsError::TooDeep { .. } => "Check that this is the file you meant.",
            SettingsError::DuplicateKey { .. } => "Remove one of the two from the file.",
            SettingsError::WrongType { .. } => "Name the place of a string, or correct the file.",
            SettingsError::NotText { .. } => "Enter the value again in the app that owns the file.",
            SettingsError::Missing { .. } => "Check the pointer; /a/b means the key b inside the object a.",
            SettingsError::NothingToMigrate { .. } => {
                "Check that this is the file you meant, or name other places with --pointer."
            }
            SettingsError::NoId { .. } => "Give the member an id, or name its place without *.",
            SettingsError::SameName { .. } => "Change the id of one of the two, or name the places one by one.",
            SettingsError::TwoNames { .. } | SettingsError::ReplacedTwice { .. } => "Name each place once.",
            SettingsError::ReadBack { .. } => {
                "Run the command again; if it fails again, something else writes the same secret."
            }
            SettingsError::HardLinks { .. } => "Remove the other names (find -samefile shows them), then run it again.",
            SettingsError::Pointer { .. } => "Write /a/b for the key b inside the object a.",
            SettingsError::IdWithoutMember { .. } => "Use <ID> only where the pointer has a *.",
            SettingsError::NoPlaces { .. } => "Choose a preset, or name a place with --pointer.",
            SettingsError::NestedReference { .. } => "Store the value itself in the vault, not a reference to it.",
            SettingsError::ForeignReference { .. } => {
                "Enter the value itself; a reference to another secret is put into the file by hand."
            }
            SettingsError::Shape { .. } => "Correct the file, or use the version of the app that wrote it.",
            SettingsError::NoBackup { .. } => {
                "Undo it where it was migrated; the ledger of that machine has the original."
            }
            SettingsError::Interrupted { .. } => "Run the command again.",
        }
        .into()
    }

    fn kind(&self) -> Kind {
        match self {
            SettingsError::File(e) => e.kind(),
            SettingsError::Missing { .. } | SettingsError::NothingToMigrate { .. } | SettingsError::NoBackup { .. } => {
                Kind::NotFound
            }
            SettingsError::ForeignReference { .. } => Kind::Policy,
            SettingsError::Pointer { .. }
            | SettingsError::Name { .. }
            | SettingsError::IdWithoutMember { .. }
            | SettingsError::NoPlaces { .. }
            | SettingsError::TwoNames { .. }
            | SettingsError::ReplacedTwice { .. } => Kind::Usage,
            _ => Kind::Failed,
        }
    }
}
