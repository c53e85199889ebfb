//! `hook codex`: what Codex is told, and the folder of helper programs on the PATH of its shells.

use super::output::{Output, path as shown_path};
use clap::Subcommand;
use ravi_workspace_core::codex::Installed;
use ravi_workspace_core::{Ravi, Result};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum CodexHook {
    /// Put the folder of helper programs on the PATH of your login shells, from which agents get theirs
    Install,
    /// Remove it
    Uninstall,
    /// Print the `config` for thread/start, thread/resume and thread/fork
    ThreadConfig {
        /// A path in the workspace
        path: PathBuf,
    },
    /// Print the workspace's permission profile as TOML; with --json, as the `config` of a thread
    Profile {
        /// A path in the workspace
        path: PathBuf,
    },
}

pub(super) async fn codex(ravi: &Ravi, hook: CodexHook, output: Output) -> Result<()> {
    match hook {
        CodexHook::Install => output.answer(&ravi.codex().install_path().await?, text),
        CodexHook::Uninstall => output.answer(&ravi.codex().uninstall_path().await?, text),
        CodexHook::ThreadConfig { path } => {
            let config = ravi.workspaces().open(&path).await?.codex_thread_config()?;
            output.answer_exactly(&config, |config| format!("{config:#}"));
        }
        CodexHook::Profile { path } => {
            let profile = ravi.workspaces().open(&path).await?.codex_profile().await?;
            match output.json {
                true => output.answer(&profile.config(), |_| String::new()),
                false => output.answer_exactly(&profile, |profile| profile.toml().trim_end().to_owned()),
            }
        }
    }
    Ok(())
}

fn text(done: &Installed) -> String {
    let file = shown_path(&done.file);
    match (done.installed, done.changed) {
        (true, true) => format!("Added to {file}; new login shells have it."),
        (true, false) => format!("{file} already has it."),
        (false, true) => format!("Removed from {file}."),
        (false, false) => format!("{file} does not have it."),
    }
}
