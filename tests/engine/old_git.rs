//! The git of Debian 11, which is older than much of what git can do by now: what works with it, and what is refused
//! before anything is done. And programs called git that are none, or none that works.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::git_server::GitServer;
use crate::common::{Bed, Run, old_git};
use crate::hooks_claude::{claude, create, payload};
use crate::hooks_worktrees::{bound, in_bed};

const OLD: &str = "2.30.2";
const TOKEN: &str = "made_up_token";

/// A test bed whose person, agents and programs have the old git; `None` where there is none.
async fn with_old_git() -> Option<Bed> {
    let folder = old_git()?;
    let mut bed = Bed::new().await;
    bed.search_first(Some(&folder));
    assert_eq!(bed.git(bed.dir.path(), &["--version"]), format!("git version {OLD}"));
    Some(bed)
}

/// A folder with a program called git that is this script.
fn stub(bed: &Bed, script: &str) -> PathBuf {
    let folder = bed.path("stub");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("git"), format!("#!/bin/sh\n{script}\n")).expect("a script");
    std::fs::set_permissions(folder.join("git"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

fn signing(path: &Path, id: &str) -> Vec<String> {
    let mut args = Bed::provision_args(path, id, "payments agent");
    args.push("--sign".into());
    args
}

/// Every file in a git dir that is not an object, a log or an index, with what is in it.
fn files(git_dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![git_dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_name().expect("a name");
            if entry.is_dir() && name != "objects" && name != "logs" && name != "refs" {
                folders.push(entry);
            } else if entry.is_file() && name != "index" {
                let content = std::fs::read(&entry).expect("it can be read");
                all.push((entry, content));
            }
        }
    }
    all.sort();
    all
}

/// The findings of `doctor` for one check: their states, and everything they say.
fn doctor(bed: &Bed, check: &str) -> (Vec<String>, String) {
    let report = bed.run(&["doctor", "--json"]).json();
    let findings = report["findings"].as_array().expect("a list").iter().filter(|found| found["check"] == check);
    let word = |found: &Value, field: &str| found[field].as_str().unwrap_or_default().to_owned();
    let (states, said): (Vec<_>, Vec<_>) =
        findings.map(|found| (word(found, "state"), word(found, "message") + " " + &word(found, "fix"))).unzip();
    (states, said.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_old_git_an_agent_commits_and_pushes_as_itself_and_a_release_leaves_every_file_as_it_was() {
    let Some(bed) = with_old_git().await else { return };
    let (repository, server) = GitServer::project(&bed).await;
    server.accept(TOKEN);
    let tree = bed.worktree(&repository, "one");
    let git_dir = repository.join(".git");
    let before = files(&git_dir);
    let provision = || {
        let mut program = bed.program();
        program.env("RAVI_WORKSPACE_GITHUB", json!({ "hosts": [server.host()] }).to_string());
        Run::from(program.args(Bed::provision_args(&tree, "w1", "payments agent")).output().expect("it starts")).ok()
    };
    let made = provision().json();
    assert_eq!(made["warnings"], json!([]));
    bed.put_secret(made["identity"]["uuid"].as_str().expect("a uuid"), "GH_TOKEN", TOKEN).await;
    assert_eq!(provision().json()["github"], json!({ "source": "workspace", "secret": "GH_TOKEN" }));

    let email = made["identity"]["email"].as_str().expect("text");
    assert_eq!(bed.author(&tree), format!("payments agent <{email}>"));
    assert_eq!(bed.git(&tree, &["log", "-1", "--format=%cn <%ce>"]), format!("payments agent <{email}>"));
    bed.git(&repository, &["commit", "--quiet", "--allow-empty", "-m", "Mine"]);
    assert_eq!(bed.git(&repository, &["log", "-1", "--format=%ae"]), crate::common::HUMAN_EMAIL);
    let fill = format!("protocol=http\nhost={}\n\n", server.host().trim_start_matches("http://"));
    let asked = bed.dir.path().join("asked");
    std::fs::write(&asked, fill).expect("a file");
    let filled =
        bed.git_command(&tree).args(["credential", "fill"]).stdin(std::fs::File::open(&asked).expect("it")).output();
    assert!(Run::from(filled.expect("git starts")).ok().stdout.contains(&format!("password={TOKEN}")));
    bed.git(&tree, &["push", "--quiet", "origin", "HEAD:refs/heads/work"]);
    assert_eq!(server.pushed_with("work"), [TOKEN.to_owned()].into());

    assert_eq!(doctor(&bed, "git_values").0, ["ok"]);
    bed.run(&["suspend", "w1"]).ok();
    assert_eq!(bed.run(&["wake", "w1", "--json"]).ok().json()["warnings"], json!([]));
    bed.run(&["release", "w1"]).ok();
    let commits = |(path, _): &(PathBuf, Vec<u8>)| !path.ends_with("COMMIT_EDITMSG");
    let after: Vec<_> = files(&git_dir).into_iter().filter(commits).collect();
    assert_eq!(after, before.into_iter().filter(commits).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_old_git_its_hook_sets_up_new_worktrees_and_is_where_git_looks_for_it() {
    let Some(bed) = with_old_git().await else { return };
    let repository = bed.repository("repo");
    let inside = repository.join("some/folder");
    std::fs::create_dir_all(&inside).expect("a folder");
    let linked = bed.worktree(&repository, "linked");
    let hook = repository.join(".git/hooks/post-checkout");
    for from in [&repository, &inside, &linked] {
        let done = in_bed(&bed, "ravi-workspace", from).args(["hook", "git", "install", ".", "--json"]).output();
        let path = PathBuf::from(Run::from(done.expect("it starts")).ok().json()["path"].as_str().expect("text"));
        assert_eq!(path.canonicalize().expect("it is there"), hook, "{}", from.display());
        std::fs::remove_file(&hook).expect("it is there");
    }
    bed.run(&["hook", "git", "install", text(&linked)]).ok();
    let (tree, later) = (bed.path("tree"), bed.path("later"));
    let add = |more: &[&str]| {
        let args = [&["worktree", "add", "--quiet"], more].concat();
        Run::from(in_bed(&bed, "git", &repository).args(args).output().expect("git starts")).ok()
    };
    add(&[text(&tree)]);
    assert!(bed.author(&tree).starts_with("tree <"));
    add(&["--no-checkout", text(&later)]);
    assert_eq!(bound(&bed).len(), 1);
    Run::from(in_bed(&bed, "git", &later).args(["checkout", "--quiet"]).output().expect("git starts")).ok();
    assert!(bed.author(&later).starts_with("later <"));
    bed.run(&["hook", "git", "uninstall", text(&repository)]).ok();
    assert!(!hook.exists());
    let odd = |folder: &Path| {
        let names = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.to_string_lossy().starts_with("--")).collect::<Vec<_>>()
    };
    for folder in [&repository, &inside, &linked, &tree] {
        assert_eq!(odd(folder), Vec::<std::ffi::OsString>::new(), "a flag that git does not know is no folder");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_old_git_claude_code_gets_a_worktree_of_its_own_that_goes_without_a_trace() {
    let Some(bed) = with_old_git().await else { return };
    let repository = bed.repository("repo");
    let config = std::fs::read(repository.join(".git/config")).expect("it is there");
    let tree = create(&bed, &repository, "fix-auth");
    assert_eq!(tree, repository.join(".claude/worktrees/fix-auth"));
    assert!(bed.author(&tree).starts_with("fix-auth <"));
    let second = create(&bed, &tree, "second");
    assert_eq!(second, repository.join(".claude/worktrees/second"), "from within a worktree it is the same place");
    for tree in [&tree, &second] {
        let mut remove = payload("WorktreeRemove", &repository);
        remove["worktree_path"] = json!(tree);
        claude(&bed, "WorktreeRemove", remove, None).ok();
        assert!(!tree.exists());
    }
    assert_eq!((bound(&bed).len(), bed.live_keys().await), (0, 0));
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("it is there"), config);
    let there = std::fs::read_dir(&repository).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    assert!(there.into_iter().all(|name| name == ".git" || name == ".claude"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_old_git_repositories_below_a_workspace_log_in_as_it() {
    let Some(bed) = with_old_git().await else { return };
    let (repository, server) = GitServer::project(&bed).await;
    server.accept(TOKEN);
    // The person's own login, which must not serve the agent.
    server.accept("x:made_up_person");
    bed.git(
        &repository,
        &["config", "--global", "credential.helper", "!f() { echo username=x; echo password=made_up_person; }; f"],
    );
    // Old gits end the name of a value at the first "=".
    let tree = bed.worktree(&repository, "it's=one");
    let provision = || {
        let mut program = bed.program();
        program.env("RAVI_WORKSPACE_GITHUB", json!({ "hosts": [server.host()] }).to_string());
        Run::from(program.args(Bed::provision_args(&tree, "w1", "payments agent")).output().expect("it starts")).ok()
    };
    let uuid = provision().json()["identity"]["uuid"].as_str().expect("a uuid").to_owned();
    bed.put_secret(&uuid, "GH_TOKEN", TOKEN).await;
    provision();
    let work = |branch: &str| {
        format!("git commit --quiet --allow-empty -m Work && git push --quiet origin HEAD:refs/heads/{branch}")
    };
    let address = server.url("project.git");
    let exec = |script: &str, more: &[(&str, &str)]| {
        let mut program = bed.program();
        program.args(["exec", text(&tree), "--", "sh", "-c", script]).envs(more.iter().copied());
        Run::from(program.output().expect("it starts"))
    };
    exec(&format!("git clone --quiet {address} inside && cd inside && {}", work("clone")), &[]).ok();
    exec(&format!("git submodule --quiet add {address} module && cd module && {}", work("module")), &[]).ok();
    for name in ["clone", "module"] {
        assert_eq!(server.pushed_with(name), [TOKEN.to_owned()].into(), "{name}");
        assert!(server.author(name).starts_with("payments agent <"), "{name}: {}", server.author(name));
    }
    // Elsewhere nothing holds; and what a git around it was told with `-c` still does.
    let other = bed.repository("other");
    let ask = format!(
        "cd '{}' && git config --get-all credential.{}.helper; git config some.value",
        other.display(),
        server.host()
    );
    let said = exec(&ask, &[("GIT_CONFIG_PARAMETERS", "'some.value=it'\\''s'")]).ok().stdout;
    assert_eq!(said, "it's\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_with_a_git_that_cannot_is_refused_before_anything_is_changed() {
    let Some(bed) = with_old_git().await else { return };
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let before = files(&repository.join(".git"));
    let refused = |run: Run| {
        assert_eq!(run.error_code(), "workspace.git_lacks", "{run:?}");
        assert!(
            [OLD, "2.34", "--sign"].iter().all(|word| run.stdout.contains(word)),
            "both versions and what: {run:?}"
        );
    };
    bed.reset_calls().await;
    refused(bed.run(&signing(&tree, "w1")));
    assert!(bed.call_log().await.iter().all(|call| call.starts_with("GET ")), "{:?}", bed.call_log().await);
    assert_eq!((bed.identity_count().await, bound(&bed)), (0, Vec::<Value>::new()));
    assert_eq!(files(&repository.join(".git")), before);

    // Asked for later, of a workspace that has none.
    bed.run(&Bed::provision_args(&tree, "w1", "payments agent")).ok();
    let (before, known) = (files(&repository.join(".git")), bound(&bed));
    refused(bed.run(&signing(&tree, "w1")));
    assert_eq!(files(&repository.join(".git")), before);
    let unsaid = |mut all: Vec<Value>| {
        all.iter_mut().for_each(|one| one["last_error"] = Value::Null);
        all
    };
    assert_eq!(unsaid(bound(&bed)), unsaid(known));
    assert!(bed.author(&tree).starts_with("payments agent <"), "git works there as before");
    assert_eq!(
        bed.run(&["wake", "w1", "--json"]).ok().json()["warnings"],
        json!([]),
        "the refusal left no wish behind"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_signs_still_works_when_an_old_git_sets_it_up_again_and_never_signs_as_the_person() {
    let Some(folder) = old_git() else { return };
    let mut bed = Bed::new().await;
    let repository = bed.repository("repo");
    // The person signs, with a program that would take any key of theirs.
    for (key, value) in [("gpg.program", "true"), ("user.signingKey", "HANNA"), ("commit.gpgSign", "true")] {
        bed.git(&repository, &["config", "--global", key, value]);
    }
    let tree = bed.path("worktrees/one");
    bed.git(&repository, &["worktree", "add", "--quiet", text(&tree)]);
    bed.run(&signing(&tree, "w1")).ok();
    let signed = |bed: &Bed| bed.git(&tree, &["config", "--get-all", "gpg.format"]);
    assert_eq!(signed(&bed), "ssh");

    bed.search_first(Some(&folder));
    let broken = bed.git_command(&tree).args(["log", "-1"]).output().expect("git starts");
    assert!(!broken.status.success(), "or else there is nothing to look after: {broken:?}");
    let (states, said) = doctor(&bed, "git_values");
    assert!(states == ["fail"] && said.contains(OLD) && said.contains("wake"), "{states:?} {said}");
    for again in [vec!["wake".into(), "w1".into(), "--json".into()], Bed::provision_args(&tree, "w1", "payments agent")]
    {
        let warnings = bed.run(&again).ok().json()["warnings"].clone();
        assert_eq!(warnings.as_array().map(Vec::len), Some(1), "{warnings}");
        assert_eq!(warnings[0]["code"], "workspace.cannot_sign", "{warnings}");
        assert!(bed.author(&tree).starts_with("payments agent <"));
    }
    assert_eq!(bed.git(&tree, &["log", "-1", "--format=%G?"]), "N", "not signed, and not as the person");
    assert!(!bed.git(&tree, &["config", "user.signingKey"]).contains("HANNA"));
    let (states, said) = doctor(&bed, "git_values");
    assert!(states == ["warn"] && said.contains("2.34"), "{states:?} {said}");

    // Back with a git that can, it signs again.
    bed.search_first(None);
    let (states, said) = doctor(&bed, "git_values");
    assert!(states == ["warn"] && said.contains("wake"), "{states:?} {said}");
    assert_eq!(bed.run(&["wake", "w1", "--json"]).ok().json()["warnings"], json!([]));
    assert_eq!(signed(&bed), "ssh");
    assert_eq!(doctor(&bed, "git_values").0, ["ok"]);
    bed.git(&tree, &["commit", "--quiet", "-S", "--allow-empty", "-m", "Signed"]);
    assert!(bed.git(&tree, &["cat-file", "commit", "HEAD"]).contains("BEGIN SSH SIGNATURE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_which_git_there_is_and_what_it_cannot_do() {
    let Some(mut bed) = with_old_git().await else { return };
    let (states, said) = doctor(&bed, "git");
    assert_eq!(states, ["ok"], "what nobody asks for is no fault");
    assert!([OLD, "--sign", "2.34", "2.46"].iter().all(|word| said.contains(word)), "{said}");
    let newest = stub(&bed, "echo git version 3.1.4");
    bed.search_first(Some(&newest));
    assert_eq!(doctor(&bed, "git"), (vec!["ok".into()], "git version 3.1.4 ".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_git_that_fails_is_told_by_what_it_says_and_not_as_an_old_one() {
    let mut bed = Bed::new().await;
    let repository = bed.repository("repo");
    let apple = "xcode-select: note: no developer tools were found, requesting install.";
    let folder = stub(&bed, &format!("echo '{apple}' >&2; exit 1"));
    bed.search_first(Some(&folder));
    let run = bed.run(&Bed::provision_args(&repository, "w1", "payments agent"));
    assert_eq!(run.error_code(), "workspace.git_broken", "{run:?}");
    assert!(run.stdout.contains(apple) && !run.stdout.contains("too old"), "{run:?}");
    let (states, said) = doctor(&bed, "git");
    assert!(states == ["fail"] && said.contains(apple) && said.contains("xcode-select --install"), "{said}");
    let hook = bed.run(&["hook", "git", "install", text(&repository), "--json"]);
    assert_eq!(hook.error_code(), "workspace.git_broken", "{hook:?}");
    stub(&bed, "echo git is not here");
    let run = bed.run(&Bed::provision_args(&repository, "w1", "payments agent"));
    assert_eq!(run.error_code(), "workspace.git_broken", "{run:?}");
}

/// The git that the tests find.
fn real_git() -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    let mut all = std::env::split_paths(&path).map(|folder| folder.join("git"));
    all.find(|file| file.exists()).expect("git is installed")
}

/// As git before 2.25 answers: where there is no worktree, its top is left out.
#[tokio::test(flavor = "multi_thread")]
async fn a_bare_repository_is_refused_as_one_by_a_git_that_answers_there_without_an_error() {
    let mut bed = Bed::new().await;
    let repository = bed.repository("repo");
    let bare = bed.path("bare.git");
    bed.git(&repository, &["clone", "--quiet", "--bare", ".", text(&bare)]);
    let (real, within) = (real_git(), repository.join(".git"));
    let leaves_out = format!(
        "git='{}'\nif [ \"$(\"$git\" rev-parse --is-inside-work-tree 2>/dev/null)\" = false ]; then\n\
         for word; do shift; [ \"$word\" = --show-toplevel ] || set -- \"$@\" \"$word\"; done\nfi\nexec \"$git\" \"$@\"",
        real.display()
    );
    let folder = stub(&bed, &leaves_out);
    bed.search_first(Some(&folder));
    for (folder, code) in [(&bare, "workspace.bare"), (&within, "workspace.folder")] {
        let mut args = Bed::provision_args(folder, "w1", "payments agent");
        args.push("--main".into());
        assert_eq!(bed.run(&args).error_code(), code, "{}", folder.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_make_and_install_nothing_with_a_git_that_no_workspace_can_have() {
    let mut bed = Bed::new().await;
    let repository = bed.repository("repo");
    let real = real_git();
    let folder = stub(
        &bed,
        &format!(
            "[ \"$*\" != \"${{*%--version}}\" ] && echo git version 2.19.6 && exit\nexec '{}' \"$@\"",
            real.display()
        ),
    );
    bed.search_first(Some(&folder));
    let installed = bed.run(&["hook", "git", "install", text(&repository), "--json"]);
    assert_eq!(installed.error_code(), "workspace.git_too_old", "{installed:?}");
    assert!(!repository.join(".git/hooks/post-checkout").exists());
    let mut wish = payload("WorktreeCreate", &repository);
    wish["name"] = json!("one");
    let made = claude(&bed, "WorktreeCreate", wish, None);
    assert!(made.code != 0 && made.stdout.is_empty() && made.stderr.contains("workspace.git_too_old"), "{made:?}");
    assert!(!repository.join(".claude").exists() && !repository.join(".git/worktrees").exists());
}
