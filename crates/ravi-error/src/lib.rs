//! How the Ravi crates report a failure: a stable code (`workspace.folder`), a message that names the cause, and
//! a hint that names the next step.
//!
//! Every layer has its own error enum and implements [`Explain`] for it. [`Error`] carries any of them upwards and
//! gives the layer's error back to callers that ask for it by type. This crate must know neither the layers nor how an
//! error is shown: exit codes belong to the command line, JSON objects to the plugin.

pub mod shown;

// The derive names this crate by its path, even when it is used in this crate.
extern crate self as ravi_error;

use std::any::Any;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a failure means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// It failed for a reason of its own.
    Failed,
    /// The caller asked for something that makes no sense.
    Usage,
    /// Nobody is signed in, or the key was refused.
    Account,
    /// The thing asked for does not exist.
    NotFound,
    /// Ravi could not be reached.
    Unreachable,
    /// A rule of the configuration or of safety forbids it.
    Policy,
}

/// What a layer's error can say about itself.
pub trait Explain: std::error::Error + Any + Send + Sync {
    /// A stable code, `room.case`, that programs may compare.
    fn code(&self) -> String;
    /// The next step for the person who sees the error.
    fn hint(&self) -> String;
    /// What it means for the caller.
    fn kind(&self) -> Kind;
}

/// Derives [`Explain`] and [`Cases`] from attributes on the variants of an error.
///
/// ```
/// use ravi_error::{Cases as _, Error, Explain, Kind};
///
/// #[derive(Debug, thiserror::Error, Explain)]
/// enum NoteError {
///     #[error("there is no note {name}")]
///     #[explain(code = "note.missing", kind = NotFound, hint("`note add {name}` makes one."))]
///     Missing { name: String },
///     #[error("the disk has room for {left} notes")]
///     #[explain(if = *left == 0, code = "note.full", hint = "Throw notes away.")]
///     #[explain(code = "note.narrow", hint = "Write less.")]
///     Disk { left: u32 },
/// }
///
/// let error = Error::from(NoteError::Missing { name: "milk".into() });
/// assert_eq!((error.code().as_str(), error.kind()), ("note.missing", Kind::NotFound));
/// assert_eq!(error.hint(), "`note add milk` makes one.");
/// assert_eq!(Error::from(NoteError::Disk { left: 0 }).code(), "note.full");
/// assert_eq!(NoteError::CASES.len(), 3);
/// ```
///
/// The documentation of `ravi-error-derive` describes the attributes.
pub use ravi_error_derive::Explain;

/// All cases of a layer's error, as data.
pub trait Cases {
    /// In the order in which they are written. A code that belongs to another error is listed there.
    const CASES: &'static [Case];
}

/// One case of an error, for a list of all codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The stable code.
    pub code: &'static str,
    /// The text of the message, with thiserror's placeholders; empty if the inner error supplies it.
    pub message: &'static str,
    /// The text of the hint.
    pub hint: &'static str,
    /// Whether braces in the hint are placeholders.
    pub hint_is_formatted: bool,
    /// What it means for the caller.
    pub kind: Kind,
}

/// A result whose error is [`struct@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any failure: the error of some layer, with its code, message, hint and kind.
///
/// A caller that handles one case compares the [`code`](Error::code), or asks for the layer's own error:
///
/// ```
/// # use ravi_error::{Error, Explain};
/// # #[derive(Debug, thiserror::Error, Explain)]
/// # enum NoteError {
/// #     #[error("there is no note {name}")]
/// #     #[explain(code = "note.missing", kind = NotFound, hint = "Write it.")]
/// #     Missing { name: String },
/// # }
/// let error = Error::from(NoteError::Missing { name: "TOKEN".into() });
/// assert_eq!(error.code(), "note.missing");
/// if let Some(NoteError::Missing { name }) = error.downcast_ref() {
///     assert_eq!(name, "TOKEN");
/// }
/// ```
pub struct Error(Box<dyn Explain>);

impl Error {
    /// A stable code, `room.case`, that programs may compare. New codes may appear, old ones keep their meaning.
    pub fn code(&self) -> String {
        self.0.code()
    }

    /// The next step for the person who sees the error; one sentence.
    pub fn hint(&self) -> String {
        self.0.hint()
    }

    /// What the failure means for the caller.
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// The error as it crosses a boundary: the command line's JSON, the plugin's IPC.
    pub fn body(&self) -> ErrorBody {
        ErrorBody { code: self.code(), message: self.to_string(), hint: self.hint() }
    }

    /// Whether this is an error of the layer with this type.
    pub fn is<E: Explain>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The layer's own error, if it has this type.
    pub fn downcast_ref<E: Explain>(&self) -> Option<&E> {
        (&*self.0 as &dyn Any).downcast_ref()
    }

    /// The layer's own error by value, or the error itself if it has another type.
    ///
    /// # Errors
    /// The error itself, if it has another type.
    pub fn downcast<E: Explain>(self) -> Result<E, Error> {
        if !self.is::<E>() {
            return Err(self);
        }
        let any: Box<dyn Any> = self.0;
        Ok(*any.downcast().expect("the type was asked for a line above"))
    }
}

impl<E: Explain> From<E> for Error {
    fn from(error: E) -> Error {
        Error(Box::new(error))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// An error as other programs see it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct ErrorBody {
    /// Stable code, `room.case`.
    pub code: String,
    /// What happened, naming the cause.
    pub message: String,
    /// The next step.
    pub hint: String,
}
