//! Undoes a change to a file byte for byte.
//!
//! A change that this program makes to a user's file (another line, another section) is one replaced run of bytes. What
//! is kept is that run and a digest of the whole result. As long as the file still is that result, undoing the run
//! restores the original exactly. If somebody has changed the file since, nothing is undone this way, and the caller
//! undoes what is still its own, value by value. Only the run is kept, never the rest of the file, which may hold other
//! people's secrets.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::machine::hex::hex;

/// One replaced run of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Splice {
    at: usize,
    removed: Vec<u8>,
    inserted: usize,
    /// The file did not exist before.
    created: bool,
    /// SHA-256 of the whole file before the change, hex.
    before: String,
    /// SHA-256 of the whole file after the change, hex.
    after: String,
}

impl Splice {
    /// The change from `before` (`None`: no file) to `after`.
    pub(crate) fn between(before: Option<&[u8]>, after: &[u8]) -> Self {
        let old = before.unwrap_or_default();
        let at = old.iter().zip(after).take_while(|(a, b)| a == b).count();
        let room = old.len().min(after.len()) - at;
        let tail = old.iter().rev().zip(after.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
        Splice {
            at,
            removed: old[at..old.len() - tail].to_vec(),
            inserted: after.len() - tail - at,
            created: before.is_none(),
            before: digest(old),
            after: digest(after),
        }
    }

    /// The change from `before` to `after`, if the run that began it did not finish, so that somebody else may have
    /// changed the file too.
    ///
    /// `None` unless every line that differs is a header of one of our sections or a line with one of our values
    /// (`section.name`).
    pub(crate) fn after_crash(before: Option<&[u8]>, after: &[u8], ours: &[&str]) -> Option<Self> {
        let (old, new) = (lines(before.unwrap_or_default()), lines(after));
        let count = |lines: &[&[u8]], line: &[u8]| lines.iter().filter(|other| **other == line).count();
        let mut changed = old.iter().chain(&new).filter(|line| count(&old, line) != count(&new, line));
        changed.all(|line| is_ours(line, ours)).then(|| Splice::between(before, after))
    }

    /// Returns what the file was before.
    pub(crate) fn undo(&self, current: Option<&[u8]>) -> Undone {
        match current {
            None if self.created => Undone::Already,
            None => Undone::Changed,
            Some(current) if !self.created && digest(current) == self.before => Undone::Already,
            Some(current) => self.undo_bytes(current),
        }
    }

    fn undo_bytes(&self, current: &[u8]) -> Undone {
        if digest(current) != self.after || self.at + self.inserted > current.len() {
            return Undone::Changed;
        }
        if self.created {
            return Undone::NoFile;
        }
        let (head, rest) = current.split_at(self.at);
        Undone::Bytes([head, &self.removed, &rest[self.inserted..]].concat())
    }
}

/// What a file was before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Undone {
    /// These bytes.
    Bytes(Vec<u8>),
    /// It did not exist.
    NoFile,
    /// What it is now: the change has already been undone.
    Already,
    /// Unknown: somebody has changed it since.
    Changed,
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect()
}

/// Section and value names are case-insensitive (git-config(1)).
fn is_ours(line: &[u8], ours: &[&str]) -> bool {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    ours.iter().map(|key| key.to_ascii_lowercase()).any(|key| {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", &key));
        let value = line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='));
        let header = match section.split_once('.') {
            Some((section, below)) => format!("[{section} \"{below}\"]"),
            None => format!("[{section}]"),
        };
        value || line == header
    })
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[test]
    fn after_a_crash_only_our_own_lines_may_differ() {
        let before: &[u8] = b"[core]\n\tbare = true\n";
        let ours = ["extensions.worktreeConfig", "core.bare"];
        let after = b"[core]\n[extensions]\n\tworktreeConfig = true\n";
        let splice = Splice::after_crash(Some(before), after, &ours).expect("only ours");
        assert_eq!(splice.undo(Some(after)), Undone::Bytes(before.to_vec()));
        let ours = ["credential.https://github.com.helper"];
        let after = b"[core]\n\tbare = true\n[credential \"https://github.com\"]\n\thelper = \n\thelper = !x\n";
        assert!(Splice::after_crash(Some(before), after, &ours).is_some());
        let ours = ["extensions.worktreeConfig", "core.bare"];
        let humans = b"[core]\n# mine\n[extensions]\n\tworktreeConfig = true\n";
        assert_eq!(Splice::after_crash(Some(before), humans, &ours), None);
    }

    use super::*;

    proptest! {
        #[test]
        fn undo_gives_the_original(before in proptest::collection::vec(0u8..4, 0..40), after in proptest::collection::vec(0u8..4, 0..40)) {
            let splice = Splice::between(Some(&before), &after);
            prop_assert_eq!(splice.undo(Some(&before)), Undone::Already);
            if before != after {
                prop_assert_eq!(splice.undo(Some(&after)), Undone::Bytes(before));
            }
        }

        #[test]
        fn a_changed_file_is_left_alone(after in proptest::collection::vec(0u8..4, 1..40), at in 0usize..40) {
            let splice = Splice::between(None, &after);
            prop_assert_eq!(splice.undo(Some(&after)), Undone::NoFile);
            prop_assert_eq!(splice.undo(None), Undone::Already);
            let mut changed = after.clone();
            let at = at % changed.len();
            changed[at] ^= 7;
            prop_assert_eq!(splice.undo(Some(&changed)), Undone::Changed);
        }
    }
}
