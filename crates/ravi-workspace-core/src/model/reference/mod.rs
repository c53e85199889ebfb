//! Names of secrets and references to them.
//!
//! A settings file holds `ravi://KEY` in place of a secret, or `ravi://IDENTITY/KEY` for a secret of another identity.
//! This module knows how both are written, and nothing of files, vaults or the network. No error text repeats what was
//! given: somebody may have put the secret itself where its name belongs.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Explain;

#[cfg(test)]
mod tests;

/// What every reference begins with.
pub const SCHEME: &str = "ravi://";

/// The longest name, in characters. The server states no limit of its own; names travel in addresses.
pub const MAX_NAME: usize = 255;

/// Name of a secret: `[A-Z][A-Z0-9_]*`, at most [`MAX_NAME`] characters.
///
/// The server upper-cases names when it stores them, but not when it filters by them. So a name is upper-cased here,
/// once, and `openai_api_key` and `OPENAI_API_KEY` are the same `SecretName`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

impl SecretName {
    /// Upper-cases ASCII letters and checks the form. Nothing is trimmed or repaired.
    pub fn parse(text: &str) -> Result<SecretName, SecretNameError> {
        if text.is_empty() {
            return Err(SecretNameError::Empty);
        }
        for (index, character) in text.chars().enumerate() {
            match character {
                _ if index == MAX_NAME => return Err(SecretNameError::TooLong),
                'A'..='Z' | 'a'..='z' => {}
                '0'..='9' | '_' if index > 0 => {}
                '0'..='9' | '_' => return Err(SecretNameError::Start),
                _ => return Err(SecretNameError::Character { position: index + 1 }),
            }
        }
        Ok(SecretName(text.to_ascii_uppercase()))
    }

    /// The name, in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for SecretName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for SecretName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = SecretNameError;

    fn from_str(text: &str) -> Result<SecretName, SecretNameError> {
        SecretName::parse(text)
    }
}

impl TryFrom<String> for SecretName {
    type Error = SecretNameError;

    fn try_from(text: String) -> Result<SecretName, SecretNameError> {
        SecretName::parse(&text)
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> String {
        name.0
    }
}

/// Text that is not a valid name for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum SecretNameError {
    /// It is empty.
    #[error("the name of the secret is empty")]
    #[explain(
        code = "secret.name",
        kind = Usage,
        hint = "Use a name such as OPENAI_API_KEY: a letter first, then letters, digits and underscores."
    )]
    Empty,
    /// It begins with a digit or an underscore.
    #[error("the name of a secret must begin with a letter, not with a digit or an underscore")]
    #[explain(
        code = "secret.name",
        kind = Usage,
        hint = "Use a name such as OPENAI_API_KEY: a letter first, then letters, digits and underscores."
    )]
    Start,
    /// It contains something other than ASCII letters, digits and underscores.
    #[error("character {position} of the secret's name is not A-Z, 0-9 or _")]
    #[explain(
        code = "secret.name",
        kind = Usage,
        hint = "Use a name such as OPENAI_API_KEY: a letter first, then letters, digits and underscores."
    )]
    Character {
        /// Which one, from 1.
        position: usize,
    },
    /// It has more than [`MAX_NAME`] characters.
    #[error("the name of the secret is longer than {MAX_NAME} characters")]
    #[explain(
        code = "secret.name",
        kind = Usage,
        hint = "Use a name such as OPENAI_API_KEY: a letter first, then letters, digits and underscores."
    )]
    TooLong,
}

/// What a settings file holds in place of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    identity: Option<String>,
    name: SecretName,
}

impl Reference {
    /// A reference to a secret of the host identity.
    pub fn host(name: SecretName) -> Reference {
        Reference { identity: None, name }
    }

    /// Parses a reference; `None` if the text is not one but an ordinary value.
    ///
    /// An error means that the text begins like a reference but is not one, so it must be taken neither for a value nor
    /// for a reference. The scheme is recognised in upper and lower case, as in every URL.
    pub fn parse(text: &str) -> Option<Result<Reference, ReferenceError>> {
        let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
        scheme.eq_ignore_ascii_case(SCHEME).then(|| Reference::parse_rest(rest))
    }

    fn parse_rest(rest: &str) -> Result<Reference, ReferenceError> {
        let (identity, name) = match rest.split_once('/') {
            None => (None, rest),
            Some((identity, name)) => (Some(identity), name),
        };
        if name.contains('/') {
            return Err(ReferenceError::Parts);
        }
        let identity = identity.map(check_identity).transpose()?;
        Ok(Reference { identity, name: SecretName::parse(name)? })
    }

    /// Name or uuid of the identity; `None` is the host identity.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Name of the secret.
    pub fn name(&self) -> &SecretName {
        &self.name
    }
}

/// Checks the name of an identity. It is a label and may contain spaces. Characters with a meaning in a URL stay free
/// for later use; an identity with such a name is referred to by its uuid.
fn check_identity(identity: &str) -> Result<String, ReferenceError> {
    let reserved = |c: char| c.is_control() || matches!(c, '?' | '#' | '%');
    if identity.trim().is_empty() || identity.trim() != identity || identity.contains(reserved) {
        return Err(ReferenceError::Identity);
    }
    Ok(identity.to_owned())
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            None => write!(f, "{SCHEME}{}", self.name),
            Some(identity) => write!(f, "{SCHEME}{identity}/{}", self.name),
        }
    }
}

/// Text that begins with `ravi://` but is not a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The name in it is not a valid name for a secret.
    #[error(transparent)]
    #[explain(
        code = "secret.reference",
        kind = Usage,
        hint = "Write ravi://KEY for a secret of the host identity, or ravi://IDENTITY/KEY."
    )]
    Name(#[from] SecretNameError),
    /// The identity in it is empty or contains a reserved character.
    #[error("the identity is empty, begins or ends with a space, or contains ?, #, % or a control character")]
    #[explain(
        code = "secret.reference",
        kind = Usage,
        hint = "Write ravi://KEY for a secret of the host identity, or ravi://IDENTITY/KEY."
    )]
    Identity,
    /// It has more than two parts.
    #[error("a reference has one or two parts: ravi://KEY or ravi://IDENTITY/KEY")]
    #[explain(
        code = "secret.reference",
        kind = Usage,
        hint = "Write ravi://KEY for a secret of the host identity, or ravi://IDENTITY/KEY."
    )]
    Parts,
}
