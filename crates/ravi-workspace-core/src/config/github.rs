//! Options for GitHub.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Options for GitHub; `github` in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GithubConfig {
    /// The hosts that the workspaces' tokens are for. Default `["github.com"]`; a GitHub Enterprise host can replace it
    /// or be added. No other host ever gets a token.
    pub hosts: Vec<GithubHost>,
    /// Send what would go to the hosts over SSH, however the address is written, over HTTPS instead, in workspaces that
    /// do not use the user's login, so that the user's SSH key is not used there. Default `true`.
    pub rewrite_ssh: bool,
    /// What a workspace without a token of its own does. By default it uses the user's login.
    pub missing: MissingToken,
    /// Refuse to set up a workspace while a way to a host stays open that bypasses its token. Default `false`: it is
    /// only reported. If `missing` is `deny`, this is refused in any case.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
    /// How many seconds a token is used without asking Ravi again. Default 300.
    pub fresh_seconds: u64,
    /// How many seconds a token is used while Ravi cannot be reached. Default 86400, one day.
    pub stale_seconds: u64,
}

/// The same, as the ledger keeps it: unknown fields from a newer version are ignored. What people write stays strict.
#[derive(Deserialize)]
#[serde(remote = "GithubConfig", rename_all = "camelCase")]
pub(crate) struct Stored {
    hosts: Vec<GithubHost>,
    rewrite_ssh: bool,
    #[serde(default)]
    strict: bool,
    missing: MissingToken,
    fresh_seconds: u64,
    stale_seconds: u64,
}

impl Default for GithubConfig {
    fn default() -> Self {
        GithubConfig {
            hosts: vec![GithubHost { plain: false, host: "github.com".to_owned() }],
            rewrite_ssh: true,
            missing: MissingToken::Inherit,
            strict: false,
            fresh_seconds: 300,
            stale_seconds: 24 * 3600,
        }
    }
}

impl GithubConfig {
    pub(crate) fn fresh(&self) -> Duration {
        Duration::from_secs(self.fresh_seconds)
    }

    pub(crate) fn stale(&self) -> Duration {
        Duration::from_secs(self.stale_seconds)
    }
}

/// What a workspace without a GitHub token of its own does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingToken {
    /// It uses the user's login on this machine, which is shown as inherited.
    #[default]
    Inherit,
    /// It gets no login at all.
    Deny,
}

/// A host that a token may be sent to: a name in lower case with an optional port, such as `github.com`.
///
/// Over HTTPS only; for tests, a loopback address may have `http://` before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GithubHost {
    plain: bool,
    host: String,
}

impl GithubHost {
    /// Parses `HOST[:PORT]`, with or without `https://` before it.
    ///
    /// # Errors
    /// Why it is not a valid host, in words.
    pub fn parse(text: &str) -> Result<GithubHost, String> {
        let bad = |reason: &str| Err(format!("{text:?} is not a GitHub host: {reason}"));
        let (plain, rest) = match text.split_once("://") {
            Some(("https", rest)) => (false, rest),
            Some(("http", rest)) => (true, rest),
            Some(_) => return bad("only https is accepted, and http on loopback"),
            None => (false, text),
        };
        let host = rest.to_ascii_lowercase();
        let (name, port) = host.split_once(':').map_or((host.as_str(), None), |(name, port)| (name, Some(port)));
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b)) {
            return bad("expected a host name in ASCII, with an optional port and nothing else");
        }
        if name.starts_with(['.', '-']) || name.ends_with('.') {
            return bad("a host name must begin with a letter or digit and must not end with a dot");
        }
        match port.map(str::parse::<u16>) {
            Some(Ok(443)) if !plain => return bad("443 is the default port, leave it out"),
            Some(Err(_) | Ok(0)) => return bad("the port is not a number between 1 and 65535"),
            _ => {}
        }
        if plain && !is_loopback(name) {
            return bad("plain http is accepted on loopback only");
        }
        Ok(GithubHost { plain, host })
    }

    /// Host and port as git names them in a credential request.
    pub fn as_str(&self) -> &str {
        &self.host
    }

    /// The host without its port.
    pub fn name(&self) -> &str {
        self.host.split(':').next().unwrap_or_default()
    }

    /// Whether a name is the host's own, or one that `gh` uses for it (`api.github.com`).
    pub fn serves(&self, host: &str) -> bool {
        let own = |host: &str| self.is_dotcom() && host == self.host;
        self.host == host || ["api.", "uploads.", "gist."].iter().any(|part| host.strip_prefix(part).is_some_and(own))
    }

    /// Address of the host, without a trailing slash.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.protocol(), self.host)
    }

    /// The protocol as git names it: `https`, or `http` on loopback.
    pub fn protocol(&self) -> &'static str {
        if self.plain { "http" } else { "https" }
    }

    /// Whether `gh` reads `GH_TOKEN` for it; for all other hosts it reads `GH_ENTERPRISE_TOKEN` (gh help environment).
    pub fn is_dotcom(&self) -> bool {
        self.host == "github.com" || self.host.ends_with(".ghe.com")
    }
}

fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for GithubHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

impl TryFrom<String> for GithubHost {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<GithubHost> for String {
    fn from(host: GithubHost) -> String {
        if host.plain { host.url() } else { host.host }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_hosts_are_taken() {
        for good in
            ["github.com", "GitHub.com", "https://ghe.example.com", "ghe.example.com:8443", "http://127.0.0.1:80"]
        {
            let host = GithubHost::parse(good).unwrap();
            assert_eq!(GithubHost::try_from(String::from(host.clone())).unwrap(), host, "{good}");
        }
        for bad in [
            "",
            "github.com/",
            "github.com/path",
            "user@github.com",
            "github.com:443",
            "github.com:x",
            "github.com:0",
            "github.com.",
            ".github.com",
            "gïthub.com",
            "github.com\nhost=evil",
            "http://github.com",
            "http://127.0.0.1.evil",
            "ssh://github.com",
            "*.github.com",
        ] {
            assert!(GithubHost::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_configuration_reads_as_documented() {
        let text = r#"{"hosts":["ghe.example.com"],"rewriteSsh":true,"missing":"deny","freshSeconds":60}"#;
        let config: GithubConfig = serde_json::from_str(text).unwrap();
        assert_eq!((config.hosts[0].as_str(), config.rewrite_ssh), ("ghe.example.com", true));
        assert_eq!((config.missing, config.fresh_seconds, config.stale_seconds), (MissingToken::Deny, 60, 86400));
        assert!(serde_json::from_str::<GithubConfig>(r#"{"host":[]}"#).is_err());
    }
}
