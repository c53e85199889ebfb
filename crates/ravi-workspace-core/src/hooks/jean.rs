//! Jean's `jean.json`: our commands among its scripts.
//!
//! Jean runs a script with the user's login shell, so whatever script was there is called by the same shell, after
//! ours.

use std::path::Path;

use jsonc_parser::cst::{CstContainerNode, CstInputValue, CstObject, CstObjectProp};
use serde_json::Value;

use super::json_file::Entries;
use super::script::HookFileState;
use crate::machine::files;

/// Script, our command, and what separates it from the command that was there.
///
/// Without an identity, the project is not set up. A teardown goes ahead whatever we say, because Jean keeps a worktree
/// whose teardown fails.
const SCRIPTS: [(&str, &str, &str); 2] = [
    ("setup", "ravi-workspace hook jean setup", " && "),
    // Within sh, because fish stops at a program that does not exist, whatever follows.
    ("teardown", "sh -c 'ravi-workspace hook jean teardown || true'", "; "),
];

/// Our commands. The file is the project's, so it calls the program on PATH.
pub(crate) struct JeanScripts;

impl Entries for JeanScripts {
    fn put(&self, root: &CstObject) -> Result<HookFileState, String> {
        let scripts = root.object_value_or_create("scripts").ok_or("`scripts` is not an object")?;
        let mut state = HookFileState::Installed;
        for (name, ours, between) in SCRIPTS {
            let there = match value(&scripts, name)? {
                // Somebody calls us in their own way.
                Some(there) if there.contains(&format!("ravi-workspace hook jean {name}")) => continue,
                there => there.filter(|there| !there.trim().is_empty()),
            };
            if there.is_some() {
                state = HookFileState::Chained;
            }
            let text = there.map_or(ours.to_owned(), |there| format!("{ours}{between}{there}"));
            set(&scripts, name, text);
        }
        Ok(state)
    }

    fn take(&self, root: &CstObject) {
        let Some(scripts) = root.object_value("scripts") else { return };
        let mut taken = false;
        for (name, ours, between) in SCRIPTS {
            let Ok(Some(there)) = value(&scripts, name) else { continue };
            let bare = there.trim() == ours || there.trim() == format!("ravi-workspace hook jean {name}");
            if let Some(theirs) = there.strip_prefix(&format!("{ours}{between}")) {
                set(&scripts, name, theirs.to_owned());
            } else if bare {
                scripts.get(name).into_iter().for_each(CstObjectProp::remove);
                taken = true;
            }
        }
        if taken && scripts.properties().is_empty() {
            scripts.parent().into_iter().for_each(CstContainerNode::remove);
        }
    }
}

/// Our commands in a project's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Neither of them, or no file.
    None,
    /// Both.
    Both,
    /// Only one of them.
    Half,
    /// It cannot be read, in which case Jean runs no scripts.
    Unreadable,
}

/// Inspects the file at `path`.
pub(crate) fn look(path: &Path) -> Seen {
    let Ok(bytes) = files::read_bounded_following(path, 4 * 1024 * 1024) else { return Seen::None };
    let Ok(file) = serde_json::from_slice::<Value>(&bytes) else { return Seen::Unreadable };
    let calls_us = |name: &str| {
        let script = file["scripts"][name].as_str().unwrap_or_default();
        script.contains(&format!("ravi-workspace hook jean {name}"))
    };
    match SCRIPTS.map(|(name, ..)| calls_us(name)) {
        [true, true] => Seen::Both,
        [false, false] => Seen::None,
        _ => Seen::Half,
    }
}

/// Returns the script of this name; `null` means none, as it does to Jean.
fn value(scripts: &CstObject, name: &str) -> Result<Option<String>, String> {
    match scripts.get(name).and_then(|script| script.to_serde_value()) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`scripts.{name}` is not a text")),
    }
}

fn set(scripts: &CstObject, name: &str, text: String) {
    match scripts.get(name) {
        Some(script) => script.set_value(CstInputValue::String(text)),
        None => drop(scripts.append(name, CstInputValue::String(text))),
    }
}
