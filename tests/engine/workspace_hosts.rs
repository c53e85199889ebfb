//! Apps as they are: they make a new id for each add, list a folder twice, die between having a workspace made and storing
//! it, keep no ids, and add the folder that their person works in.

use std::path::Path;

use crate::common::{Bed, HUMAN_EMAIL, HUMAN_NAME, Run};
use ravi_workspace_core::{ProvisionRequest, Ravi};
use serde_json::{Value, json};

const MINUTES: u32 = 60;

async fn provision(ravi: &Ravi, request: ProvisionRequest) -> ravi_workspace_core::Provisioned {
    ravi.workspaces().provision(request, |_| {}).await.expect("provisioned")
}

fn unconfirmed(path: &Path, id: &str) -> ProvisionRequest {
    ProvisionRequest { unconfirmed: true, ..ProvisionRequest::new(path, id, "agent") }
}

fn reap_later(bed: &Bed, seconds: u32) -> Value {
    let run = bed.program().env("RAVI_WORKSPACE_CLOCK_OFFSET_S", seconds.to_string()).args(["reap", "--json"]).output();
    crate::common::Run::from(run.expect("it starts")).ok().json()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|entry| entry["id"].as_str().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_main_checkout_stays_the_persons_unless_it_is_asked_for() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let below = repository.join("src/deep");
    std::fs::create_dir_all(&below).expect("a folder");
    let top = repository.canonicalize().expect("it is there").display().to_string();
    for (path, code, way) in
        [(&repository, "workspace.main_checkout", "--main"), (&below, "workspace.sub_folder", top.as_str())]
    {
        let args = ["provision", path.to_str().expect("text"), "--id", "w1", "--name", "agent", "--json"];
        let run = bed.run(&args);
        assert_eq!(run.code, 6, "{}", run.stderr);
        assert_eq!(run.json()["error"]["code"], code);
        assert!(run.json()["error"]["hint"].as_str().expect("a hint").contains(way));
    }
    assert_eq!((bed.live_keys().await, bed.author(&repository)), (0, format!("{HUMAN_NAME} <{HUMAN_EMAIL}>")));
    let args = ["provision", repository.to_str().expect("text"), "--id", "w1", "--name", "agent", "--main"];
    bed.run(&args).ok();
    assert_ne!(bed.author(&repository), format!("{HUMAN_NAME} <{HUMAN_EMAIL}>"));
    // It was asked for once; a hook that sets it up again need not know.
    bed.run(&["provision", repository.to_str().expect("text"), "--id", "w1", "--name", "renamed"]).ok();
    bed.run(&["release", "w1"]).ok();
    assert_eq!(bed.author(&repository), format!("{HUMAN_NAME} <{HUMAN_EMAIL}>"));
    // A folder in no repository is nobody's checkout.
    let plain = bed.path("plain");
    std::fs::create_dir(&plain).expect("a folder");
    bed.run(&["provision", plain.to_str().expect("text"), "--id", "w2", "--name", "agent"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_an_app_lists_twice_is_one_workspace_until_both_are_gone() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let below = tree.join("src");
    std::fs::create_dir(&below).expect("a folder");
    let ravi = bed.ravi();
    let join =
        |path: &Path, id: &str, name: &str| ProvisionRequest { join: true, ..ProvisionRequest::new(path, id, name) };
    let first = provision(&ravi, join(&tree, "first", "The agent")).await;
    let second = provision(&ravi, join(&below, "second", "Another name")).await;
    let again = provision(&ravi, join(&below, "second", "Another name")).await;
    assert_eq!((second.id.as_str(), again.id.as_str()), ("second", "second"), "an app knows its own ids only");
    assert_eq!((&second.identity, &again.identity), (&first.identity, &first.identity));
    assert_eq!(second.git, first.git, "it stays as it was set up");
    assert_eq!(bed.live_keys().await, 1);
    let known = ravi.workspaces().list().await.expect("a list");
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].id.as_str(), known[0].also.as_slice()), ("first", ["second".to_owned()].as_slice()));
    for id in ["first", "second"] {
        assert_eq!(ravi.workspaces().get(id).await.expect("bound").id, "first");
    }
    // Without that wish another id is a mistake.
    let error =
        ravi.workspaces().provision(ProvisionRequest::new(&tree, "third", "x"), |_| {}).await.expect_err("taken");
    assert_eq!(error.code(), "workspace.path_taken");
    // Whichever goes first, the other one stays.
    let kept = ravi.workspaces().release("first", false, |_| {}).await.expect("let go");
    assert_eq!(kept.left, ["the folder is still workspace second"]);
    assert_eq!(bed.live_keys().await, 1);
    provision(&ravi, join(&tree, "first", "The agent")).await;
    ravi.workspaces().release("second", false, |_| {}).await.expect("let go");
    assert_eq!(bed.live_keys().await, 1);
    ravi.workspaces().release("first", false, |_| {}).await.expect("released");
    assert_eq!((bed.live_keys().await, bed.author(&tree)), (0, format!("{HUMAN_NAME} <{HUMAN_EMAIL}>")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_never_kept_goes_by_itself() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let (lost, kept) = (bed.worktree(&repository, "lost"), bed.worktree(&repository, "kept"));
    let ravi = bed.ravi();
    provision(&ravi, unconfirmed(&lost, "lost")).await;
    provision(&ravi, unconfirmed(&kept, "kept")).await;
    ravi.workspaces().keep("kept").await.expect("kept");
    ravi.workspaces().keep("kept").await.expect("kept already");
    let confirmed: Vec<bool> =
        ravi.workspaces().list().await.expect("a list").iter().map(|one| one.confirmed).collect();
    assert_eq!(confirmed, [false, true]);
    assert_eq!(ids(&reap_later(&bed, 5 * MINUTES)["released"]), Vec::<&str>::new(), "it may be about to");
    let report = reap_later(&bed, 11 * MINUTES);
    assert_eq!(ids(&report["released"]), ["lost"]);
    assert_eq!(bed.live_keys().await, 1);
    let error = ravi.workspaces().keep("lost").await.expect_err("too late");
    assert_eq!(error.code(), "workspace.unbound");
    // Set up again without the wish, it is kept.
    provision(&ravi, unconfirmed(&lost, "lost")).await;
    provision(&ravi, ProvisionRequest::new(&lost, "lost", "agent")).await;
    assert_eq!(ids(&reap_later(&bed, 11 * MINUTES)["released"]), Vec::<&str>::new());
}

/// An app that accepts a folder twice, and was killed before it had stored what it had made: that id nobody lets go.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_lost_is_no_part_of_what_it_adds_next() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let ravi = bed.ravi();
    let add = |id: &str| ProvisionRequest { join: true, ..unconfirmed(&tree, id) };
    provision(&ravi, add("lost")).await;
    provision(&ravi, add("next")).await;
    ravi.workspaces().keep("next").await.expect("kept");
    let known = ravi.workspaces().list().await.expect("a list");
    assert_eq!((known.len(), known[0].id.as_str(), known[0].also.len()), (1, "next", 0));
    ravi.workspaces().release("next", false, |_| {}).await.expect("released");
    assert_eq!(bed.live_keys().await, 0, "nothing stays of the lost one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_added_several_times_at_once_is_one_workspace() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let ravi = bed.ravi();
    let add = |id| ravi.workspaces().provision(ProvisionRequest { join: true, ..unconfirmed(&tree, id) }, |_| {});
    let done = futures_util::future::join_all(["a", "b", "c", "d"].map(add)).await;
    for one in done {
        one.expect("added");
    }
    assert_eq!((ravi.workspaces().list().await.expect("a list").len(), bed.live_keys().await), (1, 1));
}

/// An app makes a new id each time its person tries again.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_ravi_locks_no_folder_out() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let ravi = bed.ravi();
    // Ravi fails half-way; the app forgets the id.
    bed.fault(json!({ "path": "/api/identities/", "method": "POST", "times": 9, "status": 500 })).await;
    ravi.workspaces().provision(unconfirmed(&tree, "id-1"), |_| {}).await.expect_err("no Ravi");
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    // The app is killed after it; another try.
    provision(&ravi, unconfirmed(&tree, "id-2")).await;
    let third = provision(&ravi, unconfirmed(&tree, "id-3")).await;
    ravi.workspaces().keep("id-3").await.expect("kept");
    let known: Vec<String> = ravi.workspaces().list().await.expect("a list").into_iter().map(|one| one.id).collect();
    assert_eq!(known, ["id-3"]);
    assert_eq!((bed.live_keys().await, bed.identity_count().await), (1, 1), "the same identity serves");
    // One that is kept is somebody's.
    let error = ravi.workspaces().provision(unconfirmed(&tree, "id-4"), |_| {}).await.expect_err("taken");
    assert_eq!(error.code(), "workspace.path_taken");
    assert!(bed.author(&tree).contains(&third.identity.email));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_keeps_no_ids_names_the_folder_alone() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let text = tree.to_str().expect("text");
    let first = bed.run(&["provision", text, "--name", "agent", "--json"]).ok().json();
    let again = bed.run(&["provision", text, "--name", "agent", "--json"]).ok().json();
    assert!(!first["id"].as_str().expect("an id").is_empty());
    assert_eq!(first["id"], again["id"]);
    // Several at once are one.
    let other = bed.worktree(&repository, "two");
    let ravi = bed.ravi();
    let asked = (0..4).map(|_| ravi.workspaces().provision(ProvisionRequest::new(&other, "", "agent"), |_| {}));
    let done = futures_util::future::join_all(asked).await;
    let made: std::collections::BTreeSet<String> = done.into_iter().map(|one| one.expect("provisioned").id).collect();
    assert_eq!((made.len(), bed.live_keys().await), (1, 2));
    assert_eq!(bed.run(&["provision", text, "--id", "", "--name", "agent"]).code, 2, "an empty id is a mistake");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apps_own_gh_is_the_workspaces_whatever_its_path_is() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    assert_eq!(ravi.program("gh"), Path::new("gh"), "without any program there is nothing to lead to");
    // A `gh` that says who it is.
    let folder = bed.path("their-bin");
    std::fs::create_dir(&folder).expect("a folder");
    let gh = folder.join("gh");
    std::fs::write(&gh, "#!/bin/sh\necho \"${GH_TOKEN:-the person}\"\n").expect("a program");
    std::fs::set_permissions(&gh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it runs");
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let args = Bed::provision_args(&tree, "one", "agent");
    let uuid = bed.run(&args).ok().json()["identity"]["uuid"].as_str().expect("a uuid").to_owned();
    bed.put_secret(&uuid, "GH_TOKEN", "made_up_agent_token").await;
    bed.run(&args).ok();
    // Made by a program of ours, as an app makes it that begins with `helper_main`.
    bed.run(&["env", tree.to_str().expect("text")]).ok();
    let shim = ravi.program("gh");
    assert_eq!((shim.clone(), ravi.program("ravi")), (bed.state().join("bin/gh"), bed.state().join("bin/ravi")));
    assert_eq!(ravi.program("git"), Path::new("git"));
    // The PATH of a process that has threads, as it was.
    let path = std::env::join_paths([&folder, Path::new("/usr/bin"), Path::new("/bin")]).expect("a PATH");
    for (at, who) in [(&tree, "made_up_agent_token"), (&repository, "the person")] {
        let mut command = std::process::Command::new(&shim);
        bed.git_environment(&mut command);
        let command =
            command.arg("api").current_dir(at).env("PATH", &path).env_remove("GH_TOKEN").env_remove("GITHUB_TOKEN");
        let output = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(said, who, "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Promise: a path means the folder, even if another workspace has its name for an id.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_not_mistaken_for_a_workspace_with_its_name_as_id() {
    let bed = Bed::new().await;
    let repository = bed.repository("shop");
    let (here, there) = (bed.worktree(&repository, "here"), bed.worktree(&repository, "there"));
    bed.run(&Bed::provision_args(&here, "w1", "here agent")).ok();
    bed.run(&Bed::provision_args(&there, "here", "there agent")).ok();
    let status = |named: &str| {
        let mut program = bed.program();
        program.current_dir(here.parent().expect("a folder")).args(["status", named, "--json"]);
        Run::from(program.output().expect("it starts")).ok().json()["id"].clone()
    };
    assert_eq!(status("here"), "w1", "the folder");
    assert_eq!(status("w1"), "w1", "an id that no folder has");
    let ravi = bed.ravi();
    assert_eq!(ravi.workspaces().get(&here).await.expect("bound").id, "w1");
    assert_eq!(
        ravi.workspaces().get("here").await.expect("bound").id,
        "here",
        "an id goes first where a text is given"
    );
}
