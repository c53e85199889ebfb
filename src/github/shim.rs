//! The `gh` that is first on PATH: in a workspace it runs the real gh with the workspace's token, elsewhere the real gh
//! as it is.
//!
//! It replaces itself with the real gh, so arguments, streams, signals, exit code and terminal are that one's own.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use secrecy::ExposeSecret as _;

use super::bound::Bound;
use super::config::GithubHost;
use super::error::GithubError;
use super::gh_alias;
use super::gh_target::{Target, target};
use super::helper::tell_age;
use super::remote::Remote;
use super::token::{self, Login};
use crate::audit::{Action, Entry};
use crate::cores;
use crate::error::Result;
use crate::helper::{self, Called, Caller, NoNext, Place, Shim};
use crate::workspace::{self, GithubSource, Purpose, asked as git_asked, git_in};

/// The name, and its variables.
pub(super) const GH: Shim = Shim {
    name: "gh",
    switch: "RAVI_WORKSPACE_GH",
    passed: "RAVI_WORKSPACE_GH_PASSED",
    depth: "RAVI_WORKSPACE_GH_DEPTH",
};

/// Every variable that gh takes a token from (gh help environment).
pub(crate) const TOKENS: [&str; 4] = ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// The host that gh goes to where nothing says otherwise.
pub(crate) const HOST: &str = "GH_HOST";

/// The folder with the logins that gh keeps, and its settings.
pub(crate) const CONFIG_DIR: &str = "GH_CONFIG_DIR";

/// The folder that gh has in a workspace in place of the person's, whose logins are in it. It need not be there.
pub(crate) fn config_dir(state_dir: &Path, id: &str) -> PathBuf {
    workspace::home(state_dir, id).join("gh")
}

/// The variable that programs read a token for `hosts` by. Where they would send it to github.com, which is none of them,
/// `lead` is told where it belongs.
pub(crate) fn token_variable(hosts: &[GithubHost], lead: impl FnOnce(&GithubHost)) -> &'static str {
    let first = hosts.first().filter(|_| hosts.iter().all(|host| host.as_str() != DOTCOM));
    if let Some(first) = first {
        lead(first);
    }
    if hosts.iter().any(GithubHost::is_dotcom) { "GH_TOKEN" } else { "GH_ENTERPRISE_TOKEN" }
}

/// Where gh goes unless it is told otherwise.
const DOTCOM: &str = "github.com";

/// Becomes the next gh on PATH. Returns only where that is not to be.
pub(super) fn run(caller: Option<&Caller>, called: &Called) -> crate::Error {
    match prepare(caller, called) {
        Err(error) => error,
        Ok(mut command) => {
            let path = PathBuf::from(command.get_program());
            cores::allow_others();
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
    let login = token::read_blocking(bound.ledger(), bound.binding(), &bound.plan, || caller.config());
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

/// The hosts of the workspace's that the call goes to; an error is another one.
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

/// Of several hosts the one that the folder's remotes lie at.
fn by_remote<'a>(folder: &Path, hosts: &'a [GithubHost]) -> Option<&'a GithubHost> {
    let asked = ["config", "--get-regexp", r"^remote\..*\.url$"];
    let output = git_asked(git_in(folder, Purpose::Ask).args(asked)).ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut urls = text.lines().filter_map(|line| line.split_once(' ')).map(|(_, url)| Remote::parse(url).host);
    urls.find_map(|name| hosts.iter().find(|host| host.name() == name))
}

/// A call that goes to another host gets nobody's login.
fn without(command: &mut Command, bound: &Bound, other: &str) -> Result<()> {
    let id = &bound.binding().id;
    let entry = Entry::refused(Action::GithubGh, "github.host").workspace(id);
    bound.ledger().note(bound.plan.token.iter().fold(entry, |entry, at| entry.object(at.secret.as_str())))?;
    take_away(command, bound);
    let hosts: Vec<&str> = bound.plan.config.hosts.iter().map(GithubHost::as_str).collect();
    let note = format!("gh: the login of workspace {id} is for {}, and not used for {other}", hosts.join(", "));
    helper::say(&note);
    Ok(())
}

/// Takes away whatever would win over the workspace's login, or take its place.
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
