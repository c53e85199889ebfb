//! git, Jean and direnv, called as they call.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::common::{Bed, Run};

/// A command with the environment of the test bed's user, and the program on PATH.
pub fn in_bed(bed: &Bed, program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (key, value) in bed.program().get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    let ours = Path::new(env!("CARGO_BIN_EXE_ravi-workspace")).parent().expect("a folder").to_owned();
    let rest = bed.search.clone().or_else(|| std::env::var_os("PATH")).expect("a PATH");
    let path = std::env::join_paths([ours].into_iter().chain(std::env::split_paths(&rest))).expect("a PATH");
    command.env("PATH", path).current_dir(folder).stdin(Stdio::null());
    command
}

/// The shells that are installed, with the program on the PATH that a login shell ends up with.
pub fn login_shells(bed: &Bed) -> Vec<&'static str> {
    let ours = Path::new(env!("CARGO_BIN_EXE_ravi-workspace")).parent().expect("a folder").display();
    for name in [".bash_profile", ".zprofile"] {
        std::fs::write(bed.path(name), format!("export PATH='{ours}':\"$PATH\"\n")).expect("written");
    }
    std::fs::write(bed.path(".zshrc"), "").expect("written");
    std::fs::create_dir_all(bed.path(".config/fish")).expect("a folder");
    std::fs::write(bed.path(".config/fish/config.fish"), format!("set -gx PATH '{ours}' $PATH\n")).expect("written");
    let there = |shell: &&str| {
        let found = Command::new(shell).args(["-c", "true"]).output().is_ok_and(|done| done.status.success());
        if !found {
            println!("skipped: {shell} is not installed; run scripts/setup test");
        }
        found
    };
    ["bash", "zsh", "fish"].into_iter().filter(there).collect()
}

fn git(bed: &Bed, folder: &Path, args: &[&str]) -> Run {
    in_bed(bed, "git", folder).args(args).output().expect("git starts").into()
}

pub fn bound(bed: &Bed) -> Vec<Value> {
    bed.run(&["list", "--json"]).ok().json()["workspaces"].as_array().expect("a list").clone()
}

fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
}

#[tokio::test(flavor = "multi_thread")]
async fn git_s_own_hook_provisions_a_new_worktree_once_beside_the_person_s_hook() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let hook = repository.join(".git/hooks/post-checkout");
    let before = "#!/bin/sh\necho \"$@\" >> \"$(git rev-parse --git-common-dir)/mine\"\n";
    script(&hook, before);
    let path = repository.to_str().expect("text");
    let done = bed.run(&["hook", "git", "install", path, "--json"]).ok().json();
    assert_eq!(done["state"], "chained");
    let tree = bed.path("tree");
    assert_eq!(git(&bed, &repository, &["worktree", "add", tree.to_str().expect("text")]).code, 0);
    assert_eq!(bound(&bed).len(), 1);
    assert!(bed.author(&tree).starts_with("tree <"), "{}", bed.author(&tree));
    // Later checkouts, clones and the main checkout are none of our business.
    git(&bed, &tree, &["checkout", "--quiet", "-b", "later"]).ok();
    git(&bed, &repository, &["checkout", "--quiet", "-b", "mine"]).ok();
    assert_eq!((bound(&bed).len(), bed.identity_count().await), (1, 1));
    let mine = std::fs::read_to_string(repository.join(".git/mine")).expect("it ran");
    assert!(mine.lines().count() >= 3 && mine.starts_with("0000"), "with its arguments, each time: {mine}");
    // Ravi away: it says so, and git tells.
    bed.fault(json!({ "method": "POST", "path": "/api/identities/", "status": 402, "body": { "detail": "no" } })).await;
    let failed = git(&bed, &repository, &["worktree", "add", bed.path("other").to_str().expect("text")]);
    assert!(failed.code != 0 && failed.stderr.contains("hint:"), "{failed:?}");
    bed.run(&["hook", "git", "uninstall", path]).ok();
    assert_eq!(std::fs::read_to_string(&hook).expect("it is there"), before);
    assert!(!hook.with_file_name("post-checkout.before-ravi").exists());

    let hooks = bed.path("all-hooks");
    bed.git(&repository, &["config", "core.hooksPath", hooks.to_str().expect("text")]);
    bed.run(&["hook", "git", "install", path]).ok();
    assert!(hooks.join("post-checkout").exists(), "where git looks for it");
    bed.run(&["hook", "git", "uninstall", path]).ok();
    bed.git(&repository, &["config", "core.hooksPath", ".husky"]);
    let refused = bed.run(&["hook", "git", "install", path, "--json"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (6, "hook.hooks_path"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_made_without_a_checkout_is_set_up_at_its_first_one_and_listed_until_then() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let path = repository.to_str().expect("text");
    bed.run(&["hook", "git", "install", path]).ok();
    let tree = |name: &str| bed.path(name);
    let add = |name: &str, option: &str| {
        let tree = tree(name);
        git(&bed, &repository, &["worktree", "add", "--quiet", option, tree.to_str().expect("text")])
    };
    for name in ["bare-one", "switched"] {
        add(name, "--no-checkout").ok();
    }
    let known = ["bare-one", "switched", "orphan"];
    // Since git 2.42.
    let orphan = add("orphan", "--orphan").code == 0;
    let known = if orphan { &known[..] } else { &known[..2] };
    assert_eq!(bound(&bed), Vec::<Value>::new(), "git runs no hook for these");
    let doctor = |at: &Path| {
        let report =
            Run::from(in_bed(&bed, "ravi-workspace", at).args(["doctor", "--json"]).output().expect("it starts"));
        let findings = report.json()["findings"].as_array().expect("a list").clone();
        findings.into_iter().find(|finding| finding["check"] == "worktrees").expect("it looks")
    };
    let found = doctor(&repository);
    let message = found["message"].as_str().expect("text");
    assert_eq!(found["state"], "warn");
    assert!(known.iter().all(|name| message.contains(tree(name).to_str().expect("text"))), "{message}");
    assert!(found["fix"].as_str().expect("text").contains("ravi-workspace provision"), "{found}");

    git(&bed, &tree("bare-one"), &["checkout", "--quiet"]).ok();
    git(&bed, &tree("switched"), &["switch", "--quiet", "-c", "topic"]).ok();
    if orphan {
        git(&bed, &tree("orphan"), &["commit", "--quiet", "--allow-empty", "-m", "Mine"]).ok();
        git(&bed, &tree("orphan"), &["checkout", "--quiet", "--detach", "main"]).ok();
    }
    assert_eq!(bound(&bed).len(), known.len());
    for name in known {
        assert!(bed.author(&tree(name)).starts_with(&format!("{name} <")), "{name}");
    }
    // From anywhere, since the repository is known by its workspaces.
    assert_eq!(doctor(bed.dir.path())["state"], "ok");
    // A person's own worktree, and one that was released, stay as they are at every later checkout.
    bed.run(&["hook", "git", "uninstall", path]).ok();
    let own = bed.worktree(&repository, "own");
    bed.run(&["hook", "git", "install", path]).ok();
    bed.run(&["release", tree("switched").to_str().expect("text")]).ok();
    for tree in [&own, &tree("switched")] {
        git(&bed, tree, &["checkout", "--quiet", "--detach"]).ok();
        git(&bed, tree, &["checkout", "--quiet", "-b", &format!("later-{}", tree.display()).replace('/', "-")]).ok();
    }
    assert_eq!(bound(&bed).len(), known.len() - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_of_any_name_is_set_up_by_the_hook() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    bed.run(&["hook", "git", "install", repository.to_str().expect("text")]).ok();
    let long = "x".repeat(240);
    for (branch, name) in [("a", "two\nlines"), ("b", "..."), ("c", long.as_str()), ("d", "\u{202e}evig")] {
        let tree = bed.path("odd").join(name);
        git(&bed, &repository, &["worktree", "add", "--quiet", "-b", branch, tree.to_str().expect("text")]).ok();
        assert!(!bed.author(&tree).starts_with(crate::common::HUMAN_NAME), "{name:?}");
    }
    assert_eq!(bound(&bed).len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn jean_s_scripts_set_up_and_take_down() {
    let bed = Bed::new().await;
    let tree = bed.worktree(&bed.repository("repo"), "calm-fox");
    let jean = |what: &str| -> Run {
        let mut command = bed.program();
        command.args(["hook", "jean", what]).current_dir(&tree);
        command.env("JEAN_WORKSPACE_PATH", &tree).env("JEAN_BRANCH", "calm-fox").output().expect("it starts").into()
    };
    jean("setup").ok();
    jean("setup").ok();
    assert_eq!((bound(&bed).len(), bed.identity_count().await), (1, 1));
    assert!(bed.author(&tree).starts_with("calm-fox <"));
    jean("teardown").ok();
    jean("teardown").ok();
    assert_eq!((bound(&bed).len(), bed.live_keys().await), (0, 0));
    assert_eq!(bed.run(&["hook", "jean", "setup"]).code, 2, "not called by Jean");
}

#[tokio::test(flavor = "multi_thread")]
async fn direnv_s_function_gives_a_shell_what_the_workspace_has_and_nothing_elsewhere() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.path("it's a tree"); // direnv itself stumbles over $ and " in paths
    bed.git(&repository, &["worktree", "add", "--quiet", "-b", "one", tree.to_str().expect("text")]);
    let name = "one 'agent' $HOME \"x\" \\";
    bed.run(&Bed::provision_args(&tree, "one", name)).ok();
    let library = crate::common::project().join("examples/direnv/use_ravi.sh");
    let ask = |folder: &Path| {
        // direnv's own functions that it calls.
        let text = "log_status() { :; }; log_error() { echo \"$*\" >&2; }; . \"$1\"; use_ravi; echo \"author=$GIT_AUTHOR_NAME\"";
        let run = in_bed(&bed, "bash", folder).args(["-euc", text, "bash"]).arg(&library).output();
        Run::from(run.expect("bash starts"))
    };
    assert_eq!(ask(&tree).ok().stdout, format!("author={name}\n"));
    let elsewhere = in_bed(&bed, "bash", &repository)
        .args(["-c", ". \"$1\"; log_error() { echo \"$*\" >&2; }; use_ravi || echo refused", "bash"])
        .arg(&library)
        .output();
    let elsewhere = Run::from(elsewhere.expect("bash starts"));
    assert!(elsewhere.stdout.contains("refused") && elsewhere.stderr.contains("workspace.unbound"), "{elsewhere:?}");
    if in_bed(&bed, "direnv", &tree).arg("version").output().is_err() {
        println!("skipped: direnv itself is not installed");
        return;
    }
    // As the manual says.
    let libraries = bed.path(".config/direnv/lib");
    std::fs::create_dir_all(&libraries).expect("a folder");
    std::fs::copy(&library, libraries.join("use_ravi.sh")).expect("copied");
    std::fs::write(tree.join(".envrc"), "use ravi\n").expect("written");
    let run = |args: &[&str]| {
        let mut command = in_bed(&bed, "direnv", &tree);
        command.env("XDG_CONFIG_HOME", bed.path(".config")).env("XDG_DATA_HOME", bed.path(".local"));
        Run::from(command.args(args).output().expect("direnv starts"))
    };
    run(&["allow", "."]).ok();
    let seen = run(&["exec", ".", "sh", "-c", "echo \"$GIT_AUTHOR_NAME\"; command -v gh"]).ok();
    assert_eq!(seen.stdout, format!("{name}\n{}\n", bed.state().join("bin/gh").display()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shell_takes_over_what_env_prints_whatever_is_in_it() {
    let bed = Bed::new().await;
    let folder = bed.path("a 'quoted' \"folder\" $(touch hit) `touch hit` \\ é;*");
    let name = "It's \"me\" $(touch hit) `touch hit` \\ \\' ü; *";
    let repository = bed.repository("repo");
    bed.git(&repository, &["worktree", "add", "--quiet", "-b", "hostile", folder.to_str().expect("text")]);
    let state = bed.path("a 'state' \"dir\" $(touch hit)\\");
    let with_state = |mut command: Command| -> Run {
        command.env("RAVI_WORKSPACE_STATE", &state).env_remove("GIT_AUTHOR_NAME").output().expect("it starts").into()
    };
    let mut provision = bed.program();
    provision.args(Bed::provision_args(&folder, "hostile", name));
    let done = with_state(provision).ok().json();
    for shell in login_shells(&bed) {
        let eval = match shell {
            "fish" => "ravi-workspace env . --shell fish | source",
            "zsh" => "eval \"$(ravi-workspace env . --shell zsh)\"",
            _ => "eval \"$(ravi-workspace env . --shell bash)\"",
        };
        // Twice, as a prompt does.
        let text = format!(
            "{eval}; {eval}; printenv GIT_AUTHOR_NAME; printenv GIT_COMMITTER_EMAIL; command -v gh; printenv PATH; git commit -q \
             --allow-empty -m Work; git log -1 --format=%an"
        );
        let mut command = in_bed(&bed, shell, &folder);
        command.args(["-c", &text]);
        let seen = with_state(command).ok();
        let lines: Vec<&str> = seen.stdout.lines().collect();
        let bin = state.join("bin").display().to_string();
        assert_eq!((lines[0], lines[1]), (name, done["identity"]["email"].as_str().expect("text")), "{shell}");
        assert_eq!(lines[2], format!("{bin}/gh"), "{shell}");
        assert_eq!(lines[3].matches(&bin).count(), 1, "{shell}: once on PATH");
        assert_eq!(lines.get(4), Some(&name), "{shell}");
        assert!(!folder.join("hit").exists() && !seen.stdout.contains("ravi_id_"), "{shell}");
    }
}

/// Names of folders, branches and panes may be longer than any id.
#[tokio::test(flavor = "multi_thread")]
async fn long_names_of_panes_branches_and_folders_become_ids_that_stay_the_same() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let long = format!("long-{}", "é".repeat(120));
    let branch = format!("topic/{}", "b".repeat(220));
    let tree = bed.path("trees").join(&long);
    let text = tree.to_str().expect("text");
    git(&bed, &repository, &["worktree", "add", "--quiet", "-b", &branch, text]).ok();
    for pane in [format!("%{}", "9".repeat(300)), format!("%{}x", "9".repeat(300))] {
        let first = bed.run(&["hook", "dmux", "worktree-create", &pane, text, "--json"]).ok().json();
        let id = first["id"].as_str().expect("an id").to_owned();
        assert!(id.len() <= 200 && id.starts_with("agent-pane-%99"), "{id}");
        let again = bed.run(&["hook", "dmux", "worktree-create", &pane, text, "--json"]).ok().json();
        assert_eq!(again["id"], id.as_str());
        assert_eq!((bound(&bed).len(), bed.live_keys().await), (1, 1));
        let merged = bed.run(&["hook", "dmux", "post-merge", &pane, "--json"]).ok().json();
        assert_eq!(merged["workspace"], id.as_str());
        bed.run(&["release", &id]).ok();
    }
    let mut jean = in_bed(&bed, env!("CARGO_BIN_EXE_ravi-workspace"), &tree);
    Run::from(jean.args(["hook", "jean", "setup"]).env("JEAN_WORKSPACE_PATH", &tree).output().expect("it starts")).ok();
    assert!(bound(&bed)[0]["id"].as_str().is_some_and(|id| id.len() <= 200));
    bed.run(&["release", text]).ok();
    // One that a caller chose is its own; it is refused before anything is made.
    let run = bed.run(&Bed::provision_args(&tree, &"i".repeat(201), "x agent"));
    assert_eq!(run.error_code(), "workspace.request");
    assert_eq!((bound(&bed).len(), bed.live_keys().await), (0, 0));
}
