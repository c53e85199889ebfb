//! The program `ravi-workspace`; see [`tauri_plugin_ravi::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tauri_plugin_ravi::cli::main()
}
