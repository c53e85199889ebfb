//! How git finds a workspace's values: one `[include]` at the end of the repository's configuration, of an index of
//! ours beside it, which names each workspace's file for its own private git dir (git-config(1), "Conditional
//! includes").
//!
//! Git puts whatever anybody sets later with `git config user.email` into the empty `[user]` before the include, so the
//! person's own checkout gets it and the workspaces keep theirs. If the person has set a value in a worktree's own
//! file, which git reads later, the workspace's file is included at the end of that one too.
//!
//! All of it is text that this room recognises, so exactly that text is removed again, whatever else has been written
//! to the file. The caller holds the repository's lock.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::WorkspaceError;
use super::values::{self, VALUES_FILE, Wanted};
use super::worktrees::noted_git_dirs;
use crate::git::config_file;
use crate::git::{Git, Values};
use crate::machine::disk;

/// The index's name in the git dir that all worktrees share.
pub(crate) const INDEX_FILE: &str = "ravi-workspaces.gitconfig";

const INDEX_HEAD: &str = "# Made by ravi-workspace: which values hold in which worktree.\n";
const INDEX_LIMIT: usize = 4 * 1024 * 1024;

/// Sections that git writes every day and that set nothing a workspace has values for.
const HARMLESS: [&str; 10] =
    ["branch", "remote", "submodule", "lfs", "gc", "maintenance", "pull", "fetch", "rerere", "sparse"];

/// What was added to a file of the person's besides the include itself.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Anchor {
    /// There was no file.
    #[serde(default)]
    created: bool,
    /// Its last line had no end.
    #[serde(default)]
    line_end: bool,
    /// It had no `[user]`.
    #[serde(default)]
    header: bool,
}

const HEADER: &str = "[user]\n";

/// Which file is included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The index, from the configuration that all worktrees share.
    Index,
    /// The workspace's own values, from the worktree's own configuration.
    Own,
}

impl Target {
    fn file(self) -> &'static str {
        match self {
            Target::Index => INDEX_FILE,
            Target::Own => VALUES_FILE,
        }
    }

    fn text(self) -> String {
        format!("[include]\n\tpath = {}\n", self.file())
    }
}

impl Anchor {
    /// Works out what must be added to put the include at the end of a file with this content.
    pub(super) fn of(before: Option<&[u8]>) -> Anchor {
        let text = String::from_utf8_lossy(before.unwrap_or_default());
        Anchor {
            created: before.is_none(),
            line_end: !text.is_empty() && !text.ends_with('\n'),
            header: !sections(&text).any(|section| section == "user"),
        }
    }

    fn put(self, before: &[u8], target: Target) -> Vec<u8> {
        let line_end: &[u8] = if self.line_end { b"\n" } else { b"" };
        let header = if self.header { HEADER } else { "" };
        [before, line_end, header.as_bytes(), target.text().as_bytes()].concat()
    }

    /// Returns the content without what was added; `None` if the include is not in it as it was written.
    fn take(self, now: &[u8], target: Target) -> Option<Vec<u8>> {
        let include = target.text();
        let block = format!("{HEADER}{include}");
        let (at, length) = match self.header.then(|| find(now, block.as_bytes())).flatten() {
            Some(at) => (at, block.len()),
            // Somebody's value stands below our header, which is therefore theirs now.
            None => (find(now, include.as_bytes())?, include.len()),
        };
        let (head, rest) = (&now[..at], &now[at + length..]);
        let head = if self.line_end && rest.is_empty() { head.strip_suffix(b"\n").unwrap_or(head) } else { head };
        Some([head, rest].concat())
    }
}

/// Whether nothing after the include can override it.
fn stands(now: &[u8], target: Target) -> bool {
    later(now, target).is_some_and(|later| later.iter().all(|section| HARMLESS.contains(&section.as_str())))
}

/// Returns the sections after the include; `None` if there is no include.
fn later(now: &[u8], target: Target) -> Option<Vec<String>> {
    let at = find(now, target.text().as_bytes())?;
    Some(sections(&String::from_utf8_lossy(&now[at + target.text().len()..])).collect())
}

/// Whether git asks other credential helpers of this file after the workspace's, and would tell them which token was
/// good.
pub(super) fn has_later_helper(file: &Path, target: Target) -> Result<bool, WorkspaceError> {
    let now = config_file::read_git_config(file)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&now);
    // Without an include in a worktree's own file, which git reads last, all of that file comes later.
    let later = later(&now, target).unwrap_or_else(|| match target {
        Target::Own => sections(&text).collect(),
        Target::Index => Vec::new(),
    });
    Ok(later.iter().any(|section| ["credential", "include", "includeif"].contains(&section.as_str())))
}

/// Returns the names of the sections in a configuration file, in lower case.
fn sections(text: &str) -> impl Iterator<Item = String> {
    let heads = text.lines().filter_map(|line| line.trim_start().strip_prefix('['));
    heads.map(|head| {
        let name: String = head.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        name.to_ascii_lowercase()
    })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    // The last one counts.
    text.windows(part.len()).rposition(|window| window == part)
}

/// Puts the include at the end of a file of the person's, unless it is already in a place that works.
///
/// `known` is what was added when it was put there before. `note` is told what will be added before it is.
pub(super) fn put(
    file: &Path,
    target: Target,
    known: Option<Anchor>,
    note: impl FnOnce(Anchor) -> Result<(), WorkspaceError>,
) -> Result<(), WorkspaceError> {
    let now = config_file::read_git_config(file)?;
    if known.is_some() && now.as_deref().is_some_and(|now| stands(now, target)) {
        return Ok(());
    }
    let taken = |now: Option<&[u8]>| {
        let former = known.unwrap_or_default();
        now.map(|now| former.take(now, target).unwrap_or_else(|| now.to_vec()))
    };
    let mut anchor = Anchor::of(taken(now.as_deref()).as_deref());
    anchor.created |= known.is_some_and(|known| known.created);
    note(anchor)?;
    Ok(config_file::change_git_config(file, |now| {
        let without = taken(now).unwrap_or_default();
        Some(Anchor { header: anchor.header, ..Anchor::of(Some(&without)) }.put(&without, target))
    })?)
}

/// Removes the include from a file of the person's.
pub(super) fn take(file: &Path, target: Target, anchor: Anchor) -> Result<(), WorkspaceError> {
    let mut known = true;
    config_file::change_git_config(file, |now| {
        let now = now?;
        let after = anchor.take(now, target);
        known = after.is_some();
        after
    })?;
    let Some(now) = config_file::read_git_config(file)? else { return Ok(()) };
    if anchor.created && now.iter().all(u8::is_ascii_whitespace) {
        return Ok(disk::remove_if_there(file)?);
    }
    if known || find(&now, target.file().as_bytes()).is_none() {
        return Ok(());
    }
    // Somebody rewrote it in another form; git still knows what it means.
    let folder = file.parent().unwrap_or(Path::new("."));
    let others: Vec<String> = Git::at(folder).values_in(file, "include.path")?;
    let kept: Vec<String> = others.iter().filter(|path| *path != target.file()).cloned().collect();
    if kept != others {
        Git::at(folder).set_in(file, "include.path", &kept)?;
    }
    Ok(())
}

/// Rewrites the index of the repository's workspaces. Returns whether it had to change.
pub(super) fn write_index(common_dir: &Path) -> Result<bool, WorkspaceError> {
    let path = common_dir.join(INDEX_FILE);
    let dirs = noted_git_dirs(common_dir).into_iter().filter(|dir| values::file(dir).exists());
    let mut entries: Vec<String> = dirs.filter_map(|dir| entry(common_dir, &dir)).collect();
    entries.sort();
    let text = format!("{INDEX_HEAD}{}", entries.concat());
    if disk::read_if_there(&path, INDEX_LIMIT)?.as_deref() == Some(text.as_bytes()) {
        return Ok(false);
    }
    disk::write_like(&path, text.as_bytes(), &common_dir.join("HEAD"))?;
    Ok(true)
}

/// Removes the index.
pub(super) fn remove_index(common_dir: &Path) -> Result<(), WorkspaceError> {
    Ok(disk::remove_if_there(&common_dir.join(INDEX_FILE))?)
}

fn entry(common_dir: &Path, git_dir: &Path) -> Option<String> {
    let text = |pattern: &str, path: &str| {
        format!("[includeIf \"gitdir:{}\"]\n\tpath = {}\n", values::escaped(pattern), values::quoted(path))
    };
    if git_dir == common_dir {
        return Some(text(&main_pattern(common_dir)?, VALUES_FILE));
    }
    let name = git_dir.file_name()?.to_str()?;
    let path = format!("worktrees/{name}/{VALUES_FILE}");
    Some(linked_patterns(common_dir, name).map(|pattern| text(&pattern, &path)).collect())
}

/// Returns the patterns that match the private git dir of one linked worktree only.
///
/// `.git` keeps its name when the repository is moved. Any other name may change, so git gets it with `./` in front;
/// dulwich and gitoxide do not know `./` here.
///
/// To git, a pattern with a slash at its end means what lies in that folder, where no git dir reads this file: a
/// submodule's has its own configuration. To gitoxide it is the git dir of the worktree.
fn linked_patterns(common_dir: &Path, name: &str) -> impl Iterator<Item = String> {
    let above = common_dir.file_name().and_then(|above| above.to_str()).map(literal);
    let own = above.as_deref().filter(|above| *above != ".git").map(|_| format!("./worktrees/{}", literal(name)));
    let named = above.map(|above| format!("{above}/worktrees/{}", literal(name)));
    own.into_iter().chain(named.into_iter().flat_map(|named| [format!("{named}/"), named]))
}

/// Returns the pattern that matches the git dir of the main checkout only.
///
/// `./` would also match everything below it. git puts `**/` before a pattern that begins with a name, so it stays
/// right when the repository is moved.
fn main_pattern(common_dir: &Path) -> Option<String> {
    let (name, above) = (common_dir.file_name()?.to_str()?, common_dir.parent()?.file_name());
    match above.and_then(|above| above.to_str()).filter(|above| *above != "worktrees") {
        // No worktree's private git dir has this name: git begins none of them with a dot.
        _ if name == ".git" => Some(name.to_owned()),
        Some(above) => Some(format!("{}/{}", literal(above), literal(name))),
        None => common_dir.to_str().map(literal),
    }
}

/// Returns a name as a pattern that matches only that name (gitignore(5)). No line may end inside a section's name.
pub(crate) fn literal(text: &str) -> String {
    let mark = |c: char| match c {
        '*' | '?' | '[' | ']' | '\\' => format!("\\{c}"),
        '\n' => "?".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(mark).collect()
}

/// Returns the names of the values that do not hold in the worktree because git reads something else later.
pub(super) fn overridden(top: &Path, wanted: &Wanted) -> Result<Vec<String>, WorkspaceError> {
    Ok(unmet(&Git::at(top).all()?, wanted))
}

/// Like [`overridden`], for values that git has already been asked for.
pub(super) fn unmet(now: &Values, wanted: &Wanted) -> Vec<String> {
    let unmet = wanted.iter().filter(|(key, ours)| !now.of(key).ends_with(ours));
    unmet.map(|(key, _)| key.clone()).collect()
}

/// Whether git must be asked what holds, since something after the include may override it.
pub(super) fn may_be_overridden(git_dir: &Path, common_dir: &Path) -> Result<bool, WorkspaceError> {
    let own = config_file::read_git_config(&own_file(git_dir))?;
    if own.is_some_and(|own| !own.is_empty()) {
        return Ok(true);
    }
    let shared = config_file::read_git_config(&common_dir.join("config"))?;
    Ok(!shared.is_some_and(|shared| stands(&shared, Target::Index)))
}

/// Returns the worktree's own configuration file. git reads it after the shared one if the repository has
/// `extensions.worktreeConfig` (git-worktree(1), "CONFIGURATION FILE").
pub(super) fn own_file(git_dir: &Path) -> PathBuf {
    git_dir.join("config.worktree")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TARGET: Target = Target::Index;

    fn added(before: &str) -> (Anchor, Vec<u8>) {
        let anchor = Anchor::of(Some(before.as_bytes()));
        (anchor, anchor.put(before.as_bytes(), TARGET))
    }

    #[test]
    fn what_is_added_is_taken_back_to_the_byte() {
        for before in ["", "[core]\n\tbare = false\n", "[core]\n\tbare = false", "[User]\r\n\tname = H\r\n", "\n\n# x"]
        {
            let (anchor, after) = added(before);
            assert!(stands(&after, TARGET), "{before:?}");
            assert_eq!(anchor.take(&after, TARGET).unwrap(), before.as_bytes(), "{before:?}");
        }
    }

    #[test]
    fn what_the_person_sets_meanwhile_stays_theirs() {
        let (anchor, after) = added("[core]\n\tbare = false\n");
        let text = String::from_utf8(after).unwrap();
        let typed = text.replace("[user]\n", "[user]\n\tname = Hanna\n") + "[branch \"x\"]\n\tremote = origin\n";
        assert!(stands(typed.as_bytes(), TARGET), "a branch says nothing of authors");
        let kept = String::from_utf8(anchor.take(typed.as_bytes(), TARGET).unwrap()).unwrap();
        assert_eq!(kept, "[core]\n\tbare = false\n[user]\n\tname = Hanna\n[branch \"x\"]\n\tremote = origin\n");
        let later = text + "[user]\n\tname = Hanna\n";
        assert!(!stands(later.as_bytes(), TARGET));
    }

    #[test]
    fn a_pattern_means_one_git_dir() {
        let main = |path: &str| main_pattern(Path::new(path)).unwrap();
        assert_eq!(main("/home/hanna/shop/.git"), ".git");
        assert_eq!(main("/home/hanna/repos/shop.git"), "repos/shop.git");
        assert_eq!(main("/home/hanna/worktrees/shop.git"), "/home/hanna/worktrees/shop.git");
        let linked = |path: &str| linked_patterns(Path::new(path), "one").collect::<Vec<_>>();
        assert_eq!(linked("/home/hanna/shop/.git"), [".git/worktrees/one/", ".git/worktrees/one"]);
        let bare = ["./worktrees/one", "shop.git/worktrees/one/", "shop.git/worktrees/one"];
        assert_eq!(linked("/home/hanna/repos/shop.git"), bare);
        assert_eq!(literal("a[b]*c\\d\ne"), "a\\[b\\]\\*c\\\\d?e");
    }

    proptest! {
        #[test]
        fn any_file_comes_back(before in "(\\[(user|core|branch \"x\")\\]\n|\tname = a\n|# x|\n){0,8}") {
            let (anchor, after) = added(&before);
            prop_assert_eq!(anchor.take(&after, TARGET).unwrap(), before.as_bytes());
        }
    }
}
