//! The app's own types, as both of its files have them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppSettings {
    #[serde(default = "dark")]
    pub(crate) theme: String,
    #[serde(default)]
    pub(crate) remote_backend_provider: Provider,
    #[serde(default)]
    pub(crate) remote_backend_token: Option<String>,
    #[serde(default)]
    pub(crate) remote_backends: Vec<RemoteBackend>,
    #[serde(default = "queue")]
    pub(crate) follow_up_message_behavior: String,
}

fn dark() -> String {
    "dark".to_string()
}

fn queue() -> String {
    "queue".to_string()
}

impl Default for AppSettings {
    fn default() -> Self {
        serde_json::from_str("{}").expect("every field has a default")
    }
}

/// Older files have others.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    #[default]
    Tcp,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoteBackend {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) token: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkspaceEntry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) kind: String,
    pub(crate) parent_id: Option<String>,
}

/// What a window is answered.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkspaceInfo {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ravi: Option<Value>,
}
