//! The `gh` that is first on PATH: in a workspace it runs the real gh with the workspace's token, elsewhere the real gh
//! as it is.
//!
//! It replaces itself with the real gh, so arguments, streams, signals, exit code and terminal are that one's own.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use secrecy::ExposeSecret as _;

use super::bound::{self, Place};
use super::error::GithubError;
use super::helper::{Caller, tell_age};
use super::plan::Plan;
use super::program::{is_executable, program};
use super::token::{self, Login};
use crate::audit::Action;
use crate::error::Result;

/// `off` makes one call plain.
const SWITCH: &str = "RAVI_WORKSPACE_GH";

/// Shims that this call went through.
const PASSED: &str = "RAVI_WORKSPACE_GH_PASSED";

/// How often shims have called each other.
const DEPTH: &str = "RAVI_WORKSPACE_GH_DEPTH";

/// gh calls git, which may call gh; more than this is a circle.
const MOST_DEPTH: u32 = 16;

/// Every variable that gh takes a token from (gh help environment).
const TOKENS: [&str; 4] = ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// Makes the folder that has the shim, below `state_dir`, and answers its path, which goes first on PATH.
pub(crate) fn shim_dir(state_dir: &Path) -> Result<PathBuf, GithubError> {
    let (dir, program) = (state_dir.join("bin"), program()?);
    let fail = |source| GithubError::Io { path: dir.clone(), doing: "made", source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(fail)?;
    let shim = dir.join("gh");
    if std::fs::read_link(&shim).is_ok_and(|target| target == program) {
        return Ok(dir);
    }
    // Put in place at once: a gh that is called meanwhile finds the old one or the new one.
    let temporary =
        tempfile::Builder::new().prefix(".gh-").make_in(&dir, |path| std::os::unix::fs::symlink(&program, path));
    temporary.and_then(|link| link.persist(&shim).map_err(|e| e.error)).map_err(fail)?;
    Ok(dir)
}

/// Becomes the next gh on PATH. Returns only where that is not to be.
pub(super) fn run(caller: Option<&Caller>, arguments: &[OsString]) -> crate::Error {
    match prepare(caller, arguments) {
        Err(error) => error,
        Ok(mut command) => {
            let path = PathBuf::from(command.get_program());
            let source = command.exec();
            GithubError::Io { path, doing: "started", source }.into()
        }
    }
}

fn prepare(caller: Option<&Caller>, arguments: &[OsString]) -> Result<Command> {
    let passed = passed()?;
    let next = next_gh(&passed)?;
    let depth = std::env::var(DEPTH).ok().and_then(|text| text.parse().ok()).unwrap_or(0u32);
    if depth >= MOST_DEPTH {
        return Err(GithubError::Loop { next }.into());
    }
    let mut command = Command::new(next);
    command.args(arguments).env(DEPTH, (depth + 1).to_string()).env(PASSED, passed);
    if std::env::var_os(SWITCH).is_some_and(|switch| switch == "off") {
        return Ok(command);
    }
    // A folder that cannot be told, as it is gone, is no workspace.
    let Some(caller) = caller else { return Ok(command) };
    if let Place::Bound(bound) = bound::find(&caller.folder, &caller.state_dir)? {
        caller.wake(&bound)?;
        let login = token::read_blocking(&bound.ledger, &bound.binding, &bound.plan, || caller.config());
        let login = login.map(|login| match login {
            Login::Token { token, stale } => Some((token, stale)),
            Login::Inherited => None,
        });
        if let Some((token, stale)) = bound.noted(Action::GithubGh, login)? {
            tell_age("gh", stale);
            log_in(&mut command, &bound.plan, token.expose_secret());
        }
    }
    Ok(command)
}

/// Gives gh the workspace's token and takes away whatever would win over it.
fn log_in(command: &mut Command, plan: &Plan, token: &str) {
    for name in TOKENS {
        command.env_remove(name);
    }
    let hosts = &plan.config.hosts;
    for host in hosts {
        let name = if host.is_dotcom() { "GH_TOKEN" } else { "GH_ENTERPRISE_TOKEN" };
        command.env(name, token);
    }
    let wanted = std::env::var("GH_HOST").ok();
    if wanted.is_some_and(|wanted| hosts.iter().any(|host| host.as_str() == wanted)) {
        return;
    }
    match hosts.first() {
        // gh goes to github.com unless told otherwise.
        Some(first) if hosts.iter().all(|host| host.as_str() != "github.com") => command.env("GH_HOST", first.as_str()),
        _ => command.env_remove("GH_HOST"),
    };
}

/// The gh on PATH that comes next: the first that is no shim which this call went through already.
fn next_gh(passed: &str) -> Result<PathBuf, GithubError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = std::env::split_paths(&path)
        // An empty entry means the current folder, which may be anybody's.
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join("gh"))
        .filter(|path| is_executable(path));
    let is_passed = |path: &PathBuf| file_id(path).is_ok_and(|id| passed.split(' ').any(|other| other == id));
    all.find(|path| !is_passed(path)).ok_or(GithubError::GhMissing)
}

/// The shims that this call went through, this one included. There may be several: of an app, of another one, of a
/// shell, each on PATH in an order that is nobody's doing.
fn passed() -> Result<String, GithubError> {
    let own = std::env::current_exe().and_then(|path| file_id(&path));
    let own = own.map_err(|source| GithubError::Io { path: "gh".into(), doing: "read", source })?;
    Ok(match std::env::var(PASSED) {
        Ok(before) if before.split(' ').any(|id| id == own) => before,
        Ok(before) => format!("{before} {own}"),
        Err(_) => own,
    })
}

/// Tells a file from every other one, whatever names lead to it.
fn file_id(path: &Path) -> io::Result<String> {
    let meta = path.metadata()?;
    Ok(format!("{}:{}", meta.dev(), meta.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shim_leads_to_the_program_and_follows_it() {
        // As if this test's program began with `helper_main`.
        super::super::acts_as_helper();
        let state = tempfile::tempdir().unwrap();
        let dir = shim_dir(state.path()).unwrap();
        let target = std::fs::read_link(dir.join("gh")).unwrap();
        assert_eq!(target, program().unwrap());
        std::fs::remove_file(dir.join("gh")).unwrap();
        std::os::unix::fs::symlink("/nowhere", dir.join("gh")).unwrap();
        assert_eq!(shim_dir(state.path()).unwrap(), dir);
        assert_eq!(std::fs::read_link(dir.join("gh")).unwrap(), target);
        let names: Vec<_> = std::fs::read_dir(&dir).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(names, ["gh"], "nothing else is left");
    }
}
