//! gh's environment variables: which token it uses, which host it connects to, where its own files are.

use std::path::{Path, PathBuf};

use crate::config::GithubHost;
use crate::ledger;

/// Every variable that gh takes a token from (gh help environment).
pub const TOKENS: [&str; 4] = ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// The host that gh connects to unless something else says otherwise.
pub const HOST: &str = "GH_HOST";

/// The folder with gh's saved logins and its settings.
pub const CONFIG_DIR: &str = "GH_CONFIG_DIR";

/// The folder that gh uses in a workspace in place of the user's own, which contains the user's logins. It need not
/// exist.
pub fn config_dir(state_dir: &Path, id: &str) -> PathBuf {
    ledger::home(state_dir, id).join("gh")
}

/// The variable from which programs read a token for `hosts`.
///
/// If they would send it to github.com although that is not one of the hosts, `lead` is told where it belongs.
pub fn token_variable(hosts: &[GithubHost], lead: impl FnOnce(&GithubHost)) -> &'static str {
    let first = hosts.first().filter(|_| hosts.iter().all(|host| host.as_str() != DOTCOM));
    if let Some(first) = first {
        lead(first);
    }
    if hosts.iter().any(GithubHost::is_dotcom) { "GH_TOKEN" } else { "GH_ENTERPRISE_TOKEN" }
}

/// Where gh connects to by default.
pub const DOTCOM: &str = "github.com";
