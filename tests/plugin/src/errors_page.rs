//! `docs/errors.md`, made from the errors of the crates and from the codes that only a page can meet.

use std::collections::BTreeMap;

use ravi_workspace_core::api::ApiError;
use ravi_workspace_core::error::{Case, Cases};
use ravi_workspace_core::internal::errors;
use ravi_workspace_helper::{InputError, OutputError, RaviCliError, exit_code};

/// A code that is in no error of the crates: what the plugin itself refuses (`src/command_error.rs`), and what the bindings
/// say where Tauri refused (`guest-js/refusal.ts`).
struct Own {
    code: &'static str,
    message: &'static str,
    hint: &'static str,
}

const OWN: [Own; 10] = [
    Own {
        code: "policy.scope",
        message: "this window may not use the secret, the workspace, the identity, the settings file or the folder of Codex …",
        hint: "Add it to the scope of this permission in the app's capability file, and make sure that no deny entry covers it.",
    },
    Own {
        code: "policy.bad_scope",
        message: "the scope of this permission has the path …, which is not absolute or leads nowhere",
        hint: "Write an absolute path, or one that begins with a variable such as $HOME or $APPDATA.",
    },
    Own {
        code: "policy.idle_scope",
        message: "no command of this permission can name what this entry is about, so it restricts nothing",
        hint: "Remove it, or write the kind of entry that docs/permissions.md lists for the command. Reported in \
               development builds; nothing is refused because of it.",
    },
    Own {
        code: "ipc.arguments",
        message: "invalid args `…` for command `…`: …",
        hint: "Correct or give the argument; if the types are right, make sure that the npm package and the plugin \
               have the same version.",
    },
    Own {
        code: "ipc.refused",
        message: "Tauri did not run the command",
        hint: "Add the permission that the hint names, such as `ravi:allow-workspace-provision`, to the window's capability \
               file; make sure that the plugin is registered.",
    },
    Own {
        code: "ipc.scope",
        message: "an entry in the scope of a permission cannot be read: …",
        hint: r#"Correct it in the capability file: one of {"key": …}, {"workspace": …}, {"path": …}, {"identity": …}, {"codexHome": …}, {"file": …}, {"place": …}."#,
    },
    Own {
        code: "ipc.unknown_command",
        message: "Command … not found",
        hint: "The plugin is older than the npm package: give tauri-plugin-ravi and tauri-plugin-ravi-api the same version.",
    },
    Own {
        code: "workspace.path_not_absolute",
        message: "the path … is not absolute",
        hint: "Give the whole path; in a window, homeDir(), join() and resolve() of @tauri-apps/api/path make one.",
    },
    Own { code: "call.cancelled", message: "the call was cancelled", hint: "Call it again." },
    Own {
        code: "settings.preset",
        message: "there is no preset … for settings files",
        hint: "Use a known one, or list the places.",
    },
];

/// Features of the plugin that a page is told of where a command needs them.
const FEATURES: [&str; 3] = ["codex", "inbox", "seal"];

/// The cases of each error of the crates.
pub fn cases() -> Vec<&'static [Case]> {
    [errors::CASES, &[ApiError::CASES, InputError::CASES, OutputError::CASES, RaviCliError::CASES]].concat()
}

/// What the page says of one code: each text once, where several cases have the code.
#[derive(Debug, Default)]
pub struct Row {
    messages: Vec<String>,
    hints: Vec<String>,
    exit_code: Option<u8>,
}

impl Row {
    fn add(&mut self, message: String, hint: String) {
        for (all, one) in [(&mut self.messages, message), (&mut self.hints, hint)] {
            if !one.is_empty() && !all.contains(&one) {
                all.push(one);
            }
        }
    }
}

/// Every code with its row.
pub fn rows() -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for case in cases().concat() {
        let row = rows.entry(case.code.to_owned()).or_default();
        let hint = if case.hint_is_formatted { shown(case.hint) } else { case.hint.to_owned() };
        row.add(shown(case.message), hint);
        row.exit_code = Some(exit_code(case.kind));
    }
    for Own { code, message, hint } in OWN {
        rows.entry(code.to_owned()).or_default().add(message.to_owned(), hint.to_owned());
    }
    for feature in FEATURES {
        rows.entry(format!("{feature}.not_built")).or_default().add(
            format!(
                "this app was built without the feature \"{feature}\" of tauri-plugin-ravi, which has the command …"
            ),
            format!("Add \"{feature}\" to the features of tauri-plugin-ravi in src-tauri/Cargo.toml."),
        );
    }
    rows
}

/// A text as `format!` takes it; what is filled in is shown as `…`.
fn shown(format: &str) -> String {
    let (mut text, mut rest) = (String::new(), format);
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        if rest[at + 1..].starts_with(brace) {
            text.push_str(brace);
            rest = &rest[at + 2..];
        } else {
            text.push('…');
            rest = rest[at..].split_once('}').map_or("", |(_, after)| after);
        }
    }
    text + rest
}

/// The whole page.
pub fn page() -> String {
    let (mut page, mut last) = (HEAD.to_owned(), String::new());
    for (code, Row { messages, hints, exit_code }) in rows() {
        let room = code.split('.').next().unwrap_or_default();
        if room != last {
            page += &format!("\n## {room}\n\n| code | message | what to do | exit code |\n|---|---|---|---|\n");
            last = room.to_owned();
        }
        let exit_code = exit_code.map(|exit_code| exit_code.to_string()).unwrap_or_default();
        page += &format!("| `{code}` | {} | {} | {exit_code} |\n", cell(&messages), cell(&hints));
    }
    page
}

fn cell(texts: &[String]) -> String {
    texts.join(" · ").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

const HEAD: &str = r#"# Error codes

Every failure has a code that stays, a message that names the cause, and the next step: `{"code","message","hint"}` on the
command line with `--json`, `RaviError` in TypeScript, `Error::code()` and `Error::hint()` in Rust. `…` stands for what the
message names, and `·` is between texts that one code has in different cases. Where a cell is empty, the error underneath says
it. The exit code is that of the command line; without one, only a window meets the code. This page is written by
`cargo run -p plugin-tests --bin errors-page > docs/errors.md`.
"#;
