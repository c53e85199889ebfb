//! The set-ups: kinds of repositories, with the folder that gets a workspace and those that stay the person's.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::common::{Bed, HUMAN_EMAIL, HUMAN_NAME};

/// A folder as a tool comes to it.
#[derive(Clone)]
pub struct Place {
    pub path: PathBuf,
    pub what: &'static str,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Its `.git` is a folder, or a file that leads to all of a repository.
    Checkout,
    /// Its `.git` is a file that leads to the private git dir of a linked worktree.
    Linked,
    Bare,
}

pub struct SetUp {
    /// The folder that gets a workspace.
    pub agent: Place,
    pub persons: Vec<Place>,
    /// Whether the person's author stands in the repository's own configuration as well.
    pub author_in_repository: bool,
}

fn checkout(path: PathBuf) -> Place {
    Place { path, what: "main checkout", kind: Kind::Checkout }
}

fn worktree(path: PathBuf, what: &'static str) -> Place {
    Place { path, what, kind: Kind::Linked }
}

/// A repository with something in it for each of the tools.
fn repository(bed: &Bed, name: &str) -> PathBuf {
    let path = bed.repository(name);
    let hook = "repos:\n- repo: local\n  hooks:\n  - {id: who, name: who, entry: git var GIT_AUTHOR_IDENT, \
                language: system, always_run: true, pass_filenames: false, verbose: true}\n";
    std::fs::write(path.join(".pre-commit-config.yaml"), hook).expect("a file");
    bed.git(&path, &["add", "."]);
    bed.git(&path, &["commit", "--quiet", "-m", "Tell who commits"]);
    bed.git(&path, &["config", "remote.origin.url", "https://github.com/example/example"]);
    // What gh keeps there, and tells without the network.
    bed.git(&path, &["config", "remote.origin.gh-resolved", "base"]);
    path
}

fn with_worktrees(bed: &Bed) -> (PathBuf, SetUp) {
    let repository = repository(bed, "repo");
    let agent = worktree(bed.worktree(&repository, "agent"), "workspace");
    let other = worktree(bed.worktree(&repository, "other"), "worktree without workspace");
    let persons = vec![checkout(repository.clone()), other];
    (repository, SetUp { agent, persons, author_in_repository: false })
}

pub fn linked(bed: &Bed) -> SetUp {
    with_worktrees(bed).1
}

pub fn author_in_repository(bed: &Bed) -> SetUp {
    let (repository, setup) = with_worktrees(bed);
    bed.git(&repository, &["config", "user.name", HUMAN_NAME]);
    bed.git(&repository, &["config", "user.email", HUMAN_EMAIL]);
    SetUp { author_in_repository: true, ..setup }
}

pub fn bare(bed: &Bed) -> SetUp {
    let (source, bare, tree) = (repository(bed, "source"), bed.path("repo.git"), bed.path("agent"));
    bed.git(&source, &["clone", "--quiet", "--bare", ".", bare.to_str().expect("text")]);
    bed.git(&bare, &["config", "remote.origin.url", "https://github.com/example/example"]);
    bed.git(&bare, &["config", "remote.origin.gh-resolved", "base"]);
    bed.git(&bare, &["worktree", "add", "--quiet", "-b", "agent", tree.to_str().expect("text")]);
    let bare = Place { path: bare, what: "the bare repository", kind: Kind::Bare };
    SetUp { agent: worktree(tree, "workspace"), persons: vec![bare], author_in_repository: false }
}

pub fn sparse(bed: &Bed) -> SetUp {
    let (_, setup) = with_worktrees(bed);
    // git switches the extension on by itself for it.
    bed.git(&setup.agent.path, &["sparse-checkout", "set", "--no-cone", "/*"]);
    assert_eq!(bed.git(&setup.agent.path, &["config", "extensions.worktreeConfig"]), "true");
    setup
}

pub fn submodule(bed: &Bed) -> SetUp {
    let (source, above) = (repository(bed, "source"), repository(bed, "repo"));
    let source = source.to_str().expect("text");
    bed.git(&above, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", source, "below"]);
    let below = above.join("below");
    bed.git(&below, &["config", "remote.origin.url", "https://github.com/example/example"]);
    bed.git(&below, &["config", "remote.origin.gh-resolved", "base"]);
    let agent = Place { what: "workspace", ..checkout(below) };
    SetUp { agent, persons: vec![checkout(above)], author_in_repository: false }
}

pub fn config_is_a_link(bed: &Bed) -> SetUp {
    let (repository, setup) = with_worktrees(bed);
    let (config, elsewhere) = (repository.join(".git/config"), bed.path("repo/dotfiles.config"));
    std::fs::rename(&config, &elsewhere).expect("it is moved");
    symlink("../dotfiles.config", &config).expect("a link");
    setup
}

pub fn clone_for_an_agent(bed: &Bed) -> SetUp {
    let (repository, clone) = (repository(bed, "repo"), bed.path("clone"));
    bed.git(&repository, &["clone", "--quiet", ".", clone.to_str().expect("text")]);
    bed.git(&clone, &["config", "remote.origin.url", "https://github.com/example/example"]);
    bed.git(&clone, &["config", "remote.origin.gh-resolved", "base"]);
    let agent = Place { what: "workspace", ..checkout(clone) };
    SetUp { agent, persons: vec![checkout(repository)], author_in_repository: false }
}

/// Every file below the folders as it is: mode, and content or where it leads.
pub fn snapshot(folders: &[&Path]) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut files = BTreeMap::new();
    folders.iter().for_each(|folder| collect(folder, &mut files));
    files
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("it is there").flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("a type"));
        if kind.is_dir() {
            collect(&path, files);
            continue;
        }
        let content = match kind.is_symlink() {
            true => std::fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes(),
            false => std::fs::read(&path).expect("a file"),
        };
        files.insert(path, (entry.metadata().expect("it is there").mode(), content));
    }
}
