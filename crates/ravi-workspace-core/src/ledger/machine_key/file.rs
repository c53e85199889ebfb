//! The machine key as a file of 32 random bytes that only this user can read.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::ledger::seal::{KEY_BYTES, SealError, SealKey};
use crate::machine::crash::{When, point};
use crate::machine::files;
use crate::machine::os::{Facts, Folder, Kind, access};

/// File name of the key.
const FILE: &str = "machine.key";

/// The key file of one state folder.
pub(crate) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    pub(crate) fn in_folder(dir: &Path) -> Self {
        KeyFile { path: dir.join(FILE) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn exists(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }

    /// Reads the key; `None` if there is no file.
    pub fn read(&self) -> Result<Option<SealKey>, SealError> {
        match self.load() {
            Err(SealError::KeyFile { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    fn load(&self) -> Result<SealKey, SealError> {
        let fail = |source| SealError::KeyFile { path: self.path.clone(), doing: "read", source };
        let bad = |reason| SealError::KeyForm { path: self.path.clone(), reason };
        let facts = Facts::of_name(&self.path).map_err(fail)?;
        if facts.kind() != Kind::File {
            return Err(bad("it is not a regular file"));
        }
        if !facts.is_closed() {
            return Err(bad(access::OPEN_TO_OTHERS));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
        let file = File::open(&self.path).map_err(fail)?;
        file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| bad("it is not 32 bytes long"))?;
        Ok(SealKey::from(Zeroizing::new(key)))
    }

    /// Writes the key, whole or not at all.
    pub(super) fn write(&self, key: &SealKey) -> Result<(), SealError> {
        let fail = |source| SealError::KeyFile { path: self.path.clone(), doing: "made", source };
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let mut file = files::unnamed_in(dir, (".tmp", ""), 0o600).map_err(fail)?;
        file.write_all(key.bytes().as_slice()).and_then(|()| file.as_file().sync_all()).map_err(fail)?;
        point(When::Before, "write machine.key");
        file.persist(&self.path).map_err(|e| fail(e.error))?;
        point(When::After, "write machine.key");
        Folder::open(dir).and_then(|dir| dir.flush()).map_err(fail)
    }

    /// Removes the file. A missing file is not an error.
    ///
    /// Its bytes are not overwritten: another process may be reading them, and would take zeros for the key.
    pub(super) fn remove(&self) -> Result<(), SealError> {
        match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(SealError::KeyFile { path: self.path.clone(), doing: "removed", source })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_file_is_private_and_one_that_is_not_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = KeyFile::in_folder(dir.path());
        assert!(file.read().unwrap().is_none());
        let key = SealKey::random().unwrap();
        file.write(&key).unwrap();
        assert_eq!(file.path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(*file.read().unwrap().unwrap().bytes(), *key.bytes());
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(file.read(), Err(SealError::KeyForm { .. })));
        file.remove().unwrap();
        file.remove().unwrap();
        assert!(!file.exists());
    }
}
