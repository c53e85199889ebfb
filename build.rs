//! Tells Tauri which commands the plugin has, what their scope looks like, and which script serves pages without a
//! bundler. Without the feature `tauri` it does nothing.

/// The file is compiled here too, so that the schema of a scope entry cannot drift from what the plugin reads.
#[cfg(feature = "tauri")]
#[path = "src/plugin/scope_entry.rs"]
mod scope_entry;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=plugin_runtime");
    #[cfg(feature = "tauri")]
    describe_plugin();
}

#[cfg(feature = "tauri")]
fn describe_plugin() {
    const COMMANDS: &[&str] = &[
        "power_status",
        "power_on",
        "power_off",
        "power_renew",
        "account_status",
        "account_login",
        "account_cancel",
        "account_logout",
        "account_choose_host",
        "account_make_host",
        "secret_get",
        "secret_set",
        "secret_delete",
        "secret_rotate",
        "secret_names",
        "settings_plan",
        "settings_migrate",
        "settings_undo",
        "workspace_provision",
        "workspace_release",
        "workspace_suspend",
        "workspace_wake",
        "workspace_list",
        "workspace_status",
        "workspace_env",
        "workspace_owed",
        "workspace_reap_plan",
        "workspace_reap",
        "seal_status",
        "seal_enable",
        "seal_unlock",
        "seal_rotate",
        "codex_status",
        "codex_save",
        "codex_restore",
        "audit_query",
        "audit_verify",
        "inbox_list",
        "inbox_get",
        "inbox_mark_read",
        "inbox_fence",
        "inbox_wait",
        "inbox_watch",
        "registration_list",
        "registration_delete",
        "call_cancel",
        "doctor",
    ];
    println!("cargo::rerun-if-changed=src/plugin/scope_entry.rs");
    println!("cargo::rustc-env=RAVI_COMMANDS={}", COMMANDS.join(" "));
    tauri_plugin::Builder::new(COMMANDS)
        .global_api_script_path("./api-iife.js")
        .global_scope_schema(schemars::schema_for!(scope_entry::Entry))
        .build();
}
