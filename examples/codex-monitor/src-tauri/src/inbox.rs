//! What is picked out of a message for the person who is looking at it. The page has the message already; no call is made.

use serde::Deserialize;
use tauri_plugin_ravi::inbox::MessageKind;
use tauri_plugin_ravi::inbox::codes::{Extraction, MessageText, extract};

use crate::error::{Result, failure};

/// The parts of a message in which codes and links can be.
#[derive(Deserialize)]
pub struct Parts {
    from: String,
    to: String,
    subject: String,
    text: String,
    html: Option<String>,
    kind: MessageKind,
}

/// Runs on a thread for long work, because a sender can craft a message that takes long.
#[tauri::command]
pub async fn picked_out(message: Parts) -> Result<Extraction> {
    let search = tauri::async_runtime::spawn_blocking(move || message.search());
    search.await.map_err(|error| failure("picked_out", error, "Open the message again."))
}

impl Parts {
    fn search(&self) -> Extraction {
        let Parts { from, to, subject, text, html, kind } = self;
        extract(&MessageText {
            from,
            to: &[to.as_str()],
            own_address: Some(to.as_str()),
            subject,
            text: Some(text.as_str()),
            html: html.as_deref(),
            kind: (*kind).into(),
        })
    }
}
