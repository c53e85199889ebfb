//! An app's `main` up to the plugin, then its PATH on standard output: only a process of its own has no threads yet.
//!
//! `path-probe STATE_DIR [plain]`

use tauri::test::MockRuntime;

fn main() {
    tauri_plugin_ravi::helper_main();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let builder = tauri_plugin_ravi::Builder::new().state_dir(&arguments[0]);
    let builder = if arguments.len() > 1 { builder.no_gh_shim() } else { builder };
    drop(builder.build::<MockRuntime>());
    println!("{}", std::env::var("PATH").expect("a PATH"));
}
