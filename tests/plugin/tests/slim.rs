//! What a page is told by a plugin without some of its rooms.
//!
//!     cargo test -p plugin-tests --no-default-features --test slim
#![cfg(not(feature = "full"))]

use plugin_tests::{Setup, is_refused};
use serde_json::json;

#[test]
fn a_command_of_a_room_that_is_left_out_says_which_feature_is_missing() {
    let app =
        Setup::permitting(json!(["ravi:inbox", "ravi:codex", "ravi:seal", "ravi:registrations"])).start().unwrap();
    for (command, feature) in [
        ("inbox_list", "inbox"),
        ("inbox_wait", "inbox"),
        ("registration_list", "inbox"),
        ("codex_status", "codex"),
        ("seal_enable", "seal"),
    ] {
        let error = app.call(command, json!({})).unwrap_err();
        assert_eq!(error["code"], format!("{feature}.not_built"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains(&format!("{feature:?}")), "{error}");
        assert!(error["message"].as_str().unwrap().contains(command), "{error}");
    }
    // There is no wait to end, and no reason to say more than that.
    assert_eq!(app.call("call_cancel", json!({ "call": 1 })), Ok(json!(false)));
}

#[test]
fn a_window_without_the_permission_is_not_told_what_is_built_in() {
    let app = Setup::permitting(json!(["ravi:default"])).start().unwrap();
    assert!(is_refused(&app.call("inbox_list", json!({ "target": "w1" }))));
}
