//! The address of a remote, as git understands it (git-fetch(1), "GIT URLS"). This module must not know what it is used
//! for.

/// How git connects to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// `https://`
    Https,
    /// `http://`
    Http,
    /// `ssh://`, and the short form `user@host:path`
    Ssh,
    /// Nothing that asks who is connecting: the `git` protocol, a folder.
    Other,
}

/// The parts of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote<'a> {
    /// How to connect to it.
    pub transport: Transport,
    /// The user name in the address.
    pub user: Option<&'a str>,
    /// Whether there is a password, or a token in its place.
    pub(super) has_password: bool,
    /// In lower case, without a port.
    pub host: String,
    pub(super) port: Option<&'a str>,
    /// Without a leading slash.
    pub(super) path: &'a str,
}

impl<'a> Remote<'a> {
    /// Parses an address as git does. Never fails: what is not an address has an empty host.
    pub fn parse(text: &'a str) -> Remote<'a> {
        match text.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
                Remote::of(transport(scheme), authority, path)
            }
            None => Remote::scp_like(text),
        }
    }

    /// Parses `[USER@]HOST:PATH`; a slash before the first colon makes it a folder.
    fn scp_like(text: &'a str) -> Remote<'a> {
        let host_end = match text.find(']') {
            Some(end) if text.contains('[') => text[end..].find(':').map(|at| end + at),
            _ => text.find(':').filter(|at| !text[..*at].contains('/')),
        };
        match host_end {
            Some(at) => Remote { port: None, ..Remote::of(Transport::Ssh, &text[..at], &text[at + 1..]) },
            None => Remote::of(Transport::Other, "", text),
        }
    }

    fn of(transport: Transport, authority: &'a str, path: &'a str) -> Remote<'a> {
        let (user, place) = authority.rsplit_once('@').map_or((None, authority), |(user, place)| (Some(user), place));
        let (name, has_password) = match user.and_then(|user| user.split_once(':')) {
            Some((name, password)) => (Some(name), !password.is_empty()),
            None => (user, false),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !port.contains(']') => {
                (host, Some(port).filter(|p| !p.is_empty()))
            }
            _ => (place, None),
        };
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let user = name.filter(|name| !name.is_empty());
        Remote { transport, user, has_password, host, port, path: path.trim_start_matches('/') }
    }
}

fn transport(scheme: &str) -> Transport {
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Transport::Https,
        "http" => Transport::Http,
        "ssh" | "git+ssh" | "ssh+git" => Transport::Ssh,
        _ => Transport::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_remote_names_its_host() {
        use Transport::{Https, Other, Ssh};
        for (text, transport, user, host, port, path) in [
            ("https://github.com/o/r.git", Https, None, "github.com", None, "o/r.git"),
            ("https://x:token@GitHub.com./o/r", Https, Some("x"), "github.com", None, "o/r"),
            ("git@github.com:o/r", Ssh, Some("git"), "github.com", None, "o/r"),
            ("org-1@GitHub.com:/o/r", Ssh, Some("org-1"), "github.com", None, "o/r"),
            ("github.com:o/r", Ssh, None, "github.com", None, "o/r"),
            ("ssh://git@github.com:22/o/r", Ssh, Some("git"), "github.com", Some("22"), "o/r"),
            ("git+ssh://git@github.com/o/r", Ssh, Some("git"), "github.com", None, "o/r"),
            ("ssh://ssh.github.com:443/o/r", Ssh, None, "ssh.github.com", Some("443"), "o/r"),
            ("git@github.com-work:o/r", Ssh, Some("git"), "github.com-work", None, "o/r"),
            ("git@[::1]:o/r", Ssh, Some("git"), "::1", None, "o/r"),
            ("/srv/git/r", Other, None, "", None, "srv/git/r"),
            ("./odd:name", Other, None, "", None, "./odd:name"),
            ("git://github.com/o/r", Other, None, "github.com", None, "o/r"),
        ] {
            let seen = Remote::parse(text);
            assert_eq!((seen.transport, seen.user, seen.host.as_str()), (transport, user, host), "{text}");
            assert_eq!((seen.port, seen.path), (port, path), "{text}");
        }
        assert!(Remote::parse("https://x:token@github.com/o/r").has_password);
        assert!(!Remote::parse("https://hanna@github.com/o/r").has_password);
    }
}
