//! Every way in which git reaches one of a workspace's hosts: which values close those that bypass the workspace's
//! token, and which ways stay open.
//!
//! git asks the workspace's helper only if nothing else logs in first: a `.netrc`, a header, a login in an address, an
//! ssh key. What can be emptied is emptied; an address that leads to ssh is rewritten, whichever of the user's rules
//! made it so; the rest is reported. This module must not know how the values are set.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use super::remote::{Remote, Transport};
use crate::config::{GithubConfig, GithubHost};
use crate::git::Setting;
use crate::git::command::without_keys;
use crate::machine::process::output_within;
use crate::model::workspace::{OpenWay, WayKind};

/// What a path can begin with below a host, namely the names of accounts. Of git's rules the one with the longest
/// prefix wins, so ours win by being one letter longer than the user's.
const ACCOUNTS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// The same below an account: names of repositories.
const REPOSITORIES: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/// Values in the order in which git must read them, with each name only once.
#[derive(Debug, Default)]
pub(super) struct Values(Vec<(String, Vec<String>)>);

impl Values {
    pub(super) fn add(&mut self, key: impl Into<String>, value: impl Into<String>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => self.0.push((key, vec![value])),
        }
    }

    pub(super) fn into_inner(self) -> Vec<(String, Vec<String>)> {
        self.0
    }
}

/// The hosts, and what others have configured around them.
pub(super) struct Ways<'a> {
    pub(super) hosts: &'a [GithubHost],
    pub(super) rewrite_ssh: bool,
    pub(super) settings: &'a [Setting],
    /// The ssh command that the user set for all repositories. One that a repository names is not run here.
    pub(super) ssh: Option<&'a str>,
    pub(super) aliases: HashMap<String, String>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(config: &'a GithubConfig, settings: &'a [Setting], ssh: Option<&'a str>) -> Ways<'a> {
        let GithubConfig { hosts, rewrite_ssh, .. } = config;
        Ways { hosts, rewrite_ssh: *rewrite_ssh, settings, ssh, aliases: HashMap::new() }
    }

    /// Adds what closes every way that can be closed by a value.
    pub(super) fn close(&mut self, values: &mut Values) {
        let hosts = self.hosts;
        for host in hosts {
            no_other_login(host, values);
            stays(host, values);
            if self.rewrite_ssh {
                spellings(host).into_iter().for_each(|spelling| values.add(instead_of(host, "", false), spelling));
            }
        }
        for setting in self.settings {
            self.same_place(setting, values);
            self.outdo_rule(setting, values);
        }
        for (name, url) in self.remotes() {
            self.lead_remote(name, url, values);
        }
    }

    /// Empties a setting for part of a host in the same place, since it takes precedence over one for the whole host.
    fn same_place(&self, setting: &Setting, values: &mut Values) {
        let Some((section, place, name)) = parts(&setting.key) else { return };
        let remote = Remote::parse(place);
        let host = self.hosts.iter().find(|host| is_web_name(&remote, host) && remote.user.is_none());
        let ours = host.is_some();
        match (section, name) {
            ("http", "extraheader" | "cookiefile") if ours => values.add(&setting.key, ""),
            ("http", "emptyauth") if ours => values.add(&setting.key, "true"),
            ("credential", "helper") if ours && !remote.path.is_empty() => {
                let own = host.map(|host| format!("credential.{}.helper", host.url()));
                let own = own.and_then(|own| values.0.iter().find(|(key, _)| *key == own)).map(|(_, own)| own.clone());
                own.unwrap_or_default().into_iter().for_each(|value| values.add(&setting.key, value));
            }
            _ => {}
        }
    }

    /// Outdoes a user's rule that leads to one of our hosts by another way.
    fn outdo_rule(&mut self, setting: &Setting, values: &mut Values) {
        let Some(("url", base, kind)) = parts(&setting.key) else { return };
        let push = match kind {
            "insteadof" => false,
            "pushinsteadof" => true,
            _ => return,
        };
        let from = &setting.value;
        // It would write down a login a second time.
        if from.is_empty() || is_login(&Remote::parse(from)) {
            return;
        }
        let Some((host, path)) = self.leads_past(base) else { return };
        if Remote::parse(base).transport == Transport::Ssh && !self.rewrite_ssh {
            return;
        }
        let next = if path.is_empty() { ACCOUNTS } else { REPOSITORIES };
        for c in next.chars() {
            values.add(instead_of(&host, &format!("{path}{c}"), push), format!("{from}{c}"));
        }
    }

    /// Redirects a remote whose own address bypasses the token.
    fn lead_remote(&mut self, name: &str, url: &str, values: &mut Values) {
        let Some((host, path)) = self.leads_past(url) else { return };
        let remote = Remote::parse(url);
        match remote.transport {
            Transport::Ssh if self.rewrite_ssh => {
                // Everything with the same host and user, so that a remote added later is redirected as well.
                let beginning = &url[..url.len() - remote.path.len()];
                values.add(instead_of(&host, "", false), beginning);
            }
            // The address stays; pushing uses one without a login.
            Transport::Https | Transport::Http if !self.has_push_url(name) => {
                values.add(format!("remote.{name}.pushurl"), format!("{}/{path}", host.url()));
            }
            _ => {}
        }
    }

    /// The ways that stay open, given where git really goes: the `fetch` and `push` addresses of each remote.
    pub(super) fn open(&mut self, effective: &[Effective]) -> Vec<OpenWay> {
        let mut open: Vec<OpenWay> = Vec::new();
        for Effective { remote, push, url } in effective {
            if self.leads_past(url).is_none() {
                continue;
            }
            let kind = match Remote::parse(url).transport {
                Transport::Ssh => WayKind::Ssh,
                _ => WayKind::Login,
            };
            let way = OpenWay { kind, remote: remote.clone(), push: *push };
            if !open.contains(&way) {
                open.push(way);
            }
        }
        open
    }

    /// The host of ours that an address reaches other than over HTTPS without a login, and the path there.
    fn leads_past<'u>(&mut self, url: &'u str) -> Option<(GithubHost, &'u str)> {
        let remote = Remote::parse(url);
        let hosts = self.hosts;
        match remote.transport {
            Transport::Other => None,
            Transport::Https | Transport::Http => {
                let host = hosts.iter().find(|host| is_web_name(&remote, host))?;
                is_login(&remote).then(|| (host.clone(), remote.path))
            }
            Transport::Ssh => {
                let real = self.real_name(&remote.host);
                let host = hosts.iter().find(|host| is_ssh_name(&real, host))?;
                Some((host.clone(), remote.path))
            }
        }
    }

    /// The name that ssh resolves a host to: an alias may lead anywhere (ssh_config(5), `HostName`).
    fn real_name(&mut self, name: &str) -> String {
        if let Some(known) = self.aliases.get(name) {
            return known.clone();
        }
        let real = ssh_name(self.ssh, &[], name).unwrap_or_else(|| name.to_owned());
        self.aliases.insert(name.to_owned(), real.clone());
        real
    }

    fn remotes(&self) -> Vec<(&'a str, &'a str)> {
        let is_url = |setting: &'a Setting| match parts(&setting.key)? {
            ("remote", name, "url" | "pushurl") => Some((name, setting.value.as_str())),
            _ => None,
        };
        self.settings.iter().filter_map(is_url).collect()
    }

    fn has_push_url(&self, remote: &str) -> bool {
        self.settings.iter().any(|setting| parts(&setting.key) == Some(("remote", remote, "pushurl")))
    }
}

/// Where git goes for a remote.
#[derive(Debug)]
pub(super) struct Effective {
    pub(super) remote: String,
    pub(super) push: bool,
    pub(super) url: String,
}

/// The name that ssh connects to when called with these options. `line` is what git would call instead of ssh.
pub fn ssh_name(line: Option<&str>, options: &[&OsStr], name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with('-') {
        return None;
    }
    let mut ssh = ssh_command(line);
    without_keys(&mut ssh);
    let asked = output_within(ssh.args(options).args(["-G", name]), SSH_PATIENCE);
    let said = String::from_utf8(asked.ok()?.stdout).ok()?;
    said.lines().find_map(|line| line.strip_prefix("hostname ")).map(str::to_ascii_lowercase)
}

/// How long ssh may take to say where it would connect: its configuration may make it run programs.
const SSH_PATIENCE: Duration = Duration::from_secs(10);

/// ssh as git calls it: a configured line is run by a shell, which gets the arguments (git-config(1),
/// `core.sshCommand`).
pub fn ssh_command(line: Option<&str>) -> Command {
    match line {
        Some(line) => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(format!("{line} \"$@\"")).arg("ssh");
            command
        }
        None => Command::new(std::env::var_os("GIT_SSH").unwrap_or_else(|| "ssh".into())),
    }
}

fn is_web_name(remote: &Remote<'_>, host: &GithubHost) -> bool {
    let usual = match remote.transport {
        Transport::Http => "80",
        _ => "443",
    };
    match remote.port.filter(|port| *port != usual) {
        Some(port) => host.as_str() == format!("{}:{port}", remote.host),
        None => host.as_str() == remote.host,
    }
}

/// Whether this ssh name belongs to the host: GitHub also listens at `ssh.`, on port 443.
pub fn is_ssh_name(name: &str, host: &GithubHost) -> bool {
    let name = name.trim_end_matches('.');
    name == host.name() || name.strip_prefix("ssh.") == Some(host.name())
}

/// A password in an address is a login; a name alone is not, since git asks for the rest.
fn is_login(remote: &Remote<'_>) -> bool {
    remote.has_password
}

/// Empties, for the whole host, what would log in before the helper is asked.
fn no_other_login(host: &GithubHost, values: &mut Values) {
    for protocol in ["https", "http"] {
        let place = format!("http.{protocol}://{}/", host.as_str());
        // curl reads ~/.netrc unless it is given a name, and an empty name counts (CURLOPT_NETRC).
        values.add(format!("{place}.emptyAuth"), "true");
        values.add(format!("{place}.extraHeader"), "");
        values.add(format!("{place}.cookieFile"), "");
    }
}

/// Makes an address of the host stay as it is, even if somebody writes a rule for it later.
fn stays(host: &GithubHost, values: &mut Values) {
    for push in [false, true] {
        for c in ACCOUNTS.chars() {
            values.add(instead_of(host, &c.to_string(), push), format!("{}/{c}", host.url()));
        }
    }
}

/// The host's names over ssh, with nothing configured for it.
fn spellings(host: &GithubHost) -> Vec<String> {
    let name = host.name();
    let mut names = vec![name.to_owned()];
    if name == "github.com" {
        names.push("GitHub.com".to_owned());
    }
    let of_name = |name: &String| {
        let schemes = ["ssh://", "git+ssh://", "ssh+git://"];
        let users = ["git@", ""];
        let urls = schemes.iter().flat_map(|scheme| {
            users.iter().flat_map(move |user| {
                [
                    format!("{scheme}{user}{name}/"),
                    format!("{scheme}{user}{name}:22/"),
                    format!("{scheme}{user}ssh.{name}:443/"),
                ]
            })
        });
        // Also with a slash after the colon: the longer one wins, and the path begins after it.
        let short = users.iter().flat_map(|user| ["", "ssh."].map(|sub| format!("{user}{sub}{name}:")));
        let short = short.flat_map(|short| [format!("{short}/"), short]);
        short.chain(urls).collect::<Vec<_>>()
    };
    names.iter().flat_map(of_name).collect()
}

fn instead_of(host: &GithubHost, path: &str, push: bool) -> String {
    format!("url.{}/{path}.{}", host.url(), if push { "pushInsteadOf" } else { "insteadOf" })
}

/// Section, middle part and name.
fn parts(key: &str) -> Option<(&str, &str, &str)> {
    let (section, rest) = key.split_once('.')?;
    let (place, name) = rest.rsplit_once('.')?;
    Some((section, place, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(settings: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
        let config = GithubConfig::default();
        let settings: Vec<Setting> =
            settings.iter().map(|(key, value)| Setting { key: key.to_string(), value: value.to_string() }).collect();
        let mut values = Values::default();
        values.add("credential.https://github.com.helper", "");
        values.add("credential.https://github.com.helper", "!ours");
        Ways::new(&config, &settings, None).close(&mut values);
        values.into_inner()
    }

    fn of<'v>(values: &'v [(String, Vec<String>)], key: &str) -> &'v [String] {
        values.iter().find(|(known, _)| known == key).map(|(_, values)| values.as_slice()).unwrap_or_default()
    }

    #[test]
    fn what_stands_at_a_part_of_the_host_is_emptied_there() {
        let values = closed(&[
            ("http.https://github.com/acme/.extraheader", "Authorization: Basic made-up"),
            ("http.https://gitlab.com/.extraheader", "Authorization: Basic made-up"),
            ("credential.https://github.com/acme.helper", "store"),
        ]);
        assert_eq!(of(&values, "http.https://github.com/acme/.extraheader"), [""]);
        assert_eq!(of(&values, "credential.https://github.com/acme.helper"), ["", "!ours"]);
        assert!(!values.iter().any(|(key, _)| key.contains("gitlab")), "{values:?}");
    }

    #[test]
    fn a_rule_of_the_persons_is_outdone_by_one_letter() {
        let values = closed(&[("url.git@github.com:.pushinsteadof", "https://github.com/")]);
        assert_eq!(of(&values, "url.https://github.com/o.pushInsteadOf"), ["https://github.com/o"]);
        let values = closed(&[("url.ssh://git@github.com/acme/.insteadof", "acme:")]);
        assert_eq!(of(&values, "url.https://github.com/acme/_.insteadOf"), ["acme:_"]);
        let values = closed(&[("url.https://x:made-up@github.com/.insteadof", "https://github.com/")]);
        assert_eq!(of(&values, "url.https://github.com/7.insteadOf"), ["https://github.com/7"]);
        let values = closed(&[("url.https://github.com/.insteadof", "gh:"), ("url.git@gitlab.com:.insteadof", "gl:")]);
        assert_eq!(values.len(), closed(&[]).len(), "neither leads past the token");
    }

    #[test]
    fn a_login_in_an_address_is_never_written_down_again() {
        let values = closed(&[
            ("remote.origin.url", "https://x:made-up@github.com/o/r.git"),
            ("url.git@github.com:.insteadof", "https://x:made-up@github.com/"),
        ]);
        assert!(!format!("{values:?}").contains("made-up"), "{values:?}");
        assert_eq!(of(&values, "remote.origin.pushurl"), ["https://github.com/o/r.git"]);
    }

    #[test]
    fn a_user_of_ones_own_over_ssh_is_led_too() {
        let values = closed(&[("remote.origin.url", "org-1@github.com:o/r.git")]);
        assert!(of(&values, "url.https://github.com/.insteadOf").contains(&"org-1@github.com:".to_owned()));
    }
}
