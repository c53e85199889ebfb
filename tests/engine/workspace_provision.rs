//! A workspace gets its own identity, the human keeps theirs, and asking twice is asking once.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::common::{Bed, HUMAN_EMAIL, HUMAN_NAME, Run};
use serde_json::{Value, json};

const CREATE: &str = "POST /api/identities/";

fn provision(bed: &Bed, path: &Path, id: &str, name: &str) -> Value {
    bed.run(&Bed::provision_args(path, id, name)).ok().json()
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn each_worktree_commits_as_itself_and_the_human_as_before() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let mut authors = vec![bed.author(&repository)];
    for name in ["payments", "search", "docs"] {
        let tree = bed.worktree(&repository, name);
        let answer = provision(&bed, &tree, name, &format!("{name} agent"));
        let email = answer["identity"]["email"].as_str().expect("an address");
        assert!(email.starts_with(&format!("{name}-agent@")), "{email}");
        assert_eq!(bed.author(&tree), format!("{name} agent <{email}>"));
        authors.push(bed.author(&tree));
    }
    assert_eq!(authors[0], format!("{HUMAN_NAME} <{HUMAN_EMAIL}>"));
    assert_eq!(bed.author(&repository), authors[0]);
    authors.sort();
    authors.dedup();
    assert_eq!(authors.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_has_the_contract_s_shape_and_the_second_call_only_looks_for_a_token() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let first = provision(&bed, &tree, "w1", "payments agent");
    let log = bed.call_log().await;
    // The last two at the same time: the key's record, and the host identity's token for the workspace.
    assert!(log.len() <= 4, "{log:?}");
    assert_eq!(bed.calls(CREATE).await, 1);
    bed.reset_calls().await;
    let second = provision(&bed, &tree, "w1", "payments agent");
    assert_eq!(first, second);
    // It looks whether the key is still good, and into the workspace's vault and the host identity's: nobody tells that a
    // key was revoked or a GitHub token stored.
    let log = bed.call_log().await;
    assert!(log.len() <= 4 && log.iter().all(|call| call.starts_with("GET ")), "{log:?}");

    let identity = &first["identity"];
    assert_eq!(
        first,
        json!({
            "id": "w1",
            "path": tree.to_str(),
            "state": "ready",
            "identity": { "uuid": identity["uuid"], "name": "payments agent", "email": identity["email"], "phone": null },
            "git": { "user_name": "payments agent", "user_email": identity["email"] },
            "github": { "source": "inherited", "secret": null },
            "sharing": null,
            "key": true,
            "warnings": []
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_lies_where_the_official_cli_is_led_and_in_no_folder_that_is_packed() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let exclude = std::fs::read(repository.join(".git/info/exclude")).expect("it is there");
    let answer = provision(&bed, &tree, "w1", "payments agent");
    let file = bed.key_file("w1");
    let config: Value = serde_json::from_slice(&std::fs::read(&file).expect("it is there")).expect("JSON");
    assert_eq!(config["identity_uuid"], answer["identity"]["uuid"]);
    assert_eq!(config["identity_name"], "payments agent");
    let key = config["identity_key"].as_str().expect("a key");
    assert!(key.starts_with("ravi_id_"));
    assert_eq!((mode(&file), mode(file.parent().expect("a folder"))), (0o600, 0o700));
    assert!(!tree.join(".ravi").exists());
    // In the clear nowhere else: not in the ledger, not in the repository.
    assert_eq!(crate::common::files_with(bed.dir.path(), key), std::slice::from_ref(&file));
    assert_eq!(mode(&bed.state()), 0o700);
    for name in ["ledger.db", "machine.key"] {
        assert_eq!(mode(&bed.state().join(name)), 0o600, "{name}");
    }

    // Where it is chosen it lies in the folder, kept out of commits by rules of its own; and goes again with the choice.
    bed.run_in_tree(&Bed::provision_args(&tree, "w1", "payments agent")).ok();
    let in_tree = tree.join(".ravi/config.json");
    assert_eq!(crate::common::files_with(bed.dir.path(), key), std::slice::from_ref(&in_tree));
    assert_eq!((mode(&in_tree), mode(&tree.join(".ravi"))), (0o600, 0o700));
    assert_eq!(bed.git(&tree, &["status", "--porcelain"]), "");
    assert_eq!(std::fs::read(repository.join(".git/info/exclude")).expect("it is there"), exclude);
    let mut program = bed.program();
    program.env("RAVI_WORKSPACE_KEY_IN_TREE", "never").args(Bed::provision_args(&tree, "w1", "payments agent"));
    crate::common::Run::from(program.output().expect("it starts")).ok();
    assert_eq!(crate::common::files_with(bed.dir.path(), key), [file]);
    assert!(!tree.join(".ravi").exists());
    bed.run_in_tree(&Bed::provision_args(&tree, "w1", "payments agent")).ok();
    bed.run(&["release", "w1"]).ok();
    assert_eq!(crate::common::files_with(bed.dir.path(), key), Vec::<PathBuf>::new());
    assert!(!tree.join(".ravi").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_folder_is_served() {
    let bed = Bed::new().await;
    let plain = bed.repository("plain");
    let answer = provision(&bed, &plain, "main", "main agent");
    assert_eq!(bed.author(&plain), format!("main agent <{}>", answer["identity"]["email"].as_str().expect("text")));

    let source = bed.repository("source");
    let bare = bed.path("bare.git");
    bed.git(&source, &["clone", "--quiet", "--bare", ".", bare.to_str().expect("text")]);
    let tree = bed.path("bare-tree");
    bed.git(&bare, &["worktree", "add", "--quiet", "-b", "agent", tree.to_str().expect("text")]);
    let before = std::fs::read(bare.join("config")).expect("it is there");
    let answer = provision(&bed, &tree, "bare", "bare agent");
    assert_eq!(bed.author(&tree), format!("bare agent <{}>", answer["identity"]["email"].as_str().expect("text")));
    assert_eq!(bed.git(&bare, &["rev-parse", "--is-bare-repository"]), "true");
    assert_eq!(bed.git(&tree, &["rev-parse", "--is-bare-repository"]), "false");
    bed.run(&["release", "bare", "--json"]).ok();
    assert_eq!(std::fs::read(bare.join("config")).expect("it is there"), before);
    assert!(!bare.join("config.worktree").exists());
    assert_eq!(bed.git(&bare, &["rev-parse", "--is-bare-repository"]), "true");

    let folder = bed.path("no repository");
    std::fs::create_dir(&folder).expect("a folder");
    let answer = provision(&bed, &folder, "folder", "folder agent");
    assert_eq!(answer["git"], Value::Null);
    assert!(bed.key_file("folder").exists());
    let below = folder.join("a/b");
    std::fs::create_dir_all(&below).expect("folders");
    let status = bed.run(&["status", below.to_str().expect("text"), "--json"]).ok().json();
    assert_eq!(status["id"], "folder");

    let run = bed.run(&Bed::provision_args(&bare, "the-bare-one", "x agent"));
    assert_eq!(run.error_code(), "workspace.bare");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_that_is_no_workspace_is_bound_by_its_top_alone() {
    let bed = Bed::new().await;
    let repository = bed.repository("mono");
    let tree = bed.worktree(&repository, "one");
    let (in_main, in_tree) = (repository.join("trees/x"), tree.join("src"));
    for (below, top) in [(&in_main, &repository), (&in_tree, &tree)] {
        std::fs::create_dir_all(below).expect("folders");
        let mut args = Bed::provision_args(below, "w1", "x agent");
        args.push("--main".into());
        let run = bed.run(&args);
        assert_eq!((run.code, run.error_code().as_str()), (6, "workspace.sub_folder"), "{}", run.stderr);
        let hint = run.json()["error"]["hint"].as_str().expect("a hint").to_owned();
        assert!(hint.contains(top.to_str().expect("text")), "it names the top: {hint}");
        assert_eq!(bed.author(top), format!("{HUMAN_NAME} <{HUMAN_EMAIL}>"));
        let gone = bed.run(&["status", top.to_str().expect("text"), "--json"]);
        assert_eq!(gone.error_code(), "workspace.unbound");
    }
    assert_eq!((bed.live_keys().await, bed.calls(CREATE).await), (0, 0), "nothing was made at Ravi");
    // However the top is named, and a folder of a workspace means the workspace.
    std::os::unix::fs::symlink(&tree, bed.path("link")).expect("a link");
    provision(&bed, &bed.path("link"), "w1", "x agent");
    let again = provision(&bed, &in_tree, "w1", "x agent");
    assert_eq!(again["path"], tree.to_str().expect("text"));
    // It is a workspace, of another id.
    assert_eq!(bed.run(&Bed::provision_args(&in_tree, "w2", "x agent")).error_code(), "workspace.path_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_below_means_the_worktree_and_a_move_is_followed() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let below = tree.join("src/deep");
    std::fs::create_dir_all(&below).expect("folders");
    let first = provision(&bed, &tree, "w1", "payments agent");
    assert_eq!(provision(&bed, &below, "w1", "payments agent")["path"], tree.to_str().expect("text"));
    let moved = bed.path("elsewhere");
    bed.git(&repository, &["worktree", "move", tree.to_str().expect("text"), moved.to_str().expect("text")]);
    let status = bed.run(&["status", moved.join("src").to_str().expect("text"), "--json"]).ok().json();
    assert_eq!(status["id"], "w1");
    let second = provision(&bed, &moved, "w1", "payments agent");
    assert_eq!(second["path"], moved.to_str().expect("text"));
    assert_eq!(second["identity"], first["identity"]);
    assert_eq!(bed.calls(CREATE).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_gets_a_suffix_and_a_chosen_one_is_asked_for() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let local =
        |answer: &Value| answer["identity"]["email"].as_str().expect("text").split('@').next().map(str::to_owned);
    let first = provision(&bed, &bed.worktree(&repository, "a"), "a", "twin");
    let second = provision(&bed, &bed.worktree(&repository, "b"), "b", "twin");
    assert_eq!(local(&first).as_deref(), Some("twin"));
    let suffixed = local(&second).expect("an address");
    assert!(suffixed.starts_with("twin-") && suffixed.len() <= 30, "{suffixed}");
    let tree = bed.worktree(&repository, "c");
    let mut args = Bed::provision_args(&tree, "c", "twin");
    args.extend(["--email".into(), "chosen.one".into()]);
    assert_eq!(local(&bed.run(&args).ok().json()).as_deref(), Some("chosen.one"));
    let mut args = Bed::provision_args(&bed.worktree(&repository, "d"), "d", "twin");
    args.extend(["--email".into(), "Not Allowed".into()]);
    let run = bed.run(&args);
    assert_eq!((run.code, run.error_code().as_str()), (2, "workspace.request"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ravi_folder_that_is_not_ours_is_refused_before_anything_is_made() {
    let bed = Bed::new().await;
    let refused = |name: &str, code: &str, prepare: &dyn Fn(&Path)| {
        let repository = bed.repository(name);
        prepare(&repository);
        let run = bed.run_in_tree(&Bed::provision_args(&repository, name, "x agent"));
        assert_eq!((run.error_code().as_str(), run.code), (code, 6), "{name}: {run:?}");
        assert!(!repository.join(".git/ravi-workspace.json").exists(), "{name}");
    };
    refused("tracked", "workspace.tracked", &|repository| {
        std::fs::create_dir(repository.join(".ravi")).expect("a folder");
        std::fs::write(repository.join(".ravi/notes"), "mine").expect("a file");
        bed.git(repository, &["add", "-f", ".ravi/notes"]);
    });
    refused("link", "workspace.not_ours", &|repository| {
        symlink("/tmp", repository.join(".ravi")).expect("a link");
    });
    refused("file", "workspace.not_ours", &|repository| {
        std::fs::write(repository.join(".ravi"), "").expect("a file");
    });
    refused("foreign", "workspace.not_ours", &|repository| {
        std::fs::create_dir(repository.join(".ravi")).expect("a folder");
        let foreign = r#"{"identity_uuid":"00000000-made-up","identity_key":"ravi_id_made_up"}"#;
        std::fs::write(repository.join(".ravi/config.json"), foreign).expect("a file");
    });
    assert_eq!(bed.calls(CREATE).await, 0);
}

/// Editors and hooks start programs with settings for their own calls of git: Magit sets the literal one.
#[tokio::test(flavor = "multi_thread")]
async fn what_git_is_told_by_variables_of_the_caller_does_not_change_what_is_seen() {
    let bed = Bed::new().await;
    let repository = bed.repository("tracked");
    std::fs::create_dir(repository.join(".ravi")).expect("a folder");
    std::fs::write(repository.join(".ravi/notes"), "mine").expect("a file");
    bed.git(&repository, &["add", "-f", ".ravi/notes"]);
    for name in ["LITERAL", "GLOB", "NOGLOB", "ICASE"] {
        let mut program = bed.program();
        program.env(format!("GIT_{name}_PATHSPECS"), "1").env("RAVI_WORKSPACE_KEY_IN_TREE", "always");
        let run: Run =
            program.args(Bed::provision_args(&repository, "w", "x agent")).output().expect("it starts").into();
        assert_eq!(run.error_code(), "workspace.tracked", "{name}: {run:?}");
    }
    assert_eq!(bed.calls(CREATE).await, 0);
    // A trace is not taken for what git says.
    let mut program = bed.program();
    for name in ["GIT_TRACE", "GIT_TRACE2", "GIT_TRACE_SETUP", "GIT_TRACE_PERFORMANCE"] {
        program.env(name, "1");
    }
    std::fs::write(repository.join(".git/config"), "[broken").expect("a file");
    let run: Run = program.args(Bed::provision_args(&repository, "w", "x agent")).output().expect("it starts").into();
    assert!(run.stderr.contains("bad config"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_does_not_exist_takes_no_workspace_apart() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let with = |tree: &Path, secret: &str| {
        let mut args = Bed::provision_args(tree, "w1", "payments agent");
        args.extend(["--github-secret".into(), secret.into()]);
        bed.run(&args)
    };
    let tree = bed.worktree(&repository, "one");
    // A name that none can have is refused before anything is made.
    let run = with(&tree, "bad name");
    assert_eq!((run.error_code().as_str(), run.code, bed.calls(CREATE).await), ("secret.name", 2, 0));
    // The first set-up waits for its secret, and an empty name takes the wish back.
    assert_eq!(with(&tree, "TYPO").error_code(), "workspace.no_github_secret");
    assert_eq!(bed.run(&Bed::provision_args(&tree, "w1", "payments agent")).error_code(), "workspace.no_github_secret");
    assert_eq!(with(&tree, "").ok().json()["state"], "ready");
    // What works goes on to work.
    let run = with(&tree, "TYPO");
    assert_eq!((run.error_code().as_str(), run.code), ("workspace.no_github_secret", 4));
    let status = bed.run(&["status", "w1", "--json"]).ok().json();
    assert_eq!(status["state"], "ready", "{status}");
    bed.run(&["exec", tree.to_str().expect("text"), "--", "true"]).ok();
    assert_eq!(bed.run(&Bed::provision_args(&tree, "w1", "payments agent")).ok().json()["state"], "ready");
    // Nor is one that sleeps.
    bed.run(&["suspend", "w1", "--json"]).ok();
    assert_eq!(with(&tree, "TYPO").error_code(), "workspace.no_github_secret");
    assert_eq!(
        (bed.run(&["status", "w1", "--json"]).ok().json()["state"].as_str(), bed.live_keys().await),
        (Some("suspended"), 0)
    );
    // The rules of a call count for its own wish, and hold although it is refused.
    bed.run_with_input(&["secret", "set", "OTHER_TOKEN"], "made-up").ok();
    let mut program = bed.program();
    program.env("RAVI_WORKSPACE_POLICY", r#"[{"workspace":"*","allow":["*"],"deny":["OTHER_*"]}]"#);
    let mut args = Bed::provision_args(&tree, "w1", "payments agent");
    args.extend(["--github-secret".into(), "OTHER_TOKEN".into()]);
    let run: Run = program.args(&args).output().expect("it starts").into();
    assert_eq!(run.error_code(), "policy.secret");
    assert_eq!(bed.run(&args).error_code(), "policy.secret", "the rule is kept");
    let mut program = bed.program();
    let run: Run = program.env("RAVI_WORKSPACE_POLICY", "[]").args(&args).output().expect("it starts").into();
    run.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_for_a_ledger_that_could_not_keep_it() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    bed.run(&Bed::provision_args(&bed.worktree(&repository, "one"), "w1", "one agent")).ok();
    let key = bed.state().join("machine.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let made = (bed.identity_count().await, bed.live_keys().await);
    let run = bed.run(&Bed::provision_args(&bed.worktree(&repository, "two"), "w2", "two agent"));
    assert_eq!(run.error_code(), "ledger.machine_key_form");
    assert!(run.stderr.contains("chmod 600"), "{run:?}");
    assert_eq!((bed.identity_count().await, bed.live_keys().await), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_ids_for_one_folder_one_gets_it_and_keeps_it() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    for round in 0..4 {
        let tree = bed.worktree(&repository, &format!("tree{round}"));
        let start = |n: usize| {
            let args = Bed::provision_args(&tree, &format!("r{round}n{n}"), &format!("agent {round} {n}"));
            let mut program = bed.program();
            program.args(args).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            program.spawn().expect("it starts")
        };
        let started: Vec<_> = (0..8).map(start).collect();
        let ended: Vec<Run> = started.into_iter().map(|one| one.wait_with_output().expect("it ends").into()).collect();
        let codes: Vec<i32> = ended.iter().map(|run| run.code).collect();
        assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "round {round}: {ended:?}");
        let list = bed.run(&["status", tree.to_str().expect("text"), "--json"]).ok().json();
        assert_eq!(list["state"], "ready", "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_git_file_that_points_to_somebody_else_s_repository_is_refused() {
    let bed = Bed::new().await;
    let victim = bed.repository("victim");
    let before = std::fs::read(victim.join(".git/config")).expect("it is there");
    let hostile = bed.path("hostile");
    std::fs::create_dir(&hostile).expect("a folder");
    std::fs::write(hostile.join(".git"), format!("gitdir: {}\n", victim.join(".git").display())).expect("a file");
    let run = bed.run(&Bed::provision_args(&hostile, "w", "x agent"));
    assert_eq!(run.error_code(), "workspace.foreign_git_dir");
    assert_eq!(std::fs::read(victim.join(".git/config")).expect("it is there"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn release_puts_everything_back_byte_for_byte() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let other = bed.worktree(&repository, "two");
    let read = |path: &str| std::fs::read(repository.join(".git").join(path)).expect("it is there");
    let before = (read("config"), read("info/exclude"));
    let mut args = Bed::provision_args(&tree, "w1", "payments agent");
    args.extend(["--env-file".into(), ".env".into()]);
    std::fs::write(tree.join(".env"), "MINE=1\n").expect("a file");
    bed.run(&args).ok();
    provision(&bed, &other, "w2", "search agent");
    let env = std::fs::read_to_string(tree.join(".env")).expect("it is there");
    assert!(env.starts_with("MINE=1\n") && env.contains("AGENT_EMAIL=payments-agent@"), "{env}");
    assert_eq!(bed.live_keys().await, 2);

    let first = bed.run(&["release", "w1", "--json"]).ok().json();
    assert_eq!((&first["identity"], &first["owed"]), (&json!("pooled"), &json!(0)));
    assert_eq!(bed.author(&other).split(' ').next(), Some("search"), "the other workspace stays as it was");
    bed.run(&["release", other.to_str().expect("text"), "--json"]).ok();
    assert_eq!((read("config"), read("info/exclude")), before);
    assert_eq!(std::fs::read_to_string(tree.join(".env")).expect("it is there"), "MINE=1\n");
    assert!(!tree.join(".ravi").exists());
    for left in [
        "ravi-workspaces.json",
        "ravi-workspaces.gitconfig",
        "worktrees/one/ravi-workspace.gitconfig",
        "worktrees/one/ravi-workspace.json",
    ] {
        assert!(!repository.join(".git").join(left).exists(), "{left}");
    }
    assert_eq!(bed.live_keys().await, 0);
    assert_eq!(bed.author(&tree), format!("{HUMAN_NAME} <{HUMAN_EMAIL}>"));
    assert_eq!(bed.run(&["release", "w1", "--json"]).ok().json(), first, "a second release answers what the first did");
    assert_eq!(bed.run(&["release", "never", "--json"]).code, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_human_changed_meanwhile_stays() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    bed.git(&repository, &["config", "extensions.worktreeConfig", "true"]);
    bed.git(&tree, &["config", "--worktree", "user.name", "Mine Here"]);
    let own = repository.join(".git/worktrees/one/config.worktree");
    let before = std::fs::read(&own).expect("it is there");
    provision(&bed, &tree, "w1", "payments agent");
    bed.run(&["release", "w1"]).ok();
    assert_eq!(std::fs::read(&own).expect("it is there"), before);

    provision(&bed, &tree, "w1", "payments agent");
    bed.git(&tree, &["config", "--worktree", "user.email", "changed@example.com"]);
    bed.git(&repository, &["config", "remote.origin.url", "https://example.com/x"]);
    assert!(bed.author(&tree).starts_with("payments agent <payments-agent@"), "a value of theirs is not read");
    let answer = bed.run(&["release", "w1", "--json"]).ok().json();
    assert_eq!(answer["left"], json!([]), "what is theirs stands beside ours");
    assert_eq!(bed.git(&tree, &["config", "--worktree", "user.email"]), "changed@example.com");
    assert_eq!(bed.git(&tree, &["config", "--worktree", "user.name"]), "Mine Here");
    assert_eq!(bed.git(&repository, &["config", "remote.origin.url"]), "https://example.com/x");
    assert_eq!(bed.git(&repository, &["config", "extensions.worktreeConfig"]), "true", "the human's own switch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_identity_serves_the_next_workspace() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let first = provision(&bed, &tree, "w1", "payments agent");
    bed.run(&["release", "w1"]).ok();
    let second = provision(&bed, &tree, "w2", "search agent");
    assert_eq!(second["identity"]["uuid"], first["identity"]["uuid"]);
    assert_eq!(second["identity"]["name"], "search agent");
    bed.run(&["release", "w2", "--retire"]).ok();
    let state = bed.server_state().await;
    // The first is the one for the app's own secrets.
    assert_eq!(state["identities"][1]["name"], "retired-search agent");
    let third = provision(&bed, &tree, "w3", "docs agent");
    assert_ne!(third["identity"]["uuid"], first["identity"]["uuid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_and_folders_are_bound_one_to_one() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let (one, two) = (bed.worktree(&repository, "one"), bed.worktree(&repository, "two"));
    provision(&bed, &one, "w1", "payments agent");
    assert_eq!(bed.run(&Bed::provision_args(&two, "w1", "x agent")).error_code(), "workspace.id_taken");
    assert_eq!(bed.run(&Bed::provision_args(&one, "w2", "x agent")).error_code(), "workspace.path_taken");
    let run = bed.run(&["status", two.to_str().expect("text"), "--json"]);
    assert_eq!((run.code, run.error_code().as_str()), (4, "workspace.unbound"));
    let list = bed.run(&["list", "--json"]).ok().json();
    assert_eq!(list["workspaces"].as_array().map(Vec::len), Some(1));
    let elsewhere = bed.path("other-state");
    let mut program = bed.program();
    program.env("RAVI_WORKSPACE_STATE", &elsewhere).args(Bed::provision_args(&one, "w9", "x agent"));
    let run: crate::common::Run = program.output().expect("it starts").into();
    assert_eq!(run.error_code(), "workspace.other_ledger");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_requests_are_refused_with_the_cause() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    for (id, name) in
        [(" ", "x"), ("w", ""), ("w", " "), ("w\n", "x"), ("w", "a\u{202e}b"), ("w", "..."), ("w", &"x".repeat(201))]
    {
        let run = bed.run(&Bed::provision_args(&repository, id, name));
        assert_eq!((run.code, run.error_code().as_str()), (2, "workspace.request"), "{id:?} {name:?}");
    }
    assert_eq!(bed.run(&Bed::provision_args(&repository, "", "x")).error_code(), "usage", "an empty id is a mistake");
    let run = bed.run(&Bed::provision_args(&bed.path("missing"), "w", "x"));
    assert_eq!((run.code, run.error_code().as_str()), (4, "workspace.folder"));
    let file = bed.path("file");
    std::fs::write(&file, "").expect("a file");
    assert_eq!(bed.run(&Bed::provision_args(&file, "w", "x")).error_code(), "workspace.folder");
    assert_eq!(bed.run(&Bed::provision_args(&repository.join(".git"), "w", "x")).error_code(), "workspace.folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_made_from_within_a_workspace_keeps_nothing_of_its_identity() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let before = std::fs::read(repository.join(".git/config")).expect("it is there");
    let (first, second) = (bed.worktree(&repository, "first"), bed.path("worktrees/second"));
    bed.run(&Bed::provision_args(&first, "first", "first agent")).ok();
    // An agent makes itself a worktree; git copies the configuration of the one that it is made from.
    bed.git(&first, &["worktree", "add", "--quiet", second.to_str().expect("text")]);
    assert_eq!(bed.git(&second, &["config", "user.name"]), HUMAN_NAME, "the copy is nobody's");
    bed.run(&Bed::provision_args(&second, "second", "second agent")).ok();
    assert!(bed.author(&second).starts_with("second agent <"));
    for id in ["second", "first"] {
        bed.run(&["release", id]).ok();
    }
    assert!(bed.author(&second).starts_with("Hanna Human <"), "{}", bed.author(&second));
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("it is there"), before);
}
