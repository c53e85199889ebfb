//! The end of the trail, kept outside its table: without it, cutting off the newest entries would go unnoticed.
//!
//! It is one small file beside the ledger, with its own MAC, and records two things: up to which entry the trail is
//! known to be written, and up to which entry somebody was about to write. The second is set before the ledger's
//! transaction is committed, the first after it. So at any moment, even after a power cut or kill:
//!
//! | the table ends | meaning |
//! |---|---|
//! | at or after what is known | the trail is complete |
//! | before what is known | the end was cut off |
//! | at what is known, before what was begun | interrupted: a writer was ended (see below) |
//!
//! An interrupted writer was ended before its commit, or after it and its last entries were taken away: there is no
//! telling which.
//!
//! The next writer never reuses a number that was begun: a cut stays visible as a gap that does not match the chain, an
//! interruption as one that does. If the file itself is gone or damaged while there are entries, the next writer notes
//! that (`audit.head_lost`) and makes a new one.
//!
//! The file is written in place, without waiting for the disk: after a power cut it may be older than the table, which
//! does no harm, and it is newer only as an intent. Both writes happen under the file's lock, for a few microseconds
//! each.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::chain::{ChainKey, Field, MAC_BYTES, MacBytes};
use crate::machine::files::{self, LOCK_PATIENCE};
use crate::machine::os::{self, How, Links, lock, positions};

/// Name of the file in the state folder.
pub(crate) const FILE: &str = "audit.head";

const MAGIC: &[u8; 8] = b"ravihd1\n";
const PLACE_BYTES: usize = 8 + MAC_BYTES;
const BYTES: usize = MAGIC.len() + 2 * PLACE_BYTES + MAC_BYTES;

/// Tells the MAC of a head from other MACs.
const WHAT: u8 = b'h';

/// An entry: its number and its MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) seq: i64,
    pub(crate) mac: MacBytes,
}

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The last entry that is known to be written.
    pub(crate) written: Place,
    /// The last entry that somebody was about to write.
    pub(crate) begun: Place,
}

/// The result of reading the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadState {
    /// There is no file.
    Missing,
    /// It was not written with this key.
    Damaged,
    Read(Head),
}

/// The file.
pub(crate) struct HeadFile {
    path: PathBuf,
}

impl HeadFile {
    pub(crate) fn in_folder(dir: &Path) -> HeadFile {
        HeadFile { path: dir.join(FILE) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub fn read(&self, key: &ChainKey) -> io::Result<HeadState> {
        match open(&self.path, false) {
            Ok(file) => read(&file, key),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(HeadState::Missing),
            Err(e) => Err(e),
        }
    }

    /// Records what is about to be written. The caller holds the ledger's write lock.
    pub(crate) fn begin(&self, key: &ChainKey, head: &Head) -> io::Result<Begun> {
        let file = open(&self.path, true)?;
        files::lock_within(&file, LOCK_PATIENCE)?;
        let written = write(&file, &to_bytes(key, head));
        lock::release(&file)?;
        written.map(|()| Begun { file, head: *head })
    }
}

/// A write that was begun.
pub(crate) struct Begun {
    file: File,
    head: Head,
}

impl Begun {
    /// Records that the write is done, unless somebody else has begun the next one, which has already recorded it.
    pub(crate) fn end(self, key: &ChainKey) -> io::Result<()> {
        files::lock_within(&self.file, LOCK_PATIENCE)?;
        let ended = match read(&self.file, key) {
            Ok(HeadState::Read(now)) if now == self.head => {
                let head = Head { written: self.head.begun, begun: self.head.begun };
                positions::write_all_at(&self.file, &to_bytes(key, &head), 0)
            }
            other => other.map(drop),
        };
        lock::release(&self.file)?;
        ended
    }
}

fn open(path: &Path, make: bool) -> io::Result<File> {
    let how = match make {
        true => How::read_and_write(Links::Refuse).make(0o600),
        false => How::read(Links::Refuse),
    };
    os::open(path, how)
}

fn write(file: &File, bytes: &[u8]) -> io::Result<()> {
    // It is longer than any head, so something else wrote it.
    if file.metadata()?.len() > bytes.len() as u64 {
        file.set_len(bytes.len() as u64)?;
    }
    positions::write_all_at(file, bytes, 0)
}

fn read(file: &File, key: &ChainKey) -> io::Result<HeadState> {
    let mut bytes = [0; BYTES + 1];
    let mut length = 0;
    while length < bytes.len() {
        match positions::read_at(file, &mut bytes[length..], length as u64) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(match length {
        // Created, and not written yet.
        0 => HeadState::Missing,
        _ => from_bytes(key, &bytes[..length]).map_or(HeadState::Damaged, HeadState::Read),
    })
}

fn to_bytes(key: &ChainKey, head: &Head) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for place in [&head.written, &head.begun] {
        bytes.extend(place.seq.to_le_bytes());
        bytes.extend(place.mac);
    }
    let mac = key.mac(WHAT, &[Field::Bytes(&bytes)]);
    bytes.extend(mac);
    bytes
}

fn from_bytes(key: &ChainKey, bytes: &[u8]) -> Option<Head> {
    let (content, mac) = bytes.split_at_checked(BYTES - MAC_BYTES)?;
    let places = content.strip_prefix(MAGIC)?;
    if !key.fits(WHAT, &[Field::Bytes(content)], mac) {
        return None;
    }
    let (written, begun) = places.split_at_checked(PLACE_BYTES)?;
    Some(Head { written: place(written)?, begun: place(begun)? })
}

fn place(bytes: &[u8]) -> Option<Place> {
    let (seq, mac) = bytes.split_first_chunk()?;
    Some(Place { seq: i64::from_le_bytes(*seq), mac: mac.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seq: i64) -> Place {
        Place { seq, mac: [u8::try_from(seq).unwrap(); MAC_BYTES] }
    }

    #[test]
    fn every_changed_byte_and_every_length_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let (file, key) = (HeadFile::in_folder(dir.path()), ChainKey::derive(&[1; 32]));
        assert_eq!(file.read(&key).unwrap(), HeadState::Missing);
        let head = Head { written: at(3), begun: at(5) };
        file.begin(&key, &head).unwrap();
        assert_eq!(file.read(&key).unwrap(), HeadState::Read(head));
        let good = std::fs::read(file.path()).unwrap();
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            std::fs::write(file.path(), bad).unwrap();
            assert_eq!(file.read(&key).unwrap(), HeadState::Damaged, "byte {index}");
        }
        for bad in [&good[..good.len() - 1], &[good.as_slice(), b"x"].concat()] {
            std::fs::write(file.path(), bad).unwrap();
            assert_eq!(file.read(&key).unwrap(), HeadState::Damaged);
        }
        assert_eq!(file.read(&ChainKey::derive(&[2; 32])).unwrap(), HeadState::Damaged);
    }

    #[test]
    fn an_end_does_not_undo_what_another_has_begun() {
        let dir = tempfile::tempdir().unwrap();
        let (file, key) = (HeadFile::in_folder(dir.path()), ChainKey::derive(&[1; 32]));
        let first = file.begin(&key, &Head { written: at(0), begun: at(1) }).unwrap();
        let second = file.begin(&key, &Head { written: at(1), begun: at(2) }).unwrap();
        first.end(&key).unwrap();
        assert_eq!(file.read(&key).unwrap(), HeadState::Read(Head { written: at(1), begun: at(2) }));
        second.end(&key).unwrap();
        assert_eq!(file.read(&key).unwrap(), HeadState::Read(Head { written: at(2), begun: at(2) }));
    }
}
