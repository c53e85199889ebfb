//! The hosts that a call of `gh` goes to, according to its arguments and variables. A token is for its host only, and
//! `gh` sends the ones in its environment to whatever host it is given (`GH_ENTERPRISE_TOKEN` to every host but
//! GitHub's own).
//!
//! Every spelling that names a host counts: `-R [HOST/]OWNER/REPO`, `--hostname`, an address, a repository if the
//! command takes one, `GH_REPO`. Whatever cannot be told for sure counts as another host.

use std::ffi::OsString;

use ravi_workspace_core::internal::github::{GithubHost, Remote, Transport};

/// Flags whose value is a text: an address in it is content, not a destination.
const TEXTS: [&str; 11] = [
    "--body",
    "-b",
    "--title",
    "--notes",
    "--subject",
    "--description",
    "--homepage",
    "--field",
    "--raw-field",
    "--header",
    "--jq",
];

/// Flags whose value is a repository.
const REPOSITORIES: [&str; 5] = ["--repo", "-R", "--source", "--template", "--repos"];

/// Flags whose value is a host.
const HOSTS: [&str; 2] = ["--hostname", "--host"];

/// Commands whose arguments are repositories.
const OF_REPOSITORIES: [&str; 5] = ["repo", "extension", "extensions", "ext", "label"];

/// Where a call goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// Only to hosts of the workspace's.
    Hosts(Vec<&'a GithubHost>),
    /// It names none: it goes where the folder or the configuration leads.
    Unsaid,
    /// To another host, or to one that nobody can tell; as it was written.
    Other(String),
}

/// Returns where a call with these arguments goes. `repository` is `GH_REPO`.
pub(super) fn target<'a>(arguments: &[OsString], repository: Option<&str>, hosts: &'a [GithubHost]) -> Target<'a> {
    let arguments: Vec<String> = arguments.iter().map(|text| text.to_string_lossy().into_owned()).collect();
    let mut words = arguments.iter().filter(|text| !text.starts_with('-')).map(String::as_str);
    let command = [words.next().unwrap_or_default(), words.next().unwrap_or_default()];
    if command == ["auth", "git-credential"] {
        // The host is in what git says on standard input.
        return Target::Other("the host that git names".to_owned());
    }
    let mut seen = Seen { hosts, found: Vec::new(), other: None };
    seen.all(&arguments, command[0]);
    if let Some(repository) = repository {
        seen.repository(repository);
    }
    match (seen.other, seen.found.is_empty()) {
        (Some(other), _) => Target::Other(other),
        (None, true) => Target::Unsaid,
        (None, false) => Target::Hosts(seen.found),
    }
}

/// The hosts that were named so far.
struct Seen<'a> {
    hosts: &'a [GithubHost],
    found: Vec<&'a GithubHost>,
    other: Option<String>,
}

impl Seen<'_> {
    fn all(&mut self, arguments: &[String], command: &str) {
        let mut all = arguments.iter().map(String::as_str);
        while let Some(argument) = all.next() {
            let (flag, joined) = match argument.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value)),
                _ => (argument, None),
            };
            let mut value = || joined.or_else(|| all.next()).unwrap_or_default();
            match flag {
                _ if TEXTS.contains(&flag) => drop(value()),
                _ if REPOSITORIES.contains(&flag) => self.repository(value()),
                _ if HOSTS.contains(&flag) => self.named(value()),
                _ if joined.is_some() => self.address(joined.unwrap_or_default()),
                _ if flag.starts_with("--") => {}
                _ if flag.len() > 1 && flag.starts_with('-') => self.short(flag, command, &mut value),
                _ if OF_REPOSITORIES.contains(&command) || command == "issue" && argument.contains('/') => {
                    self.repository(argument);
                }
                _ => self.address(argument),
            }
        }
    }

    /// Reads short flags. They may be combined, and the last one has its value directly after it or in the next
    /// argument.
    fn short<'b>(&mut self, flags: &'b str, command: &str, value: &mut impl FnMut() -> &'b str) {
        let of_host = |at: &usize| command == "auth" && flags[*at..].starts_with('h');
        if let Some(at) = flags.find('R') {
            let rest = &flags[at + 1..];
            let rest = rest.strip_prefix('=').unwrap_or(rest);
            self.repository(if rest.is_empty() { value() } else { rest });
        } else if let Some(at) = flags.find('h').filter(of_host) {
            let rest = &flags[at + 1..];
            let rest = rest.strip_prefix('=').unwrap_or(rest);
            self.named(if rest.is_empty() { value() } else { rest });
        } else if flags.contains("://") {
            self.other = Some(flags.to_owned());
        }
    }

    /// Reads `[HOST/]OWNER/REPO`, `[USER@]HOST:OWNER/REPO`, or an address. gh drops a part that is `.` or empty only
    /// after it has decided which one is the host.
    fn repository(&mut self, text: &str) {
        if text.contains("://") {
            return self.address(text);
        }
        let parts: Vec<&str> = text.split('/').collect();
        let first = parts[0].rsplit('@').next().unwrap_or_default();
        match (first.split_once(':'), parts.len()) {
            (Some((host, _)), 2..) if is_host(host) => self.named(host),
            (None, 3..) if is_host(first) => self.named(first),
            _ => self.address(text),
        }
    }

    /// Reads an address, if it is one.
    fn address(&mut self, text: &str) {
        let text = text.trim();
        match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => self.url(text, scheme, rest),
            Some(_) => {}
            None => {
                let remote = Remote::parse(text);
                // `user@host:path`; a bare colon may occur in any text.
                if remote.transport == Transport::Ssh && remote.user.is_some() && !text.contains(char::is_whitespace) {
                    self.named(&remote.host);
                }
            }
        }
    }

    fn url(&mut self, text: &str, scheme: &str, rest: &str) {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "https" && scheme != "http" {
            return self.named(&Remote::parse(text).host);
        }
        let authority = authority.to_ascii_lowercase();
        let host = authority.strip_suffix(":443").filter(|_| scheme == "https").unwrap_or(&authority);
        match self.hosts.iter().find(|known| known.serves(host)) {
            Some(known) if known.protocol() == scheme => self.found.push(known),
            // A token in the clear is anybody's.
            _ => self.other = Some(host.to_owned()),
        }
    }

    fn named(&mut self, host: &str) {
        let host = host.to_ascii_lowercase();
        match self.hosts.iter().find(|known| known.serves(host.strip_prefix("ssh.").unwrap_or(&host))) {
            Some(known) => self.found.push(known),
            None => self.other = Some(host),
        }
    }
}

/// Whether this can be a host's name. A path that is given for a repository begins with a dot, a slash or `~`.
fn is_host(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b) || !b.is_ascii();
    text.bytes().all(plain) && text.bytes().any(|b| b != b'.')
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, repository: Option<&str>) -> String {
        let hosts = ["github.com", "ghe.example.com"].map(|host| GithubHost::parse(host).unwrap());
        let arguments: Vec<OsString> = line.split('|').map(OsString::from).collect();
        match target(&arguments, repository, &hosts) {
            Target::Hosts(hosts) => hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>().join(" "),
            Target::Unsaid => "-".to_owned(),
            Target::Other(_) => "other".to_owned(),
        }
    }

    #[test]
    fn every_spelling_of_a_host_is_seen() {
        for (line, expected) in [
            ("pr|list", "-"),
            ("pr|list|-R|o/r", "-"),
            ("pr|list|-R|ghe.example.com/o/r", "ghe.example.com"),
            ("pr|list|-R|GitHub.com/o/r", "github.com"),
            ("pr|list|-R|evil.example/o/r", "other"),
            ("pr|list|-R=evil.example/o/r", "other"),
            ("pr|list|-Revil.example/o/r", "other"),
            ("pr|list|-wRevil.example/o/r", "other"),
            ("pr|list|-wR|evil.example/o/r", "other"),
            ("pr|list|--repo=https://evil.example/o/r", "other"),
            ("pr|list|--repo|git@evil.example:o/r", "other"),
            ("pr|view|https://evil.example/o/r/pull/1", "other"),
            ("pr|view|https://github.com/o/r/pull/1", "github.com"),
            ("pr|merge|-d|https://evil.example/o/r/pull/1", "other"),
            ("pr|checkout|feature/a/b", "-"),
            ("pr|create|--body|https://evil.example/x|-b|https://evil.example", "-"),
            ("api|repos/o/r", "-"),
            ("api|https://api.github.com/graphql", "github.com"),
            ("api|https://api.github.com:443/graphql", "github.com"),
            ("api|http://github.com/x", "other"),
            ("api|HTTPS://evil.example/x", "other"),
            ("api|https://github.com@evil.example/x", "other"),
            ("api|https://evil.example?@github.com/x", "other"),
            ("api|https://evil.example\\@github.com/x", "other"),
            ("api|https://github.com.evil.example/x", "other"),
            ("api|https://github.com:8443/x", "other"),
            ("api|--hostname|evil.example|user", "other"),
            ("api|--hostname=ghe.example.com|user", "ghe.example.com"),
            ("api|-f|url=https://hooks.example/x|repos/o/r/hooks", "-"),
            ("auth|token|-h|evil.example", "other"),
            ("auth|token|-hevil.example", "other"),
            ("auth|git-credential|get", "other"),
            ("repo|clone|evil.example/o/r", "other"),
            ("repo|clone|evil/o/r", "other"),
            ("repo|clone|o/r", "-"),
            ("repo|clone|git@ssh.github.com:o/r", "github.com"),
            ("repo|sync|o/r|--source|evil.example/o/r", "other"),
            ("extension|install|https://evil.example/o/gh-x", "other"),
            ("issue|transfer|1|evil.example/o/r", "other"),
            ("pr|list|-R|evil.example/./r", "other"),
            ("repo|view|evil.example/o/.", "other"),
            ("repo|view|evil.example//r", "other"),
            ("repo|view|evil.example/o/r/", "other"),
            ("extension|install|evil.example/./gh-x", "other"),
            ("repo|fork|evil.example/./r", "other"),
            ("repo|create|x|--public|--template|evil.example/./r", "other"),
            ("pr|list|-R|github.localhost/./r", "other"),
            ("repo|clone|evil.example:o/r", "other"),
            ("repo|clone|github.com:o/r", "github.com"),
            ("repo|create|x|--source|./a/b", "-"),
            ("repo|create|x|--source|../a", "-"),
            ("pr|list|--json|x|--template|{{.a}}/{{.b}}/{{.c}}", "-"),
            ("release|upload|v1|./a/b", "-"),
        ] {
            assert_eq!(of(line, None), expected, "{line}");
        }
        assert_eq!(of("pr|list", Some("evil.example/o/r")), "other");
        assert_eq!(of("pr|list", Some("evil.example/./r")), "other");
        assert_eq!(of("pr|list", Some("o/r")), "-");
    }
}
