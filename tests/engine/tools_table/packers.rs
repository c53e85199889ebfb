//! What is packed from a workspace's folder: the text of its identity key is in none of it. The key lies elsewhere; where
//! somebody chose to have it in the folder, what holds is said per tool.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Source, Tool, answer, bed, package, say};
use crate::common::Bed;

/// In a file of the folder that all of them pack: what finds it would find the key.
const MARKER: &str = "made-up-text-that-is-packed";

struct Packer {
    tool: Tool,
    what: &'static str,
    /// It cannot open a linked worktree.
    main_checkout: bool,
    /// Whether it packs the key where that was chosen to lie in the folder: it does not look for `.gitignore` there.
    packs_from_folder: bool,
    /// All that it packed, not compressed.
    pack: fn(&Packer, &Bed, &Path) -> Vec<u8>,
}

fn packers() -> Vec<Packer> {
    let honours = |tool, what, pack| Packer { tool, what, main_checkout: false, packs_from_folder: false, pack };
    let blind = |tool, what, pack| Packer { packs_from_folder: true, ..honours(tool, what, pack) };
    let in_main = |packer| Packer { main_checkout: true, ..packer };
    let on_path = |name, version| Tool::on_path(name, Source::Setup, version);
    let git = || on_path("git", "--version");
    vec![
        honours(on_path("npm", "--version"), "npm pack", npm_pack),
        honours(Tool::of_npm("pnpm"), "pnpm pack", npm_pack),
        // It asks for rules in the root of the project and above it.
        blind(Tool::of_python("hatchling", "hatchling"), "sdist and wheel", |p, bed, at| {
            python(p, bed, at, "hatchling.build", &["build", "-d", "dist"])
        }),
        blind(Tool::of_python("build", "pyproject-build"), "python -m build", |p, bed, at| {
            python(p, bed, at, "hatchling.build", &["--no-isolation"])
        }),
        honours(Tool::of_python("flit", "flit"), "sdist and wheel", |p, bed, at| {
            python(p, bed, at, "flit_core.buildapi", &["build"])
        }),
        honours(on_path("cargo", "--version"), "cargo package", cargo_package),
        honours(git(), "git add -A", |p, bed, at| git_objects(p, bed, at, &[&["add", "-A"]])),
        honours(git(), "git stash -u", |p, bed, at| git_objects(p, bed, at, &[&["stash", "-u"]])),
        // `-a` means what is ignored as well.
        blind(git(), "git stash -a", |p, bed, at| git_objects(p, bed, at, &[&["stash", "-a"]])),
        honours(git(), "git archive", git_archive),
        honours(Tool::library("dulwich"), "add and commit", committed),
        in_main(honours(Tool::isomorphic_git(), "add and commit", committed)),
        in_main(honours(on_path_of_person("jj"), "snapshot", jj_snapshot)),
        blind(on_path("tar", "--version"), "docker build's context, played by tar", tar),
    ]
}

fn on_path_of_person(name: &'static str) -> Tool {
    Tool::on_path(name, Source::Person("cargo install jj-cli"), "--version")
}

impl Packer {
    fn run(&self, bed: &Bed, at: &Path, args: &[&str]) {
        self.made(bed, at, args);
    }

    fn made(&self, bed: &Bed, at: &Path, args: &[&str]) -> Vec<u8> {
        let mut command = self.tool.command(bed, at);
        let output = command.args(args).output().expect("it starts");
        assert!(output.status.success(), "{}: {}", self.what, String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

fn npm_pack(packer: &Packer, bed: &Bed, at: &Path) -> Vec<u8> {
    packer.run(bed, at, &["pack"]);
    unpacked(&files_in(at, "tgz"))
}

fn python(packer: &Packer, bed: &Bed, at: &Path, backend: &str, args: &[&str]) -> Vec<u8> {
    let requires = backend.split('.').next().unwrap_or_default();
    let project = format!(
        "[build-system]\nrequires = [\"{requires}\"]\nbuild-backend = \"{backend}\"\n[project]\nname = \"probe\"\n\
         version = \"1.0.0\"\ndescription = \"x\"\n"
    );
    std::fs::write(at.join("pyproject.toml"), project).expect("a file");
    packer.run(bed, at, args);
    let made = [files_in(&at.join("dist"), "gz"), files_in(&at.join("dist"), "whl")].concat();
    assert_eq!(made.len(), 2, "{made:?}");
    unpacked(&made)
}

fn cargo_package(packer: &Packer, bed: &Bed, at: &Path) -> Vec<u8> {
    let target = bed.path("target");
    let mut command = packer.tool.command(bed, at);
    // Its own home is below that of the machine's user, with the toolchain.
    command.env("HOME", std::env::var_os("HOME").unwrap_or_default()).env("CARGO_TARGET_DIR", &target);
    let args = ["package", "--allow-dirty", "--no-verify", "--offline", "--quiet"];
    let told = answer(command.args(args));
    assert!(told.is_ok(), "{told:?}");
    unpacked(&files_in(&target.join("package"), "crate"))
}

fn git_objects(packer: &Packer, bed: &Bed, at: &Path, commands: &[&[&str]]) -> Vec<u8> {
    commands.iter().for_each(|args| packer.run(bed, at, args));
    objects(bed, at)
}

fn git_archive(packer: &Packer, bed: &Bed, at: &Path) -> Vec<u8> {
    packer.run(bed, at, &["add", "-A"]);
    packer.run(bed, at, &["commit", "--quiet", "-m", "All"]);
    packer.made(bed, at, &["archive", "HEAD"])
}

fn committed(packer: &Packer, bed: &Bed, at: &Path) -> Vec<u8> {
    packer.run(bed, at, &["commit", at.to_str().expect("text")]);
    objects(bed, at)
}

fn jj_snapshot(packer: &Packer, bed: &Bed, at: &Path) -> Vec<u8> {
    packer.run(bed, at, &["git", "init", "--colocate"]);
    packer.run(bed, at, &["status"]);
    objects(bed, at)
}

/// Without a `.dockerignore` the context is the whole folder; Docker knows nothing of `.gitignore`.
fn tar(packer: &Packer, bed: &Bed, at: &Path) -> Vec<u8> {
    packer.made(bed, at, &["--create", "--exclude=./.git", "."])
}

/// All that a repository keeps, reachable or not.
fn objects(bed: &Bed, at: &Path) -> Vec<u8> {
    let output = bed.git_command(at).args(["cat-file", "--batch-all-objects", "--batch"]).output().expect("git starts");
    assert!(output.status.success());
    output.stdout
}

fn files_in(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).expect("it is there").flatten().map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

fn unpacked(archives: &[PathBuf]) -> Vec<u8> {
    assert!(!archives.is_empty(), "nothing was packed");
    let mut command = Command::new("python3");
    let output = command.arg(package("tests/tools/unpack.py")).args(archives).output().expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A folder that is a package to each of the tools.
fn fill(folder: &Path) {
    let files = [
        ("package.json", r#"{ "name": "probe", "version": "1.0.0", "license": "MIT" }"#.to_owned()),
        ("index.js", format!("// {MARKER}\n")),
        ("probe/__init__.py", format!("\"\"\"{MARKER}\"\"\"\n__version__ = \"1.0.0\"\n")),
        (
            "Cargo.toml",
            "[package]\nname = \"probe\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n".to_owned(),
        ),
        ("src/lib.rs", format!("//! {MARKER}\n")),
        ("Dockerfile", "FROM scratch\nCOPY . .\n".to_owned()),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }
}

/// The key's own text, wherever it lies.
fn key_of(bed: &Bed, id: &str, folder: Option<&Path>) -> String {
    let file = folder.map_or_else(|| bed.key_file(id), |folder| folder.join(".ravi/config.json"));
    let config: serde_json::Value = serde_json::from_slice(&std::fs::read(file).expect("a key")).expect("JSON");
    config["identity_key"].as_str().expect("a key").to_owned()
}

fn holds(made: &[u8], text: &str) -> bool {
    made.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Each packer on a workspace of its own.
async fn column(in_folder: bool) {
    let bed = bed().await;
    for (number, packer) in packers().iter().enumerate() {
        let Some(version) = packer.tool.found(&bed) else { continue };
        let (tool, what) = (packer.tool.name, packer.what);
        let (id, repository) = (format!("w{number}"), bed.repository(&format!("repo{number}")));
        let tree = if packer.main_checkout { repository } else { bed.worktree(&repository, &id) };
        fill(&tree);
        let args = Bed::provision_args(&tree, &id, &format!("agent {number}"));
        if in_folder {
            bed.run_in_tree(&args).ok()
        } else {
            bed.run(&args).ok()
        };
        let key = key_of(&bed, &id, in_folder.then_some(&tree));
        let made = (packer.pack)(packer, &bed, &tree);
        assert!(holds(&made, MARKER), "{tool}: {what} packed nothing of the folder");
        let setup = if in_folder { "keyInTree: always" } else { "as it comes" };
        let (packs, expected) = (holds(&made, &key), in_folder && packer.packs_from_folder);
        assert_eq!(packs, expected, "{tool} {version} | {setup} | {what}: packs the key");
        say(&format!("{tool} {version} | {setup} | {what} | packs the key: {}", if packs { "yes" } else { "no" }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_packer_packs_the_key() {
    column(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_folder_is_packed_by_whom_the_table_says() {
    column(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_folder_that_becomes_a_repository_is_committed_without_the_key() {
    for in_folder in [false, true] {
        let bed = bed().await;
        let folder = bed.path("plain");
        fill(&folder);
        let args = Bed::provision_args(&folder, "w", "plain agent");
        if in_folder {
            bed.run_in_tree(&args).ok()
        } else {
            bed.run(&args).ok()
        };
        let key = key_of(&bed, "w", in_folder.then_some(&folder));
        bed.git(&folder, &["init", "--quiet"]);
        bed.git(&folder, &["add", "-A"]);
        bed.git(&folder, &["commit", "--quiet", "-m", "All"]);
        let made = objects(&bed, &folder);
        assert!(holds(&made, MARKER) && !holds(&made, &key));
        let setup = if in_folder { "keyInTree: always" } else { "as it comes" };
        say(&format!("git | {setup} | a plain folder becomes a repository, git add -A | packs the key: no"));
    }
}
