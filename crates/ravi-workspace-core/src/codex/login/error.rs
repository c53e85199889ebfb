//! What can go wrong with a Codex login.

use std::path::PathBuf;

use super::holder::Holder;
use crate::error::Explain;
use crate::machine::files::FileError;

/// A failure concerning a Codex login. Holds none of it.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
#[allow(missing_docs, reason = "fields are paths, names and accounts")]
pub enum CodexError {
    /// Codex's folder is not known or cannot be used.
    #[error("Codex's folder cannot be used: {reason}")]
    #[explain(code = "codex.home", hint = "Name the folder with --codex-home.")]
    Home { reason: String },
    /// Codex's configuration cannot be read.
    #[error("{} cannot be read: {reason}", file.display())]
    #[explain(code = "codex.config", hint = "Correct the file; `codex doctor` says what is wrong with it.")]
    Config { file: PathBuf, reason: String },
    /// Codex does not keep its login in a file.
    #[error("{} says that Codex keeps its login in {store:?}, not in a file", file.display())]
    #[explain(
        code = "codex.store",
        kind = Policy,
        hint = "Set cli_auth_credentials_store = \"file\" in it, then sign in again: `ravi-workspace codex sign-in`."
    )]
    Store { file: PathBuf, store: String },
    /// There is no login.
    #[error("there is no Codex login in {}", home.display())]
    #[explain(
        code = "codex.no_login",
        kind = NotFound,
        hint = "`ravi-workspace codex restore` puts a stored login there; for a first one, `ravi-workspace codex \
                sign-in` shows a code to enter in any browser (`codex login --device-auth`), or takes an API key from \
                the vault (--api-key KEY)."
    )]
    NoLogin { home: PathBuf },
    /// A problem with the file of the login.
    #[error(transparent)]
    #[explain(
        if = matches!(_0, FileError::NotFound { .. }),
        code = "codex.file_not_found",
        kind = NotFound,
        hint = "Check the path."
    )]
    #[explain(
        if = matches!(_0, FileError::Directory { .. }),
        code = "codex.file_directory",
        hint = "Name a file inside the directory."
    )]
    #[explain(
        if = matches!(_0, FileError::NotRegular { .. }),
        code = "codex.file_not_regular",
        hint = "Name a regular file; pipes, sockets and devices are not read."
    )]
    #[explain(
        if = matches!(_0, FileError::Symlink { .. }),
        code = "codex.file_symlink",
        hint = "Remove the link, or replace it with a regular file."
    )]
    #[explain(
        if = matches!(_0, FileError::TooLarge { .. }),
        code = "codex.file_too_large",
        hint = "Check that this is the file you meant."
    )]
    #[explain(
        if = matches!(_0, FileError::Denied { .. }),
        code = "codex.file_denied",
        hint = "Check who owns the file and its folder, and their permissions."
    )]
    #[explain(
        if = matches!(_0, FileError::Changed { .. }),
        code = "codex.file_changed",
        hint = "Close the program that writes the file, then run the command again."
    )]
    #[explain(code = "codex.file_io", hint = "Check the disk: space left, read-only mount, errors in the system log.")]
    File(#[from] FileError),
    /// Others may read it.
    #[error("other users of this machine can read or write the login in {} ({access})", path.display())]
    #[explain(
        code = "codex.exposed",
        kind = Policy,
        hint("Run `chmod 600 '{}'`, then the same command again.", path.display())
    )]
    Exposed { path: PathBuf, access: String },
    /// It is incomplete, or holds no login.
    #[error("{} holds no usable Codex login: {reason}", path.display())]
    #[explain(
        code = "codex.damaged",
        hint = "If Codex is writing it, try again. If not, move the file aside and run `ravi-workspace codex restore`."
    )]
    Damaged { path: PathBuf, reason: &'static str },
    /// A kind of login that cannot be kept.
    #[error("{} holds a login of the kind {mode:?}, which cannot be kept", path.display())]
    #[explain(code = "codex.mode", hint = "Sign in with ChatGPT (`codex login --device-auth`) or an API key.")]
    Mode { path: PathBuf, mode: String },
    /// The vault and the disk hold different accounts.
    #[error("{name} is for the {stored}, but {} is for the {found}", path.display())]
    #[explain(
        code = "codex.other_account",
        kind = Policy,
        hint = "Keep the other account under its own name (--name), or overwrite with --force."
    )]
    OtherAccount { name: String, stored: String, path: PathBuf, found: String },
    /// Another machine has it.
    #[error("the login {name} has been in use at {}", holder.in_words())]
    #[explain(
        code = "codex.held",
        kind = Policy,
        hint = "Stop Codex there and use --take-over; or sign in on this machine and save that login under its own \
                --name."
    )]
    Held { name: String, holder: Box<Holder> },
    /// The machine that has it watches it, but does not hand it over.
    #[error("the login {name} has been in use at {}; that machine did not answer", holder.in_words())]
    #[explain(
        code = "codex.holder_silent",
        kind = Policy,
        hint = "If that machine is gone for good, use --take-over --force. If it is still running, a token that it \
                could not store yet would be lost, and the login with it."
    )]
    HolderSilent { name: String, holder: Box<Holder> },
    /// Another machine is taking it over right now.
    #[error("the login {name} is being taken over by {host}")]
    #[explain(code = "codex.contended", hint = "Try again in two minutes.")]
    Contended { name: String, host: String },
    /// The vault has a newer one.
    #[error("the login in {} is older than the one stored as {name}", path.display())]
    #[explain(
        code = "codex.older",
        kind = Policy,
        hint = "Run `ravi-workspace codex restore`; --force stores the older one anyway."
    )]
    Older { name: String, path: PathBuf },
    /// The vault is not sealed.
    #[error("a Codex login is only kept in a vault that is sealed end to end, and this one is not")]
    #[explain(
        code = "codex.not_sealed",
        kind = Policy,
        hint = "Run `ravi-workspace seal enable` first, or `seal unlock` if it was enabled on another machine."
    )]
    NotSealed,
    /// The secret is something else.
    #[error("the secret {name} is not a Codex login stored by this program")]
    #[explain(code = "codex.record", hint = "Choose another --name, or delete the secret and save again.")]
    Record { name: String },
    /// The secret was written by a newer version.
    #[error("the secret {name} was stored by a newer version of this program")]
    #[explain(code = "codex.newer", hint = "Update this program.")]
    Newer { name: String },
    /// Codex is holding its locks.
    #[error("Codex has held the lock {} for too long", path.display())]
    #[explain(code = "codex.locked", hint = "Check whether a Codex process has hung, then try again.")]
    Locked { path: PathBuf },
    /// Another process is already watching the login.
    #[error("the login in {} is already being watched by another process", home.display())]
    #[explain(code = "codex.watched", hint = "There is nothing to do: one watcher is enough.")]
    Watched { home: PathBuf },
    /// Codex cannot be run.
    #[error("{} cannot be run: {source}", program.display())]
    #[explain(
        if = source.kind() != std::io::ErrorKind::NotFound,
        code = "codex.start",
        hint = "Check the program's permissions and system limits (open files, processes, memory), then try again."
    )]
    #[explain(code = "codex.program", hint = "Install Codex, or name the program with --codex.")]
    Program { program: PathBuf, source: std::io::Error },
    /// Codex did not sign in.
    #[error("`codex login` did not succeed")]
    #[explain(
        code = "codex.sign_in",
        hint = "Read what Codex said. Your ChatGPT workspace must allow device codes; an API key works without them \
                (--api-key)."
    )]
    SignIn,
    /// The input is not a reply to `getAuthStatus`.
    #[error("what was given is not a reply to getAuthStatus")]
    #[explain(
        code = "codex.auth_status",
        kind = Usage,
        hint = "Give the `result` of getAuthStatus {\"includeToken\":true} as JSON."
    )]
    AuthStatus,
}
