//! The git credential helper; gitcredentials(7) and git-credential(1) describe git's side.
//!
//! It answers for exactly the hosts that the workspace was set up for, over HTTPS. To any other request it says
//! nothing, so that git continues as if it were not there. If the workspace has a token that cannot be read, it tells
//! git to stop: another helper, or a prompt, would log in as somebody else.

use std::io::{Read, Write};

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::bound::Bound;
use super::helper::tell_age;
use crate::{self as helper, Caller, Place};
use ravi_workspace_core::audit::Action;
use ravi_workspace_core::error::Result;
use ravi_workspace_core::internal::github::{self, GithubError, GithubHost, Login};
use ravi_workspace_core::internal::handover::WORKSPACE_ID;
use ravi_workspace_core::internal::hex;
use ravi_workspace_core::internal::workspace::Repository;

/// Larger than any of git's requests.
const REQUEST_LIMIT: u64 = 64 * 1024;

/// Any name will do with a token; this is the one in GitHub's own documentation.
const USER_NAME: &str = "x-access-token";

/// What git wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Get,
    Store,
    Erase,
}

impl Operation {
    /// `None` for operations that later versions of git may have; they are to be ignored silently.
    pub(super) fn parse(text: &str) -> Option<Operation> {
        match text {
            "get" => Some(Operation::Get),
            "store" => Some(Operation::Store),
            "erase" => Some(Operation::Erase),
            _ => None,
        }
    }
}

/// How our own state begins, which git returns when it asks again: a token with this digest was given and refused.
const GIVEN: &str = "ravi.given=";

/// What git asks about.
#[derive(Default)]
struct Request {
    protocol: String,
    host: String,
    password: Option<SecretString>,
    /// Whether git asks again with what it was told before if a login is refused (git 2.46 and newer).
    keeps_state: bool,
    /// Digest of the token that was just refused.
    refused: Option<String>,
}

/// The answer to git.
#[derive(Debug)]
pub(super) struct Answer {
    token: SecretString,
    /// Digest of the token, for git to return if the token is refused.
    ask_again: Option<String>,
}

/// Reads one of git's requests. `None`: git should continue as if this helper were not there.
pub(super) fn answer(operation: Operation, caller: &Caller, input: impl Read) -> Result<Option<Answer>> {
    match operation {
        Operation::Get => get(caller, input),
        // What git wants to store came from here.
        Operation::Store => Ok(None),
        Operation::Erase => erase(caller, input).map(|()| None),
    }
}

/// Passes the answer to git, or tells it to stop on an error. The error is for the person.
pub(super) fn tell(answer: Result<Option<Answer>>, mut output: impl Write) -> Result<()> {
    let (lines, error) = match answer {
        Ok(None) => return Ok(()),
        Ok(Some(answer)) => (answer.lines(), None),
        Err(error) => ("quit=1\n".to_owned(), Some(error)),
    };
    // git may have gone away in the meantime; then nobody needs the answer.
    let _ = output.write_all(Zeroizing::new(lines).as_bytes()).and_then(|()| output.flush());
    error.map_or(Ok(()), Err)
}

impl Answer {
    fn lines(&self) -> String {
        let login = format!("username={USER_NAME}\npassword={}\n", self.token.expose_secret());
        match &self.ask_again {
            None => login,
            Some(digest) => format!("capability[]=state\n{login}continue=1\nstate[]={GIVEN}{digest}\n"),
        }
    }
}

fn get(caller: &Caller, input: impl Read) -> Result<Option<Answer>> {
    let request = Request::read(input)?;
    let Some(bound) = workspace(caller)? else { return Ok(None) };
    if !answers_for(&bound.plan.config.hosts, &request)? {
        return Ok(None);
    }
    bound.wake(caller)?;
    let token =
        bound.noted(Action::GithubGit, keep_last(&bound).and_then(|()| current_token(&bound, &request, caller)))?;
    let Some(token) = token else { return Ok(None) };
    // Asked once more at most: a token that is refused twice is the one that Ravi has.
    let ask_again = (request.keeps_state && request.refused.is_none()).then(|| digest(&token));
    Ok(Some(Answer { token, ask_again }))
}

/// Makes our helper the last one. git tells every helper which token was good, so one after ours would keep it for
/// others.
fn keep_last(bound: &Bound) -> Result<()> {
    let binding = bound.binding();
    let (Some(git_dir), Some(common_dir)) = (&binding.git_dir, &binding.common_dir) else { return Ok(()) };
    if Repository::outdo_later_helper(common_dir, git_dir)? {
        Err(GithubError::OtherHelper { id: binding.id.clone() }.into())
    } else {
        Ok(())
    }
}

/// Returns the token; reads it again if git says that the last one was refused.
fn current_token(bound: &Bound, request: &Request, caller: &Caller) -> Result<Option<SecretString>> {
    match read(bound, caller)? {
        Some(token) if request.refused.as_deref() == Some(&digest(&token)) => {
            github::reject(bound.ledger(), bound.binding(), &bound.plan, &token)?;
            read(bound, caller)
        }
        token => Ok(token),
    }
}

fn read(bound: &Bound, caller: &Caller) -> Result<Option<SecretString>> {
    match github::read_blocking(bound.ledger(), bound.binding(), &bound.plan, || caller.config())? {
        Login::Token { token, stale } => {
            tell_age("ravi-workspace", stale);
            Ok(Some(token))
        }
        Login::Inherited => Ok(None),
    }
}

/// Returns enough of a digest to tell one token from the next.
fn digest(token: &SecretString) -> String {
    hex(&Sha256::digest(token.expose_secret())[..8])
}

fn erase(caller: &Caller, input: impl Read) -> Result<()> {
    let request = Request::read(input)?;
    let Some(bound) = workspace(caller)? else { return Ok(()) };
    match &request.password {
        Some(password) if answers_for(&bound.plan.config.hosts, &request)? => {
            github::reject(bound.ledger(), bound.binding(), &bound.plan, password)
        }
        _ => Ok(()),
    }
}

/// Returns the workspace whose configuration git read. git sets `GIT_DIR` for what it starts if its own git dir is not
/// that of the current folder.
pub(super) fn workspace(caller: &Caller) -> Result<Option<Bound>> {
    let named = std::env::var_os("GIT_DIR").map(|dir| caller.folder.join(dir));
    let mut place = Place::Free;
    if let Some(git_dir) = named.and_then(|dir| dir.canonicalize().ok()) {
        place = helper::started_in(&caller.folder, &git_dir, &caller.states)?;
    }
    if matches!(place, Place::Free) {
        place = helper::find(&caller.folder, &caller.states)?;
    }
    match place {
        Place::Bound(bound) => Ok(Some(Bound::new(*bound)?)),
        Place::Unconfirmed(error) | Place::Copy(error) => Err(error.into()),
        Place::Astray(_) => Ok(None),
        Place::Free => by_environment(caller),
    }
}

/// Returns the workspace for which a process was started that fetches into a place of its own, such as a package
/// manager's cache.
fn by_environment(caller: &Caller) -> Result<Option<Bound>> {
    let Some(id) = std::env::var(WORKSPACE_ID).ok().filter(|id| !id.is_empty()) else { return Ok(None) };
    match helper::named(&id, &caller.states)? {
        Some(bound) => Ok(Some(Bound::new(bound)?)),
        None => Ok(None),
    }
}

/// Whether the request is for exactly one of the hosts. A host that only looks like one is refused, because git would
/// go on to ask the person, who cannot see the difference.
fn answers_for(hosts: &[GithubHost], request: &Request) -> Result<bool> {
    let host = request.host.to_ascii_lowercase();
    if hosts.iter().any(|known| known.as_str() == host && known.protocol() == request.protocol) {
        return Ok(true);
    }
    let resembles = hosts.iter().any(|known| host.contains(known.as_str()) || request.host.contains('@'));
    let plain = !host.is_ascii() || host.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control());
    if resembles || plain { Err(GithubError::Host { host: shown(&request.host) }.into()) } else { Ok(false) }
}

/// Returns a host name that is safe to print: short, and without control characters; a name before `@` may be a
/// password.
fn shown(host: &str) -> String {
    let host = host.rsplit('@').next().unwrap_or_default();
    host.chars().filter(|c| !c.is_control()).take(100).collect()
}

impl Request {
    fn read(input: impl Read) -> Result<Request, GithubError> {
        let bad = |reason| GithubError::Request { reason };
        let mut bytes = Zeroizing::new(Vec::new());
        let read = input.take(REQUEST_LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(|source| GithubError::Io { path: "standard input".into(), doing: "read", source })?;
        if bytes.len() as u64 > REQUEST_LIMIT {
            return Err(bad("it is too long"));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| bad("it is not UTF-8"))?;
        let mut request = Request::default();
        let (mut protocol, mut host) = (None, None);
        for line in text.split('\n').take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once('=').ok_or_else(|| bad("a line has no value"))?;
            if value.contains(['\0', '\r']) {
                return Err(bad("a value has a newline or a NUL"));
            }
            match name {
                "protocol" if protocol.is_none() => protocol = Some(value.to_owned()),
                "host" if host.is_none() => host = Some(value.to_owned()),
                "protocol" | "host" => return Err(bad("it names two hosts")),
                "capability[]" => request.keeps_state |= value == "state",
                "state[]" if value.starts_with(GIVEN) => request.refused = Some(value[GIVEN.len()..].to_owned()),
                "password" => request.password = Some(SecretString::from(value)),
                // Among others `wwwauth[]`, `path`, `username`: nothing here depends on them.
                _ => {}
            }
        }
        let (protocol, host) = (protocol.unwrap_or_default(), host.unwrap_or_default());
        Ok(Request { protocol, host, ..request })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Vec<GithubHost> {
        ["github.com", "ghe.example.com:8443"].map(|host| GithubHost::parse(host).unwrap()).to_vec()
    }

    fn answers(protocol: &str, host: &str) -> Result<bool> {
        let request = Request { protocol: protocol.to_owned(), host: host.to_owned(), ..Request::default() };
        answers_for(&hosts(), &request)
    }

    #[test]
    fn exactly_the_hosts_are_answered_for() {
        assert!(answers("https", "github.com").unwrap());
        assert!(answers("https", "GitHub.com").unwrap());
        assert!(answers("https", "ghe.example.com:8443").unwrap());
        for other in ["gitlab.com", "ghe.example.com", "api.example.com", ""] {
            assert!(!answers("https", other).unwrap(), "{other}");
        }
        for trick in [
            "github.com.evil",
            "github.com:443",
            "github.com.",
            "evil-github.com",
            "hanna@github.com",
            "github.com@evil.example",
            "gïthub.com",
            "github.com ",
            "github\u{200b}.com",
        ] {
            assert!(answers("https", trick).is_err(), "{trick:?}");
        }
        assert!(answers("http", "github.com").is_err());
        assert!(answers("ssh", "github.com").is_err());
    }

    #[test]
    fn requests_of_all_versions_are_read() {
        let text = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=github.com\npath=o/r.git\n\
                    wwwauth[]=Basic realm=\"x\"\npassword=a=b\npassword_expiry_utc=1\nodd[]=\n\nhost=evil\n";
        let request = Request::read(text.as_bytes()).unwrap();
        assert_eq!((request.protocol.as_str(), request.host.as_str()), ("https", "github.com"));
        assert_eq!(request.password.unwrap().expose_secret(), "a=b");
        assert!(Request::read(&b""[..]).unwrap().host.is_empty());
    }

    #[test]
    fn crafted_requests_are_refused() {
        for bad in ["host=a\nhost=b\n", "host=a\0b\n", "host=a\rhost=b\n", "host\n"] {
            assert!(Request::read(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(Request::read(&[0xff, b'='][..]).is_err());
        assert!(Request::read(std::io::repeat(b'a')).is_err());
    }
}
