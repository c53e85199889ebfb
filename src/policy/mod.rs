//! Which secrets the processes of a workspace may be given: rules, and how they are asked.
//!
//! The rules are pure, so that each can be tested as a table; every way to a secret goes through the [`gate`]. It must not
//! know what the secrets are, nor whether they exist.

mod error;
mod gate;

pub use error::PolicyError;

pub(crate) use gate::{Ask, Gate};

use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

use crate::vault::reference::SecretName;

/// Which workspaces are meant: a pattern that the workspace's id or its name matches, upper and lower case told apart. `*`
/// stands for any characters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkspacePattern(String);

impl WorkspacePattern {
    /// A pattern.
    pub fn new(pattern: impl Into<String>) -> Self {
        WorkspacePattern(pattern.into())
    }

    /// Whether a workspace is meant.
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
    /// Which workspaces the rule is about; default all.
    #[serde(default)]
    pub workspace: WorkspacePattern,
    /// Patterns of names that may be given. None: nothing may.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Patterns of names that may not be given, whatever allows them.
    #[serde(default)]
    pub deny: Vec<String>,
}

/// Whether the workspace may be given `secret`. Of the rules about it one must allow the name and none may deny it. A
/// workspace that no rule is about may be given everything.
fn allows(rules: &[SecretRule], id: &str, name: &str, secret: &SecretName) -> bool {
    let mut about = rules.iter().filter(|rule| rule.workspace.matches(id, name)).peekable();
    if about.peek().is_none() {
        return true;
    }
    about.any(|rule| matches(&rule.allow, secret)) && !denies(rules, id, name, secret)
}

/// Whether a rule about the workspace denies it `secret`.
fn denies(rules: &[SecretRule], id: &str, name: &str, secret: &SecretName) -> bool {
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
