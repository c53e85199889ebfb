//! Codex's folder: where it is, what its configuration says about logins, and its `auth.json`, read and written as
//! Codex does it, under Codex's own locks.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::auth::Auth;
use super::error::CodexError;
use crate::machine::crash::{When, point};
use crate::machine::files::{self, FileError, Mode};
use crate::machine::os::{self, Facts, How, Kind, Links, Stamp};
use crate::machine::places;

/// The largest login, in bytes: together with what is stored beside it, it must fit into a secret.
const LARGEST: usize = 48 * 1024;
const LARGEST_CONFIG: usize = 4 * 1024 * 1024;

/// Codex holds its locks only while it writes a file.
const LOCK_LIMIT: Duration = Duration::from_secs(10);

/// A Codex folder.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    dir: PathBuf,
}

/// Held while a file is replaced. The system releases them if the process dies.
pub(crate) struct Locks {
    _held: [File; 2],
}

impl Home {
    /// The folder that is meant: the one given, otherwise that of `CODEX_HOME`, otherwise `~/.codex`.
    pub(crate) fn find(given: Option<&Path>) -> Result<Home, CodexError> {
        let bad = |e: io::Error| CodexError::Home { reason: e.to_string() };
        let variable = || std::env::var_os("CODEX_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let dir = match given.map(Path::to_owned).or_else(variable) {
            Some(dir) => dir,
            None => etcetera::home_dir().map_err(|e| CodexError::Home { reason: e.to_string() })?.join(".codex"),
        };
        let dir = match dir.canonicalize() {
            Ok(real) if !real.is_dir() => {
                return Err(CodexError::Home { reason: format!("{} is not a folder", real.display()) });
            }
            Ok(real) => real,
            Err(e) if e.kind() == io::ErrorKind::NotFound => std::path::absolute(dir).map_err(bad)?,
            Err(e) => return Err(bad(e)),
        };
        places::outside_git_dirs(&dir).map_err(|e| CodexError::Home { reason: e.to_string() })?;
        Ok(Home { dir })
    }

    /// The same folder, created if it was missing. From then on its real path is known.
    pub(crate) fn made(self) -> Result<Home, CodexError> {
        let made = os::access::make_folder(&self.dir, 0o700);
        let dir =
            made.and_then(|()| self.dir.canonicalize()).map_err(|e| CodexError::Home { reason: e.to_string() })?;
        Ok(Home { dir })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn auth_file(&self) -> PathBuf {
        self.dir.join("auth.json")
    }

    /// Refuses a Codex that does not keep its login in the file (`cli_auth_credentials_store` in `config.toml`).
    pub(crate) fn check_store(&self) -> Result<(), CodexError> {
        let file = self.dir.join("config.toml");
        let bytes = match files::read_bounded_following(&file, LARGEST_CONFIG) {
            Ok(bytes) => bytes,
            Err(FileError::NotFound { .. }) => return Ok(()),
            Err(e) => return Err(e.into()),
        };
        let bad = |reason: &str| CodexError::Config { file: file.clone(), reason: reason.to_owned() };
        let text = std::str::from_utf8(&bytes).map_err(|_| bad("it is not text"))?;
        // The parser's own message quotes the line, which may contain a key.
        let table: toml::Table = text.parse().map_err(|_| bad("it is not TOML"))?;
        match table.get("cli_auth_credentials_store").map(toml::Value::as_str) {
            None | Some(Some("file")) => Ok(()),
            Some(Some(store)) => Err(CodexError::Store { file, store: store.chars().take(40).collect() }),
            Some(None) => Err(bad("cli_auth_credentials_store is not text")),
        }
    }

    /// The login, for taking it from here; `None` if there is none. A file that others can read or write is refused.
    pub fn read(&self) -> Result<Option<Auth>, CodexError> {
        let path = self.auth_file();
        if let Ok(facts) = Facts::of(&path)
            && facts.kind() == Kind::File
            && !facts.is_closed()
        {
            return Err(CodexError::Exposed { path, access: facts.access() });
        }
        self.read_any()
    }

    /// The same for a file that is being followed: its newest token is kept, whoever can read it.
    pub(crate) fn read_any(&self) -> Result<Option<Auth>, CodexError> {
        let path = self.auth_file();
        match files::read_bounded_following(&path, LARGEST) {
            Ok(bytes) => Auth::parse(&path, &Zeroizing::new(bytes)).map(Some),
            Err(FileError::NotFound { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// The state of the file. Codex replaces it, so it is another file then.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        Stamp::of(&self.auth_file())
    }

    /// Replaces `expected` (`None` for no file) with `auth`, whole and with mode 0600, following a link.
    ///
    /// With `keep`, the former file is left beside it and its path returned.
    pub(crate) fn put(&self, auth: &Auth, expected: Option<&str>, keep: bool) -> Result<Option<PathBuf>, CodexError> {
        let _locks = self.lock()?;
        let path = self.auth_file();
        let now = self.read_any()?;
        if now.as_ref().map(|now| now.digest.as_str()) != expected {
            return Err(FileError::Changed { path }.into());
        }
        let mut aside = None;
        if let Some(now) = now.filter(|_| keep) {
            let beside = self.beside("before-restore");
            files::write_atomic(&beside, now.text.expose_secret().as_bytes(), Mode::Exact(0o600))?;
            aside = Some(beside);
        }
        files::write_atomic_following(&path, auth.text.expose_secret().as_bytes(), Mode::Exact(0o600))?;
        Ok(aside)
    }

    /// Moves the file aside, so that no Codex started here finds it; `None` if there is none. A file other than
    /// `expected` stays.
    pub(crate) fn move_aside(&self, expected: &str) -> Result<Option<PathBuf>, CodexError> {
        let _locks = self.lock()?;
        if self.read_any()?.is_some_and(|now| now.digest != expected) {
            return Err(FileError::Changed { path: self.auth_file() }.into());
        }
        let target = self.target();
        let aside = self.beside("taken-over");
        point(When::Before, "move the Codex login aside");
        match std::fs::rename(&target, &aside) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(FileError::from_io(&target, "move", e).into()),
        }
        point(When::After, "move the Codex login aside");
        Ok(Some(aside))
    }

    fn beside(&self, word: &str) -> PathBuf {
        let target = self.target();
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{word}"));
        target.with_file_name(name)
    }

    /// The file itself, if `auth.json` is a link.
    fn target(&self) -> PathBuf {
        let path = self.auth_file();
        path.canonicalize().unwrap_or(path)
    }

    /// The locks that Codex takes around a write, both by flock(2): `auth.lock`, and one beside the file itself.
    pub(crate) fn lock(&self) -> Result<Locks, CodexError> {
        let mut beside = self.target().into_os_string();
        beside.push(".lock");
        let files = [(self.dir.join("auth.lock"), 0o644), (PathBuf::from(beside), 0o600)];
        let started = Instant::now();
        loop {
            let mut held = Vec::with_capacity(2);
            // Neither is waited for while holding the other, so that taking them in the other order causes no deadlock.
            let busy = files.iter().find_map(|(path, mode)| match lock_now(path, *mode) {
                Ok(Some(file)) => {
                    held.push(file);
                    None
                }
                Ok(None) => Some(Ok(path)),
                Err(e) => Some(Err(e)),
            });
            match (busy, <[File; 2]>::try_from(held)) {
                (None, Ok(held)) => return Ok(Locks { _held: held }),
                (Some(Err(e)), _) => return Err(e.into()),
                (Some(Ok(path)), _) if started.elapsed() > LOCK_LIMIT => {
                    return Err(CodexError::Locked { path: path.clone() });
                }
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

fn lock_now(path: &Path, mode: u32) -> Result<Option<File>, FileError> {
    let fail = |e| FileError::from_io(path, "lock", e);
    // No link or pipe can take the lock's place.
    let file = os::open(path, How::write(Links::Refuse).make(mode)).map_err(fail)?;
    match os::lock::try_now(&file) {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(fail(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_codex_wrote_meanwhile_is_not_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::find(Some(dir.path())).unwrap();
        std::fs::write(home.auth_file(), r#"{"OPENAI_API_KEY":"sk-made-up"}"#).unwrap();
        let refused = home.move_aside("another digest");
        assert!(matches!(refused, Err(CodexError::File(FileError::Changed { .. }))), "{refused:?}");
        let now = home.read_any().unwrap().unwrap();
        let aside = home.move_aside(&now.digest).unwrap().unwrap();
        assert!(aside.exists() && !home.auth_file().exists());
    }
}
