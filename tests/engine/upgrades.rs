//! Our program is replaced by a newer one, moved, or removed, in the layouts that package managers make.
//!
//! Two promises hold in each: the person's own git and gh go on as if we had never been there, and a workspace's never
//! become the person's. `cargo test … --test engine upgrades -- --nocapture` prints what was seen.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Bed, Run};

const PERSON: &str = "made_up_token_of_hanna";
const AGENT: &str = "made_up_token_of_the_agent";
const REQUEST: &str = "protocol=https\nhost=github.com\n\n";

/// A desk with a person's own checkout, a workspace with a login, and our program as some layout installs it.
struct Desk {
    bed: Bed,
    person: PathBuf,
    tree: PathBuf,
    /// Folders before the usual ones on PATH.
    path: Vec<PathBuf>,
    version: &'static str,
}

impl Desk {
    async fn new() -> Desk {
        let bed = Bed::new().await;
        let person = bed.repository("repo");
        let tree = bed.worktree(&person, "agent");
        write_program(&bed.path("usual/gh"), "#!/bin/sh\necho \"token=${GH_TOKEN:-person}\"\n");
        write_program(&bed.path("usual/ravi"), "#!/bin/sh\necho \"ravi version 0.7.5 (commit: made-up)\"\n");
        bed.git(&person, &["config", "--global", "credential.helper", &person_s_helper()]);
        bed.run_with_input(&["secret", "set", "CODEX_MONITOR_GH_TOKEN_AGENT"], AGENT).ok();
        // That run was of a program that is no part of the layout.
        let _ = std::fs::remove_dir_all(bed.state().join("bin"));
        Desk { path: vec![bed.path("usual")], bed, person, tree, version: "0.1.0" }
    }

    fn state_bin(&self) -> PathBuf {
        self.bed.state().join("bin")
    }

    /// A program with the environment that this desk's person has.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        let shims = std::iter::once(self.state_bin()).chain(self.path.iter().cloned());
        let usual = std::env::var_os("PATH").expect("a PATH");
        // A machine with a ravi-workspace or gh of its own is another layout.
        let usual = std::env::split_paths(&usual).filter(|dir| !dir.join("ravi-workspace").exists());
        let path = std::env::join_paths(shims.chain(usual)).expect("a PATH");
        self.bed.git_environment(&mut command);
        command.current_dir(folder).stdin(std::process::Stdio::null()).env("PATH", path);
        for (name, value) in [("RAVI_API_URL", self.bed.base_url.as_str()), ("RAVI_WORKSPACE_KEYCHAIN", "file")] {
            command.env(name, value);
        }
        use secrecy::ExposeSecret as _;
        command.env("RAVI_API_KEY", self.bed.key.expose_secret()).env("RAVI_WORKSPACE_STATE", self.bed.state());
        command.env("RAVI_WORKSPACE_VERSION", self.version).env("GIT_TERMINAL_PROMPT", "0").env_remove("GIT_ASKPASS");
        for name in ["GH_TOKEN", "GITHUB_TOKEN", "APPIMAGE", "APPDIR", "SSH_ASKPASS"] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, program: &Path, args: &[&str]) -> Run {
        self.command(program, &self.person).args(args).output().expect("it starts").into()
    }

    /// The workspace and the hook, set up by this program.
    fn set_up(&self, program: &Path) {
        let args = Bed::provision_args(&self.tree, "agent", "agent");
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let done = self.run(program, &args).ok().json();
        assert_eq!(done["github"]["source"], "host", "{done}");
        self.run(program, &["hook", "git", "install", self.person.to_str().expect("text")]).ok();
    }

    fn gh(&self, folder: &Path) -> Run {
        // By name, as everybody does.
        self.command(Path::new("env"), folder).args(["gh", "pr", "list"]).output().expect("env starts").into()
    }

    fn fill(&self, folder: &Path) -> Run {
        use std::io::Write as _;
        let mut command = self.command(Path::new("git"), folder);
        command.args(["credential", "fill"]).stdin(std::process::Stdio::piped());
        let mut child =
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("git");
        child.stdin.take().expect("its input").write_all(REQUEST.as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends").into()
    }

    fn git(&self, folder: &Path, args: &[&str]) -> Run {
        self.command(Path::new("git"), folder).args(args).output().expect("git starts").into()
    }

    /// The person's own git and gh, which we have no business with.
    fn check_person(&self, when: &str) {
        let switched = self.git(&self.person, &["checkout", "-q", "-B", "work"]);
        assert_eq!((switched.code, switched.stderr.as_str()), (0, ""), "{when}: git checkout");
        let filled = self.fill(&self.person);
        assert!(filled.stdout.contains(PERSON), "{when}: {filled:?}");
        let gh = self.gh(&self.person);
        assert_eq!((gh.code, gh.stdout.as_str(), gh.stderr.as_str()), (0, "token=person\n", ""), "{when}");
        let committed = self.git(&self.person, &["commit", "-q", "--allow-empty", "-m", "Work"]);
        assert_eq!(committed.code, 0, "{when}: {committed:?}");
        let made = self.bed.path(&format!("own-{}", when.replace([' ', ','], "-")));
        let added = self.git(&self.person, &["clone", "-q", ".", made.to_str().expect("text")]);
        assert_eq!(added.code, 0, "{when}: {added:?}");
    }

    /// What the workspace's git and gh did: `agent` or `refused`, and never the person's.
    fn workspace(&self, when: &str) -> [&'static str; 2] {
        let told = |run: &Run| {
            assert!(!run.stdout.contains(PERSON) && !run.stdout.contains("person"), "{when}: {run:?}");
            match (run.code, run.stdout.contains(AGENT)) {
                (0, true) => "agent",
                (0, false) => panic!("{when}: {run:?}"),
                _ => "refused",
            }
        };
        let gh = self.gh(&self.tree);
        if told(&gh) == "refused" {
            let says = gh.stderr.contains("helper.no_program") && gh.stderr.contains("hint: ");
            assert!(gh.code == 1 && says, "{when}: {gh:?}");
        }
        [told(&self.fill(&self.tree)), told(&gh)]
    }

    fn seen(&self, layout: &str, when: &str) -> [&'static str; 2] {
        self.check_person(&format!("{layout} {when}"));
        let [git, gh] = self.workspace(&format!("{layout} {when}"));
        println!("{layout:<16} {when:<26} person: git, gh and hook fine   workspace: git {git:<8} gh {gh}");
        [git, gh]
    }
}

const WORKS: [&str; 2] = ["agent", "agent"];
const REFUSED: [&str; 2] = ["refused", "refused"];

fn person_s_helper() -> String {
    format!("!f() {{ test \"$1\" = get && printf 'username=hanna\\npassword={PERSON}\\n'; }}; f")
}

fn write_program(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let plain = path.with_extension("text");
    std::fs::write(&plain, text).expect("written");
    // By another process: a file that this one has open for writing cannot be started.
    assert!(Command::new("install").args(["-m", "755"]).arg(&plain).arg(path).status().expect("install").success());
    std::fs::remove_file(plain).expect("it is there");
}

/// Our program as a file of its own, as a version of it is.
fn program_at(path: PathBuf) -> PathBuf {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let built = env!("CARGO_BIN_EXE_ravi-workspace");
    if std::fs::hard_link(built, &path).is_err() {
        assert!(Command::new("cp").arg(built).arg(&path).status().expect("cp").success());
    }
    path
}

fn link(to: &Path, at: &Path) {
    std::fs::create_dir_all(at.parent().expect("a folder")).expect("a folder");
    let _ = std::fs::remove_file(at);
    symlink(to, at).expect("a link");
}

#[tokio::test(flavor = "multi_thread")]
async fn homebrew_puts_a_newer_version_in_place_of_the_old_one() {
    let mut desk = Desk::new().await;
    let brew = desk.bed.path("brew");
    let cellar = |version: &str| brew.join("Cellar/ravi-workspace").join(version).join("bin/ravi-workspace");
    let entry = brew.join("bin/ravi-workspace");
    link(&program_at(cellar("0.1.0")), &entry);
    desk.path.insert(0, brew.join("bin"));
    desk.set_up(&entry);
    assert_eq!(desk.seen("Homebrew", "0.1.0"), WORKS);
    std::fs::remove_dir_all(brew.join("Cellar/ravi-workspace/0.1.0")).expect("brew removes it");
    assert_eq!(desk.seen("Homebrew", "between the two"), REFUSED);
    link(&program_at(cellar("0.2.0")), &entry);
    desk.version = "0.2.0";
    assert_eq!(desk.seen("Homebrew", "0.2.0, not run yet"), WORKS);
}

#[tokio::test(flavor = "multi_thread")]
async fn nix_moves_the_profile_s_link() {
    let mut desk = Desk::new().await;
    let store = |hash: &str| desk.bed.path(&format!("nix/store/{hash}-ravi-workspace"));
    let profile = desk.bed.path(".nix-profile");
    program_at(store("aaa").join("bin/ravi-workspace"));
    link(&store("aaa"), &profile);
    let entry = profile.join("bin/ravi-workspace");
    // Started by its path in the store, as by another package's wrapper, with no profile on PATH.
    desk.set_up(&store("aaa").join("bin/ravi-workspace"));
    assert_eq!(desk.seen("nix", "generation 1"), WORKS);
    program_at(store("bbb").join("bin/ravi-workspace"));
    link(&store("bbb"), &profile);
    std::fs::remove_dir_all(store("aaa")).expect("collected");
    desk.path.insert(0, entry.parent().expect("a folder").to_owned());
    desk.version = "0.2.0";
    assert_eq!(desk.seen("nix", "generation 2, not run yet"), WORKS);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appimage_s_mount_is_another_one_each_time() {
    let desk = Desk::new().await;
    let image = desk.bed.path("Applications/ravi-workspace.AppImage");
    let mount = |at: &str| desk.bed.path(&format!("mount/.mount_{at}"));
    let write_image = |at: &str| {
        program_at(mount(at).join("usr/bin/ravi-workspace"));
        let text = format!(
            "#!/bin/sh\nAPPIMAGE='{}' APPDIR='{1}' exec '{1}/usr/bin/ravi-workspace' \"$@\"\n",
            image.display(),
            mount(at).display()
        );
        write_program(&image, &text);
    };
    write_image("one");
    desk.set_up(&image);
    assert_eq!(desk.seen("AppImage", "first mount"), WORKS);
    std::fs::remove_dir_all(mount("one")).expect("unmounted");
    write_image("two");
    assert_eq!(desk.seen("AppImage", "mounted elsewhere"), WORKS);
    // A program that an AppImage started is no part of it.
    let mut inherits = desk.command(&program_at(desk.bed.path("plain/ravi-workspace")), &desk.person);
    inherits
        .env("APPIMAGE", "/made/up/editor.AppImage")
        .env("APPDIR", mount("two"))
        .env("RAVI_WORKSPACE_VERSION", "0.2.0");
    assert!(inherits.arg("list").output().expect("it starts").status.success());
    std::fs::remove_dir_all(mount("two")).expect("unmounted");
    assert_eq!(desk.seen("AppImage", "another program, newer"), WORKS);
}

#[tokio::test(flavor = "multi_thread")]
async fn npm_replaces_the_package_behind_its_link() {
    let mut desk = Desk::new().await;
    let modules = desk.bed.path("app/node_modules");
    let file = |version: &str| modules.join(format!(".store/ravi-workspace@{version}/ravi-workspace"));
    let entry = modules.join(".bin/ravi-workspace");
    link(&program_at(file("0.1.0")), &entry);
    // npm puts the folder of links on the PATH of its scripts alone.
    desk.set_up(&entry);
    assert_eq!(desk.seen("npm", "0.1.0"), WORKS);
    std::fs::remove_dir_all(modules.join(".store")).expect("npm removes it");
    link(&program_at(file("0.2.0")), &entry);
    desk.version = "0.2.0";
    assert_eq!(desk.seen("npm", "0.2.0, not run yet"), WORKS);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_s_bundle_is_moved() {
    let mut desk = Desk::new().await;
    let bundle = |at: &str| desk.bed.path(at).join("Monitor.app/Contents/MacOS/ravi-workspace");
    desk.set_up(&program_at(bundle("Downloads")));
    assert_eq!(desk.seen("app bundle", "in Downloads"), WORKS);
    std::fs::create_dir(desk.bed.path("Applications")).expect("a folder");
    std::fs::rename(desk.bed.path("Downloads/Monitor.app"), desk.bed.path("Applications/Monitor.app")).expect("moved");
    assert_eq!(desk.seen("app bundle", "moved, not started yet"), REFUSED);
    // Anything that it does is enough.
    desk.version = "0.1.0";
    desk.run(&bundle("Applications"), &["list"]).ok();
    assert_eq!(desk.seen("app bundle", "moved and started"), WORKS);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_removed() {
    let desk = Desk::new().await;
    desk.set_up(&program_at(desk.bed.path("opt/ravi-workspace")));
    assert_eq!(desk.seen("removal", "before"), WORKS);
    std::fs::remove_dir_all(desk.bed.path("opt")).expect("removed");
    assert_eq!(desk.seen("removal", "program gone"), REFUSED);
    // One call may still be the person's, where they say so.
    let mut plain = desk.command(Path::new("env"), &desk.tree);
    plain.args(["gh", "pr"]).env("RAVI_WORKSPACE_GH", "off");
    assert_eq!(Run::from(plain.output().expect("env starts")).ok().stdout, "token=person\n");
    // Ravi's own program would act as the person, too.
    let ravi = |folder: &Path| Run::from(desk.command(Path::new("env"), folder).arg("ravi").output().expect("env"));
    assert!(ravi(&desk.tree).code == 1 && ravi(&desk.tree).stdout.is_empty());
    assert_eq!(ravi(&desk.person).code, 0);
    // A new worktree is made all the same, and says that it has no identity.
    let made = desk.git(&desk.person, &["worktree", "add", "-q", desk.bed.path("later").to_str().expect("text")]);
    assert!(made.code == 0 && made.stderr.contains("helper.no_program"), "{made:?}");

    std::fs::remove_dir_all(desk.bed.state()).expect("removed");
    desk.check_person("removal, state folder too");
    let filled = desk.fill(&desk.tree);
    assert!(filled.code != 0 && !filled.stdout.contains(PERSON), "{filled:?}");
    println!(
        "{:<16} {:<26} person: git, gh and hook fine   workspace: git refused",
        "removal", "state folder gone too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_leaves_the_launchers_to_the_newer_one_while_that_runs() {
    let mut desk = Desk::new().await;
    let (old, new) = (program_at(desk.bed.path("old/ravi-workspace")), program_at(desk.bed.path("new/ravi-workspace")));
    desk.set_up(&old);
    let leads_to = || {
        let text = std::fs::read_to_string(desk.state_bin().join(".program")).expect("it is there");
        PathBuf::from(text.lines().next().expect("a line"))
    };
    assert_eq!(leads_to(), old);
    let run = |program: &Path, version: &str| {
        let mut command = desk.command(program, &desk.person);
        assert!(
            command.env("RAVI_WORKSPACE_VERSION", version).arg("list").output().expect("it starts").status.success()
        );
    };
    run(&new, "0.10.0");
    assert_eq!(leads_to(), new);
    run(&old, "0.9.0");
    assert_eq!(leads_to(), new, "it is newer and runs");
    // There, and no program any more.
    write_program(&new, "#!/bin/sh\nexit 1\n");
    run(&old, "0.9.0");
    assert_eq!(leads_to(), old);
    desk.version = "0.9.0";
    assert_eq!(desk.seen("two versions", "the newer one broken"), WORKS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_wrote_is_named_and_healed() {
    let desk = Desk::new().await;
    let program = program_at(desk.bed.path("opt/ravi-workspace"));
    desk.set_up(&program);
    let git_dir = PathBuf::from(desk.git(&desk.tree, &["rev-parse", "--absolute-git-dir"]).ok().stdout.trim());
    as_before_launchers(&git_dir, "/brew/Cellar/0.1.0/bin/ravi-workspace");
    let hook = desk.person.join(".git/hooks/post-checkout");
    let text = std::fs::read_to_string(&hook).expect("it is there");
    let line = "'/brew/Cellar/0.1.0/bin/ravi-workspace' hook git post-checkout \"$@\" || exit";
    let lines: Vec<&str> = text.lines().enumerate().map(|(at, text)| if at == 2 { line } else { text }).collect();
    write_program(&hook, &(lines.join("\n") + "\n"));

    let doctor = || {
        let report = desk.run(&program, &["doctor", "--json"]).json();
        let all = report["findings"].as_array().expect("a list").iter();
        let wrong = all.filter(|finding| finding["state"] != "ok");
        wrong.map(|finding| format!("{} {}", finding["message"], finding["fix"])).collect::<Vec<_>>().join("\n")
    };
    let said = doctor();
    assert!(said.contains("git in agent calls /brew/Cellar") && said.contains("not there any more"), "{said}");
    assert!(said.contains("hooks in") && said.contains("hook git install"), "{said}");
    let status = || desk.run(&program, &["status", desk.tree.to_str().expect("text"), "--json"]).ok().json();
    assert_eq!(status()["outdated_program"], "/brew/Cellar/0.1.0/bin/ravi-workspace");
    assert_eq!(desk.fill(&desk.tree).code, 128, "git stops where it can");

    // A hook that runs writes itself anew; the ledger is none of its business at later checkouts.
    write_program(
        &hook,
        &(lines.join("\n").replace("/brew/Cellar/0.1.0/bin/ravi-workspace", program.to_str().expect("text")) + "\n"),
    );
    let mut broken = desk.command(Path::new("git"), &desk.person);
    broken.args(["checkout", "-q", "-B", "other"]).env("RAVI_WORKSPACE_STATE", "/dev/null/nowhere");
    assert_eq!(broken.status().expect("git").code(), Some(0));
    desk.git(&desk.person, &["worktree", "add", "-q", desk.bed.path("renews").to_str().expect("text")]).ok();
    assert!(std::fs::read_to_string(&hook).expect("it is there").contains("ravi-launch"));

    desk.run(&program, &["reap"]).ok();
    assert_eq!(status()["outdated_program"], Value::Null);
    assert_eq!(doctor(), "");
    assert_eq!(desk.seen("healed", "by reap"), WORKS);
    // And by provisioning, which sets everything anew.
    as_before_launchers(&git_dir, "/gone/ravi-workspace");
    desk.set_up(&program);
    assert_eq!(desk.seen("healed", "by provision"), WORKS);
    as_the_last_release(&desk, &git_dir, "/gone/ravi-workspace");
    assert_eq!(status()["outdated_program"], "/gone/ravi-workspace");
    desk.run(&program, &["reap"]).ok();
    assert_eq!(desk.seen("healed", "0.1.0's, by reap"), WORKS);
    // Nothing of it stays.
    desk.run(&program, &["release", "agent"]).ok();
    assert_eq!(desk.git(&desk.tree, &["config", "--get-regexp", "credential.https"]).stdout, "");
}

/// The helper as a version before launchers set it: the program itself, in the file of the workspace's values.
fn as_before_launchers(git_dir: &Path, program: &str) {
    let file = git_dir.join("ravi-workspace.gitconfig");
    let text = std::fs::read_to_string(&file).expect("the values");
    let before = format!("\thelper = !'{program}' git-credential");
    let lines = text.lines().map(|line| if line.contains("git-credential") { before.as_str() } else { line });
    std::fs::write(&file, lines.collect::<Vec<_>>().join("\n") + "\n").expect("written");
}

/// The same as 0.1.0 set it: in the worktree's own configuration, by the extension, and in the note that takes it back.
fn as_the_last_release(desk: &Desk, git_dir: &Path, program: &str) {
    std::fs::remove_file(git_dir.join("ravi-workspace.gitconfig")).expect("the values");
    let (key, value) = ("credential.https://github.com.helper", format!("!'{program}' git-credential"));
    for args in [
        vec!["config", "--unset", "include.path"],
        vec!["config", "extensions.worktreeConfig", "true"],
        vec!["config", "--worktree", "--add", key, ""],
        vec!["config", "--worktree", "--add", key, &value],
    ] {
        desk.git(&desk.tree, &args);
    }
    std::fs::write(git_dir.join("../../ravi-workspaces.json"), json!({ "extension": true }).to_string())
        .expect("a record");
    let note = git_dir.join("ravi-workspace.json");
    let mut content: Value = serde_json::from_slice(&std::fs::read(&note).expect("a note")).expect("JSON");
    content["values"] = json!([{ "key": key, "before": [], "ours": ["", value] }]);
    std::fs::write(&note, content.to_string()).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_program_a_launcher_knows_a_workspace_as_git_does() {
    let desk = Desk::new().await;
    let program = program_at(desk.bed.path("opt/ravi-workspace"));
    desk.set_up(&program);
    let plain = desk.bed.path("plain");
    std::fs::create_dir(desk.tree.join("below")).expect("a folder");
    let clone = desk.tree.join("below/clone");
    desk.git(&desk.person, &["clone", "-q", ".", clone.to_str().expect("text")]).ok();
    let other = desk.tree.join("below/other");
    let add = ["-c", "core.hooksPath=/nowhere", "worktree", "add", "-q", other.to_str().expect("text")];
    desk.git(&desk.person, &add).ok();
    let [released, keyed] = ["released", "keyed"].map(|name| desk.bed.path(name));
    for (folder, id) in [(&plain, "p1"), (&released, "p2")] {
        std::fs::create_dir_all(folder).expect("a folder");
        let args = Bed::provision_args(folder, id, id);
        desk.run(&program, &args.iter().map(String::as_str).collect::<Vec<_>>()).ok();
    }
    desk.run(&program, &["release", "p2"]).ok();
    std::fs::remove_dir_all(desk.bed.path("opt")).expect("removed");
    std::fs::create_dir_all(keyed.join(".ravi")).expect("a folder");
    std::fs::write(keyed.join(".ravi/config.json"), "{}").expect("a key file");
    std::fs::create_dir(desk.bed.path(".ravi")).expect("a folder");
    std::fs::write(desk.bed.path(".ravi/config.json"), "{}").expect("the person's own key file");
    for (folder, refused) in [
        (desk.tree.clone(), true),
        (desk.tree.join("below"), true),
        (clone, true),
        (other, false),
        (plain, true),
        (released, false),
        (keyed, true),
        (desk.person.clone(), false),
        (desk.bed.path(""), false),
        (PathBuf::from("/"), false),
    ] {
        let run = desk.gh(&folder);
        assert_eq!(run.code == 1, refused, "{}: {run:?}", folder.display());
        assert_eq!(run.stdout == "token=person\n", !refused, "{}: {run:?}", folder.display());
    }
    // Two launchers and nothing else: neither calls the other for ever.
    let mut alone = desk.command(&desk.state_bin().join("gh"), &desk.person);
    let other = desk.bed.path("other-state/bin");
    std::fs::create_dir_all(&other).expect("a folder");
    let text = std::fs::read_to_string(desk.state_bin().join("gh")).expect("a script");
    write_program(&other.join("gh"), &text.replace("/state/bin", "/other-state/bin"));
    alone.env("PATH", std::env::join_paths([other, desk.state_bin()]).expect("a PATH"));
    let run = Run::from(alone.output().expect("it starts"));
    assert!(run.code == 127 && run.stderr.contains("github.gh_missing"), "{run:?}");
}
