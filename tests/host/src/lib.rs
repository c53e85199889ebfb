//! A model of a host app that was written without Ravi, for the tests of what is put into such an app.
//!
//! Written anew, it behaves as CodexMonitor does where that matters: a new uuid for each add, also of the same folder;
//! migrations of older settings after they are read; files written in place; a daemon on a runtime of one thread that
//! speaks lines of JSON; `gh` run by the app itself; a removal that can be refused. The calls of
//! `examples/codex-monitor/change` stand where its edits put them.

mod cores;
mod daemon;
mod process;
#[allow(dead_code)]
#[path = "../../../examples/codex-monitor/change/rust/ravi_core.rs"]
mod ravi_core;
mod storage;
mod types;

pub use daemon::main;
