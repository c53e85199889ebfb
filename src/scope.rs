//! What a window may name: the entries of its capability, combined and queried. `reach.rs` says which command checks
//! what.
//!
//! Pure, except for looking where links lead, so that every rule can be tested as a table. This module must not know
//! what the names stand for, nor whether it exists.

use std::borrow::Borrow;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use wildmatch::WildMatch;

use super::command_error::CommandError;
use super::reach::Kind;
use super::scope_entry::Entry;
use super::scope_file::Files;
use ravi_workspace_core::vault::settings::Place;
use ravi_workspace_core::workspace::WorkspaceSummary;

/// What a capability says. Deny wins.
///
/// Secrets, settings files, identities: an empty scope allows none. Workspaces: without an entry that allows some, all
/// that none denies. Codex folders: without an entry, the one that Codex uses by itself.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    allow: Rules,
    deny: Rules,
    /// What it says of settings files and of the places in them.
    pub(crate) files: Files,
}

#[derive(Debug, Default)]
struct Rules {
    keys: Vec<WildMatch>,
    workspaces: Vec<WildMatch>,
    paths: Vec<PathBuf>,
    identities: Vec<WildMatch>,
    codex_homes: Vec<PathBuf>,
}

impl Entry {
    /// Returns the kind of the entry.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Entry::Key(_) => Kind::Key,
            Entry::Workspace(_) => Kind::Workspace,
            Entry::Path(_) => Kind::Path,
            Entry::Identity(_) => Kind::Identity,
            Entry::CodexHome(_) => Kind::CodexHome,
            Entry::File(_) => Kind::File,
            Entry::Place(_) => Kind::Place,
        }
    }
}

/// How an entry names the host identity.
const HOST: &str = "host";

impl Scope {
    /// Combines the entries that apply to one call. Their paths are absolute, with variables resolved.
    pub(crate) fn new<E: Borrow<Entry>>(
        allow: impl IntoIterator<Item = E>,
        deny: impl IntoIterator<Item = E>,
    ) -> Scope {
        let mut scope = Scope::default();
        allow.into_iter().for_each(|entry| scope.allow.add(entry.borrow(), &mut scope.files.allow));
        deny.into_iter().for_each(|entry| scope.deny.add(entry.borrow(), &mut scope.files.deny));
        scope
    }

    /// Returns the name under which Ravi knows `key`, if the scope allows it.
    pub(crate) fn secret(&self, key: &str) -> Result<String, CommandError> {
        let name = key.to_ascii_uppercase();
        match is_name(&name) && self.allow.has_key(&name) && !self.deny.has_key(&name) {
            true => Ok(name),
            false => Err(CommandError::Scope { key: key.to_owned() }),
        }
    }

    /// Fails if no secret at all could be allowed.
    pub(crate) fn any_secret(&self) -> Result<(), CommandError> {
        if self.allow.keys.is_empty() { Err(CommandError::EmptyScope) } else { Ok(()) }
    }

    /// Whether a list of secrets may contain this name. A list needs no entry; if there is one, the list is limited to
    /// it.
    pub(crate) fn lists_secret(&self, name: &str) -> bool {
        (self.allow.keys.is_empty() || self.allow.has_key(name)) && !self.deny.has_key(name)
    }

    /// Whether the secret with a Codex login may be named; `None` is `own`, which needs no entry.
    pub(crate) fn codex_login(&self, asked: Option<&str>, own: &str) -> Result<(), CommandError> {
        match asked.map(str::to_ascii_uppercase) {
            Some(other) if other != own => self.secret(&other).map(drop),
            _ if self.deny.has_key(own) => Err(CommandError::Scope { key: own.to_owned() }),
            _ => Ok(()),
        }
    }

    /// Whether the workspace with this id, at this path, may be named. If the path leads nowhere, the id alone must
    /// suffice.
    pub(crate) fn has_workspace(&self, id: &str, path: &Path) -> bool {
        let path = real(path);
        let allowed = self.allow.names_no_workspace() || self.allow.has_workspace(id, path.as_deref());
        let unknown = path.is_none() && !self.deny.paths.is_empty();
        allowed && !unknown && !self.deny.has_workspace(id, path.as_deref())
    }

    /// Whether a bound workspace may be named: by its own id, and none of its ids is denied.
    pub(crate) fn sees(&self, workspace: &WorkspaceSummary) -> bool {
        let denied = |id: &String| self.deny.workspaces.iter().any(|pattern| pattern.matches(id));
        self.has_workspace(&workspace.id, &workspace.path) && !workspace.also.iter().any(denied)
    }

    /// Whether a folder that is not a workspace may become one under this id. A page makes up ids, so a pattern for ids
    /// says nothing about a folder.
    pub(crate) fn may_bind(&self, id: &str, folder: &Path) -> bool {
        let within = |folder: PathBuf| is_below(&folder, &self.allow.paths);
        let allowed = self.allow.names_no_workspace() || real(folder).is_some_and(within);
        allowed && self.has_workspace(id, folder)
    }

    /// Whether nothing is said about workspaces, so that every one may be named.
    pub(crate) fn every_workspace(&self) -> bool {
        self.allow.names_no_workspace() && self.deny.names_no_workspace()
    }

    /// Whether nothing is said about workspaces and secrets, so that what was done with any of them may be reported.
    pub(crate) fn every_deed(&self) -> bool {
        self.every_workspace() && self.allow.keys.is_empty() && self.deny.keys.is_empty()
    }

    /// Whether a workspace may be bound to this identity of the account; `None` is the host identity, with a key.
    /// `called` are the identity's other names, because a deny entry may use another name than the page does.
    pub(crate) fn identity(&self, asked: Option<&str>, called: &[String]) -> Result<(), CommandError> {
        match self.allow.has_identity(asked.unwrap_or(HOST)) && !self.denies_identity(asked, called) {
            true => Ok(()),
            false => Err(CommandError::Identity),
        }
    }

    /// Whether this identity of the account may become the host identity: any, unless an entry allows only some.
    pub(crate) fn host(&self, asked: &str, called: &[String]) -> Result<(), CommandError> {
        let allowed = self.allow.identities.is_empty() || self.allow.has_identity(asked);
        match allowed && !self.denies_identity(Some(asked), called) {
            true => Ok(()),
            false => Err(CommandError::Identity),
        }
    }

    /// Whether an entry denies this identity.
    pub(crate) fn denies_identity(&self, asked: Option<&str>, called: &[String]) -> bool {
        self.deny.has_identity(asked.unwrap_or(HOST)) || called.iter().any(|name| self.deny.has_identity(name))
    }

    /// Whether an entry denies some identities, so that an identity's other names must be known.
    pub(crate) fn denies_identities(&self) -> bool {
        !self.deny.identities.is_empty()
    }

    /// Whether a Codex folder may be used; `None` is the one that Codex uses by itself, `own`.
    pub(crate) fn codex_home(&self, asked: Option<&Path>, own: &Path) -> Result<(), CommandError> {
        let home = real(asked.unwrap_or(own));
        let within = |homes: &[PathBuf]| home.as_deref().is_some_and(|home| is_below(home, homes));
        let allowed = match self.allow.codex_homes.as_slice() {
            [] => home.is_some() && home == real(own),
            homes => within(homes),
        };
        match allowed && !within(&self.deny.codex_homes) {
            true => Ok(()),
            false => Err(CommandError::CodexHome),
        }
    }
}

impl Rules {
    fn add(&mut self, entry: &Entry, files: &mut super::scope_file::Rules) {
        match entry {
            Entry::Key(pattern) => self.keys.push(WildMatch::new(&pattern.to_ascii_uppercase())),
            Entry::Workspace(pattern) => self.workspaces.push(WildMatch::new(pattern)),
            Entry::Path(folder) => self.paths.push(folder.clone()),
            Entry::Identity(pattern) => self.identities.push(WildMatch::new(pattern)),
            Entry::CodexHome(folder) => self.codex_homes.push(folder.clone()),
            Entry::File(file) => files.files.push(file.clone()),
            Entry::Place(place) => files.places.push(Place::from_text(place)),
        }
    }

    fn has_key(&self, name: &str) -> bool {
        self.keys.iter().any(|pattern| pattern.matches(name))
    }

    fn has_identity(&self, asked: &str) -> bool {
        self.identities.iter().any(|pattern| pattern.matches(asked))
    }

    fn names_no_workspace(&self) -> bool {
        self.workspaces.is_empty() && self.paths.is_empty()
    }

    fn has_workspace(&self, id: &str, path: Option<&Path>) -> bool {
        self.workspaces.iter().any(|pattern| pattern.matches(id))
            || path.is_some_and(|path| is_below(path, &self.paths))
    }
}

fn is_below(path: &Path, folders: &[PathBuf]) -> bool {
    folders.iter().filter_map(|folder| real(folder)).any(|folder| path.starts_with(folder))
}

/// Returns where `path` really leads, following links as far as it exists. `None` if that cannot be told: a relative
/// path, or one that goes up from a folder that does not exist.
pub(crate) fn real(path: &Path) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let mut missing: Vec<OsString> = Vec::new();
    let mut there = path;
    loop {
        if let Ok(mut real) = std::fs::canonicalize(there) {
            // One by one: joining nothing would end the path with a slash, which would make it a folder.
            real.extend(missing.iter().rev());
            return Some(real);
        }
        match there.components().next_back()? {
            Component::Normal(name) => missing.push(name.to_owned()),
            _ => return None,
        }
        there = there.parent()?;
    }
}

/// Whether `name` has the form of a key, `[A-Z][A-Z0-9_]*`. Ravi upper-cases keys, and not only in ASCII: any other
/// character could turn into a name that a deny entry was meant to catch.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(allow: &[&str], deny: &[&str]) -> Scope {
        let entries = |keys: &[&str]| keys.iter().map(|key| Entry::Key((*key).into())).collect::<Vec<_>>();
        Scope::new(entries(allow), entries(deny))
    }

    #[test]
    fn allows_what_an_entry_names() {
        let table: &[(&str, &str)] = &[
            ("CODEX_MONITOR_*", "CODEX_MONITOR_DAEMON_TOKEN"),
            ("CODEX_MONITOR_*", "codex_monitor_daemon_token"),
            ("codex_monitor_*", "CODEX_MONITOR_DAEMON_TOKEN"),
            ("CODEX_MONITOR_*", "CODEX_MONITOR_"),
            ("*_TOKEN", "A_TOKEN"),
            ("TOKEN_?", "TOKEN_1"),
            ("*", "ANYTHING"),
        ];
        for (pattern, key) in table {
            assert!(scope(&[pattern], &[]).secret(key).is_ok(), "{pattern} should allow {key}");
        }
    }

    #[test]
    fn refuses_what_no_entry_names() {
        let table: &[(&str, &str)] = &[
            ("CODEX_MONITOR_*", "CODEX_MONITOR"),
            ("CODEX_MONITOR_*", "XCODEX_MONITOR_TOKEN"),
            ("TOKEN_?", "TOKEN_12"),
            ("", "A"),
            ("*", ""),
            ("*", "1A"),
            ("*", "A B"),
            ("*", " A"),
            ("*", "OTHER/KEY"),
            ("*", "ravi://KEY"),
            ("*", "\u{17f}ECRET"),
        ];
        for (pattern, key) in table {
            assert!(scope(&[pattern], &[]).secret(key).is_err(), "{pattern} should refuse {key:?}");
        }
    }

    #[test]
    fn deny_wins() {
        let scope = scope(&["*"], &["PROD_*"]);
        assert_eq!(scope.secret("dev_token").unwrap(), "DEV_TOKEN");
        for key in ["PROD_TOKEN", "prod_token", "Prod_"] {
            assert!(scope.secret(key).is_err(), "{key}");
        }
    }

    #[test]
    fn an_empty_scope_allows_no_secret() {
        assert!(scope(&[], &[]).secret("A").is_err());
        assert!(scope(&[], &["B"]).secret("A").is_err());
        assert!(scope(&[], &["B"]).any_secret().is_err());
        assert!(scope(&["A"], &[]).any_secret().is_ok());
        let other = Scope::new([Entry::Workspace("*".into()), Entry::Path("/".into())], Vec::<Entry>::new());
        assert!(other.secret("A").is_err() && other.any_secret().is_err());
    }

    #[test]
    fn workspaces_are_named_by_id_or_by_the_folder_they_lie_in() {
        let (id, path) = (Entry::Workspace("agent-?".into()), Entry::Path("/nowhere/trees".into()));
        let table: &[(&[&Entry], &str, &str, bool)] = &[
            (&[], "any", "/anywhere", true),
            (&[&id], "agent-1", "/anywhere", true),
            (&[&id], "agent-12", "/anywhere", false),
            (&[&id], "Agent-1", "/anywhere", false),
            (&[&path], "any", "/nowhere/trees/one", true),
            (&[&path], "any", "/nowhere/trees", true),
            (&[&path], "any", "/nowhere/treesome", false),
            (&[&path], "any", "/nowhere/trees/../secret", false),
            (&[&path], "any", "nowhere/trees/one", false),
            (&[&id], "agent-1", "agent-1", true),
            (&[&path, &id], "agent-1", "/anywhere", true),
            (&[&path, &id], "any", "/anywhere", false),
        ];
        for (allow, id, path, expected) in table {
            let scope = Scope::new(allow.iter().copied(), []);
            assert_eq!(scope.has_workspace(id, Path::new(path)), *expected, "{allow:?} {id} {path}");
        }
    }

    #[test]
    fn a_denied_workspace_is_denied_by_id_and_by_folder() {
        let scope = Scope::new([], [Entry::Workspace("prod-*".into()), Entry::Path("/nowhere/prod".into())]);
        assert!(!scope.every_workspace());
        assert!(scope.has_workspace("dev-1", Path::new("/nowhere/dev")));
        assert!(!scope.has_workspace("prod-1", Path::new("/nowhere/dev")));
        assert!(!scope.has_workspace("dev-1", Path::new("/nowhere/prod/tree")));
        assert!(!scope.has_workspace("dev-1", Path::new("/nowhere/missing/../prod/tree")));
        assert!(!scope.has_workspace("dev-1", Path::new("prod/tree")), "it cannot be said where this leads");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_an_allowed_folder_leads_out() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("inside"), dir.path().join("outside"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        let scope = Scope::new([Entry::Path(inside.clone())], []);
        assert!(scope.has_workspace("w", &inside.join("tree")));
        assert!(!scope.has_workspace("w", &inside.join("link")));
        assert!(!scope.has_workspace("w", &inside.join("link/tree")));
        assert!(!scope.has_workspace("w", &inside.join("../outside")));
    }

    #[test]
    fn without_an_entry_only_the_own_folder_of_codex_may_be_used() {
        let own = Path::new("/nowhere/.codex");
        let none = Scope::default();
        assert!(none.codex_home(None, own).is_ok() && none.codex_home(Some(own), own).is_ok());
        assert!(none.codex_home(Some(Path::new("/nowhere/other")), own).is_err());
        let some =
            Scope::new([Entry::CodexHome("/nowhere/homes".into())], [Entry::CodexHome("/nowhere/homes/b".into())]);
        assert!(some.codex_home(Some(Path::new("/nowhere/homes/a")), own).is_ok());
        assert!(some.codex_home(Some(Path::new("/nowhere/homes/b")), own).is_err());
        assert!(some.codex_home(None, own).is_err());
    }

    #[test]
    fn an_identity_of_the_account_is_named_by_an_entry_only() {
        let scope = Scope::new([Entry::Identity("Agents*".into())], [Entry::Identity("Agents of Hanna".into())]);
        assert!(scope.identity(Some("Agents"), &[]).is_ok());
        assert!(scope.identity(Some("Agents of Hanna"), &[]).is_err());
        assert!(scope.identity(Some("Hanna"), &[]).is_err() && scope.identity(None, &[]).is_err());
        assert!(Scope::new([Entry::Identity("host".into())], []).identity(None, &[]).is_ok());
        assert!(Scope::new([Entry::Workspace("*".into())], []).identity(Some("Agents"), &[]).is_err());
        // By another of its names.
        assert!(scope.identity(Some("Agents@example.com"), &["Agents of Hanna".into()]).is_err());
        assert!(scope.host("Agents", &[]).is_ok() && scope.host("Agents", &["Agents of Hanna".into()]).is_err());
        assert!(Scope::default().host("any", &[]).is_ok());
    }

    #[test]
    fn a_pattern_for_ids_allows_no_new_workspace() {
        let (id, path) = (Entry::Workspace("agent-*".into()), Entry::Path("/nowhere/trees".into()));
        let table: &[(&[&Entry], &[&Entry], &str, bool)] = &[
            (&[], &[], "/anywhere", true),
            (&[&id], &[], "/anywhere", false),
            (&[&path], &[], "/nowhere/trees/one", true),
            (&[&path], &[], "/nowhere", false),
            (&[&id, &path], &[], "/nowhere/trees/one", true),
            (&[&id, &path], &[], "/anywhere", false),
            (&[&path], &[&id], "/nowhere/trees/one", false),
            (&[], &[&path], "/nowhere/trees/one", false),
        ];
        for (allow, deny, folder, expected) in table {
            let scope = Scope::new(allow.iter().copied(), deny.iter().copied());
            assert_eq!(scope.may_bind("agent-1", Path::new(folder)), *expected, "{allow:?} {deny:?} {folder}");
        }
    }

    #[test]
    fn a_list_of_secrets_is_kept_to_the_entries_and_a_login_of_codex_has_a_name_of_its_own() {
        let some = scope(&["APP_*"], &["APP_PROD"]);
        assert!(some.lists_secret("APP_ONE") && !some.lists_secret("APP_PROD") && !some.lists_secret("OTHER"));
        assert!(scope(&[], &[]).lists_secret("ANY") && !scope(&[], &["ANY"]).lists_secret("ANY"));
        let own = "CODEX_SESSION_TOKEN";
        assert!(scope(&[], &[]).codex_login(None, own).is_ok());
        assert!(scope(&[], &[]).codex_login(Some("codex_session_token"), own).is_ok());
        assert!(some.codex_login(Some("app_one"), own).is_ok() && some.codex_login(Some("OTHER"), own).is_err());
        assert!(scope(&[], &["CODEX_*"]).codex_login(None, own).is_err(), "deny wins");
    }

    #[test]
    fn an_entry_that_is_none_is_refused() {
        for text in
            [r#"{"key":"A","keys":"B"}"#, r#"{"key":"A","workspace":"B"}"#, r#"{"kee":"A"}"#, r#""A""#, r#""key""#]
        {
            assert!(serde_json::from_str::<Entry>(text).is_err(), "{text}");
        }
        for kind in Kind::ALL {
            let text = format!(r#"{{"{}":"/a"}}"#, kind.name());
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap().kind(), kind, "{text}");
        }
    }
}
