//! An app whose capabilities have misspelt scopes, and that calls nothing: what it prints is for its developer.

use plugin_tests::Setup;
use serde_json::json;
use tauri::{Manager, WebviewWindowBuilder};

fn main() {
    let scoped = |entry| json!({ "identifier": "ravi:secrets-read", "allow": [entry] });
    let permissions = json!(["ravi:default", scoped(json!({ "kee": "A" })), scoped(json!({ "path": "trees" }))]);
    let started = Setup::permitting(permissions.clone()).start().expect("it starts");
    let capability = json!({ "identifier": "second", "windows": ["second"], "permissions": permissions });
    started.app.add_capability(capability.to_string()).expect("it is one");
    WebviewWindowBuilder::new(&started.app, "second", Default::default()).build().expect("it opens");
}
