//! The first sign-in, on a machine without a browser: Codex does it and tells the person what to do.

use std::path::Path;
use std::process::Stdio;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::error::CodexError;
use super::home::Home;
use crate::machine::os::like_stderr;

/// How to sign in.
#[derive(Debug, Clone)]
pub(crate) enum SignIn {
    /// With a code that is entered in any browser.
    Device,
    /// With an API key.
    ApiKey(SecretString),
}

/// Runs `codex login`. Its output goes to standard error; a key is passed on its standard input.
pub(crate) async fn run(program: &Path, home: &Home, how: &SignIn) -> Result<(), CodexError> {
    let cannot = |source: std::io::Error| CodexError::Program { program: program.to_owned(), source };
    let mut command = Command::new(program);
    command.arg("login").env("CODEX_HOME", home.dir()).kill_on_drop(true);
    // Its words are for the person; standard output belongs to the caller.
    command.stdout(like_stderr().map_err(cannot)?);
    match how {
        SignIn::Device => command.arg("--device-auth").stdin(Stdio::inherit()),
        SignIn::ApiKey(_) => command.arg("--with-api-key").stdin(Stdio::piped()),
    };
    let mut child = command.spawn().map_err(cannot)?;
    if let (SignIn::ApiKey(key), Some(mut input)) = (how, child.stdin.take()) {
        input.write_all(key.expose_secret().as_bytes()).await.map_err(cannot)?;
    }
    if child.wait().await.map_err(cannot)?.success() { Ok(()) } else { Err(CodexError::SignIn) }
}
