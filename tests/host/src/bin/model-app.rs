//! The model's app, as far as the window's part of the change is concerned: it is compiled and linked here.

#[allow(dead_code)]
#[path = "../../../../examples/codex-monitor/change/rust/ravi_app.rs"]
mod ravi_app;
#[allow(dead_code)]
#[path = "../../../../examples/codex-monitor/change/rust/ravi_core.rs"]
mod ravi_core;
#[allow(dead_code)]
#[path = "../types.rs"]
mod types;

fn main() {
    let builder = tauri::Builder::default().plugin(ravi_app::plugin());
    drop(builder.setup(|app| {
        ravi_app::start_app(app.handle());
        Ok(())
    }));
}
