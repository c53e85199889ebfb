//! The ssh that git calls in a workspace: the real one, except for hosts for which the workspace has a login of its own
//! and to which the person's key would lead.
//!
//! Usual spellings never get here, because git is told to reach those hosts over HTTPS. This is for the rest: a name
//! that ssh_config leads to the host, or an address that was added later. It becomes the real ssh, so streams, signals
//! and exit code are those of the real one.

use std::ffi::{OsStr, OsString};

use super::bound::Bound;
use super::credential;
use crate::Caller;
use ravi_workspace_core::error::Result;
use ravi_workspace_core::internal::git::{Purpose, git_in};
use ravi_workspace_core::internal::github::{GithubError, is_ssh_name, ssh_command, ssh_name};
use ravi_workspace_core::internal::os::turn_into;
use ravi_workspace_core::internal::workspace::{GithubSource, is_origin};

/// The options of ssh(1) that take their value from the next word.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOopPQRSWw";

/// Becomes the real ssh. Returns only if that must not happen.
pub(super) fn run(caller: &Caller, arguments: &[OsString]) -> ravi_workspace_core::Error {
    let persons = persons();
    match refused(caller, arguments, persons.as_deref()) {
        Ok(Some(error)) => error.into(),
        Ok(None) => {
            // What git would have called without us.
            let source = turn_into(ssh_command(persons.as_deref()).args(arguments));
            GithubError::Io { path: "ssh".into(), doing: "started", source }.into()
        }
        Err(error) => error,
    }
}

fn refused(caller: &Caller, arguments: &[OsString], persons: Option<&str>) -> Result<Option<GithubError>> {
    let Some(Bound { workspace, plan }) = credential::workspace(caller)? else { return Ok(None) };
    if plan.source == GithubSource::Inherited {
        return Ok(None);
    }
    let (options, place) = split(arguments);
    let Some(place) = place.and_then(|place| place.to_str()) else { return Ok(None) };
    let place = place.strip_prefix("ssh://").unwrap_or(place);
    let name = place.rsplit_once('@').map_or(place, |(_, name)| name);
    let real = ssh_name(persons, &options, name).unwrap_or_else(|| name.to_ascii_lowercase());
    let host = plan.config.hosts.iter().find(|host| is_ssh_name(&real, host));
    let id = || workspace.binding.id.clone();
    Ok(host.map(|host| GithubError::Ssh { id: id(), host: host.to_string() }))
}

/// Splits off the options and the destination.
fn split(arguments: &[OsString]) -> (Vec<&OsStr>, Option<&OsStr>) {
    let (mut options, mut rest) = (Vec::new(), arguments.iter());
    while let Some(word) = rest.next() {
        let text = word.to_string_lossy();
        let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            return (options, Some(word));
        };
        options.push(word.as_os_str());
        if letters.len() == 1 && WITH_VALUE.contains(letters) {
            options.extend(rest.next().map(OsString::as_os_str));
        }
    }
    (options, None)
}

/// Returns `core.sshCommand` as the person set it.
fn persons() -> Option<String> {
    let mut git = git_in(&std::env::current_dir().ok()?, Purpose::Ask);
    git.args(["config", "--null", "--show-origin", "--get-all", "core.sshCommand"]);
    let said = git.output().ok()?.stdout;
    let said = String::from_utf8(said).ok()?;
    let mut words = said.split_terminator('\0');
    let mut persons = None;
    while let (Some(origin), Some(value)) = (words.next(), words.next()) {
        if !is_origin(origin) {
            persons = Some(value.to_owned());
        }
    }
    persons.filter(|line| !line.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_found_behind_all_options() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (line, place) in [
            ("git@host git-upload-pack", Some("git@host")),
            ("-o SendEnv=GIT_PROTOCOL -p 22 -4 git@host x", Some("git@host")),
            ("-oProxyCommand=x -i key host", Some("host")),
            ("-G", None),
        ] {
            let words = words(line);
            assert_eq!(split(&words).1, place.map(OsStr::new), "{line}");
        }
    }
}
