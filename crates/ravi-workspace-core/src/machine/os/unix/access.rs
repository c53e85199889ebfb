//! Who may use a file: mode and owner.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{Gid, Uid};

use super::Facts;

/// What is wrong with a file that holds a key and is not closed to others ([`Facts::is_closed`]).
pub(crate) const OPEN_TO_OTHERS: &str = "others may read it (its mode must be 0600)";

/// Gives an open file these permission bits, whatever the umask.
pub(crate) fn set(file: &File, bits: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(bits))
}

/// Gives a folder to this user alone.
pub(crate) fn close_folder(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Makes a folder with these permission bits, and the folders above it; it may exist.
pub(crate) fn make_folder(path: &Path, bits: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(bits).create(path)
}

/// Gives an open file the owner of the one that it will replace: what root rewrites on behalf of a user must stay
/// readable to that user.
pub(crate) fn keep_owner(file: &File, previous: &Facts) -> io::Result<()> {
    if Facts::of_open(file)?.owners() == previous.owners() {
        return Ok(());
    }
    let (owner, group) = previous.owners();
    Ok(rustix::fs::fchown(file, Some(Uid::from_raw(owner)), Some(Gid::from_raw(group)))?)
}

/// What a person does so that a file or folder is theirs alone.
pub(crate) fn how_to_close(path: &Path, is_folder: bool) -> String {
    let wanted = if is_folder { "700" } else { "600" };
    format!("`chmod {wanted} {}`", path.display())
}

/// What a person does with a file that belongs to somebody else.
pub(crate) fn how_to_own(path: &Path) -> String {
    format!("Move it away, or give it to your user: `chown \"$USER\" {}`.", path.display())
}
