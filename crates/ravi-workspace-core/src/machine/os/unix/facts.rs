//! What a file or folder is, whose it is, and which one.

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{FileType, Stat};

use super::super::Kind;

/// The bits for other users than the owner: any, those for writing, and those that make a folder everybody's (written
/// by others, or sticky as `/tmp` is).
const OTHERS: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;
const FOR_ALL: u32 = 0o1002;

/// Tells a file from every other one of this machine, whatever names lead to it: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file that a path leads to.
    pub fn of(path: &Path) -> io::Result<FileId> {
        path.metadata().map(|meta| FileId::from(&meta))
    }
}

impl From<&Metadata> for FileId {
    fn from(meta: &Metadata) -> FileId {
        FileId { device: meta.dev(), inode: meta.ino() }
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.device, self.inode)
    }
}

/// What the system tells about a file or folder.
#[derive(Debug, Clone)]
pub struct Facts {
    kind: Kind,
    bits: u32,
    owner: u32,
    group: u32,
    id: FileId,
    names: u64,
}

impl Facts {
    /// About what a path leads to.
    pub fn of(path: &Path) -> io::Result<Facts> {
        path.metadata().map(|meta| Facts::from(&meta))
    }

    /// About what has the name, which may be a symbolic link.
    pub fn of_name(path: &Path) -> io::Result<Facts> {
        path.symlink_metadata().map(|meta| Facts::from(&meta))
    }

    /// About what is open, whatever has its name by now.
    pub(crate) fn of_open(file: &File) -> io::Result<Facts> {
        file.metadata().map(|meta| Facts::from(&meta))
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it belongs to the user that this process runs as.
    pub fn is_mine(&self) -> bool {
        self.owner == rustix::process::geteuid().as_raw()
    }

    /// Whether other users can do nothing with it.
    pub fn is_closed(&self) -> bool {
        self.bits & OTHERS == 0
    }

    /// Whether other users can change it.
    pub(crate) fn others_may_write(&self) -> bool {
        self.bits & OTHERS_WRITE != 0
    }

    /// Whether it is a folder that is meant for everybody.
    pub(crate) fn is_for_all(&self) -> bool {
        self.kind == Kind::Folder && self.bits & FOR_ALL != 0
    }

    /// The permission bits.
    pub(crate) fn bits(&self) -> u32 {
        self.bits
    }

    /// Who may use it, in the system's words.
    pub(crate) fn access(&self) -> String {
        format!("mode {:o}", self.bits & 0o777)
    }

    /// Which file it is.
    pub(crate) fn id(&self) -> FileId {
        self.id
    }

    /// How many names it has on its disk; none, once it is deleted.
    pub(crate) fn names(&self) -> u64 {
        self.names
    }

    /// The user and the group that own it.
    pub(super) fn owners(&self) -> (u32, u32) {
        (self.owner, self.group)
    }
}

impl From<&Metadata> for Facts {
    fn from(meta: &Metadata) -> Facts {
        let kind = match meta.file_type() {
            kind if kind.is_file() => Kind::File,
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_symlink() => Kind::Link,
            _ => Kind::Other,
        };
        let (bits, owner, group) = (meta.mode() & 0o7777, meta.uid(), meta.gid());
        Facts { kind, bits, owner, group, id: FileId::from(meta), names: meta.nlink() }
    }
}

impl From<&Stat> for Facts {
    #[allow(
        clippy::unnecessary_cast,
        clippy::useless_conversion,
        reason = "numbers of devices, modes and links have other sizes on Apple's systems"
    )]
    fn from(stat: &Stat) -> Facts {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        };
        let id = FileId { device: stat.st_dev as u64, inode: stat.st_ino as u64 };
        let (bits, owner, group) = (u32::from(stat.st_mode) & 0o7777, stat.st_uid, stat.st_gid);
        Facts { kind, bits, owner, group, id, names: stat.st_nlink as u64 }
    }
}

/// Tells one state of a file from another: whoever replaces it makes another file, and whoever writes it changes its
/// times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    file: FileId,
    size: u64,
    times: [i64; 4],
}

impl Stamp {
    /// The state of the file that a path leads to; `None` if there is none.
    pub(crate) fn of(path: &Path) -> Option<Stamp> {
        let meta = path.metadata().ok()?;
        let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()];
        Some(Stamp { file: FileId::from(&meta), size: meta.size(), times })
    }
}

/// The disk that a folder is on: its device number. It may be another one after the next start of the machine.
pub(crate) fn disk_of(path: &Path) -> Option<i64> {
    Some(i64::from_ne_bytes(path.metadata().ok()?.dev().to_ne_bytes()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use rustix::fs::{AtFlags, CWD, statat};

    use super::*;

    #[test]
    fn both_ways_to_ask_tell_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "x").unwrap();
        std::fs::hard_link(at("file"), at("second")).unwrap();
        symlink(at("file"), at("link")).unwrap();
        rustix::fs::mkfifoat(CWD, at("pipe"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        for (path, kind) in [
            (dir.path().to_owned(), Kind::Folder),
            (at("file"), Kind::File),
            (at("link"), Kind::Link),
            (at("pipe"), Kind::Other),
        ] {
            let facts = Facts::of_name(&path).unwrap();
            let other = Facts::from(&statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW).unwrap());
            assert_eq!(facts.kind(), kind);
            assert_eq!(format!("{facts:?}"), format!("{other:?}"));
        }
        assert_eq!(Facts::of(&at("link")).unwrap().id(), FileId::of(&at("second")).unwrap());
        assert_eq!(Facts::of(&at("file")).unwrap().names(), 2);
    }

    #[test]
    fn who_else_may_use_it_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let with = |bits: u32| {
            std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(bits)).unwrap();
            let facts = Facts::of(dir.path()).unwrap();
            (facts.is_closed(), facts.others_may_write(), facts.is_for_all())
        };
        assert_eq!(with(0o700), (true, false, false));
        assert_eq!(with(0o755), (false, false, false));
        assert_eq!(with(0o770), (false, true, false));
        assert_eq!(with(0o702), (false, true, true));
        assert_eq!(with(0o1700), (true, false, true), "sticky, as a folder for everybody is");
        assert!(Facts::of(dir.path()).unwrap().is_mine());
    }
}
