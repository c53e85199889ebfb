//! The data folder, which is private, and the one file in it that is not the database: the management key.
//!
//! This module must not know the database. The key is stored in the clear because it is printed at each start anyway.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

const KEY_FILE: &str = "management-key";

/// Makes the folder, mode 0700, unless it exists, and checks that it can be written. An existing folder keeps its mode,
/// because it may contain other things than ours.
pub(super) fn create_private_folder(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(dir)?;
    tempfile::tempfile_in(dir).map(drop)
}

/// Makes the file, mode 0600, unless it exists.
pub(super) fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path)
}

/// Returns the management key of an earlier run, if there was one.
pub(super) fn read_management_key(dir: &Path) -> io::Result<Option<SecretString>> {
    match fs::read_to_string(dir.join(KEY_FILE)) {
        Ok(text) => Ok(Some(SecretString::from(text.trim().to_owned())).filter(|key| !key.expose_secret().is_empty())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Stores the management key for the next run, mode 0600, replacing the file as a whole.
pub(super) fn write_management_key(dir: &Path, key: &SecretString) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(key.expose_secret().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(dir.join(KEY_FILE)).map(drop).map_err(|e| e.error)
}
