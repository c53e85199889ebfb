//! An app on Tauri's mock runtime whose access control is the plugin's own permission files.
//!
//! Tauri's plain mock context refuses every plugin command, so a test on it would say nothing about what the files grant.
//! Here they are loaded as Tauri's build would load them, and a capability is added as an app's capability file would
//! be. Tauri gives no stable way to do that: what is unstable stays in this file.

pub mod errors_page;
pub mod page;
/// The plugin's own table of what each command can name.
#[path = "../../../src/reach.rs"]
pub mod reach;
pub mod world;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody, InvokeResponseBody, RuntimeAuthority};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets};
use tauri::utils::acl::manifest::{Manifest, PermissionFile};
use tauri::utils::config::AppDirectoriesOverride;
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewWindow, WebviewWindowBuilder};
use tauri_plugin_ravi::Builder;
use tempfile::TempDir;

/// Address of the app's own pages.
pub const LOCAL: &str = "tauri://localhost";

/// What a test wants of its app.
pub struct Setup {
    /// The plugin's options; the ledger's folder is set by [`Setup::start`] where neither these nor the section have one.
    pub builder: Builder,
    /// `plugins.ravi` of `tauri.conf.json`.
    pub section: Option<Value>,
    /// The permissions of the capability of the window `main`.
    pub permissions: Value,
}

impl Default for Setup {
    fn default() -> Setup {
        // Nothing listens on the discard port, and a call that comes so far has passed every check of the plugin.
        let builder = Builder::new().api_url("http://127.0.0.1:9".parse().unwrap());
        Setup { builder, section: None, permissions: json!([]) }
    }
}

/// A running app with the windows `main` and `other`, in a folder of its own.
pub struct TestApp {
    /// The app.
    pub app: App<MockRuntime>,
    /// The window that has the capability.
    pub main: WebviewWindow<MockRuntime>,
    /// A window without any.
    pub other: WebviewWindow<MockRuntime>,
    /// Everything the app keeps.
    pub folder: TempDir,
    messages: Messages,
}

type Messages = Arc<Mutex<HashMap<u32, Vec<Value>>>>;

impl Setup {
    /// An app whose window `main` has these permissions.
    pub fn permitting(permissions: Value) -> Setup {
        Setup { permissions, ..Setup::default() }
    }

    /// Starts the app; the error is what its developer would see.
    pub fn start(self) -> Result<TestApp, String> {
        let folder = tempfile::tempdir().unwrap();
        let messages = Messages::default();
        let seen = messages.clone();
        let app = mock_builder()
            .channel_interceptor(move |_, channel, _, body| {
                seen.lock().unwrap().entry(channel.0).or_default().push(decode(body));
                true
            })
            // Nothing goes to the keychain of whoever runs the tests.
            .plugin(self.builder.keychain(tauri_plugin_ravi::Keychain::File).build())
            .build(context(folder.path(), self.section))
            .map_err(|error| error.to_string())?;
        let capability = json!({ "identifier": "test", "windows": ["main"], "permissions": self.permissions });
        app.add_capability(capability.to_string()).unwrap();
        let window = |label| WebviewWindowBuilder::new(&app, label, Default::default()).build().unwrap();
        let (main, other) = (window("main"), window("other"));
        Ok(TestApp { app, main, other, folder, messages })
    }
}

impl TestApp {
    /// Calls a command from the window `main`.
    pub fn call(&self, command: &str, args: Value) -> Result<Value, Value> {
        call(&self.main, LOCAL, command, args)
    }

    /// A further window with these permissions.
    pub fn window(&self, permissions: Value) -> WebviewWindow<MockRuntime> {
        let label = format!("window-{}", self.app.webview_windows().len());
        let capability = json!({ "identifier": label, "windows": [label], "permissions": permissions });
        self.app.add_capability(capability.to_string()).unwrap();
        WebviewWindowBuilder::new(&self.app, &label, Default::default()).build().unwrap()
    }

    /// Calls a command that takes a channel, and gives what came through it, too.
    pub fn long_call(&self, command: &str, mut args: Value) -> (Result<Value, Value>, Vec<Value>) {
        let channel = 1 + self.messages.lock().unwrap().len() as u32;
        self.messages.lock().unwrap().insert(channel, Vec::new());
        args["onEvent"] = channel_argument(channel);
        let answer = self.call(command, args);
        (answer, self.messages.lock().unwrap()[&channel].clone())
    }

    /// What came through a channel so far.
    pub fn messages(&self, channel: u32) -> Vec<Value> {
        self.messages.lock().unwrap().get(&channel).cloned().unwrap_or_default()
    }
}

/// A channel as a page hands it over.
pub fn channel_argument(channel: u32) -> Value {
    json!(format!("__CHANNEL__:{channel}"))
}

/// Calls a command of the plugin as the page at `origin` in `window` would.
pub fn call(window: &WebviewWindow<MockRuntime>, origin: &str, command: &str, args: Value) -> Result<Value, Value> {
    let request = InvokeRequest {
        cmd: format!("plugin:ravi|{command}"),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: origin.parse().unwrap(),
        body: InvokeBody::Json(args),
        headers: Default::default(),
        invoke_key: INVOKE_KEY.to_owned(),
    };
    get_ipc_response(window, request).map(|body| decode(&body))
}

/// Whether an answer is Tauri's own refusal: a text, where everything of the plugin is an object.
pub fn is_refused(answer: &Result<Value, Value>) -> bool {
    matches!(answer, Err(Value::String(text)) if text.contains("not allowed") || text.contains("explicitly denied"))
}

/// All commands that have a permission, by their names in Rust.
pub fn commands() -> Vec<String> {
    let mut names: Vec<String> = permission_files()
        .iter()
        .filter(|path| path.parent().is_some_and(|folder| folder.ends_with("commands")))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn context(folder: &Path, section: Option<Value>) -> tauri::Context<MockRuntime> {
    let mut context = mock_context(noop_assets());
    context.config_mut().identifier = "com.example.ravi-plugin-tests".into();
    context.config_mut().app.app_directories_override = Some(AppDirectoriesOverride::Root(folder.join("app")));
    if let Some(section) = section {
        context.config_mut().plugins.0.insert("ravi".into(), section);
    }
    let acl = BTreeMap::from([("ravi".to_owned(), manifest())]);
    *context.runtime_authority_mut() = RuntimeAuthority::new(acl, Default::default());
    context
}

fn manifest() -> Manifest {
    let read = |path: &PathBuf| -> PermissionFile { toml::from_str(&fs::read_to_string(path).unwrap()).unwrap() };
    Manifest::new(permission_files().iter().map(read).collect(), None)
}

fn permission_files() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../permissions")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "toml" => files.push(path),
                _ => {}
            }
        }
    }
    files
}

fn decode(body: &InvokeResponseBody) -> Value {
    body.clone().deserialize().unwrap()
}
