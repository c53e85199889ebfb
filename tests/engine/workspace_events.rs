//! Whoever changes a workspace, all who watch the ledger are told: this handle, another one, another process.

use std::time::Duration;

use crate::common::Bed;
use ravi_workspace_core::workspace::{State, Step, StepState};
use ravi_workspace_core::{ProvisionRequest, WorkspaceEvent, WorkspaceWatch};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);

/// Events until one that `wanted` takes.
async fn until(watch: &mut WorkspaceWatch, wanted: impl Fn(&WorkspaceEvent) -> bool) -> Vec<WorkspaceEvent> {
    let mut seen = Vec::new();
    let wait = async {
        loop {
            seen.push(watch.next().await.expect("the ledger can be read"));
            if seen.last().is_some_and(&wanted) {
                return;
            }
        }
    };
    timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("it was not told; seen is {:?}", &seen));
    seen
}

fn is_now(event: &WorkspaceEvent, id: &str, state: Option<State>) -> bool {
    match event {
        WorkspaceEvent::Changed(change) => change.id == id && change.workspace.as_ref().map(|one| one.state) == state,
        _ => false,
    }
}

fn steps(seen: &[WorkspaceEvent], of: &str) -> Vec<Step> {
    let done = seen.iter().filter_map(|event| match event {
        WorkspaceEvent::Progress(step) if step.id == of && step.state != StepState::Skipped => Some(step.step),
        _ => None,
    });
    done.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_apps_own_code_does_is_told() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let ravi = bed.ravi();
    // One that clones the handle, and one that opened the same ledger by itself.
    let mut watches = [ravi.clone().workspaces().watch(), bed.ravi().workspaces().watch()];
    let request = ProvisionRequest::new(&tree, "w1", "agent");
    ravi.workspaces().provision(request.clone(), |_| {}).await.expect("provisioned");
    for watch in &mut watches {
        let seen = until(watch, |event| is_now(event, "w1", Some(State::Ready))).await;
        assert!(seen.iter().any(|event| matches!(event, WorkspaceEvent::Changed(_))));
    }
    ravi.workspaces().provision(ProvisionRequest { name: "renamed".into(), ..request }, |_| {}).await.expect("renamed");
    let renamed = |event: &WorkspaceEvent| match event {
        WorkspaceEvent::Changed(change) => change.workspace.as_ref().is_some_and(|one| one.name == "renamed"),
        _ => false,
    };
    for watch in &mut watches {
        until(watch, renamed).await;
    }
    ravi.workspaces().release("w1", false, |_| {}).await.expect("released");
    for watch in &mut watches {
        until(watch, |event| is_now(event, "w1", None)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_told_to_all_handles_of_a_process() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let ravi = bed.ravi();
    let mut watch = ravi.clone().workspaces().watch();
    ravi.workspaces().provision(ProvisionRequest::new(&tree, "w1", "agent"), |_| {}).await.expect("provisioned");
    let done = |event: &WorkspaceEvent| matches!(event, WorkspaceEvent::Progress(step) if step.step == Step::Files && step.state == StepState::Done);
    let seen = until(&mut watch, done).await;
    let steps = steps(&seen, "w1");
    for step in [Step::Inspect, Step::Identity, Step::Key, Step::Git, Step::Files] {
        assert!(steps.contains(&step), "{step:?} is not in {steps:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_does_is_told_with_its_steps() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let mut watch = bed.ravi().workspaces().watch();
    // Slow enough to be looked at.
    bed.fault(serde_json::json!({ "path": "/api/*", "times": 50, "delay_ms": 700 })).await;
    let args = Bed::provision_args(&tree, "w1", "agent");
    let program = bed.program().args(&args).stdout(std::process::Stdio::null()).spawn().expect("it starts");
    let seen = until(&mut watch, |event| is_now(event, "w1", Some(State::Ready))).await;
    assert!(seen.iter().any(|event| is_now(event, "w1", Some(State::Provisioning))), "{seen:?}");
    assert!(!steps(&seen, "w1").is_empty(), "its steps are told: {seen:?}");
    assert!(program.wait_with_output().expect("it ends").status.success());
    assert_eq!(std::fs::read_dir(bed.state().join("progress")).map_or(0, Iterator::count), 0, "nothing stays of them");
    bed.run(&["release", "w1"]).ok();
    until(&mut watch, |event| is_now(event, "w1", None)).await;
}
