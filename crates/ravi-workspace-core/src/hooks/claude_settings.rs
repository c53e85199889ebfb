//! Our hooks in Claude Code's settings.

use std::path::{Path, PathBuf};

use jsonc_parser::cst::{CstContainerNode, CstInputValue, CstNode, CstObject};
use serde_json::Value;

use super::json_file::Entries;
use super::script::{self, HookFileState};
use crate::machine::files;

const LIMIT: usize = 4 * 1024 * 1024;

/// The events that we hook.
pub(crate) const HOOKED: [&str; 3] = ["WorktreeCreate", "WorktreeRemove", "SessionStart"];

/// Our hooks.
pub(crate) struct ClaudeHooks {
    launcher: PathBuf,
}

impl ClaudeHooks {
    /// Makes hooks that call this launcher.
    pub(crate) fn calling(launcher: &Path) -> ClaudeHooks {
        ClaudeHooks { launcher: launcher.to_owned() }
    }
}

impl Entries for ClaudeHooks {
    fn put(&self, root: &CstObject) -> Result<HookFileState, String> {
        let hooks = root.object_value_or_create("hooks").ok_or("`hooks` is not an object")?;
        let mut state = HookFileState::Installed;
        for event in HOOKED {
            let all = hooks.array_value_or_create(event).ok_or_else(|| format!("`hooks.{event}` is not a list"))?;
            if !all.elements().is_empty() {
                state = HookFileState::Chained;
            }
            let text = |text: &str| CstInputValue::String(text.to_owned());
            let command = text(&script::call(&self.launcher, &format!("hook claude {event}")));
            let hook = vec![("type".to_owned(), text("command")), ("command".to_owned(), command)];
            let hooks = CstInputValue::Array(vec![CstInputValue::Object(hook)]);
            all.append(CstInputValue::Object(vec![("hooks".to_owned(), hooks)]));
        }
        Ok(state)
    }

    fn take(&self, root: &CstObject) {
        let Some(hooks) = root.object_value("hooks") else { return };
        let mut taken = false;
        for event in HOOKED {
            let Some(all) = hooks.array_value(event) else { continue };
            let before = all.elements().len();
            for matcher in all.elements() {
                take_from(matcher, event);
            }
            taken |= all.elements().len() < before;
            if all.elements().is_empty() && before > 0 {
                all.parent().into_iter().for_each(CstContainerNode::remove);
            }
        }
        if taken && hooks.properties().is_empty() {
            hooks.parent().into_iter().for_each(CstContainerNode::remove);
        }
    }
}

/// Removes our hook from one entry of an event, and the entry if nothing else is in it.
fn take_from(matcher: CstNode, event: &str) {
    let Some(list) = matcher.as_object().and_then(|object| object.array_value("hooks")) else { return };
    let ours =
        list.elements().into_iter().filter(|hook| hook.to_serde_value().is_some_and(|hook| is_ours(&hook, event)));
    let ours: Vec<CstNode> = ours.collect();
    if ours.len() == list.elements().len() && !ours.is_empty() {
        matcher.remove();
    } else {
        ours.into_iter().for_each(CstNode::remove);
    }
}

fn is_ours(hook: &Value, event: &str) -> bool {
    let command = hook["command"].as_str().unwrap_or_default();
    command.strip_suffix(&format!(" hook claude {event}")).is_some_and(|program| program_of(program).is_some())
}

/// Returns the program that a command of ours calls: a launcher, or `ravi-workspace` as a person or an earlier version
/// wrote it.
fn program_of(word: &str) -> Option<PathBuf> {
    if let Some(launcher) = script::named(word) {
        return Some(launcher);
    }
    let path = PathBuf::from(word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).unwrap_or(word));
    path.file_name().is_some_and(|name| name == "ravi-workspace").then_some(path)
}

/// What can be seen of our hooks in a settings file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whether one of ours is in it.
    pub(crate) installed: bool,
    /// Why it cannot be read, if so; Claude Code does not read it then either.
    pub(crate) unreadable: Option<String>,
    /// Launchers and programs that our hooks call by their path.
    pub(crate) programs: Vec<PathBuf>,
    /// Whether it switches hooks off.
    pub(crate) off: bool,
    /// Whether another hook makes worktrees too.
    pub(crate) rival: bool,
}

/// Inspects the settings file at `path`.
pub(crate) fn look(path: &Path) -> Seen {
    let Ok(bytes) = files::read_bounded_following(path, LIMIT) else { return Seen::default() };
    let settings: Value = match serde_json::from_slice(&bytes) {
        Ok(settings) => settings,
        Err(e) => return Seen { unreadable: Some(e.to_string()), ..Seen::default() },
    };
    let mut seen = Seen { off: settings["disableAllHooks"] == true, ..Seen::default() };
    for event in HOOKED {
        let lists = settings["hooks"][event].as_array().into_iter().flatten().filter_map(|m| m["hooks"].as_array());
        for hook in lists.flatten() {
            let suffix = format!(" hook claude {event}");
            let program = hook["command"].as_str().and_then(|command| program_of(command.strip_suffix(&suffix)?));
            seen.installed |= program.is_some();
            seen.rival |= program.is_none() && event == "WorktreeCreate";
            seen.programs.extend(program.filter(|path| path.is_absolute()));
        }
    }
    seen.programs.dedup();
    seen
}
