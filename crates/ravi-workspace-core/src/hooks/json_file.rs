//! Entries of ours in a JSON file of the person's: added beside what is there, and removed again.
//!
//! Everything else in the file stays as it is written. The change is kept in a note in the state folder (only the
//! changed bytes, never the rest of the file), so that the file can be restored byte for byte; if somebody has changed
//! it in the meantime, only our entries are removed. This room must not know what the entries mean.

use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstObject, CstRootNode};
use sha2::{Digest as _, Sha256};

use super::error::HookError;
use super::script::{HookFile, HookFileState};
use crate::git::splice::{Splice, Undone};
use crate::machine::files::{self, FileError, Mode};
use crate::machine::hex::hex;
use crate::machine::places;

const LIMIT: usize = 4 * 1024 * 1024;

/// What is put into a file, and how it is recognised again.
pub(crate) trait Entries {
    /// Adds the entries. `Err` says what is in the way.
    fn put(&self, root: &CstObject) -> Result<HookFileState, String>;

    /// Removes the entries, in whatever form an earlier install or a person wrote them.
    fn take(&self, root: &CstObject);
}

/// A file of the person's.
pub(crate) struct JsonFile {
    path: PathBuf,
    /// Where the change is noted.
    note: PathBuf,
}

impl JsonFile {
    /// Opens nothing yet: names the file at `path`, whose change is noted in `state_dir`.
    pub(crate) fn new(path: PathBuf, state_dir: &Path) -> JsonFile {
        let name = hex(&Sha256::digest(path.as_os_str().as_encoded_bytes()));
        JsonFile { note: state_dir.join("edited-files").join(name + ".json"), path }
    }

    /// Adds the entries, replacing earlier ones.
    pub(crate) fn install(&self, entries: &impl Entries) -> Result<HookFile, HookError> {
        places::outside_git_dirs(&self.path)?;
        let current = self.read()?;
        let original = self.original(current.as_deref(), entries)?;
        let text = original.as_deref().map(|bytes| self.text(bytes)).transpose()?;
        let root = self.parse(text.filter(|text| !text.trim().is_empty()).unwrap_or("{}\n"))?;
        let object = root.object_value().ok_or_else(|| self.wrong("it is not an object"))?;
        let state = entries.put(&object).map_err(|reason| self.wrong(&reason))?;
        let after = root.to_string().into_bytes();
        if current.as_deref() != Some(after.as_slice()) {
            self.keep(&Splice::between(original.as_deref(), &after))?;
            self.write(current.as_deref(), &after)?;
        }
        Ok(HookFile { path: self.path.clone(), state })
    }

    /// Removes the entries.
    pub(crate) fn uninstall(&self, entries: &impl Entries) -> Result<HookFile, HookError> {
        let current = self.read()?;
        let original = self.original(current.as_deref(), entries)?;
        if let Some(current) = current.as_deref().filter(|current| original.as_deref() != Some(current)) {
            match original {
                Some(bytes) => self.write(Some(current), &bytes)?,
                None => std::fs::remove_file(&self.path).map_err(|e| FileError::from_io(&self.path, "remove", e))?,
            }
        }
        let _ = std::fs::remove_file(&self.note);
        Ok(HookFile { path: self.path.clone(), state: HookFileState::Removed })
    }

    /// Returns the file without the entries; `None` if it would not exist.
    fn original(&self, current: Option<&[u8]>, entries: &impl Entries) -> Result<Option<Vec<u8>>, HookError> {
        let Some(current) = current else { return Ok(None) };
        match self.noted().map_or(Undone::Changed, |splice| splice.undo(Some(current))) {
            Undone::Bytes(bytes) => return Ok(Some(bytes)),
            Undone::NoFile => return Ok(None),
            Undone::Already => return Ok(Some(current.to_owned())),
            Undone::Changed => {}
        }
        let text = self.text(current)?;
        if text.trim().is_empty() {
            return Ok(Some(current.to_owned()));
        }
        let root = self.parse(text)?;
        let object = root.object_value().ok_or_else(|| self.wrong("it is not an object"))?;
        entries.take(&object);
        Ok(Some(root.to_string().into_bytes()))
    }

    fn read(&self) -> Result<Option<Vec<u8>>, HookError> {
        match files::read_bounded_following(&self.path, LIMIT) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(FileError::NotFound { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    fn write(&self, before: Option<&[u8]>, bytes: &[u8]) -> Result<(), HookError> {
        let mode = Mode::KeepOr(0o644);
        if let Some(before) = before {
            return Ok(files::write_if_unchanged(&self.path, before, bytes, mode)?);
        }
        create_folder_of(&self.path)?;
        Ok(files::write_atomic_following(&self.path, bytes, mode)?)
    }

    fn noted(&self) -> Option<Splice> {
        serde_json::from_slice(&files::read_bounded(&self.note, 4 * LIMIT).ok()?).ok()
    }

    fn keep(&self, splice: &Splice) -> Result<(), HookError> {
        create_folder_of(&self.note)?;
        let bytes = serde_json::to_vec(splice).map_err(|e| self.wrong(&e.to_string()))?;
        Ok(files::write_atomic(&self.note, &bytes, Mode::Exact(0o600))?)
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> Result<&'a str, HookError> {
        std::str::from_utf8(bytes).map_err(|_| self.wrong("it is not UTF-8"))
    }

    /// Parses as strictly as the programs that read the file: the parser that keeps its formatting allows more than
    /// JSON.
    fn parse(&self, text: &str) -> Result<CstRootNode, HookError> {
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|e| self.wrong(&e.to_string()))?;
        CstRootNode::parse(text, &ParseOptions::default()).map_err(|e| self.wrong(&e.to_string()))
    }

    fn wrong(&self, reason: &str) -> HookError {
        HookError::Settings { path: self.path.clone(), reason: reason.to_owned() }
    }
}

fn create_folder_of(path: &Path) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|e| FileError::from_io(folder, "create", e))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hooks::claude_settings::ClaudeHooks;
    use crate::hooks::jean::JeanScripts;

    const HOOK: &str = r#"{"hooks":[{"type":"command","command":"mine"}]}"#;

    fn file(content: Option<&[u8]>) -> (tempfile::TempDir, JsonFile) {
        let dir = tempfile::tempdir().unwrap();
        let file = JsonFile::new(dir.path().join("folder/settings.json"), &dir.path().join("state"));
        if let Some(bytes) = content {
            std::fs::create_dir(dir.path().join("folder")).unwrap();
            std::fs::write(&file.path, bytes).unwrap();
        }
        (dir, file)
    }

    fn hooks(launcher: &str) -> ClaudeHooks {
        ClaudeHooks::calling(Path::new(launcher))
    }

    fn there_and_back(content: Option<&[u8]>, entries: &impl Entries) {
        let (_dir, file) = file(content);
        file.install(entries).unwrap();
        let installed = std::fs::read(&file.path).unwrap();
        serde_json::from_slice::<serde_json::Value>(&installed).unwrap();
        file.install(entries).unwrap();
        assert_eq!(std::fs::read(&file.path).unwrap(), installed, "again is the same");
        file.uninstall(entries).unwrap();
        assert_eq!(std::fs::read(&file.path).ok().as_deref(), content);
        file.uninstall(entries).unwrap();
        assert_eq!(std::fs::read(&file.path).ok().as_deref(), content);
        assert!(!file.note.exists());
    }

    fn value() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "1".to_owned(),
            r#""two \u00e9 \\" // no comment""#.to_owned(),
            "[ ]".to_owned(),
            "{\n}".to_owned(),
            "null".to_owned(),
            format!(r#"{{ "WorktreeCreate" : [{HOOK}] ,"Other":[]}}"#),
            r#"{"SessionStart":[]}"#.to_owned(),
            r#"{"setup":"npm ci; npm test","run":["x"]}"#.to_owned(),
            r#"{"teardown":null}"#.to_owned(),
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn every_file_comes_back_byte_for_byte(
            members in prop::collection::vec((prop::sample::select(vec!["hooks", "scripts", "env", "x"]), value()), 0..4),
            gap in prop::sample::select(vec!["", " ", "\n", "\r\n", "\n\t", "\n  \n    "]),
            end in prop::sample::select(vec!["", "\n", "\r\n\r\n"]),
        ) {
            let mut names = std::collections::BTreeSet::new();
            let members = members.into_iter().filter(|(name, _)| names.insert(*name));
            let members: Vec<String> = members.map(|(name, value)| format!("{gap}\"{name}\":{value}")).collect();
            let text = format!("{{{}{gap}}}{end}", members.join(","));
            let (_dir, file) = file(Some(text.as_bytes()));
            // A file that cannot take our entries is refused and left alone.
            match file.install(&hooks("/state/ravi-launch")) {
                Ok(_) => there_and_back(Some(text.as_bytes()), &hooks("/state/ravi-launch")),
                Err(_) => prop_assert_eq!(std::fs::read(&file.path).unwrap(), text.as_bytes()),
            }
            let (_dir, file) = super::tests::file(Some(text.as_bytes()));
            match file.install(&JeanScripts) {
                Ok(_) => there_and_back(Some(text.as_bytes()), &JeanScripts),
                Err(_) => prop_assert_eq!(std::fs::read(&file.path).unwrap(), text.as_bytes()),
            }
        }
    }

    #[test]
    fn no_file_and_an_empty_one_come_back_too() {
        for content in [None, Some(&b""[..]), Some(b"\n")] {
            there_and_back(content, &hooks("/state/ravi-launch"));
            there_and_back(content, &JeanScripts);
        }
    }

    #[test]
    fn what_was_changed_meanwhile_stays_and_only_ours_goes() {
        let (_dir, file) = file(Some(b"{\n  \"model\": \"x\"\n}\n"));
        file.install(&hooks("/old/ravi-launch")).unwrap();
        let text = std::fs::read_to_string(&file.path).unwrap().replace("\"x\"", "\"y\"");
        // As a version without launchers wrote it.
        let text = text.replacen("[ ! -x '/old/ravi-launch' ] || '/old/ravi-launch'", "'/old/ravi-workspace'", 1);
        std::fs::write(&file.path, text.replace("\"SessionStart\": [", &format!("\"SessionStart\": [{HOOK},")))
            .unwrap();
        // Another program of ours takes the place of the first.
        assert_eq!(file.install(&hooks("/state/ravi-launch")).unwrap().state, HookFileState::Chained);
        let text = std::fs::read_to_string(&file.path).unwrap();
        assert!(!text.contains("/old/") && text.matches("/state/ravi-launch' hook claude").count() == 3, "{text}");
        std::fs::write(&file.path, text.replace("\"y\"", "\"z\"")).unwrap();
        file.uninstall(&hooks("/state/ravi-launch")).unwrap();
        let rest: serde_json::Value = serde_json::from_slice(&std::fs::read(&file.path).unwrap()).unwrap();
        let mine: serde_json::Value = serde_json::from_str(HOOK).unwrap();
        assert_eq!(rest, serde_json::json!({ "model": "z", "hooks": { "SessionStart": [mine] } }));
    }

    #[test]
    fn what_is_not_json_for_its_reader_is_refused_and_left() {
        for text in [
            "{\"hooks\":{,}}",
            "// mine\n{}",
            "{\"a\":1,}",
            "[]",
            "{\"hooks\":[]}",
            "{\"hooks\":{\"SessionStart\":{}}}",
            "\u{feff}{}",
        ] {
            let (_dir, file) = file(Some(text.as_bytes()));
            let error = file.install(&hooks("/state/ravi-launch")).unwrap_err();
            assert!(matches!(error, HookError::Settings { .. }), "{text}: {error}");
            assert_eq!(std::fs::read_to_string(&file.path).unwrap(), text);
            assert!(!file.note.exists());
        }
    }
}
