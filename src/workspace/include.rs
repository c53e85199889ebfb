//! How git comes to a workspace's values: one `[include]` at the end of the repository's configuration, of an index of
//! ours beside it, which names each workspace's file for its own private git dir (git-config(1), "Conditional includes").
//!
//! The empty `[user]` before the include is where git puts what anybody sets later with `git config user.email`, so that
//! the person's own checkout gets it and the workspaces keep theirs. Where the person set a value in a place that git reads
//! later, in a worktree's own file, the include of the workspace's file stands at the end of that one as well.
//!
//! All of it is text that this room knows when it sees it again, so it is taken back as exactly that text, whatever else
//! was written to the file meanwhile. The caller holds the repository's lock.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk;
use super::error::WorkspaceError;
use super::git::{Git, Values};
use super::note::noted_git_dirs;
use super::values::{self, VALUES_FILE, Wanted};

/// The index's name in the git dir that all worktrees share.
pub(crate) const INDEX_FILE: &str = "ravi-workspaces.gitconfig";

const INDEX_HEAD: &str = "# Made by ravi-workspace: which values hold in which worktree.\n";
const INDEX_LIMIT: usize = 4 * 1024 * 1024;

/// Sections in which nothing stands that a workspace has values for, as git writes them every day.
const HARMLESS: [&str; 10] =
    ["branch", "remote", "submodule", "lfs", "gc", "maintenance", "pull", "fetch", "rerere", "sparse"];

/// What was added to a file of the person's beside the include itself.
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

/// Which file the include is of.
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
    /// What it takes to have the include at the end of a file with this content.
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

    /// The content without what was added; `None` where the include is not in it as it was written.
    fn take(self, now: &[u8], target: Target) -> Option<Vec<u8>> {
        let include = target.text();
        let block = format!("{HEADER}{include}");
        let (at, length) = match self.header.then(|| find(now, block.as_bytes())).flatten() {
            Some(at) => (at, block.len()),
            // Somebody's value stands below our header: that is theirs now.
            None => (find(now, include.as_bytes())?, include.len()),
        };
        let (head, rest) = (&now[..at], &now[at + length..]);
        let head = if self.line_end && rest.is_empty() { head.strip_suffix(b"\n").unwrap_or(head) } else { head };
        Some([head, rest].concat())
    }
}

/// Where nothing after the include can say otherwise.
fn stands(now: &[u8], target: Target) -> bool {
    later(now, target).is_some_and(|later| later.iter().all(|section| HARMLESS.contains(&section.as_str())))
}

/// The sections after the include; `None` where there is no include.
fn later(now: &[u8], target: Target) -> Option<Vec<String>> {
    let at = find(now, target.text().as_bytes())?;
    Some(sections(&String::from_utf8_lossy(&now[at + target.text().len()..])).collect())
}

/// Whether git asks other credential helpers of this file after the workspace's: it tells them all which token was good.
pub(super) fn has_later_helper(file: &Path, target: Target) -> Result<bool, WorkspaceError> {
    let now = disk::read_git_config(file)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&now);
    // Without an include in a worktree's own file, which git reads last, all of it comes later.
    let later = later(&now, target).unwrap_or_else(|| match target {
        Target::Own => sections(&text).collect(),
        Target::Index => Vec::new(),
    });
    Ok(later.iter().any(|section| ["credential", "include", "includeif"].contains(&section.as_str())))
}

/// The names of the sections in a configuration file, in small letters.
fn sections(text: &str) -> impl Iterator<Item = String> {
    let heads = text.lines().filter_map(|line| line.trim_start().strip_prefix('['));
    heads.map(|head| {
        let name: String = head.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        name.to_ascii_lowercase()
    })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    // The last one is the one that counts.
    text.windows(part.len()).rposition(|window| window == part)
}

/// Puts the include at the end of a file of the person's, where it is not at a place that does. `known`: what was added
/// when it was put there before. `note` is told what is added before it is.
pub(super) fn put(
    file: &Path,
    target: Target,
    known: Option<Anchor>,
    note: impl FnOnce(Anchor) -> Result<(), WorkspaceError>,
) -> Result<(), WorkspaceError> {
    let now = disk::read_git_config(file)?;
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
    disk::change_git_config(file, |now| {
        let without = taken(now).unwrap_or_default();
        Some(Anchor { header: anchor.header, ..Anchor::of(Some(&without)) }.put(&without, target))
    })
}

/// Takes the include out of a file of the person's again.
pub(super) fn take(file: &Path, target: Target, anchor: Anchor) -> Result<(), WorkspaceError> {
    let mut known = true;
    disk::change_git_config(file, |now| {
        let now = now?;
        let after = anchor.take(now, target);
        known = after.is_some();
        after
    })?;
    let Some(now) = disk::read_git_config(file)? else { return Ok(()) };
    if anchor.created && now.iter().all(u8::is_ascii_whitespace) {
        return Ok(disk::remove_if_there(file)?);
    }
    if known || find(&now, target.file().as_bytes()).is_none() {
        return Ok(());
    }
    // Somebody wrote it in another way; git knows what it means.
    let folder = file.parent().unwrap_or(Path::new("."));
    let others: Vec<String> = Git::at(folder).values_in(file, "include.path")?;
    let kept: Vec<String> = others.iter().filter(|path| *path != target.file()).cloned().collect();
    if kept == others { Ok(()) } else { Git::at(folder).set_in(file, "include.path", &kept) }
}

/// Writes the index of the repository's workspaces anew. Answers whether it had to be.
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

/// Takes the index away.
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

/// What matches the private git dir of a linked worktree alone. `.git` stays its name when the repository is moved. Another
/// name may change, so `./` stands before it for git; dulwich and gitoxide know no `./` here.
///
/// With a slash at its end a pattern is, to git, what lies in that folder, where no git dir reads this file: a submodule's
/// has a configuration of its own. To gitoxide it is the git dir of the worktree.
fn linked_patterns(common_dir: &Path, name: &str) -> impl Iterator<Item = String> {
    let above = common_dir.file_name().and_then(|above| above.to_str()).map(literal);
    let own = above.as_deref().filter(|above| *above != ".git").map(|_| format!("./worktrees/{}", literal(name)));
    let named = above.map(|above| format!("{above}/worktrees/{}", literal(name)));
    own.into_iter().chain(named.into_iter().flat_map(|named| [format!("{named}/"), named]))
}

/// What matches the git dir of the main checkout alone. `./` would match all below it as well; git puts `**/` before a
/// pattern that begins with a name, and it stays right when the repository is moved.
fn main_pattern(common_dir: &Path) -> Option<String> {
    let (name, above) = (common_dir.file_name()?.to_str()?, common_dir.parent()?.file_name());
    match above.and_then(|above| above.to_str()).filter(|above| *above != "worktrees") {
        // No worktree's private git dir is named so: git gives none a name that begins with a dot.
        _ if name == ".git" => Some(name.to_owned()),
        Some(above) => Some(format!("{}/{}", literal(above), literal(name))),
        None => common_dir.to_str().map(literal),
    }
}

/// A name as a pattern that matches it alone (gitignore(5)). No line may end in a section's name.
pub(crate) fn literal(text: &str) -> String {
    let mark = |c: char| match c {
        '*' | '?' | '[' | ']' | '\\' => format!("\\{c}"),
        '\n' => "?".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(mark).collect()
}

/// The names of those values that do not hold in the worktree, since something that git reads later says otherwise.
pub(super) fn overridden(top: &Path, wanted: &Wanted) -> Result<Vec<String>, WorkspaceError> {
    Ok(unmet(&Git::at(top).all()?, wanted))
}

/// The same where it was asked already what git reads.
pub(super) fn unmet(now: &Values, wanted: &Wanted) -> Vec<String> {
    let unmet = wanted.iter().filter(|(key, ours)| !now.of(key).ends_with(ours));
    unmet.map(|(key, _)| key.clone()).collect()
}

/// Whether it must be asked of git what holds: somebody has a say after the include.
pub(super) fn may_be_overridden(git_dir: &Path, common_dir: &Path) -> Result<bool, WorkspaceError> {
    let own = disk::read_git_config(&own_file(git_dir))?;
    if own.is_some_and(|own| !own.is_empty()) {
        return Ok(true);
    }
    let shared = disk::read_git_config(&common_dir.join("config"))?;
    Ok(!shared.is_some_and(|shared| stands(&shared, Target::Index)))
}

/// The worktree's own configuration file, which git reads after the shared one where the repository has
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
