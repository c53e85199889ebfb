//! `ravi-workspace secret …`: values come from standard input and go to standard output, nowhere else.

use std::io::{self, IsTerminal as _, Read as _};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use super::output::{Output, lines, say};
use clap::Subcommand;
use ravi_workspace_core::vault::{DEFAULT_LENGTH, NewValue, SecretRead};
use ravi_workspace_core::{Error, Ravi, Result};
use ravi_workspace_helper::InputError;

#[derive(Debug, Subcommand)]
pub(super) enum Secret {
    /// Print a value on standard output, followed by a newline
    Get {
        /// Name of the secret
        key: String,
        /// Ask Ravi even if a recent value is cached
        #[arg(long)]
        refresh: bool,
    },
    /// Store a value read from standard input; one newline at its end is dropped
    Set {
        /// Name of the secret
        key: String,
    },
    /// Replace a value; the old one is kept until the new one has been read back
    Rotate {
        /// Name of the secret
        key: String,
        /// Read the new value from standard input instead of generating one
        #[arg(long, conflicts_with = "length")]
        stdin: bool,
        /// Length of the generated value (random letters and digits)
        #[arg(long, value_name = "N")]
        length: Option<usize>,
    },
    /// Show the names, never a value
    List,
    /// Delete a secret
    Delete {
        /// Name of the secret
        key: String,
    },
}

/// The most that is read from standard input, in bytes; more is a mistake.
const LARGEST_VALUE: u64 = 1024 * 1024;

#[derive(Serialize)]
struct SecretValue<'a> {
    key: &'a str,
    value: &'a str,
    /// How many seconds ago Ravi said so.
    age_s: u64,
    /// Whether it is older than it should be, because Ravi cannot be reached.
    stale: bool,
}

#[derive(Serialize)]
struct SecretChange<'a> {
    key: &'a str,
    state: &'static str,
}

#[derive(Serialize)]
struct SecretNames {
    secrets: Vec<String>,
}

pub(super) async fn run(ravi: &Ravi, command: Secret, output: Output) -> Result<()> {
    match command {
        Secret::Get { key, refresh } => {
            let read = match refresh {
                true => SecretRead { value: ravi.secrets().refresh(&key).await?, age: Duration::ZERO, stale: false },
                false => ravi.secrets().read(&key).await?,
            };
            if read.stale {
                say(&format!("note: Ravi cannot be reached; this value is {} s old.", read.age.as_secs()));
            }
            let value = read.value.expose_secret();
            let answer = SecretValue { key: &key, value, age_s: read.age.as_secs(), stale: read.stale };
            output.answer_exactly(&answer, |s| s.value.to_owned());
        }
        Secret::Set { key } => {
            ravi.secrets().set(&key, read_secret("Value: ")?).await?;
            output.answer(&SecretChange { key: &stored_as(&key), state: "stored" }, |s| format!("Stored {}.", s.key));
        }
        Secret::Rotate { key, stdin, length } => {
            let new = match stdin {
                true => NewValue::Given(read_secret("New value: ")?),
                false => NewValue::Generated(length.unwrap_or(DEFAULT_LENGTH)),
            };
            ravi.secrets().rotate(&key, new).await?;
            output.answer(&SecretChange { key: &stored_as(&key), state: "rotated" }, |s| format!("Rotated {}.", s.key));
        }
        Secret::List => {
            let names = SecretNames { secrets: ravi.secrets().names().await? };
            output.answer(&names, |names| match names.secrets.as_slice() {
                [] => "No secrets.".to_owned(),
                names => lines(names, "\n"),
            });
        }
        Secret::Delete { key } => {
            ravi.secrets().delete(&key).await?;
            output.answer(&SecretChange { key: &stored_as(&key), state: "deleted" }, |s| format!("Deleted {}.", s.key));
        }
    }
    Ok(())
}

/// The name as the vault has it: names are in capitals there.
fn stored_as(key: &str) -> String {
    key.to_ascii_uppercase()
}

/// Reads a secret: hidden on a terminal, else all of standard input without one newline at its end.
pub(super) fn read_secret(prompt: &str) -> Result<SecretString> {
    let bad = |reason: String| Error::from(InputError::Unusable { reason });
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt).map(SecretString::from).map_err(|e| bad(e.to_string()));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    io::stdin().take(LARGEST_VALUE + 1).read_to_end(&mut bytes).map_err(|e| bad(e.to_string()))?;
    if bytes.len() as u64 > LARGEST_VALUE {
        return Err(bad("it is larger than 1 MiB".into()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| bad("it is not UTF-8".into()))?;
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    match text {
        "" => Err(bad("it is empty".into())),
        text => Ok(SecretString::from(text)),
    }
}
