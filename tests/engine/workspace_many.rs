//! Many at once: one identity per workspace whoever asks, no commit with another's author, nothing left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::common::{Bed, Run};
use ravi_workspace_core::{ProvisionRequest, Provisioned, Ravi};
use serde_json::{Value, json};

const CREATE: &str = "POST /api/identities/";

/// Starts the program without waiting for it.
fn start(bed: &Bed, args: &[String]) -> Child {
    let mut program = bed.program();
    program.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    program.spawn().expect("it starts")
}

fn end(child: Child) -> Run {
    child.wait_with_output().expect("it ends").into()
}

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        // xorshift64 (Marsaglia, 2003).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("small")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_processes_provision_one_workspace() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let args = Bed::provision_args(&tree, "w1", "payments agent");
    let children: Vec<Child> = (0..16).map(|_| start(&bed, &args)).collect();
    let answers: Vec<Value> = children.into_iter().map(|child| end(child).ok().json()).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(bed.calls(CREATE).await, 1);
    assert_eq!((bed.identity_count().await, bed.live_keys().await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_are_set_up_at_once_share_one_list_and_no_address() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    ravi.secrets().names().await.expect("the host identity is known");
    bed.reset_calls().await;
    // A failure is everybody's, and nobody's afterwards.
    bed.fault(json!({ "method": "GET", "path": "/api/identities/", "status": 403 })).await;
    let failed = provision_all(&bed, &ravi).await;
    assert!(failed.iter().any(Result::is_err), "{failed:?}");
    let ready = provision_all(&bed, &ravi).await;
    let emails: BTreeSet<String> = ready.into_iter().map(|done| done.expect("it is set up").identity.email).collect();
    assert_eq!((emails.len(), bed.live_keys().await), (8, 8), "{emails:?}");
    // Two lists, or a third where this machine is so busy that one grew old meanwhile; each on its own would be nine.
    // And one for each that was ready before: whether its key is still good.
    let ready_before = failed.iter().filter(|done| done.is_ok()).count() as u64;
    assert!(bed.calls("GET /api/identities/").await <= 4 + ready_before);
}

/// Eight workspaces of one name in one process.
async fn provision_all(bed: &Bed, ravi: &Ravi) -> Vec<ravi_workspace_core::Result<Provisioned>> {
    let mut jobs = Vec::new();
    for n in 0..8 {
        let (ravi, folder) = (ravi.clone(), bed.path(&format!("folder{n}")));
        std::fs::create_dir_all(&folder).expect("a folder");
        let request = ProvisionRequest::new(folder, format!("w{n}"), "agent");
        jobs.push(tokio::spawn(async move { ravi.workspaces().provision(request, |_| {}).await }));
    }
    let mut done = Vec::new();
    for job in jobs {
        done.push(job.await.expect("it ends"));
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_provision_eight_release_and_one_reaps_on_32_worktrees() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let trees: Vec<PathBuf> = (0..32).map(|n| bed.worktree(&repository, &format!("t{n}"))).collect();
    let before = shared_files(&repository);
    let job = |seed: u64, release: bool| {
        let (bed, trees) = (&bed, &trees);
        move || {
            let mut dice = Dice(seed);
            for _ in 0..8 {
                let n = dice.below(32);
                let id = format!("w{n}");
                let args = match release {
                    true => vec!["release".to_owned(), id, "--json".to_owned()],
                    false => Bed::provision_args(&trees[n], &id, &format!("agent {n}")),
                };
                let run = end(start(bed, &args));
                // Releasing what nobody has provisioned yet is answered so.
                let expected = run.code == 0 || (release && run.error_code() == "workspace.unbound");
                assert!(expected, "{args:?}: {run:?}");
            }
        }
    };
    std::thread::scope(|scope| {
        for n in 0..8 {
            scope.spawn(job(0x9e37_79b9 + n, false));
            scope.spawn(job(0x85eb_ca6b + n, true));
        }
        scope.spawn(|| {
            for _ in 0..8 {
                let report = end(start(&bed, &["reap".to_owned(), "--json".to_owned()])).ok().json();
                assert_eq!(report["released"], Value::Array(Vec::new()), "nothing is gone: {report}");
            }
        });
    });
    // Consistent: each bound workspace has exactly one live key and an identity of its own, and nothing is owed.
    let list = bed.run(&["list", "--json"]).ok().json();
    let bound = list["workspaces"].as_array().expect("a list");
    let identities: BTreeSet<&str> =
        bound.iter().map(|w| w["identity"]["uuid"].as_str().expect("an identity")).collect();
    assert_eq!(identities.len(), bound.len());
    assert!(bound.iter().all(|w| w["state"] == "ready"), "{list:#}");
    assert_eq!(bed.live_keys().await, bound.len());
    assert_eq!(list["owed"], Value::Array(Vec::new()));
    for (n, tree) in trees.iter().enumerate() {
        let author = bed.author(tree);
        match bound.iter().find(|w| w["id"] == format!("w{n}")) {
            Some(workspace) => {
                let email = workspace["identity"]["email"].as_str().expect("an address");
                assert_eq!(author, format!("agent {n} <{email}>"));
            }
            None => assert_eq!(author, format!("{} <{}>", crate::common::HUMAN_NAME, crate::common::HUMAN_EMAIL)),
        }
    }
    for workspace in bound {
        bed.run(&["release", workspace["id"].as_str().expect("an id")]).ok();
    }
    assert_eq!(shared_files(&repository), before);
    assert_eq!(bed.live_keys().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_commits_over_64_worktrees_have_their_own_authors() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let trees: Vec<PathBuf> = (0..64).map(|n| bed.worktree(&repository, &format!("t{n}"))).collect();
    let before = shared_files(&repository);
    for (batch, chunk) in trees.chunks(16).enumerate() {
        let children: Vec<Child> = chunk
            .iter()
            .enumerate()
            .map(|(n, tree)| {
                let n = batch * 16 + n;
                start(&bed, &Bed::provision_args(tree, &format!("w{n}"), &format!("agent {n}")))
            })
            .collect();
        for child in children {
            end(child).ok();
        }
    }
    assert_eq!(bed.identity_count().await, 64);
    let authors: BTreeMap<usize, String> = (0..64).map(|n| (n, format!("agent-{n}@raviapp.test"))).collect();
    let mut dice = Dice(0x2545_f491);
    let mut order: Vec<usize> = (0..1000).map(|_| dice.below(65)).collect();
    order.extend(0..65);
    for chosen in order {
        // The last number is the human's own checkout.
        let (folder, email) = match authors.get(&chosen) {
            Some(email) => (&trees[chosen], email.as_str()),
            None => (&repository, crate::common::HUMAN_EMAIL),
        };
        let tree = bed.git(folder, &["write-tree"]);
        let commit = bed.git(folder, &["commit-tree", &tree, "-m", "Work"]);
        let seen = bed.git(folder, &["log", "-1", "--format=%ae %ce", &commit]);
        assert_eq!(seen, format!("{email} {email}"), "worktree {chosen}");
    }
    for n in 0..64 {
        bed.run(&["release", &format!("w{n}")]).ok();
    }
    assert_eq!(shared_files(&repository), before);
    assert_eq!(bed.live_keys().await, 0);
}

/// Everything in the repository's git dir that is configuration, or of ours.
fn shared_files(repository: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let git = repository.join(".git");
    let mut folders = vec![git.clone(), git.join("info")];
    folders.extend(std::fs::read_dir(git.join("worktrees")).expect("worktrees").flatten().map(|entry| entry.path()));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("a folder").flatten());
    let named = |name: &str| name.starts_with("config") || name == "exclude" || name.contains("ravi");
    files
        .filter(|file| named(&file.file_name().to_string_lossy()))
        .map(|file| (file.path(), std::fs::read(file.path()).expect("a file")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_processes_may_be_the_first_on_a_machine() {
    let bed = Bed::new().await;
    for round in 0..40 {
        let state = bed.path(&format!("state{round}"));
        let first = || bed.program().args(["list", "--json"]).env("RAVI_WORKSPACE_STATE", &state).output();
        std::thread::scope(|scope| {
            let starts: Vec<_> = (0..16).map(|_| scope.spawn(first)).collect();
            for start in starts {
                Run::from(start.join().expect("it ends").expect("it starts")).ok();
            }
        });
    }
}
