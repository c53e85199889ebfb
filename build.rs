//! Tells Tauri which commands the plugin has, what their scope looks like, and which script serves pages without a
//! bundler.

/// The file is compiled here too, so that the schema of a scope entry cannot drift from what the plugin reads.
#[path = "src/scope_entry.rs"]
mod scope_entry;

/// What each command can name; here for the commands alone.
#[path = "src/reach.rs"]
#[allow(dead_code)]
mod reach;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=plugin_runtime");
    describe_plugin();
}

fn describe_plugin() {
    // A command without a row has no permission, so that no window can call it.
    let commands: Vec<&'static str> = reach::TABLE.iter().map(|row| row.command).collect();
    println!("cargo::rerun-if-changed=src/reach.rs");
    println!("cargo::rerun-if-changed=src/scope_entry.rs");
    tauri_plugin::Builder::new(commands.leak())
        .global_api_script_path("./api-iife.js")
        .global_scope_schema(schemars::schema_for!(scope_entry::Entry))
        .build();
}
