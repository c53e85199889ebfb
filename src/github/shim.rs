//! The `gh` that is first on PATH: in a workspace it runs the real gh with the workspace's token, elsewhere the real gh
//! as it is.
//!
//! It replaces itself with the real gh, so arguments, streams, signals, exit code and terminal are that one's own.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use secrecy::ExposeSecret as _;

use super::bound::Bound;
use super::error::GithubError;
use super::helper::tell_age;
use super::plan::Plan;
use super::token::{self, Login};
use crate::audit::Action;
use crate::error::Result;
use crate::helper::{self, Called, Caller, NoNext, Place, Shim};

/// The name, and its variables.
pub(super) const GH: Shim = Shim {
    name: "gh",
    switch: "RAVI_WORKSPACE_GH",
    passed: "RAVI_WORKSPACE_GH_PASSED",
    depth: "RAVI_WORKSPACE_GH_DEPTH",
};

/// Every variable that gh takes a token from (gh help environment).
const TOKENS: [&str; 4] = ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// Becomes the next gh on PATH. Returns only where that is not to be.
pub(super) fn run(caller: Option<&Caller>, called: &Called) -> crate::Error {
    match prepare(caller, called) {
        Err(error) => error,
        Ok(mut command) => {
            let path = PathBuf::from(command.get_program());
            let source = command.exec();
            GithubError::Io { path, doing: "started", source }.into()
        }
    }
}

fn prepare(caller: Option<&Caller>, called: &Called) -> Result<Command> {
    let mut command = GH.next(called).map_err(GithubError::from)?;
    command.args(&called.arguments);
    if GH.is_off() {
        return Ok(command);
    }
    // A folder that cannot be told, as it is gone, is no workspace.
    let Some(caller) = caller else { return Ok(command) };
    match helper::find(&caller.folder, &caller.states)? {
        Place::Bound(bound) => as_workspace(&mut command, caller, Bound::new(*bound)?)?,
        Place::Unconfirmed(error) => return Err(error.into()),
        // None of them is known to be the workspace, so its token is not for them.
        Place::Free | Place::Copy(_) | Place::Astray(_) => {}
    }
    Ok(command)
}

fn as_workspace(command: &mut Command, caller: &Caller, bound: Bound) -> Result<()> {
    bound.wake(caller)?;
    let login = token::read_blocking(bound.ledger(), bound.binding(), &bound.plan, || caller.config());
    let login = login.map(|login| match login {
        Login::Token { token, stale } => Some((token, stale)),
        Login::Inherited => None,
    });
    if let Some((token, stale)) = bound.noted(Action::GithubGh, login)? {
        tell_age("gh", stale);
        log_in(command, &bound.plan, token.expose_secret());
    }
    Ok(())
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

impl From<NoNext> for GithubError {
    fn from(why: NoNext) -> GithubError {
        match why {
            NoNext::Missing => GithubError::GhMissing,
            NoNext::Loop { next } => GithubError::Loop { next },
            NoNext::Own(source) => GithubError::Io { path: GH.name.into(), doing: "read", source },
        }
    }
}
