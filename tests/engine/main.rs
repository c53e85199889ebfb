//! The tests of the engine: one file per promise, against real git, a real server process, real gh where present.
//!
//! They are one program, because linking one is a tenth of the work of linking one per file. Run those of a file with
//! its name: `cargo test --no-default-features --features cli,local --test engine vault_cache`.
#![cfg(all(feature = "cli", feature = "local"))]

mod common;

mod account_addresses;
mod account_changes;
mod account_free_plan;
mod account_host;
mod account_login;
mod account_sdk;
mod account_sources;
mod api_calls;
mod api_failures;
mod audit_chain;
mod audit_query;
mod audit_speed;
mod audit_wiring;
mod bundle_crash;
mod bundle_give;
mod bundle_many;
mod cli_contract;
mod codex_common;
mod codex_custody;
mod codex_machines;
mod codex_rotation;
mod codex_threads;
mod doctor;
mod exec_command;
mod github_bleed;
mod github_gh;
mod github_hostile;
mod github_push;
mod github_ways;
mod hooks_claude;
mod hooks_claude_squad;
mod hooks_codex_monitor;
mod hooks_dmux;
mod hooks_dmux_real;
mod hooks_dmux_sessions;
mod hooks_five_panes;
mod hooks_install;
mod hooks_lifetimes;
mod hooks_worktrees;
mod inbox_codes;
mod inbox_messages;
mod inbox_polled;
mod inbox_registrations;
mod inbox_rounds;
mod inbox_signup;
mod inbox_wait;
mod keychain;
mod leaks;
mod ledger_versions;
mod local_account;
mod local_calls;
mod local_control;
mod local_messages;
mod local_other_hand;
mod local_plan;
#[cfg(unix)]
mod local_program;
mod local_sdk;
mod local_switches;
mod local_vault;
mod policy;
mod power;
mod ravi_cli;
mod ravi_cli_shells;
mod secret_rotation;
mod settings_files;
mod signing;
mod upgrades;
mod vault_cache;
mod vault_sealing;
mod vault_secrets;
mod workspace_crash;
mod workspace_events;
mod workspace_hostile;
mod workspace_hosts;
mod workspace_many;
mod workspace_provision;
mod workspace_reap;
mod workspace_sharing;
