//! `hook dmux|git|claude|jean`: what orchestrators call.

use std::path::{Path, PathBuf};

use super::codex_hook::CodexHook;
use super::output::{Output, line, path as shown_path, print, say};
use super::progress::Steps;
use clap::Subcommand;
use ravi_workspace_core::files::{self, Mode};
use ravi_workspace_core::hooks::claude::Payload;
use ravi_workspace_core::hooks::dmux::{Event, PaneInfo};
use ravi_workspace_core::hooks::{Did, HookError, HookFile, HookFileState, HookReport, first_checkout};
use ravi_workspace_core::workspace::{Progress, Step, StepState};
use ravi_workspace_core::{Ravi, Result};

#[derive(Debug, Subcommand)]
pub(super) enum Hook {
    /// Set Codex up for workspaces
    #[command(subcommand)]
    Codex(CodexHook),
    /// Install and run dmux hooks
    #[command(subcommand)]
    Dmux(DmuxHook),
    /// Install and run the git hook of a repository
    #[command(subcommand)]
    Git(GitHook),
    /// Install and run Claude Code hooks
    #[command(subcommand)]
    Claude(ClaudeHook),
    /// Install and run the scripts of a project in Jean
    #[command(subcommand)]
    Jean(JeanHook),
}

#[derive(Debug, Subcommand)]
pub(super) enum DmuxHook {
    /// Write the hook files; existing hooks of the same name still run
    Install(Where),
    /// Remove them, and put back what was there before
    Uninstall(Where),
    /// worktree-create.sh of Ravi's guide
    WorktreeCreate {
        /// The pane's id
        pane: String,
        /// The worktree
        worktree: PathBuf,
    },
    /// post-merge.sh of Ravi's guide
    PostMerge {
        /// The pane's id
        pane: String,
    },
    /// One of dmux's events, such as worktree_created; dmux passes the rest in the environment
    #[command(external_subcommand)]
    Event(Vec<String>),
}

#[derive(Debug, clap::Args)]
pub(super) struct Where {
    /// For this user, in ~/.dmux/hooks (the default)
    #[arg(long, conflicts_with = "project")]
    pub(super) global: bool,
    /// For one project only, in its .dmux/hooks
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = ".")]
    pub(super) project: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum GitHook {
    /// Write the post-checkout hook; an existing one still runs
    Install {
        /// A path in the repository
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Remove it, and put back what was there before
    Uninstall {
        /// A path in the repository
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Run as post-checkout: set up a worktree on its first checkout
    PostCheckout {
        /// The arguments that git passes to its hook
        #[arg(num_args = 0.., allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct ClaudeWhere {
    /// For this user, in ~/.claude/settings.json (the default)
    #[arg(long, conflicts_with = "project")]
    pub(super) global: bool,
    /// For one project only, in its .claude/settings.local.json
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = ".")]
    pub(super) project: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ClaudeHook {
    /// Write the hooks into Claude Code's settings, beside any existing ones
    Install(ClaudeWhere),
    /// Remove them
    Uninstall(ClaudeWhere),
    /// Make the worktree, set it up, and print its path
    #[command(name = "WorktreeCreate")]
    WorktreeCreate,
    /// Take the workspace down and remove the worktree
    #[command(name = "WorktreeRemove")]
    WorktreeRemove,
    /// Wake a suspended workspace
    #[command(name = "SessionStart")]
    SessionStart,
}

#[derive(Debug, Subcommand)]
pub(super) enum JeanHook {
    /// Put the commands into the project's jean.json, before any existing ones
    Install {
        /// A path in the project
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Remove them
    Uninstall {
        /// A path in the project
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// scripts.setup in jean.json
    Setup,
    /// scripts.teardown in jean.json
    Teardown,
}

/// What a person has to know who reads in the pane why no agent came: dmux has no hook for opening the worktree again.
const NOT_STARTED: &str = "No agent is started here, because Ravi could not set the worktree up. Close this pane and its \
worktree: opened again, an agent in it would work as you.";

pub(super) async fn dmux(ravi: &Ravi, hook: DmuxHook, output: Output) -> Result<()> {
    match hook {
        DmuxHook::Install(r#where) => {
            output.answer(&ravi.hooks().install_dmux(r#where.project()).await?, |all| files_text(all));
        }
        DmuxHook::Uninstall(r#where) => {
            output.answer(&ravi.hooks().uninstall_dmux(r#where.project()).await?, |all| files_text(all));
        }
        DmuxHook::WorktreeCreate { pane, worktree } => {
            let done = ravi.hooks().guide_worktree_created(&pane, &worktree, |_| {}).await?;
            output.answer(&done, |done| done.identity.email.clone());
        }
        DmuxHook::PostMerge { pane } => output.answer(&ravi.hooks().guide_post_merge(&pane).await?, report_text),
        DmuxHook::Event(words) => dmux_event(ravi, &words, output).await?,
    }
    Ok(())
}

async fn dmux_event(ravi: &Ravi, words: &[String], output: Output) -> Result<()> {
    let event = Event::parse(words.first().map_or("", String::as_str))?;
    let pane = PaneInfo::from_env();
    let prefix = pane.status_prefix.clone().filter(|_| !output.json);
    let status = |progress: Progress| {
        if let Some(prefix) = prefix.as_ref().filter(|_| progress.state == StepState::Started) {
            print(&format!("{}Ravi: {}", line(prefix), super::progress::doing(progress.step)));
        }
    };
    let done = ravi.hooks().dmux(event, &pane, status).await;
    // dmux shows what a hook prints in the agent's pane.
    match (prefix, done) {
        (Some(prefix), Ok(report)) => {
            let who = report.email.as_deref().map(|email| format!(", as {}", line(email))).unwrap_or_default();
            print(&format!("{}Ravi: ready{who}", line(&prefix)));
        }
        (None, Ok(report)) => output.answer(&report, report_text),
        (prefix, Err(error)) => {
            if prefix.is_some() && event == Event::WorktreeCreated {
                say(NOT_STARTED);
            }
            return Err(error);
        }
    }
    Ok(())
}

/// Whether this is a checkout other than a worktree's first one. git names the git dir to its hooks.
pub(super) fn is_later_checkout(hook: &GitHook) -> bool {
    let git_dir = std::env::var_os("GIT_DIR").map(PathBuf::from).unwrap_or_default();
    matches!(hook, GitHook::PostCheckout { arguments } if !first_checkout::may_be(arguments, &git_dir))
}

pub(super) async fn git(ravi: &Ravi, hook: GitHook, output: Output) -> Result<()> {
    match hook {
        GitHook::Install { path } => output.answer(&ravi.hooks().install_git(&path).await?, file_text),
        GitHook::Uninstall { path } => output.answer(&ravi.hooks().uninstall_git(&path).await?, file_text),
        GitHook::PostCheckout { arguments } => {
            let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
            let report = ravi.hooks().git_post_checkout(&folder, &arguments, |_| {}).await?;
            // git passes on a hook's output, next to the output of the git command.
            match (output.json, report.did) {
                (true, _) => output.answer(&report, report_text),
                (false, Did::Provisioned) => say(&report_text(&report)),
                (false, _) => {}
            }
        }
    }
    Ok(())
}

pub(super) async fn claude(ravi: &Ravi, hook: ClaudeHook, output: Output) -> Result<()> {
    match hook {
        ClaudeHook::Install(ClaudeWhere { project, .. }) => {
            output.answer(&ravi.hooks().install_claude(project.as_deref()).await?, file_text);
        }
        ClaudeHook::Uninstall(ClaudeWhere { project, .. }) => {
            output.answer(&ravi.hooks().uninstall_claude(project.as_deref()).await?, file_text);
        }
        ClaudeHook::WorktreeCreate => {
            let payload = payload()?;
            // Claude Code takes the only line on standard output for the path.
            let path = ravi.hooks().claude_worktree_create(&payload, |_| {}).await?;
            output.answer_exactly(&path, |path| path.display().to_string());
        }
        ClaudeHook::WorktreeRemove => say(&report_text(&ravi.hooks().claude_worktree_remove(&payload()?).await?)),
        ClaudeHook::SessionStart => {
            // The model reads whatever is printed here, so nothing is.
            if let Some(script) = ravi.hooks().claude_session_start(&payload()?).await?
                && let Some(file) = std::env::var_os("CLAUDE_ENV_FILE").filter(|file| !file.is_empty())
            {
                append(Path::new(&file), &script)?;
            }
        }
    }
    Ok(())
}

/// Reads what Claude Code passes on standard input.
fn payload() -> Result<Payload, HookError> {
    let unreadable = |e: std::io::Error| HookError::Unreadable { tool: "Claude Code", reason: e.to_string() };
    Payload::parse(&std::io::read_to_string(std::io::stdin()).map_err(unreadable)?)
}

/// Appends the lines once; the file is Claude Code's own.
fn append(file: &Path, lines: &str) -> Result<(), HookError> {
    let before = files::read_bounded_following(file, 1024 * 1024).unwrap_or_default();
    let text = String::from_utf8_lossy(&before);
    if text.contains(lines) {
        return Ok(());
    }
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(files::write_atomic_following(file, format!("{text}{newline}{lines}").as_bytes(), Mode::KeepOr(0o600))?)
}

pub(super) async fn jean(ravi: &Ravi, hook: JeanHook, output: Output) -> Result<()> {
    match hook {
        JeanHook::Install { path } => output.answer(&ravi.hooks().install_jean(&path).await?, file_text),
        JeanHook::Uninstall { path } => output.answer(&ravi.hooks().uninstall_jean(&path).await?, file_text),
        JeanHook::Setup => {
            let path = jean_path()?;
            let steps = Steps::new("jean", Step::PROVISION);
            let done = ravi.hooks().jean_setup(&path, |progress| steps.tell(&progress)).await;
            steps.end();
            output.answer(&done?, report_text);
        }
        JeanHook::Teardown => output.answer(&ravi.hooks().jean_teardown(&jean_path()?).await?, report_text),
    }
    Ok(())
}

fn jean_path() -> Result<PathBuf, HookError> {
    let given = std::env::var_os("JEAN_WORKSPACE_PATH").filter(|path| !path.is_empty()).map(PathBuf::from);
    given.ok_or(HookError::Missing { tool: "Jean", what: "JEAN_WORKSPACE_PATH" })
}

fn report_text(report: &HookReport) -> String {
    let id = line(report.workspace.as_deref().unwrap_or("none"));
    let why = report.message.as_deref().map(|why| format!(": {}", line(why))).unwrap_or_default();
    match report.did {
        Did::Nothing => format!("Nothing to do{why}."),
        Did::Provisioned => {
            format!("Workspace {id} is ready, as {}.", line(report.email.as_deref().unwrap_or_default()))
        }
        Did::Suspended => format!(
            "Workspace {id} is suspended. `wake` gives it a key again, and so does its next use unless that is switched off."
        ),
        Did::Released => format!("Workspace {id} is released."),
        Did::Noted => format!("A later command will end workspace {id}{why}."),
        Did::Shortened => format!("Workspace {id} will be suspended in an hour, unless somebody works in it."),
    }
}

fn files_text(all: &[HookFile]) -> String {
    all.iter().map(file_text).collect::<Vec<_>>().join("\n")
}

fn file_text(file: &HookFile) -> String {
    let path = shown_path(&file.path);
    match file.state {
        HookFileState::Installed => format!("installed {path}"),
        HookFileState::Chained => format!("installed {path}; the existing hook is called as well"),
        HookFileState::Removed => format!("removed {path}"),
        HookFileState::Left => format!("left {path}: it is not ours"),
        HookFileState::Shadowed => {
            format!(
                "installed {path}, but the project's own hook of this name comes first: call ravi-workspace from it"
            )
        }
    }
}

impl Where {
    fn project(&self) -> Option<&Path> {
        self.project.as_deref()
    }
}
