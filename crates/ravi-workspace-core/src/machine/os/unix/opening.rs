//! Opening files (open(2)).

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, RawMode};

use super::super::how::{How, Links, Make, Use};

/// Opens a file.
pub(crate) fn open(path: &Path, how: How) -> io::Result<File> {
    open_at(CWD, path, how)
}

/// Opens a file by its name in an open folder.
pub(super) fn open_at(folder: impl AsFd, name: &Path, how: How) -> io::Result<File> {
    let purpose = match how.purpose {
        Use::Read => OFlags::RDONLY,
        Use::Write => OFlags::WRONLY,
        Use::ReadWrite => OFlags::RDWR,
        Use::Append => OFlags::WRONLY | OFlags::APPEND,
    };
    let (make, bits) = match how.make {
        Make::Never => (OFlags::empty(), 0),
        Make::IfMissing(bits) => (OFlags::CREATE, bits),
        Make::Always(bits) => (OFlags::CREATE | OFlags::EXCL, bits),
    };
    let links = match how.links {
        Links::Follow => OFlags::empty(),
        Links::Refuse => OFlags::NOFOLLOW,
    };
    let flags = purpose | make | links | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = rustix::io::retry_on_intr(|| rustix::fs::openat(&folder, name, flags, mode(bits)));
    Ok(File::from(opened?))
}

#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "a mode has 16 bits on Apple's systems")]
pub(super) fn mode(bits: u32) -> Mode {
    Mode::from_raw_mode(bits as RawMode)
}
