//! Reading and writing at a place in a file, whatever was read or written before.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// Reads what is at `place`, and returns how much that was; nothing at the end of the file.
pub(crate) fn read_at(file: &File, bytes: &mut [u8], place: u64) -> io::Result<usize> {
    file.read_at(bytes, place)
}

/// Writes all of it at `place`.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], place: u64) -> io::Result<()> {
    file.write_all_at(bytes, place)
}
