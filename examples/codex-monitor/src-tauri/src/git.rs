//! Runs git in a folder.

use std::path::Path;
use std::process::Command;

use crate::error::{Result, failure};

/// Returns what git prints, or what it prints as an error.
pub fn git(folder: &Path, args: &[&str]) -> Result<String> {
    let hint = "Check that git is installed and that the folder is a repository.";
    let output = Command::new("git").arg("-C").arg(folder).args(args).output();
    let output = output.map_err(|error| failure("git", format!("git did not start: {error}"), hint))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(failure("git", format!("git {}: {}", args.join(" "), complaint.trim()), hint))
}
