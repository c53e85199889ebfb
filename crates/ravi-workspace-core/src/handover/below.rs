//! git's values for what a workspace's processes fetch and clone: repositories below its folder, its submodules, and
//! the caches of package managers. None of these reads the repository's own configuration.
//!
//! The values come through the environment (git-config(1), `GIT_CONFIG_COUNT`) and hold only for these git dirs, so
//! that a shell that leaves the folder is the person's again.

use std::collections::BTreeMap;

use crate::ledger::Binding;
use crate::workspace::{BELOW_FILE, literal_pattern};

/// Names the workspace to a helper that is called in a cache, whose folder does not tell.
pub const ID: &str = "RAVI_WORKSPACE_ID";

const COUNT: &str = "GIT_CONFIG_COUNT";

/// Where package managers keep the repositories that they fetch: go, cargo, npm, pip.
const CACHES: [&str; 5] = [
    "**/pkg/mod/cache/vcs/**",
    "**/.cargo/git/**",
    "**/_cacache/tmp/**",
    "**/pip-install-*/**",
    "**/pip-req-build-*/**",
];

/// Returns the variables; none for a workspace outside any repository. `before` reads the environment that they are
/// added to.
pub(crate) fn variables(binding: &Binding, before: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let Some(git_dir) = &binding.git_dir else { return BTreeMap::new() };
    let values = git_dir.join(BELOW_FILE).to_string_lossy().into_owned();
    let own =
        [&binding.path, &git_dir.join("modules")].map(|dir| format!("{}/", literal_pattern(&dir.to_string_lossy())));
    let places = own.into_iter().chain(CACHES.map(str::to_owned));
    let begin = first_free(&before);
    let mut all = BTreeMap::from([(ID.to_owned(), binding.id.clone())]);
    let mut count = begin;
    for place in places {
        all.insert(format!("GIT_CONFIG_KEY_{count}"), format!("includeIf.gitdir:{place}.path"));
        all.insert(format!("GIT_CONFIG_VALUE_{count}"), values.clone());
        count += 1;
    }
    all.insert(COUNT.to_owned(), count.to_string());
    all
}

/// Returns the first index to write: after the values of others, over our own earlier ones.
fn first_free(before: impl Fn(&str) -> Option<String>) -> usize {
    let count = before(COUNT).and_then(|text| text.parse().ok()).unwrap_or(0usize).min(1000);
    let is_ours = |n: &usize| before(&format!("GIT_CONFIG_VALUE_{n}")).is_some_and(|value| value.ends_with(BELOW_FILE));
    (0..count).find(is_ours).unwrap_or(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_gave_stays_and_what_we_gave_is_given_once() {
        let given: BTreeMap<&str, &str> = BTreeMap::from([
            (COUNT, "3"),
            ("GIT_CONFIG_VALUE_0", "theirs"),
            ("GIT_CONFIG_VALUE_1", "/g/ravi-workspace-below.gitconfig"),
        ]);
        let seen = |name: &str| given.get(name).map(|value| (*value).to_owned());
        assert_eq!(first_free(seen), 1);
        assert_eq!(first_free(|_| None), 0);
        assert_eq!(first_free(|name| (name == COUNT).then(|| "2".to_owned())), 2);
    }
}
