//! `release`.

use super::output::{Output, line, say};
use super::progress::Steps;
use ravi_workspace_core::workspace::Released;
use ravi_workspace_core::workspace::Step;
use ravi_workspace_core::{Ravi, Result};

pub(super) async fn release(ravi: &Ravi, target: &str, retire: bool, output: Output) -> Result<()> {
    let steps = Steps::new(target, Step::RELEASE);
    let released = ravi.release(target, retire, |progress| steps.tell(&progress)).await;
    steps.end();
    let released = released?;
    if released.owed > 0 {
        say("note: Ravi could not revoke the key now. It is owed, and later commands will try again.");
    }
    output.answer(&released, released_text);
    Ok(())
}

pub(super) fn released_text(released: &Released) -> String {
    let left = released.left.iter().map(|what| format!("\n  left alone: {}", line(what)));
    format!("Workspace {} is released.{}", released.id, left.collect::<String>())
}
