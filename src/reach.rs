//! Everything that a page can name in a call, command by command, and which entries of a scope apply to it.
//!
//! The build script makes permissions for what is listed here and for nothing else, so a command without a row cannot
//! be called. Tests check the rows against the commands' arguments, call every command under every kind of entry, and
//! write the table of `docs/permissions.md`. Compiled in all of these places, so this module must know nothing but the
//! standard library.

/// What one command can be told to reach.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The command, as it is called.
    pub command: &'static str,
    /// Its arguments, with `request.path` for a field of one, and [`ANSWER`] for what it reveals without being asked.
    pub names: &'static [(&'static str, What)],
}

/// Stands in for an argument: what the answer contains.
pub const ANSWER: &str = "(answer)";

/// A kind of entry, as it is written in a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{ "key": … }`
    Key,
    /// `{ "workspace": … }`
    Workspace,
    /// `{ "path": … }`
    Path,
    /// `{ "identity": … }`
    Identity,
    /// `{ "codexHome": … }`
    CodexHome,
    /// `{ "file": … }`
    File,
    /// `{ "place": … }`
    Place,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 7] =
        [Kind::Key, Kind::Workspace, Kind::Path, Kind::Identity, Kind::CodexHome, Kind::File, Kind::Place];

    /// Its name in a capability.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Key => "key",
            Kind::Workspace => "workspace",
            Kind::Path => "path",
            Kind::Identity => "identity",
            Kind::CodexHome => "codexHome",
            Kind::File => "file",
            Kind::Place => "place",
        }
    }
}

/// What may be named if no entry applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// Nothing.
    Nothing,
    /// Everything.
    All,
    /// Only this.
    Own(&'static str),
}

/// What an argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Nothing that belongs to anybody else: a value, a switch, a text, or something within what another argument
    /// names.
    Nothing,
    /// A secret of the host identity.
    Secret,
    /// Names of the host identity's secrets.
    SecretNames,
    /// The secret that holds a Codex login.
    CodexLogin,
    /// A workspace that is bound, by its id or by a folder in it.
    Workspace,
    /// A folder to bind: what is checked is the top of its worktree.
    NewWorkspace,
    /// Workspaces, in an answer.
    Workspaces,
    /// All workspaces at once.
    EveryWorkspace,
    /// What was done, with names of workspaces, secrets and files.
    Trail,
    /// An identity of the account, for a workspace.
    Identity,
    /// The host identity, with a key to it.
    HostIdentity,
    /// An identity of the account, to become the host identity.
    ChosenHost,
    /// A folder of Codex.
    CodexHome,
    /// A settings file.
    SettingsFile,
    /// Places in a settings file, and the names that their secrets get.
    Places,
    /// A file below the workspace's folder; not one that git knows, not in `.git` or `.ravi`, and not a link.
    EnvFile,
}

impl What {
    /// Returns the kinds of entries that allow it.
    pub const fn allowed_by(self) -> &'static [Kind] {
        match self {
            What::Secret | What::SecretNames | What::CodexLogin => &[Kind::Key],
            What::Workspace | What::Workspaces => &[Kind::Workspace, Kind::Path],
            What::NewWorkspace => &[Kind::Path],
            What::Identity | What::HostIdentity | What::ChosenHost => &[Kind::Identity],
            What::CodexHome => &[Kind::CodexHome],
            What::SettingsFile => &[Kind::File],
            What::Places => &[Kind::Place],
            What::Nothing | What::EveryWorkspace | What::Trail | What::EnvFile => &[],
        }
    }

    /// Returns the kinds of entries under which [`without`](What::without) no longer applies.
    pub const fn narrowed_by(self) -> &'static [Kind] {
        match self {
            What::NewWorkspace | What::EveryWorkspace => &[Kind::Workspace, Kind::Path],
            What::Trail => &[Kind::Workspace, Kind::Path, Kind::Key],
            other => other.allowed_by(),
        }
    }

    /// Returns what may be named without such an entry.
    pub const fn without(self) -> Without {
        match self {
            What::Secret | What::Identity | What::HostIdentity | What::SettingsFile => Without::Nothing,
            What::CodexLogin => Without::Own("CODEX_SESSION_TOKEN"),
            What::CodexHome => Without::Own("the folder that Codex uses by itself"),
            What::Places => Without::Own("the places of the presets"),
            _ => Without::All,
        }
    }

    /// Returns it in words, for the table.
    pub const fn words(self) -> &'static str {
        match self {
            What::Nothing => "nothing",
            What::Secret => "a secret",
            What::SecretNames => "names of secrets; others are left out",
            What::CodexLogin => "the secret with the login",
            What::Workspace => "a workspace, by its id or a folder in it",
            What::NewWorkspace => {
                "a folder to bind; its worktree's top is what counts. `workspace` allows those already bound"
            }
            What::Workspaces => "workspaces; others are left out",
            What::EveryWorkspace => "all workspaces at once; refused under a `workspace` or `path` entry",
            What::Trail => "all workspaces and secrets; refused under a `workspace`, `path` or `key` entry",
            What::Identity => "an identity of the account",
            What::HostIdentity => "the host identity (`host`), if a key to it is requested",
            What::ChosenHost => "an identity of the account",
            What::CodexHome => "a folder of Codex",
            What::SettingsFile => "a JSON file",
            What::Places => "places in it, each with the name of its secret",
            What::EnvFile => "a file below the workspace's folder, not in `.git` or `.ravi`, unknown to git, no link",
        }
    }
}

const fn row(command: &'static str, names: &'static [(&'static str, What)]) -> Row {
    Row { command, names }
}

const CODEX: &[(&str, What)] = &[
    ("choice.home", What::CodexHome),
    ("choice.name", What::CodexLogin),
    ("choice.take_over", What::Nothing),
    ("choice.force", What::Nothing),
];
const MIGRATION: &[(&str, What)] =
    &[("file", What::SettingsFile), ("places", What::Places), ("places[].secret", What::Secret)];
const TARGET: &[(&str, What)] = &[("target", What::Workspace)];
const PASSPHRASE: &[(&str, What)] = &[("passphrase", What::Nothing)];

/// All commands.
pub const TABLE: &[Row] = &[
    row("power_status", &[]),
    row("power_on", &[]),
    row("power_off", &[]),
    row("power_renew", &[]),
    row("account_status", &[]),
    row("account_login", &[]),
    row("account_cancel", &[]),
    row("account_logout", &[]),
    row("account_choose_host", &[("identity", What::ChosenHost)]),
    row("account_make_host", &[]),
    row("secret_get", &[("key", What::Secret)]),
    row("secret_set", &[("key", What::Secret), ("value", What::Nothing)]),
    row("secret_delete", &[("key", What::Secret)]),
    row("secret_rotate", &[("key", What::Secret), ("value", What::Nothing), ("length", What::Nothing)]),
    row("secret_names", &[(ANSWER, What::SecretNames)]),
    row("settings_plan", MIGRATION),
    row("settings_migrate", MIGRATION),
    row("settings_undo", &[("file", What::SettingsFile), ("(secrets put back)", What::Secret)]),
    row(
        "workspace_provision",
        &[
            ("request.path", What::NewWorkspace),
            ("request.id", What::Workspace),
            ("request.github_secret", What::Secret),
            ("request.identity", What::Identity),
            ("request.share", What::HostIdentity),
            ("request.env_file", What::EnvFile),
            ("request.name", What::Nothing),
            ("request.phone", What::Nothing),
            ("request.email", What::Nothing),
            ("request.domain", What::Nothing),
            ("request.sign", What::Nothing),
            ("request.ttl_s", What::Nothing),
            ("request.no_key", What::Nothing),
            ("request.main", What::Nothing),
            ("request.join", What::Nothing),
            ("request.unconfirmed", What::Nothing),
        ],
    ),
    row("workspace_release", &[("target", What::Workspace), ("retire", What::Nothing)]),
    row("workspace_suspend", TARGET),
    row("workspace_wake", TARGET),
    row("workspace_list", &[(ANSWER, What::Workspaces)]),
    row("workspace_status", &[("path", What::Workspace)]),
    row("workspace_env", &[("path", What::Workspace)]),
    row("workspace_owed", &[(ANSWER, What::Workspaces)]),
    row("workspace_reap_plan", &[(ANSWER, What::EveryWorkspace)]),
    row("workspace_reap", &[(ANSWER, What::EveryWorkspace)]),
    row("seal_status", &[]),
    row("seal_enable", PASSPHRASE),
    row("seal_unlock", PASSPHRASE),
    row("seal_rotate", PASSPHRASE),
    row("codex_status", CODEX),
    row("codex_save", CODEX),
    row("codex_restore", CODEX),
    row("audit_query", &[("filter", What::Trail)]),
    row("audit_verify", &[]),
    row("inbox_list", &[("target", What::Workspace), ("filter", What::Nothing)]),
    row("inbox_get", &[("target", What::Workspace), ("id", What::Nothing)]),
    row("inbox_mark_read", &[("target", What::Workspace), ("id", What::Nothing)]),
    row("inbox_fence", TARGET),
    row(
        "inbox_wait",
        &[("target", What::Workspace), ("call", What::Nothing), ("request", What::Nothing), ("want", What::Nothing)],
    ),
    row("inbox_watch", &[("target", What::Workspace), ("call", What::Nothing), ("since", What::Nothing)]),
    row("registration_list", TARGET),
    row("registration_delete", &[("target", What::Workspace), ("domain", What::Nothing), ("username", What::Nothing)]),
    row("call_cancel", &[("call", What::Nothing)]),
    row("doctor", &[(ANSWER, What::Workspaces)]),
];

/// Returns the table as a page of Markdown has it: the commands that name something, then those that name nothing.
pub fn markdown() -> String {
    let mut text =
        String::from("| command | argument | names | allowed by | without such an entry |\n|---|---|---|---|---|\n");
    let mut others: Vec<String> = Vec::new();
    for Row { command, names } in TABLE {
        let named: Vec<_> = names.iter().filter(|(_, what)| *what != What::Nothing).collect();
        if named.is_empty() {
            others.push(format!("`{command}`"));
        }
        for (argument, what) in named {
            let argument = if argument.starts_with('(') { (*argument).to_owned() } else { format!("`{argument}`") };
            text += &format!("| `{command}` | {argument} | {} | {} | {} |\n", what.words(), by(*what), without(*what));
        }
    }
    text + &format!("\nThese name nothing that an entry could allow: {}.\n", others.join(", "))
}

fn by(what: What) -> String {
    let kinds: Vec<String> = what.allowed_by().iter().map(|kind| format!("`{}`", kind.name())).collect();
    if kinds.is_empty() { "–".to_owned() } else { kinds.join(", ") }
}

fn without(what: What) -> String {
    match what.without() {
        Without::Nothing => "none".to_owned(),
        Without::All => "all".to_owned(),
        Without::Own(own) => own.to_owned(),
    }
}
