//! The note that says where the machine key is kept. It holds no secret.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ledger::seal::SealError;
use crate::machine::files::{self, FileError, Mode};

/// File name of the note.
pub(super) const FILE: &str = "machine-key.json";

/// More than any note needs.
const LIMIT: usize = 4096;

/// Where the machine key is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "place", rename_all = "lowercase")]
pub(crate) enum Place {
    /// In the system's keychain, under this name.
    System { entry: String },
    /// In a file beside the ledger.
    File {
        /// Why it is not in the keychain, if that was tried.
        #[serde(default)]
        fallback: Option<String>,
    },
}

impl Place {
    /// Reads the note; `None` if there is none.
    pub fn read(dir: &Path) -> Result<Option<Place>, SealError> {
        let path = dir.join(FILE);
        match files::read_bounded(&path, LIMIT) {
            Err(FileError::NotFound { .. }) => Ok(None),
            Err(e) => Err(SealError::File(e)),
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(place) => Ok(Some(place)),
                Err(_) => Err(SealError::KeyForm { path, reason: "it does not say where the machine key is" }),
            },
        }
    }

    /// Writes the note, replacing an earlier one.
    pub(super) fn write(&self, dir: &Path) -> Result<(), SealError> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default(); // cannot fail: text only
        bytes.push(b'\n');
        files::write_atomic(&dir.join(FILE), &bytes, Mode::Exact(0o600)).map_err(SealError::File)
    }
}
