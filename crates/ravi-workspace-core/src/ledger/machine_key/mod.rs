//! Where the machine key is kept, and how it is found when first needed.
//!
//! A new ledger's key goes to the system's keychain if one works, otherwise to a file of mode 0600 beside the ledger.
//! The choice is made once and written down (`machine-key.json`), so that nobody waits again for a keychain that does
//! not work, and a key in a keychain is never silently replaced by a new one. Opening a ledger touches neither: many
//! callers never open or seal anything. A key is moved only when a person asks for it ([`MachineKey::keep_in`]).

mod file;
mod place;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::seal::{KEY_BYTES, SealError, SealKey};
use crate::config::Keychain;
use crate::machine::files::{self, LOCK_PATIENCE};
use crate::machine::keychain::{self, KeychainError};

pub(crate) use file::KeyFile;
pub(crate) use place::Place;

/// The key that seals one ledger, found when first needed.
pub(crate) struct MachineKey {
    dir: PathBuf,
    wish: Option<Keychain>,
    found: Mutex<Option<Arc<SealKey>>>,
    fell_back: Mutex<Option<String>>,
}

impl fmt::Debug for MachineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineKey").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl MachineKey {
    /// The key of the ledger in `dir`. `wish` says where to keep a new one.
    pub(super) fn new(dir: &Path, wish: Option<Keychain>) -> Self {
        MachineKey { dir: dir.to_owned(), wish, found: Mutex::default(), fell_back: Mutex::default() }
    }

    /// Seals `secret` for the row named by `what`.
    pub(crate) fn seal(&self, what: &str, secret: &str) -> Result<Vec<u8>, SealError> {
        self.ready()?.seal(what, secret)
    }

    /// Opens what [`MachineKey::seal`] made for the same row.
    pub(crate) fn open(&self, what: &str, sealed: &[u8]) -> Result<SecretString, SealError> {
        self.ready()?.open(what, sealed)
    }

    /// The key itself: from memory, otherwise from where it is kept, otherwise newly made. May wait for the keychain.
    pub(crate) fn ready(&self) -> Result<Arc<SealKey>, SealError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*found {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(match self.load()? {
            Some(key) => key,
            None => self.make()?,
        });
        *found = Some(Arc::clone(&key));
        Ok(key)
    }

    /// Where the key is kept; `None` as long as there is none.
    pub(crate) fn place(&self) -> Result<Option<Place>, SealError> {
        match Place::read(&self.dir)? {
            Some(place) => Ok(Some(place)),
            None => Ok(self.file().exists().then_some(Place::File { fallback: None })),
        }
    }

    /// Why this particular handle had to use a file instead of the keychain. Returned once; later starts show it only
    /// on request.
    pub(crate) fn take_fallback(&self) -> Option<String> {
        self.fell_back.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A key file left over from before the key was moved to the keychain.
    pub(crate) fn leftover(&self) -> Result<Option<PathBuf>, SealError> {
        let moved = matches!(self.place()?, Some(Place::System { .. }));
        Ok((moved && self.file().exists()).then(|| self.file().path().to_owned()))
    }

    /// Moves the key. Calling this again finishes what a crash interrupted.
    pub(crate) fn keep_in(&self, wanted: Keychain) -> Result<Place, SealError> {
        let key = self.ready()?;
        let _lock = self.lock()?;
        match (wanted, self.place()?) {
            (Keychain::System, Some(place @ Place::System { .. })) => {
                self.file().remove()?;
                Ok(place)
            }
            (Keychain::System, _) => {
                let place = self.give_to_keychain(&key).map_err(SealError::Keychain)?;
                place.write(&self.dir)?;
                self.file().remove()?;
                Ok(place)
            }
            (Keychain::File, Some(Place::System { entry })) => {
                self.file().write(&key)?;
                let place = Place::File { fallback: None };
                place.write(&self.dir)?;
                keychain::within_limit(move |chest| chest.delete(&entry)).map_err(SealError::Keychain)?;
                Ok(place)
            }
            (Keychain::File, _) => {
                let place = Place::File { fallback: None };
                place.write(&self.dir)?;
                Ok(place)
            }
        }
    }

    fn file(&self) -> KeyFile {
        KeyFile::in_folder(&self.dir)
    }

    fn load(&self) -> Result<Option<SealKey>, SealError> {
        match Place::read(&self.dir)? {
            Some(Place::System { entry }) => self.read_keychain(entry).map(Some),
            Some(Place::File { .. }) | None => self.file().read(),
        }
    }

    fn read_keychain(&self, entry: String) -> Result<SealKey, SealError> {
        let kept = keychain::within_limit(move |chest| chest.get(&entry)).map_err(SealError::Keychain)?;
        let kept = kept.ok_or(SealError::NotInKeychain)?;
        let bytes = <[u8; KEY_BYTES]>::try_from(kept.as_slice()).map_err(|_| SealError::NotInKeychain)?;
        Ok(SealKey::from(Zeroizing::new(bytes)))
    }

    /// Finds or makes the key. One process at a time decides where it goes; the others find it there.
    fn make(&self) -> Result<SealKey, SealError> {
        let _lock = self.lock()?;
        if let Some(key) = self.load()? {
            return Ok(key);
        }
        let key = SealKey::random()?;
        if self.wish == Some(Keychain::File) || matches!(Place::read(&self.dir)?, Some(Place::File { .. })) {
            self.file().write(&key)?;
            return Ok(key);
        }
        match self.give_to_keychain(&key) {
            Ok(place) => place.write(&self.dir)?,
            Err(e) if self.wish == Some(Keychain::System) => return Err(SealError::Keychain(e)),
            Err(e) => self.fall_back(&key, &e)?,
        }
        Ok(key)
    }

    fn give_to_keychain(&self, key: &SealKey) -> Result<Place, KeychainError> {
        let entry = format!("machine key {}", uuid::Uuid::new_v4());
        let (name, bytes) = (entry.clone(), key.bytes());
        keychain::within_limit(move |chest| {
            chest.probe()?;
            chest.set(&name, bytes.as_slice())?;
            match chest.get(&name)? {
                Some(kept) if kept.as_slice() == bytes.as_slice() => Ok(()),
                _ => Err(KeychainError::Forgetful),
            }
        })?;
        Ok(Place::System { entry })
    }

    /// Writes the reason before the key, so that there is never a key file without it.
    fn fall_back(&self, key: &SealKey, error: &KeychainError) -> Result<(), SealError> {
        let reason = error.to_string();
        tracing::warn!(%reason, "the machine key is kept in a file");
        Place::File { fallback: Some(reason.clone()) }.write(&self.dir)?;
        self.file().write(key)?;
        *self.fell_back.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        Ok(())
    }

    fn lock(&self) -> Result<File, SealError> {
        let path = self.dir.join("machine-key.lock");
        let fail = |source| SealError::KeyFile { path: path.clone(), doing: "locked", source };
        let file = files::lock_file(&path).map_err(fail)?;
        files::lock_within(&file, LOCK_PATIENCE).map_err(fail)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_file(dir: &Path) -> MachineKey {
        MachineKey::new(dir, Some(Keychain::File))
    }

    #[test]
    fn the_key_is_made_when_it_is_first_needed_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let first = in_file(dir.path());
        assert!(first.place().unwrap().is_none());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let sealed = first.seal("row/1", "made-up-value").unwrap();
        assert_eq!(first.place().unwrap(), Some(Place::File { fallback: None }));
        assert!(in_file(dir.path()).open("row/1", &sealed).is_ok());
        assert_eq!(first.take_fallback(), None, "a file was what was wished for");
    }

    #[test]
    fn many_that_need_the_key_at_once_end_with_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let sealed: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..16).map(|_| scope.spawn(|| in_file(dir.path()).seal("row/1", "made-up").unwrap())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        let key = in_file(dir.path());
        assert!(sealed.iter().all(|sealed| key.open("row/1", sealed).is_ok()));
    }

    #[test]
    fn a_place_that_cannot_be_read_is_no_reason_for_a_new_key() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(place::FILE), "{\"place\":\"elsewhere\"}").unwrap();
        assert!(matches!(in_file(dir.path()).ready(), Err(SealError::KeyForm { .. })));
        assert!(!KeyFile::in_folder(dir.path()).exists());
    }
}
