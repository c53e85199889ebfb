//! The one place where the app starts programs.

use std::ffi::OsStr;
use std::path::Path;

use tokio::process::Command;

pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let program = crate::ravi_core::program(program.as_ref());
    Command::new(program)
}

pub(crate) async fn git(folder: &Path, args: &[&str]) -> Result<String, String> {
    output(command("git").args(args).current_dir(folder)).await
}

pub(crate) async fn gh(folder: &Path, args: &[&str]) -> Result<String, String> {
    output(command("gh").args(args).current_dir(folder)).await
}

async fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().await.map_err(|e| e.to_string())?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}
