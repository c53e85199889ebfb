//! Which secrets the processes of a workspace may be given: pure rules, so that each can be tested as a table.
//!
//! They must know neither what the secrets are nor whether they exist.

use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

use crate::model::reference::SecretName;

/// A pattern that selects workspaces by id or name, case-sensitively. `*` stands for any characters, `?` for exactly
/// one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkspacePattern(String);

impl WorkspacePattern {
    /// Makes a pattern.
    pub fn new(pattern: impl Into<String>) -> Self {
        WorkspacePattern(pattern.into())
    }

    /// Whether the pattern matches a workspace.
    pub fn matches(&self, id: &str, name: &str) -> bool {
        let pattern = WildMatch::new(&self.0);
        pattern.matches(id) || pattern.matches(name)
    }
}

impl Default for WorkspacePattern {
    /// All workspaces.
    fn default() -> Self {
        WorkspacePattern::new("*")
    }
}

/// What some workspaces may be given by name, such as with `exec --secret`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretRule {
    /// Which workspaces the rule applies to; all by default.
    #[serde(default)]
    pub workspace: WorkspacePattern,
    /// Patterns of names that may be given. If empty, nothing may.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Patterns of names that may not be given, even if something allows them.
    #[serde(default)]
    pub deny: Vec<String>,
}

/// Why a workspace would get a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Somebody named it: a rule must allow it, and none may deny it.
    Named,
    /// A bundle lists it, or it has the name of a workspace's own GitHub token: no rule may deny it. What rules allow
    /// is what may be requested beyond that.
    Meant,
}

/// Whether the workspace may be given `secret`.
///
/// Of the rules that apply to it, one must allow the name and none may deny it. A workspace to which no rule applies
/// may be given everything.
pub(crate) fn allows(rules: &[SecretRule], id: &str, name: &str, secret: &SecretName) -> bool {
    let mut about = rules.iter().filter(|rule| rule.workspace.matches(id, name)).peekable();
    if about.peek().is_none() {
        return true;
    }
    about.any(|rule| matches(&rule.allow, secret)) && !denies(rules, id, name, secret)
}

/// Whether a rule that applies to the workspace denies it `secret`.
pub(crate) fn denies(rules: &[SecretRule], id: &str, name: &str, secret: &SecretName) -> bool {
    rules.iter().any(|rule| rule.workspace.matches(id, name) && matches(&rule.deny, secret))
}

fn matches(patterns: &[String], secret: &SecretName) -> bool {
    patterns.iter().any(|pattern| WildMatch::new(&pattern.to_ascii_uppercase()).matches(secret.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> Vec<SecretRule> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn rules_are_asked_as_documented() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("[]", &["ANYTHING"], &[]),
            (r#"[{"workspace":"other-*","allow":["A"]}]"#, &["A", "B"], &[]),
            (r#"[{"workspace":"w1","allow":["STRIPE_*","A"]}]"#, &["STRIPE_KEY", "A"], &["STRIPE", "B", "AA"]),
            (r#"[{"workspace":"payments*","allow":["a_?"]}]"#, &["A_1"], &["A_12", "A_"]),
            (r#"[{"allow":[]}]"#, &[], &["A"]),
            (r#"[{}]"#, &[], &["A"]),
            // One rule of several may allow; any may deny.
            (r#"[{"allow":[]},{"workspace":"w?","allow":["A"]}]"#, &["A"], &["B"]),
            (r#"[{"allow":["*"]},{"workspace":"w?","deny":["PROD_*"]}]"#, &["A"], &["PROD_KEY"]),
            (r#"[{"workspace":"w?","deny":["PROD_*"]},{"allow":["*"]}]"#, &["A"], &["PROD_KEY"]),
        ];
        for (rules_text, allowed, refused) in table {
            let rules = rules(rules_text);
            let ask = |name: &str| allows(&rules, "w1", "payments agent", &SecretName::parse(name).unwrap());
            assert!(allowed.iter().all(|name| ask(name)), "{rules_text} should allow {allowed:?}");
            assert!(!refused.iter().any(|name| ask(name)), "{rules_text} should refuse {refused:?}");
        }
    }

    #[test]
    fn an_unknown_name_in_a_rule_is_refused() {
        assert!(serde_json::from_str::<SecretRule>(r#"{"workspaces":"w1"}"#).is_err());
    }
}
