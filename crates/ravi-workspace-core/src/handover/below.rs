//! git's values for what a workspace's processes fetch and clone: repositories below its folder, its submodules, and
//! the caches of package managers. None of these reads the repository's own configuration.
//!
//! The values come through the environment (git-config(1), `GIT_CONFIG_COUNT`) and hold only for these git dirs, so
//! that a shell that leaves the folder is the person's again. A git before 2.31 does not read them there: without a
//! second way it would use the person's login in these repositories, under the agent's name. That way is the variable
//! in which each git passes on what it was given with `-c`, in the form of those gits, which newer ones read too.

use std::collections::BTreeMap;

use crate::git::{Feature, Found};
use crate::ledger::Binding;
use crate::machine::shell::posix;
use crate::workspace::{BELOW_FILE, literal_pattern};

/// Names the workspace to a helper that is called in a cache, whose folder does not tell.
pub const ID: &str = "RAVI_WORKSPACE_ID";

const COUNT: &str = "GIT_CONFIG_COUNT";
const PARAMETERS: &str = "GIT_CONFIG_PARAMETERS";

/// Where package managers keep the repositories that they fetch: go, cargo, npm, pip.
const CACHES: [&str; 5] = [
    "**/pkg/mod/cache/vcs/**",
    "**/.cargo/git/**",
    "**/_cacache/tmp/**",
    "**/pip-install-*/**",
    "**/pip-req-build-*/**",
];

/// Returns the variables for a process whose git is `git`, if that is known; none for a workspace outside any
/// repository. `before` reads the environment that they are added to.
pub(crate) fn variables(
    binding: &Binding,
    git: Option<&Found>,
    before: impl Fn(&str) -> Option<String>,
) -> BTreeMap<String, String> {
    let Some(git_dir) = &binding.git_dir else { return BTreeMap::new() };
    let values = git_dir.join(BELOW_FILE).to_string_lossy().into_owned();
    let own =
        [&binding.path, &git_dir.join("modules")].map(|dir| format!("{}/", literal_pattern(&dir.to_string_lossy())));
    let places = own.into_iter().chain(CACHES.map(str::to_owned));
    let begin = first_free(&before);
    let mut all = BTreeMap::from([(ID.to_owned(), binding.id.clone())]);
    let mut count = begin;
    let mut passed_on = PassedOn::of(before(PARAMETERS));
    for place in places {
        passed_on.add(&place, &values);
        all.insert(format!("GIT_CONFIG_KEY_{count}"), format!("includeIf.gitdir:{place}.path"));
        all.insert(format!("GIT_CONFIG_VALUE_{count}"), values.clone());
        count += 1;
    }
    all.insert(COUNT.to_owned(), count.to_string());
    if git.is_some_and(|git| !git.has(Feature::CountedValues)) {
        all.insert(PARAMETERS.to_owned(), passed_on.0.join(" "));
    }
    all
}

/// What a git before 2.31 finds in [`PARAMETERS`]: words in single quotes, each `NAME=VALUE`.
struct PassedOn(Vec<String>);

impl PassedOn {
    /// Takes over what others gave, without our own earlier words.
    fn of(before: Option<String>) -> PassedOn {
        let (before, mut quoted, mut last) = (before.unwrap_or_default(), false, ' ');
        let words = before.split(|c| {
            // Between two quoted parts, a quote is written as `\'`.
            quoted ^= c == '\'' && (quoted || last != '\\');
            last = c;
            c == ' ' && !quoted
        });
        let theirs = words.filter(|word| !word.is_empty() && !word.trim_end_matches('\'').ends_with(BELOW_FILE));
        PassedOn(theirs.map(str::to_owned).collect())
    }

    fn add(&mut self, place: &str, values: &str) {
        // The name ends at the first "=". In a pattern, "?" stands for it.
        let place = place.replace('=', "?");
        self.0.push(posix(&format!("includeIf.gitdir:{place}.path={values}")));
    }
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

    #[test]
    fn what_others_passed_on_to_an_old_git_stays_and_ours_is_passed_on_once() {
        let theirs = [r"'a.b=it'\''s x'", r"'c.d= ~'\!''", "'e.f'='new form'"];
        let mut passed_on = PassedOn::of(Some(theirs.join(" ")));
        assert_eq!(passed_on.0, theirs);
        passed_on.add("/w=1/it's/", "/g=2/ravi-workspace-below.gitconfig");
        let ours = r"'includeIf.gitdir:/w?1/it'\''s/.path=/g=2/ravi-workspace-below.gitconfig'";
        assert_eq!(passed_on.0.last().unwrap(), ours);
        assert_eq!(PassedOn::of(Some(passed_on.0.join(" "))).0, theirs);
        assert!(PassedOn::of(None).0.is_empty());
    }
}
