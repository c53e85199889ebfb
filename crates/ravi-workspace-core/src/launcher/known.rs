//! The ledgers that this user's programs have opened: the only ones that a folder may name.
//!
//! A note in a git dir says which ledger its workspace is in, and a ledger says which server is sent a key and which
//! token is used for which host. A git dir can come out of an archive, with a note and a ledger made by somebody else,
//! and every file in it belongs to whoever unpacked it. So a ledger counts only if one of this user's programs was told
//! to use it: by its own configuration, by the launcher that was called, by PATH, or at some earlier time, which is
//! recorded here.
//!
//! The list is a folder with a file for each ledger, in this user's default state folder. So nobody has to wait for
//! anybody to write it.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::machine::files::{self, Mode};
use crate::machine::os::access;

const LIST: &str = "ledgers";
const LIMIT: usize = 16 * 1024;

/// The default state folder.
fn default_state() -> Option<PathBuf> {
    let folder = Config::default().folder().ok()?;
    Some(folder.canonicalize().unwrap_or(folder))
}

/// Records that this user uses the ledger in `state_dir`. `list` is the state folder with the list.
///
/// Failure is ignored: the ledger is still known by its launchers.
pub(crate) fn remember(state_dir: &Path, list: Option<&Path>) {
    let Some(list) = list.map(Path::to_owned).or_else(default_state) else { return };
    if is_listed(state_dir, &list) || list.canonicalize().is_ok_and(|list| list == state_dir) {
        return;
    }
    if let Err(error) = add(state_dir, &list.join(LIST)) {
        tracing::debug!(%error, "the ledger is not listed");
    }
}

/// Whether this user has used the ledger in `state_dir`.
pub fn is_known(state_dir: &Path) -> bool {
    default_state().is_some_and(|default| default == state_dir || is_listed(state_dir, &default))
}

fn is_listed(state_dir: &Path, list: &Path) -> bool {
    let entry = list.join(LIST).join(files::name_for(&state_dir.to_string_lossy()));
    files::read_bounded(&entry, LIMIT).is_ok_and(|path| path == state_dir.as_os_str().as_encoded_bytes())
}

fn add(state_dir: &Path, list: &Path) -> io::Result<()> {
    access::make_folder(list, 0o700)?;
    drop_gone(list);
    let entry = list.join(files::name_for(&state_dir.to_string_lossy()));
    let written = files::write_atomic(&entry, state_dir.as_os_str().as_encoded_bytes(), Mode::Wished(0o600));
    written.map_err(io::Error::other)
}

/// Drops ledgers that were removed, such as a test's. One on a disk that is not mounted stays.
fn drop_gone(list: &Path) {
    for entry in std::fs::read_dir(list).into_iter().flatten().flatten() {
        let Ok(path) = files::read_bounded(&entry.path(), LIMIT) else { continue };
        let path = String::from_utf8_lossy(&path).into_owned();
        let parent = Path::new(&path).parent();
        if !Path::new(&path).exists() && parent.is_some_and(Path::is_dir) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
