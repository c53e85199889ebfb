//! What can be wrong with a settings file, or with the places named in it.
//!
//! No variant holds a value from the file, only pointers and names of secrets, printed with control characters escaped.

use std::fmt;
use std::path::PathBuf;

use super::pointer::PointerError;
use crate::error::Explain;
use crate::machine::files::FileError;
use crate::model::reference::{ReferenceError, SecretName, SecretNameError};

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

/// A settings file that could not be read, understood or replaced. The file is then unchanged.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
#[allow(missing_docs, reason = "fields are `file`, the path as given, and JSON pointers into it")]
pub enum SettingsError {
    /// The file itself: missing, a directory, unreadable, too large, changed in the meantime, …
    #[error(transparent)]
    #[explain(
        if = matches!(_0, FileError::NotFound { .. }),
        code = "settings.not_found",
        kind = NotFound,
        hint = "Check the path."
    )]
    #[explain(
        if = matches!(_0, FileError::Directory { .. }),
        code = "settings.directory",
        hint = "Name a file inside the directory."
    )]
    #[explain(
        if = matches!(_0, FileError::NotRegular { .. }),
        code = "settings.not_regular",
        hint = "Name a regular file; pipes, sockets and devices are not read."
    )]
    #[explain(
        if = matches!(_0, FileError::Symlink { .. }),
        code = "settings.symlink",
        hint = "Remove the link, or replace it with a regular file."
    )]
    #[explain(
        if = matches!(_0, FileError::TooLarge { .. }),
        code = "settings.too_large",
        hint = "Check that this is the file you meant."
    )]
    #[explain(
        if = matches!(_0, FileError::Denied { .. }),
        code = "settings.denied",
        hint = "Check who owns the file and its folder, and their permissions."
    )]
    #[explain(
        if = matches!(_0, FileError::Changed { .. }),
        code = "settings.changed",
        hint = "Close the program that writes the file, then run the command again."
    )]
    #[explain(code = "settings.io", hint = "Check the disk: space left, read-only mount, errors in the system log.")]
    File(#[from] FileError),
    /// Line and column count from 1; the column counts bytes and is that of the last byte read.
    #[error("{} is not JSON: line {line}, column {column}: {reason}", file.display())]
    #[explain(code = "settings.not_json", hint = "Correct the file, or name the right one; it was not changed.")]
    NotJson { file: PathBuf, line: usize, column: usize, reason: String },
    /// It begins with a byte order mark, which JSON does not allow.
    #[error("{} begins with a byte order mark, so it is not JSON", file.display())]
    #[explain(code = "settings.bom", hint = "Save the file as UTF-8 without a byte order mark.")]
    Bom { file: PathBuf },
    /// `offset` is that of the first wrong byte, from 0.
    #[error("{} is not UTF-8 text (byte {offset})", file.display())]
    #[explain(code = "settings.not_utf8", hint = "Save the file as UTF-8 without a byte order mark.")]
    NotUtf8 { file: PathBuf, offset: usize },
    /// Deeper than any JSON reader of the app would go.
    #[error("{} nests arrays and objects more than {limit} deep", file.display())]
    #[explain(code = "settings.too_deep", hint = "Check that this is the file you meant.")]
    TooDeep { file: PathBuf, limit: usize },
    /// Readers disagree on which of the two values counts.
    #[error("the key at {pointer:?} appears twice in {}", file.display())]
    #[explain(code = "settings.duplicate_key", hint = "Remove one of the two from the file.")]
    DuplicateKey { file: PathBuf, pointer: String },
    /// A place for a secret holds something other than a string.
    #[error("the value at {pointer:?} in {} is {found}, not a string", file.display())]
    #[explain(code = "settings.wrong_type", hint = "Name the place of a string, or correct the file.")]
    WrongType { file: PathBuf, pointer: String, found: JsonType },
    /// A string with half of a UTF-16 pair, which no reader takes for text.
    #[error("the string at {pointer:?} in {} is not valid text", file.display())]
    #[explain(code = "settings.not_text", hint = "Enter the value again in the app that owns the file.")]
    NotText { file: PathBuf, pointer: String },
    /// It begins with `ravi://` but is not a reference.
    #[error("the reference at {pointer:?} in {} is malformed: {source}", file.display())]
    #[explain(
        code = "settings.reference",
        hint = "Write ravi://KEY for a secret of the host identity, or ravi://IDENTITY/KEY."
    )]
    Reference { file: PathBuf, pointer: String, source: ReferenceError },
    /// One value was asked for, and it is not there.
    #[error("{} lacks the key {pointer:?}", file.display())]
    #[explain(
        code = "settings.missing",
        kind = NotFound,
        hint = "Check the pointer; /a/b means the key b inside the object a."
    )]
    Missing { file: PathBuf, pointer: String },
    /// None of the places exists.
    #[error("{} lacks the key{} {}", file.display(), if pointers.len() == 1 { "" } else { "s" }, quoted(pointers))]
    #[explain(
        code = "settings.nothing_to_migrate",
        kind = NotFound,
        hint = "Check that this is the file you meant, or name other places with --pointer."
    )]
    NothingToMigrate { file: PathBuf, pointers: Vec<String> },
    /// The member matched by `*` has no `id` to name its secret after.
    #[error("the member at {pointer:?} in {} has no id string to name its secret after", file.display())]
    #[explain(code = "settings.no_id", hint = "Give the member an id, or name its place without *.")]
    NoId { file: PathBuf, pointer: String },
    /// Two values would overwrite each other in the vault.
    #[error("{first:?} and {second:?} in {} would both be stored as {secret}", file.display())]
    #[explain(code = "settings.same_name", hint = "Change the id of one of the two, or name the places one by one.")]
    SameName { file: PathBuf, secret: SecretName, first: String, second: String },
    /// Two places give the same value different names.
    #[error("the value at {pointer:?} in {} is given two names, {first} and {second}", file.display())]
    #[explain(code = "settings.two_names", kind = Usage, hint = "Name each place once.")]
    TwoNames { file: PathBuf, pointer: String, first: SecretName, second: SecretName },
    /// The same value is to be replaced twice.
    #[error("the value at {pointer:?} in {} is to be replaced twice", file.display())]
    #[explain(code = "settings.replaced_twice", kind = Usage, hint = "Name each place once.")]
    ReplacedTwice { file: PathBuf, pointer: String },
    /// The vault already holds something else under the name.
    #[error("the vault already holds another value as {secret}; the one at {pointer:?} in {} was not moved", file.display())]
    #[explain(
        code = "settings.conflict",
        hint(
            "Choose one value: delete {secret} from the vault and run the command again, or put ravi://{secret} into \
             the file yourself."
        )
    )]
    Conflict { file: PathBuf, pointer: String, secret: SecretName },
    /// The vault did not return what was stored; the plaintext is kept.
    #[error("the vault did not return the value that was stored as {secret}; {} was left as it was", file.display())]
    #[explain(
        code = "settings.read_back",
        hint = "Run the command again; if it fails again, something else writes the same secret."
    )]
    ReadBack { file: PathBuf, secret: SecretName },
    /// The plaintext would stay under the file's other names.
    #[error("{} has {names} names (hard links); its secrets would stay readable under the others", file.display())]
    #[explain(
        code = "settings.hard_links",
        hint = "Remove the other names (find -samefile shows them), then run it again."
    )]
    HardLinks { file: PathBuf, names: u64 },
    /// A malformed pointer.
    #[error("{pointer:?} is not a JSON pointer: {source}")]
    #[explain(code = "settings.pointer", kind = Usage, hint = "Write /a/b for the key b inside the object a.")]
    Pointer { pointer: String, source: PointerError },
    /// A place whose secret gets no usable name.
    #[error("the place {pointer:?} gives its secret no usable name: {source}")]
    #[explain(
        code = "settings.name",
        kind = Usage,
        hint = "Use a name such as OPENAI_API_KEY: a letter first, then letters, digits and underscores."
    )]
    Name { pointer: String, source: SecretNameError },
    /// `<ID>` without a `*` that could match a member.
    #[error("the place {pointer:?} uses <ID> in the secret's name but has no *")]
    #[explain(code = "settings.id_without_member", kind = Usage, hint = "Use <ID> only where the pointer has a *.")]
    IdWithoutMember { pointer: String },
    /// No places were named.
    #[error("no places were named for {}", file.display())]
    #[explain(code = "settings.no_places", kind = Usage, hint = "Choose a preset, or name a place with --pointer.")]
    NoPlaces { file: PathBuf },
    /// A secret that a reference leads to is itself a reference.
    #[error("the reference at {pointer:?} in {} leads to another reference", file.display())]
    #[explain(code = "settings.nested_reference", hint = "Store the value itself in the vault, not a reference to it.")]
    NestedReference { file: PathBuf, pointer: String },
    /// The app put a reference to another place's secret into a value. This is refused because anybody who may change
    /// settings could otherwise read any secret.
    #[error("the value at {pointer:?} for {} is a reference to another place's secret", file.display())]
    #[explain(
        code = "settings.foreign_reference",
        kind = Policy,
        hint = "Enter the value itself, or put the reference into the file by hand."
    )]
    ForeignReference { file: PathBuf, pointer: String },
    /// The settings are JSON, but not what the app expects.
    #[error("{} is not what the app expects at {at}: {reason}", file.display())]
    #[explain(code = "settings.shape", hint = "Correct the file, or use the version of the app that wrote it.")]
    Shape { file: PathBuf, at: String, reason: String },
    /// No migration of the file is known here.
    #[error("no migration of {} is known on this machine", file.display())]
    #[explain(
        code = "settings.no_backup",
        kind = NotFound,
        hint = "Undo it where it was migrated; the ledger of that machine has the original."
    )]
    NoBackup { file: PathBuf },
    /// The program is shutting down.
    #[error("work on {} was interrupted", file.display())]
    #[explain(code = "settings.interrupted", hint = "Run the command again.")]
    Interrupted { file: PathBuf },
}

fn quoted(pointers: &[String]) -> String {
    pointers.iter().map(|pointer| format!("{pointer:?}")).collect::<Vec<_>>().join(", ")
}
