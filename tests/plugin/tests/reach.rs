//! What windows can name is what the table says: every argument has its row, the page is what the table says, and no command
//! goes beyond it under any kind of entry.
#![cfg(feature = "full")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use plugin_tests::reach::{ANSWER, Kind, Row, TABLE, What, Without};
use plugin_tests::world::{World, git};
use plugin_tests::{LOCAL, call, channel_argument, commands, page};
use serde_json::{Value, json};
use tauri_plugin_ravi::{ProvisionRequest, RaviExt as _};

fn sources(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// What a page gives a command, by the command's source; Tauri gives the others.
fn arguments(source: &str) -> Vec<(String, Vec<String>)> {
    const GIVEN: [&str; 6] = ["app", "webview", "running", "command", "global", "on_event"];
    let marked = source.split("#[command]\n").skip(1);
    let parse = |text: &str| {
        let head = text.split_once("pub(crate) async fn ").unwrap().1;
        let name = head.split(['<', '(']).next().unwrap().to_owned();
        let list = head.split_once("R: Runtime>(").unwrap().1.split_once(") -> ").unwrap().0;
        let names = list.split([',', '\n']).filter_map(|part| Some(part.split_once(':')?.0.trim()));
        let names = names.map(|name| name.trim_start_matches("mut ").to_owned());
        (
            name,
            names.filter(|name| !name.is_empty() && !GIVEN.contains(&name.as_str()) && !name.contains('<')).collect(),
        )
    };
    marked.map(parse).collect()
}

/// The public fields of a type, by its source.
fn fields(source: &str, name: &str) -> Vec<String> {
    let body = source.split_once(&format!("pub struct {name} {{")).unwrap().1.split_once("\n}").unwrap().0;
    let fields = body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'));
    fields.map(|(field, _)| field.to_owned()).collect()
}

#[test]
fn each_argument_of_each_command_has_its_row() {
    let mut found: Vec<(String, Vec<String>)> = sources("src/commands").iter().flat_map(|s| arguments(s)).collect();
    found.sort();
    let mut rows: Vec<&Row> = TABLE.iter().collect();
    rows.sort_by_key(|row| row.command);
    assert_eq!(
        found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        rows.iter().map(|row| row.command).collect::<Vec<_>>()
    );
    assert_eq!(commands(), rows.iter().map(|row| row.command).collect::<Vec<_>>(), "and each has a permission");
    for ((command, names), row) in found.iter().zip(rows) {
        let listed: BTreeSet<&str> = row.names.iter().map(|(name, _)| name.split(['.', '[']).next().unwrap()).collect();
        let listed: BTreeSet<&str> = listed.into_iter().filter(|name| !name.starts_with('(')).collect();
        assert_eq!(names.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed, "{command}");
    }
}

#[test]
fn each_field_of_a_request_has_its_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (file, name, command, prefix) in [
        ("crates/ravi-workspace-core/src/model/workspace.rs", "ProvisionRequest", "workspace_provision", "request."),
        ("src/commands/codex.rs", "CodexChoice", "codex_save", "choice."),
    ] {
        let row = TABLE.iter().find(|row| row.command == command).unwrap();
        let listed: BTreeSet<String> =
            row.names.iter().filter_map(|(name, _)| Some(name.strip_prefix(prefix)?.to_owned())).collect();
        let fields = fields(&fs::read_to_string(root.join(file)).unwrap(), name);
        assert_eq!(fields.into_iter().collect::<BTreeSet<_>>(), listed, "{command}");
    }
}

#[test]
fn the_page_is_what_the_table_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/permissions.md");
    let written = fs::read_to_string(file).unwrap_or_default();
    assert!(written == page::page(), "cargo run -p plugin-tests --bin permissions-page > docs/permissions.md");
}

/// Whose thing is named: one that the entries are about, or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Mine,
    Theirs,
}

impl Whose {
    fn word(self) -> &'static str {
        match self {
            Whose::Mine => "mine",
            Whose::Theirs => "theirs",
        }
    }

    fn key(self, rest: &str) -> String {
        format!("{}_{rest}", self.word().to_uppercase())
    }
}

/// An app with everything twice: mine and theirs.
struct Twice {
    world: World,
    root: PathBuf,
}

impl Twice {
    fn new() -> Twice {
        let world = World::new(json!([]));
        let first = world.worktree();
        let root = world.app.folder.path().canonicalize().unwrap();
        let twice = Twice { world, root };
        for whose in [Whose::Mine, Whose::Theirs] {
            twice.fill(&first, whose);
        }
        twice
    }

    fn folder(&self, whose: Whose) -> PathBuf {
        self.root.join(whose.word())
    }

    /// Worktrees (one bound, one bound and gone, one new), secrets, files, and a folder of Codex.
    fn fill(&self, first: &Path, whose: Whose) {
        let (ravi, word, folder) = (self.world.app.app.ravi().clone(), whose.word(), self.folder(whose));
        fs::create_dir_all(folder.join("codex")).unwrap();
        for name in ["tree", "gone", "new"] {
            let path = folder.join(name);
            git(first, &["worktree", "add", "-q", "-b", &format!("{word}-{name}"), path.to_str().unwrap()]);
            if name != "new" {
                let request = ProvisionRequest::new(&path, format!("{word}-{name}"), format!("{word} {name}"));
                tauri::async_runtime::block_on(ravi.workspaces().provision(request, |_| {})).unwrap();
            }
        }
        fs::remove_dir_all(folder.join("gone")).unwrap();
        tauri::async_runtime::block_on(ravi.secrets().set(&whose.key("KEY"), "made-up".into())).unwrap();
        fs::write(folder.join("settings.json"), r#"{"mine":"made-up one","theirs":"made-up two"}"#).unwrap();
        let moved = folder.join("moved.json");
        fs::write(&moved, r#"{"token":"made-up"}"#).unwrap();
        let place = tauri_plugin_ravi::vault::settings::Place { pointer: "/token".into(), secret: whose.key("MOVED") };
        tauri::async_runtime::block_on(ravi.settings().migrate(&moved, &[place], false)).unwrap();
    }

    fn file(&self, command: &str, whose: Whose) -> PathBuf {
        self.folder(whose).join(if command == "settings_undo" { "moved.json" } else { "settings.json" })
    }

    /// The entry of this kind that names what is theirs or mine.
    fn entry(&self, command: &str, what: What, kind: Kind, whose: Whose) -> Value {
        let word = whose.word();
        json!({ kind.name(): match kind {
            Kind::Key => json!(whose.key("*")),
            Kind::Workspace => json!(format!("{word}-*")),
            Kind::Path => json!(self.folder(whose)),
            Kind::Identity if what == What::HostIdentity && whose == Whose::Mine => json!("host"),
            Kind::Identity => json!(format!("{word} *")),
            Kind::CodexHome => json!(self.folder(whose)),
            Kind::File => json!(self.file(command, whose)),
            Kind::Place => json!(format!("/{word}={}", if what == What::Places { "MINE_PLACE".to_owned() } else { whose.key("PLACE") })),
        }})
    }

    /// What else the call names, so that nothing but the argument in question can be refused.
    fn others(&self, command: &str, what: What) -> Vec<Value> {
        let both = |kind| [Whose::Mine, Whose::Theirs].map(|whose| self.entry(command, what, kind, whose)).to_vec();
        match (command, what) {
            ("settings_plan" | "settings_migrate", What::SettingsFile) => [both(Kind::Key), both(Kind::Place)].concat(),
            ("settings_plan" | "settings_migrate", What::Places) => [both(Kind::Key), both(Kind::File)].concat(),
            ("settings_plan" | "settings_migrate", What::Secret) => [both(Kind::Place), both(Kind::File)].concat(),
            ("settings_undo", What::SettingsFile) => both(Kind::Key),
            ("settings_undo", What::Secret) => both(Kind::File),
            ("codex_status" | "codex_save" | "codex_restore", What::CodexLogin) => both(Kind::CodexHome),
            _ => Vec::new(),
        }
    }

    /// A workspace, by a folder in it where paths are asked about. One that is not there where the call would do something.
    fn target(&self, command: &str, kind: Kind, whose: Whose, passes: bool) -> Value {
        const HARMLESS: [&str; 6] =
            ["workspace_status", "workspace_env", "inbox_list", "inbox_fence", "inbox_get", "registration_list"];
        let real = !passes || HARMLESS.contains(&command);
        match kind {
            Kind::Path => json!(self.folder(whose).join(if real { "tree" } else { "none" })),
            _ => json!(format!("{}-{}", whose.word(), if real { "tree" } else { "none" })),
        }
    }

    /// Arguments that name, at `argument`, what is mine or theirs.
    fn args(&self, command: &str, argument: &str, what: What, kind: Kind, whose: Whose, passes: bool) -> Value {
        let tree = self.folder(Whose::Mine).join("tree");
        // Refused by the engine once the scope has been asked: nothing is made.
        let mut request = json!({ "path": tree, "id": "mine-tree", "name": "" });
        let place = |pointer: &str, secret: String| json!([{ "pointer": pointer, "secret": secret }]);
        let mut args = match what {
            What::NewWorkspace => {
                request["path"] = json!(self.folder(whose).join("new"));
                request["id"] = json!(format!("{}-new", whose.word()));
                json!({})
            }
            What::Workspace if command == "workspace_provision" => {
                request["path"] = json!(self.folder(whose).join("tree"));
                request["id"] = json!(format!("{}-tree", whose.word()));
                json!({})
            }
            What::Workspace => json!({ argument: self.target(command, kind, whose, passes) }),
            What::Secret if command == "workspace_provision" => {
                request["github_secret"] = json!(whose.key("GITHUB"));
                json!({})
            }
            What::Secret if command == "settings_undo" => json!({ "file": self.file(command, whose) }),
            What::Secret if command.starts_with("settings_") => json!({
                "file": self.file(command, Whose::Mine),
                "places": place(&format!("/{}", whose.word()), whose.key("PLACE")),
            }),
            What::Secret => json!({ "key": whose.key("KEY") }),
            What::SettingsFile => {
                json!({ "file": self.file(command, whose), "places": place("/mine", "MINE_PLACE".into()) })
            }
            What::Places => json!({
                "file": self.file(command, Whose::Mine),
                "places": place(&format!("/{}", whose.word()), "MINE_PLACE".into()),
            }),
            What::Identity => {
                request["identity"] = json!(format!("{} tree", whose.word()));
                json!({})
            }
            What::HostIdentity => {
                request["share"] = json!(true);
                json!({})
            }
            What::EnvFile => {
                request["env_file"] = json!(format!(".env.{}", whose.word()));
                json!({})
            }
            What::ChosenHost => json!({ "identity": format!("{} none", whose.word()) }),
            What::CodexHome => json!({ "choice": { "home": self.folder(whose).join("codex") } }),
            What::CodexLogin => {
                json!({ "choice": { "home": self.folder(Whose::Mine).join("codex"), "name": whose.key("LOGIN") } })
            }
            _ => json!({}),
        };
        for (name, value) in [
            ("request", if command == "workspace_provision" { request } else { json!({}) }),
            ("onEvent", channel_argument(1)),
            ("call", json!(1)),
            ("id", json!("email:1")),
            ("domain", json!("example.com")),
            ("value", json!("made-up")),
        ] {
            if args.get(name).is_none() {
                args[name] = value;
            }
        }
        args
    }
}

/// Whether a call that names this passes the scope with an entry of `kind` that allows what is mine.
fn passes(what: What, kind: Kind, whose: Whose) -> bool {
    if leaves_out(what) {
        return true;
    }
    match what.narrowed_by().contains(&kind) {
        true => what.allowed_by().contains(&kind) && whose == Whose::Mine,
        false => what.without() == Without::All,
    }
}

/// Whether it is an answer that names what the window may see, and is given to every window.
fn leaves_out(what: What) -> bool {
    matches!(what, What::SecretNames | What::Workspaces)
}

fn is_refused(answer: &Result<Value, Value>) -> bool {
    answer.as_ref().is_err_and(|error| error["code"] == "policy.scope")
}

fn in_words(answer: &Result<Value, Value>) -> String {
    answer.as_ref().map_or_else(Value::to_string, Value::to_string).to_lowercase()
}

/// Rows with what they name; those that change workspaces for good come last.
fn named() -> Vec<(&'static str, &'static str, What)> {
    let all = TABLE.iter().flat_map(|row| row.names.iter().map(|(argument, what)| (row.command, *argument, *what)));
    let mut all: Vec<_> = all.filter(|(_, _, what)| *what != What::Nothing).collect();
    all.sort_by_key(|(command, ..)| *command == "workspace_reap");
    all
}

#[test]
fn an_entry_of_any_kind_lets_no_command_reach_beyond_it() {
    let twice = Twice::new();
    let mut beyond: Vec<String> = Vec::new();
    let mut asked = 0;
    for (command, argument, what) in named() {
        for kind in Kind::ALL {
            let permission = |allow: Vec<Value>, deny: Vec<Value>| {
                let identifier = format!("ravi:allow-{}", command.replace('_', "-"));
                json!([{ "identifier": identifier, "allow": allow, "deny": deny }])
            };
            let entry = |whose| twice.entry(command, what, kind, whose);
            let bears = what.narrowed_by().contains(&kind);
            let mut ask = |allow: Vec<Value>, deny: Vec<Value>, whose: Whose, expected: bool| {
                let window = twice.world.app.window(permission(allow.clone(), deny.clone()));
                let args = twice.args(command, argument, what, kind, whose, expected);
                let answer = call(&window, LOCAL, command, args.clone());
                asked += 1;
                let said = in_words(&answer);
                let tells = whose == Whose::Mine && bears && argument == ANSWER && said.contains("theirs");
                if is_refused(&answer) == expected || tells || matches!(&answer, Err(Value::String(_))) {
                    let scope = format!("allow {} deny {}", json!(allow), json!(deny));
                    beyond.push(format!("{command} {argument} ({whose:?}, {scope}): {answer:?}"));
                }
                said
            };
            let others = twice.others(command, what);
            for whose in [Whose::Mine, Whose::Theirs] {
                // The host identity has one name only: what is theirs is an entry for another one.
                let named = if what == What::HostIdentity { whose } else { Whose::Mine };
                let allow = [vec![entry(named)], others.clone()].concat();
                let said = ask(allow, vec![], whose, passes(what, kind, whose));
                if leaves_out(what) && tells_names(command) {
                    assert!(said.contains("mine"), "{command} tells of what is mine: {said}");
                    assert_eq!(said.contains("theirs"), !bears, "{command} {kind:?}: {said}");
                }
            }
            if !bears {
                continue;
            }
            let (every, mine) = match what {
                What::EveryWorkspace | What::Trail => (vec![], false),
                What::HostIdentity => (vec![json!({ "identity": "*" })], true),
                _ if what.without() == Without::All => (vec![], true),
                _ => (vec![entry(Whose::Mine), entry(Whose::Theirs)], true),
            };
            let allow = [every, others].concat();
            if what == What::HostIdentity {
                ask(allow, vec![json!({ "identity": "host" })], Whose::Theirs, false);
                continue;
            }
            ask(allow.clone(), vec![entry(Whose::Theirs)], Whose::Mine, mine);
            let theirs = leaves_out(what);
            ask(allow, vec![entry(Whose::Theirs)], Whose::Theirs, theirs);
        }
    }
    assert!(asked > 500, "{asked}");
    assert!(beyond.is_empty(), "{} of {asked} calls:\n{}", beyond.len(), beyond.join("\n"));
    println!("{asked} calls, none beyond the table");
}

/// Whether the answer has names in it here.
fn tells_names(command: &str) -> bool {
    ["workspace_list", "secret_names", "doctor"].contains(&command)
}
