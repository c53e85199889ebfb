//! The key that the official command line keeps in `~/.ravi/config.json`, in plaintext.
//!
//! It is taken over only if a person asks for it, and only from a file that nobody else could have read or written.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::AccountError;
use crate::api::{AnyKey, IdentityUuid};
use crate::machine::os::{self, Facts, How, Kind, Links, access};

/// More than its file needs.
const LIMIT: u64 = 64 * 1024;

#[derive(Deserialize)]
struct Kept {
    management_key: Option<SecretString>,
    identity_key: Option<SecretString>,
    #[serde(default)]
    identity_uuid: Option<String>,
}

/// What is taken over.
#[derive(Debug)]
pub(crate) struct Imported {
    pub(crate) key: AnyKey,
    /// The identity that the official command line acts as.
    pub(crate) identity: Option<IdentityUuid>,
}

/// Where its file would be.
fn place() -> Option<PathBuf> {
    Some(etcetera::home_dir().ok()?.join(".ravi/config.json"))
}

/// Its file, if there is one.
pub(crate) fn path() -> Option<PathBuf> {
    place().filter(|path| path.symlink_metadata().is_ok())
}

/// The key in its file, preferring the one for the whole account, and the identity.
pub(crate) fn import() -> Result<Imported, AccountError> {
    match place() {
        Some(path) => import_from(&path),
        None => Err(AccountError::NothingToImport { path: "~/.ravi/config.json".into() }),
    }
}

/// Whether its file holds a key for the whole account; also `false` if it cannot be read.
pub(crate) fn holds_management_key(path: &Path) -> bool {
    matches!(read(path).map(|kept| kept.management_key), Ok(Some(key)) if !key.expose_secret().is_empty())
}

fn import_from(path: &Path) -> Result<Imported, AccountError> {
    let kept = read(path)?;
    let keys = [kept.management_key, kept.identity_key];
    let given = keys.into_iter().flatten().find(|key| !key.expose_secret().is_empty());
    let given = given.ok_or_else(|| AccountError::NothingToImport { path: path.to_owned() })?;
    let key = AnyKey::parse(given);
    let key = key.map_err(|_| AccountError::BadKey { origin: "the official command line's file" })?;
    let identity = kept.identity_uuid.filter(|uuid| !uuid.is_empty()).map(IdentityUuid::from);
    Ok(Imported { key, identity })
}

fn read(path: &Path) -> Result<Kept, AccountError> {
    let refuse = |reason: String| AccountError::Import { path: path.to_owned(), reason };
    let file = match os::open(path, How::read(Links::Refuse)) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(AccountError::NothingToImport { path: path.to_owned() });
        }
        Err(e) => return Err(refuse(e.to_string())),
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let folder = Facts::of(folder).map_err(|e| refuse(e.to_string()))?;
    // Check what was opened, not what has the name by now.
    let facts = Facts::of_open(&file).map_err(|e| refuse(e.to_string()))?;
    if let Some(reason) = flaw(&facts, &folder) {
        return Err(refuse(reason.to_owned()));
    }
    let length = file.metadata().map_err(|e| refuse(e.to_string()))?.len();
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length.min(LIMIT)).unwrap_or(0) + 1));
    file.take(LIMIT).read_to_end(&mut bytes).map_err(|e| refuse(e.to_string()))?;
    // The parser's message could quote the content.
    serde_json::from_slice(&bytes)
        .map_err(|_| refuse("it is not the JSON that the official command line writes".into()))
}

fn flaw(file: &Facts, folder: &Facts) -> Option<&'static str> {
    if file.kind() != Kind::File {
        return Some("it is not a regular file");
    }
    if !file.is_mine() || !folder.is_mine() {
        return Some("it, or its folder, belongs to another user");
    }
    if !file.is_closed() {
        return Some(access::OPEN_TO_OTHERS);
    }
    folder.others_may_write().then_some("others may write in its folder")
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn written(text: &str, mode: u32, folder_mode: u32) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        std::fs::set_permissions(dir.path(), Permissions::from_mode(folder_mode)).unwrap();
        (dir, path)
    }

    const BOTH: &str = r#"{"management_key": "ravi_mgmt_made_up", "identity_key": "ravi_id_made_up"}"#;

    #[test]
    fn the_key_for_the_account_comes_first() {
        let (_dir, path) = written(BOTH, 0o600, 0o700);
        assert!(matches!(import_from(&path).map(|i| i.key), Ok(AnyKey::Management(_))));
        assert!(holds_management_key(&path));
        let (_dir, path) = written(r#"{"identity_key": "ravi_id_made_up", "x": 1}"#, 0o600, 0o700);
        assert!(matches!(import_from(&path).map(|i| i.key), Ok(AnyKey::Identity(_))));
        assert!(!holds_management_key(&path));
    }

    #[test]
    fn a_file_that_others_could_read_or_write_is_refused() {
        for (mode, folder_mode) in [(0o640, 0o700), (0o604, 0o700), (0o600, 0o770), (0o600, 0o702)] {
            let (_dir, path) = written(BOTH, mode, folder_mode);
            assert!(matches!(import_from(&path), Err(AccountError::Import { .. })), "{mode:o} {folder_mode:o}");
        }
        let (dir, path) = written(BOTH, 0o600, 0o700);
        let link = dir.path().join("link.json");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(import_from(&link), Err(AccountError::Import { .. })));
    }

    #[test]
    fn a_broken_file_is_an_error_that_quotes_nothing_of_it() {
        let (_dir, path) = written(r#"{"management_key": "ravi_mgmt_canary" canary"#, 0o600, 0o700);
        let error = import_from(&path).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
        let (_dir, path) = written("{}", 0o600, 0o700);
        assert!(matches!(import_from(&path), Err(AccountError::NothingToImport { .. })));
    }
}
