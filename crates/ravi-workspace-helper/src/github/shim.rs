//! The `gh` that is first on PATH: in a workspace it runs the real gh with the workspace's token, elsewhere the real gh
//! as it is.
//!
//! It replaces itself with the real gh, so arguments, streams, signals, exit code and terminal are those of the real
//! one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use secrecy::ExposeSecret as _;

use super::bound::Bound;
use super::gh_alias;
use super::gh_target::{Target, target};
use super::helper::tell_age;
use crate::{self as helper, Called, Caller, NoNext, Place, Shim};
use ravi_workspace_core::audit::{Action, Entry};
use ravi_workspace_core::error::Result;
use ravi_workspace_core::internal::git::{Purpose, asked as git_asked, git_in};
use ravi_workspace_core::internal::github::{
    self, CONFIG_DIR, DOTCOM, GithubError, GithubHost, HOST, Login, Remote, TOKENS, config_dir,
};
use ravi_workspace_core::internal::os::turn_into;
use ravi_workspace_core::internal::workspace::GithubSource;

/// The name, and its variables.
pub(super) const GH: Shim = Shim {
    name: "gh",
    switch: "RAVI_WORKSPACE_GH",
    passed: "RAVI_WORKSPACE_GH_PASSED",
    depth: "RAVI_WORKSPACE_GH_DEPTH",
};

/// Becomes the next gh on PATH. Returns only if that must not happen.
pub(super) fn run(caller: Option<&Caller>, called: &Called) -> ravi_workspace_core::Error {
    match prepare(caller, called) {
        Err(error) => error,
        Ok(mut command) => {
            let path = PathBuf::from(command.get_program());
            let source = turn_into(&mut command);
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
    // A folder that cannot be determined, because it is gone, is not a workspace.
    let Some(caller) = caller else { return Ok(command) };
    match helper::find(&caller.folder, &caller.states)? {
        Place::Bound(bound) => {
            as_workspace(&mut command, caller, &called.arguments, Bound::new(*bound)?)?;
        }
        Place::Unconfirmed(error) => return Err(error.into()),
        // None of them is known to be the workspace, so its token is not for them.
        Place::Free | Place::Copy(_) | Place::Astray(_) => {}
    }
    Ok(command)
}

fn as_workspace(command: &mut Command, caller: &Caller, arguments: &[OsString], bound: Bound) -> Result<()> {
    bound.wake(caller)?;
    let hosts = match bound.plan.source {
        GithubSource::Inherited => Vec::new(),
        _ => match hosts_of(caller, arguments, &bound) {
            Ok(hosts) => hosts,
            Err(other) => return without(command, &bound, &other),
        },
    };
    let login = github::read_blocking(bound.ledger(), bound.binding(), &bound.plan, || caller.config());
    let login = login.map(|login| match login {
        Login::Token { token, stale } => Some((token, stale)),
        Login::Inherited => None,
    });
    if let Some((token, stale)) = bound.noted(Action::GithubGh, login)? {
        tell_age("gh", stale);
        take_away(command, &bound);
        for host in hosts {
            let name = if host.is_dotcom() { "GH_TOKEN" } else { "GH_ENTERPRISE_TOKEN" };
            command.env(name, token.expose_secret());
            if host.as_str() != DOTCOM {
                command.env(HOST, host.as_str());
            }
        }
    }
    Ok(())
}

/// Returns the workspace's hosts that the call goes to. An error means another host.
fn hosts_of<'a>(
    caller: &Caller,
    arguments: &[OsString],
    bound: &'a Bound,
) -> std::result::Result<Vec<&'a GithubHost>, String> {
    if let Some(alias) = gh_alias::called(arguments, &config_dir(bound.ledger().dir(), &bound.binding().id)) {
        return Err(alias);
    }
    let hosts = &bound.plan.config.hosts;
    let repository = std::env::var("GH_REPO").ok().filter(|text| !text.is_empty());
    match target(arguments, repository.as_deref(), hosts) {
        Target::Hosts(hosts) => Ok(hosts),
        Target::Other(other) => Err(other),
        Target::Unsaid => {
            let wanted = std::env::var(HOST).ok();
            let wanted = hosts.iter().find(|host| wanted.as_deref() == Some(host.as_str()));
            let by_remote = || hosts.get(1).and_then(|_| by_remote(&caller.folder, hosts));
            let usual = || hosts.iter().find(|host| host.as_str() == DOTCOM).or(hosts.first());
            Ok(wanted.or_else(by_remote).or_else(usual).into_iter().collect())
        }
    }
}

/// Returns the one of several hosts that the folder's remotes are on.
fn by_remote<'a>(folder: &Path, hosts: &'a [GithubHost]) -> Option<&'a GithubHost> {
    let asked = ["config", "--get-regexp", r"^remote\..*\.url$"];
    let output = git_asked(git_in(folder, Purpose::Ask).args(asked)).ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut urls = text.lines().filter_map(|line| line.split_once(' ')).map(|(_, url)| Remote::parse(url).host);
    urls.find_map(|name| hosts.iter().find(|host| host.name() == name))
}

/// Gives nobody's login to a call that goes to another host.
fn without(command: &mut Command, bound: &Bound, other: &str) -> Result<()> {
    let id = &bound.binding().id;
    let entry = Entry::refused(Action::GithubGh, "github.host").workspace(id);
    bound.ledger().note(entry.object_if(bound.plan.token.as_ref().map(|at| at.secret.as_str())))?;
    take_away(command, bound);
    let hosts: Vec<&str> = bound.plan.config.hosts.iter().map(GithubHost::as_str).collect();
    let note = format!("gh: the login of workspace {id} is for {}, and is not used for {other}", hosts.join(", "));
    helper::say(&note);
    Ok(())
}

/// Removes whatever would override or replace the workspace's login.
fn take_away(command: &mut Command, bound: &Bound) {
    for name in TOKENS.iter().chain([&HOST]) {
        command.env_remove(name);
    }
    command.env(CONFIG_DIR, config_dir(bound.ledger().dir(), &bound.binding().id));
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
