//! Who opens a repository that has a workspace, and whom it commits as: the person in their folders, the agent in the
//! workspace as far as the tool follows `includeIf`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::setups::{self, Kind, Place, SetUp, snapshot};
use super::{Source, Tool, Version, answer, bed, human, package, say};
use crate::common::Bed;

/// Whom a tool commits as in a workspace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sees {
    /// The agent: it asks git, or follows the include as git does.
    Agent,
    /// The person, or nobody where it reads no configuration of theirs: it follows no includes.
    NoIncludes,
    /// It is asked nothing of authors; it opens the repository.
    Opens,
}

struct Reader {
    tool: Tool,
    sees: Sees,
    /// The kinds of folders that it can open at all, with or without a workspace.
    opens: &'static [Kind],
    /// Whether it reads the person's own `~/.gitconfig`.
    home: bool,
    ask: fn(&Reader, &Bed, &Path) -> Result<String, String>,
}

const ALL: &[Kind] = &[Kind::Checkout, Kind::Linked, Kind::Bare];
const CHECKOUTS: &[Kind] = &[Kind::Checkout, Kind::Linked];

/// The table: each tool with what is true of it today. docs/tools.md says what follows.
fn readers() -> Vec<Reader> {
    let reader = |tool, sees, opens, ask| Reader { tool, sees, opens, home: true, ask };
    let mut all: Vec<Reader> =
        gits().into_iter().map(|git| reader(git, Sees::Agent, ALL, |r, bed, at| ident(r, bed, at, &[]))).collect();
    let (lfs, gh) = (("git-lfs", "version"), ("gh", "--version"));
    all.extend([
        reader(Tool::library("pygit2"), Sees::Agent, ALL, |r, bed, at| with_folder(r, bed, at, "author")),
        reader(Tool::library("dulwich"), Sees::Agent, ALL, |r, bed, at| with_folder(r, bed, at, "author")),
        reader(Tool::library("gitoxide"), Sees::Opens, ALL, |r, bed, at| with_folder(r, bed, at, "open")),
        reader(gitoxide(), Sees::Agent, ALL, |r, bed, at| answer(r.tool.command(bed, at).arg(at))),
        // It reads `.git/config` alone, and looks for branches in the private git dir, where there are none.
        Reader {
            home: false,
            ..reader(Tool::isomorphic_git(), Sees::NoIncludes, &[Kind::Checkout], |r, bed, at| {
                with_folder(r, bed, at, "author")
            })
        },
        reader(go_git(), Sees::NoIncludes, ALL, go_git_author),
        reader(
            Tool::on_path("go-git", Source::Setup, "version"),
            Sees::Opens,
            &[Kind::Checkout, Kind::Bare],
            go_git_upload,
        ),
        reader(Tool::on_path(lfs.0, Source::Setup, lfs.1), Sees::Opens, CHECKOUTS, lfs_env),
        reader(Tool::on_path(gh.0, Source::Setup, gh.1), Sees::Opens, ALL, gh_browse),
        reader(Tool::of_python("pre-commit", "pre-commit"), Sees::Agent, CHECKOUTS, pre_commit),
        reader(Tool::on_path("direnv", Source::Setup, "--version"), Sees::Agent, ALL, |r, bed, at| {
            ident(r, bed, at, &["exec", ".", "git"])
        }),
        reader(
            Tool::on_path("lazygit", Source::Person("its own releases"), "--version"),
            Sees::Opens,
            CHECKOUTS,
            lazygit,
        ),
    ]);
    all
}

/// Each git on PATH; others where `RAVI_TEST_GITS` names them, as a list of programs like PATH is one of folders.
fn gits() -> Vec<Tool> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut programs: Vec<PathBuf> = std::env::split_paths(&path).map(|folder| folder.join("git")).collect();
    programs.extend(std::env::split_paths(&std::env::var_os("RAVI_TEST_GITS").unwrap_or_default()));
    let mut seen = Vec::new();
    for program in programs.into_iter().filter(|program| program.is_file()) {
        let version = Command::new(&program).arg("--version").output().expect("git starts").stdout;
        if !seen.iter().any(|(_, known)| *known == version) {
            seen.push((program, version));
        }
    }
    let git = |(program, _)| Tool {
        name: "git",
        source: Source::Setup,
        start: vec![program],
        version: Version::Args("--version"),
    };
    seen.into_iter().map(git).collect()
}

/// Name and address out of what `git var GIT_AUTHOR_IDENT` tells, which ends in a time.
fn ident(reader: &Reader, bed: &Bed, at: &Path, before: &[&str]) -> Result<String, String> {
    let mut command = reader.tool.command(bed, at);
    author_in(&answer(command.args(before).args(["var", "GIT_AUTHOR_IDENT"]))?)
}

fn author_in(text: &str) -> Result<String, String> {
    let line = text.lines().find(|line| line.contains('>')).ok_or_else(|| text.to_owned())?;
    Ok(format!("{}>", line.split('>').next().unwrap_or_default()))
}

fn with_folder(reader: &Reader, bed: &Bed, at: &Path, verb: &str) -> Result<String, String> {
    answer(reader.tool.command(bed, at).arg(verb).arg(at))
}

/// A small program of ours that `scripts/setup test` builds with gitoxide, the one that jj and others are built on.
fn gitoxide() -> Tool {
    let start = vec![package("target/tools/debug/gitoxide-author")];
    Tool { name: "gitoxide in a program", source: Source::Setup, start, version: Version::Locked("gix") }
}

/// A small program of ours that is built with go-git, where there are Go and its modules.
fn go_git() -> Tool {
    let how = "go build -mod=mod in tests/tools/go-git makes it";
    let name = "go-git in a program";
    Tool {
        name,
        source: Source::Person(how),
        start: vec![package("tests/tools/go-git/tool")],
        version: Version::Args("version"),
    }
}

fn go_git_author(reader: &Reader, bed: &Bed, at: &Path) -> Result<String, String> {
    answer(reader.tool.command(bed, at).arg(at))
}

/// Nothing is asked for: it tells its branches and is content.
fn go_git_upload(reader: &Reader, bed: &Bed, at: &Path) -> Result<String, String> {
    let git_dir = bed.git(at, &["rev-parse", "--absolute-git-dir"]);
    let output = reader.tool.command(bed, at).arg("upload-pack").arg(git_dir).output().map_err(|e| e.to_string())?;
    let told = String::from_utf8_lossy(&output.stdout).contains("refs/heads/");
    if told { Ok("opened".to_owned()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn lfs_env(reader: &Reader, bed: &Bed, at: &Path) -> Result<String, String> {
    let told = answer(reader.tool.command(bed, at).arg("env"))?;
    let top = format!("LocalWorkingDir={}", at.display());
    if told.contains(&top) { Ok("opened".to_owned()) } else { Err(told) }
}

/// Which page shows the repository: from the remote in its configuration, without the network.
fn gh_browse(reader: &Reader, bed: &Bed, at: &Path) -> Result<String, String> {
    let mut command = reader.tool.command(bed, at);
    command.env("GH_CONFIG_DIR", bed.path("gh")).env("GH_TOKEN", "made_up").args(["browse", "--no-browser"]);
    let told = answer(&mut command)?;
    if told.starts_with("https://github.com/example/example") { Ok("opened".to_owned()) } else { Err(told) }
}

/// What a hook that it runs is told of the author.
fn pre_commit(reader: &Reader, bed: &Bed, at: &Path) -> Result<String, String> {
    let mut command = reader.tool.command(bed, at);
    command.env("PRE_COMMIT_HOME", bed.path("pre-commit")).args(["run", "--all-files", "--color", "never"]);
    author_in(&answer(&mut command)?)
}

/// It draws a screen, on a terminal that tmux plays.
fn lazygit(reader: &Reader, bed: &Bed, at: &Path) -> Result<String, String> {
    let socket = bed.path("lazygit.socket");
    let tmux = |args: &[&str]| {
        let mut command = Command::new("tmux");
        bed.git_environment(&mut command);
        answer(command.current_dir(at).arg("-S").arg(&socket).args(args))
    };
    let program = reader.tool.start[0].display().to_string();
    tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", &program])?;
    let start = Instant::now();
    let mut text = String::new();
    while !text.contains("Local branches") && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(50));
        text = tmux(&["capture-pane", "-p"]).unwrap_or_default();
    }
    let _ = tmux(&["kill-server"]);
    if text.contains("Local branches") { Ok("opened".to_owned()) } else { Err(text) }
}

impl Reader {
    /// What is right in a folder where `author` commits.
    fn expected(&self, setup: &SetUp, place: &Place, agent: Option<&str>) -> Option<String> {
        if !self.opens.contains(&place.kind) {
            return None;
        }
        let person = if self.home || setup.author_in_repository { human() } else { "nobody".to_owned() };
        Some(match (self.sees, agent) {
            (Sees::Opens, _) => "opened".to_owned(),
            (Sees::Agent, Some(agent)) => agent.to_owned(),
            _ => person,
        })
    }

    fn asked(&self, bed: &Bed, setup: &SetUp) -> Vec<(Place, Result<String, String>)> {
        let places = std::iter::once(&setup.agent).chain(&setup.persons);
        places.map(|place| (place.clone(), (self.ask)(self, bed, &place.path))).collect()
    }
}

/// One set-up, from the folder as it was to the folder as it was.
async fn row(name: &str, make: fn(&Bed) -> SetUp) {
    let bed = bed().await;
    let setup = make(&bed);
    let mut found = Vec::new();
    for reader in readers() {
        found.extend(reader.tool.found(&bed).map(|version| (reader, version)));
    }
    for (reader, version) in &found {
        for (place, told) in reader.asked(&bed, &setup) {
            assert_eq!(told.ok(), reader.expected(&setup, &place, None), "{} {version}, before", reader.tool.name);
        }
    }
    let folders: Vec<PathBuf> = setup.persons.iter().chain([&setup.agent]).map(|place| place.path.clone()).collect();
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let before = snapshot(&folders);

    let made = bed.run(&Bed::provision_args(&setup.agent.path, "w", "table agent")).ok().json();
    let agent = format!("table agent <{}>", made["identity"]["email"].as_str().expect("an address"));
    for (reader, version) in &found {
        for (place, told) in reader.asked(&bed, &setup) {
            let author = (place.path == setup.agent.path).then_some(agent.as_str());
            let (tool, expected) = (reader.tool.name, reader.expected(&setup, &place, author));
            assert_eq!(told.as_ref().ok(), expected.as_ref(), "{tool} {version} | {name} | {}: {told:?}", place.what);
            let result = match told.as_deref() {
                Ok("opened") => "opens it",
                Ok("nobody") => "opens it, sees nobody",
                Ok(told) if told == agent => "opens it, sees the agent",
                Ok(_) => "opens it, sees the person",
                Err(_) => "opens no such folder, with or without a workspace",
            };
            say(&format!("{tool} {version} | {name} | {} | {result}", place.what));
        }
    }
    bed.run(&["release", "w", "--json"]).ok();
    let after = snapshot(&folders);
    let changed = |(path, file): (&PathBuf, &(u32, Vec<u8>))| (before.get(path) != Some(file)).then(|| path.clone());
    let changed: Vec<PathBuf> = after.iter().filter_map(changed).collect();
    assert_eq!(changed, Vec::<PathBuf>::new(), "{name}: changed or new after the release");
    assert_eq!(after.len(), before.len(), "{name}: something is missing after the release");
    say(&format!("ravi-workspace | {name} | after the release | all {} files as before", after.len()));
}

/// Every reader opens the repository and sees whom the table says.
macro_rules! rows {
    ($($test:ident: $name:literal, $make:path;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            row($name, $make).await;
        }
    )*};
}

rows! {
    readers_of_a_linked_worktree: "linked worktree", setups::linked;
    readers_where_the_author_is_the_repository_s: "author in .git/config", setups::author_in_repository;
    readers_of_a_worktree_of_a_bare_repository: "worktree of a bare repository", setups::bare;
    readers_where_the_extension_is_the_person_s: "own extensions.worktreeConfig", setups::sparse;
    readers_of_a_submodule: "submodule", setups::submodule;
    readers_where_the_configuration_is_a_link: ".git/config is a link", setups::config_is_a_link;
    readers_of_a_clone_made_for_an_agent: "clone made for an agent", setups::clone_for_an_agent;
}

/// husky writes `core.hooksPath` where all worktrees read it.
#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_husky_installs_meanwhile_stay_and_nothing_else() {
    let bed = bed().await;
    let husky = Tool::of_npm("husky");
    let Some(version) = husky.found(&bed) else { return };
    let (with, without) = (bed.repository("with"), bed.repository("without"));
    let tree = bed.worktree(&with, "agent");
    let made = bed.run(&Bed::provision_args(&tree, "w", "table agent")).ok().json();
    for folder in [&with, &without] {
        answer(&mut husky.command(&bed, folder)).expect("husky installs its hooks");
    }
    let email = made["identity"]["email"].as_str().expect("an address");
    assert_eq!(bed.author(&tree), format!("table agent <{email}>"));
    assert_eq!(bed.author(&with), human());
    bed.run(&["release", "w", "--json"]).ok();
    let config = |repository: &Path| std::fs::read_to_string(repository.join(".git/config")).expect("it is there");
    assert!(config(&with).contains("hooksPath"));
    assert_eq!(config(&with), config(&without), "as if there had been no workspace");
    say(&format!(
        "husky {version} | linked worktree | installed meanwhile, then released | its hooks path stays, alone"
    ));
}
