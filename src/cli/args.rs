//! The command line as types; the texts here are its help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Gives agent workspaces their own Ravi identities, and keeps secrets out of plaintext files.
#[derive(Debug, Parser)]
#[command(name = "ravi-workspace", version, disable_help_subcommand = true, after_help = ENVIRONMENT)]
pub(super) struct Args {
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

const ENVIRONMENT: &str = "\
Environment:
  RAVI_API_URL          address of Ravi (default https://api.ravi.id)
  RAVI_API_KEY          key to use, of either kind, in place of the one a login kept
  RAVI_API_URL_ALIASES  further addresses of the same Ravi, separated by spaces
  RAVI_WORKSPACE_STATE  folder of the ledger
  RAVI_WORKSPACE_HOST_IDENTITY
                        identity that holds the app's own secrets: its name, uuid or address
  RAVI_WORKSPACE_SHARE  identity that workspaces use in place of their own, as JSON (docs/account.md)
  RAVI_WORKSPACE_KEYCHAIN
                        where the key of a new ledger is kept: file or system (default: system where it works)
  RAVI_WORKSPACE_POOL_REUSE
                        which identities serve later workspaces: unused or all (default: unused)
  RAVI_WORKSPACE_REGISTRATIONS
                        what becomes of a released workspace's logins at websites: keep or delete (default: delete)
  RAVI_WORKSPACE_WAKE   whether use wakes a suspended workspace: on-use or never (default: on-use)
  RAVI_WORKSPACE_GITHUB whose GitHub login workspaces use, as JSON (docs/github.md)
  RAVI_WORKSPACE_BUNDLE what workspaces are given in their vaults, as JSON (docs/bundles.md)
  RAVI_WORKSPACE_LOG    what is logged on standard error: error, warn, info, debug or trace (default: nothing)
  RAVI_WORKSPACE_POLICY which secrets workspaces may be given by name, as JSON (docs/bundles.md)

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not signed in or key refused, 4 not found, 5 Ravi not reachable,
6 refused by policy.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Sign this machine in, by a code that you approve in a browser
    Login {
        /// Read a key from standard input instead
        #[arg(long)]
        key_stdin: bool,
        /// Take over the key that the official command line keeps in ~/.ravi/config.json
        #[arg(long, conflicts_with = "key_stdin")]
        import: bool,
    },
    /// Forget the key that a login kept here
    Logout,
    /// Show which key is used, from where, what it reaches and where it is kept
    #[command(args_conflicts_with_subcommands = true)]
    Account {
        /// First move the key that opens what is kept here: to the system's keychain, or to a file
        #[arg(long, value_name = "file|system")]
        keychain: Option<crate::Keychain>,
        /// First choose the identity that holds the app's own secrets; `new` makes one, which uses one of those that your
        /// plan allows
        #[arg(long, value_name = "NAME|UUID|ADDRESS|new")]
        host_identity: Option<String>,
        #[command(subcommand)]
        job: Option<AccountJob>,
    },
    /// Whether an app that is off until a person asks for it uses Ravi
    #[command(subcommand)]
    Power(PowerJob),
    /// Give a workspace its own identity, or one that is there already
    Provision(ProvisionWish),
    /// Revoke a workspace's key and keep its identity, until the workspace is used again
    Suspend {
        /// Id or path of the workspace
        #[arg(value_name = "PATH|ID")]
        target: String,
    },
    /// Give a suspended workspace a key again
    Wake {
        /// Id or path of the workspace
        #[arg(value_name = "PATH|ID")]
        target: String,
    },
    /// Take a workspace down: undo, revoke its key, free its identity
    Release {
        /// Id or path of the workspace
        #[arg(value_name = "PATH|ID")]
        target: String,
        /// Empty and rename the identity instead of keeping it for the next workspace
        #[arg(long)]
        retire: bool,
    },
    /// Release workspaces whose worktree is gone, and revoke keys that no workspace has
    Reap {
        /// Only show what would be released
        #[arg(long)]
        dry_run: bool,
    },
    /// Show all workspaces
    List,
    /// Show the workspace that a path belongs to
    Status {
        /// A path in the workspace
        path: PathBuf,
    },
    /// Answer git, which calls this as its credential helper in workspaces
    GitCredential {
        /// What git wants
        #[arg(value_parser = ["get", "store", "erase"])]
        operation: String,
    },
    /// Show what the processes of a workspace are given; no secrets
    Env {
        /// A path in the workspace
        path: PathBuf,
        /// Print commands for a shell to `eval`
        #[arg(long, value_name = "SHELL", value_parser = ["bash", "zsh", "fish"], conflicts_with = "json")]
        shell: Option<String>,
        /// Take the person's SSH agent away as well
        #[arg(long)]
        no_ssh_agent: bool,
    },
    /// Run a program with a workspace's author, keys and secrets, which are masked in its output
    Exec {
        /// The folder to run it in, in the workspace
        path: PathBuf,
        /// Also give the secret of this name, from the workspace's vault, else from the host identity's
        #[arg(long, value_name = "KEY")]
        secret: Vec<String>,
        /// Leave the output alone; for programs that need a terminal
        #[arg(long)]
        no_mask: bool,
        /// Take the person's SSH agent away as well
        #[arg(long)]
        no_ssh_agent: bool,
        /// The program and its arguments
        #[arg(last = true, required = true, value_name = "CMD")]
        command: Vec<OsString>,
    },
    /// Keep a Codex login in the vault, for machines where nobody signs in
    #[command(subcommand)]
    Codex(Codex),
    /// What orchestrators and agents call, or are set up with
    #[command(subcommand)]
    Hook(Hook),
    /// Read, send and wait for messages of a workspace
    #[command(subcommand)]
    Inbox(super::inbox::Inbox),
    /// A workspace's logins at websites, in its own vault
    #[command(subcommand)]
    Registration(super::registration::Registrations),
    /// Read and write secrets of the host identity
    #[command(subcommand)]
    Secret(Secret),
    /// Seal the vault end to end, so that not even Ravi can read it
    #[command(subcommand)]
    Seal(Seal),
    /// Move plaintext values of a settings file into the vault, and read them back
    #[command(subcommand)]
    Settings(Settings),
    /// Follow an app that knows nothing of Ravi: set up what it adds, release what it removes
    Watch {
        /// Data folder of a CodexMonitor, or of its daemon
        #[arg(long, value_name = "DATA_DIR")]
        codex_monitor: PathBuf,
        /// Also set up the workspaces that were there before
        #[arg(long)]
        take_over: bool,
        /// How long a workspace must be gone from the list before it is released
        #[arg(long, value_name = "TIME", default_value = "30s", value_parser = super::lifetimes::seconds)]
        grace: u64,
        /// Look once, do what is due, and end
        #[arg(long)]
        once: bool,
    },
    /// Show who used what: secrets, keys, git, gh, programs, logins
    #[command(args_conflicts_with_subcommands = true)]
    Audit {
        #[command(flatten)]
        query: AuditQuery,
        #[command(subcommand)]
        job: Option<AuditJob>,
    },
    /// Look at everything that can be wrong on this machine, and say what to do; exit code 1 when something fails
    Doctor,
}

#[derive(Debug, clap::Args)]
pub(super) struct ProvisionWish {
    /// Folder the agent works in: the top of a worktree, or a folder in no repository
    path: PathBuf,
    /// The app's id for the workspace; without, that of the workspace which the folder has, or a new one
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    id: Option<String>,
    /// What people call it; becomes the author of its commits
    #[arg(long)]
    name: String,
    /// Also ask for a phone number (may cost money)
    #[arg(long)]
    phone: bool,
    /// The part before the @ of the address to ask for
    #[arg(long, value_name = "LOCAL_PART")]
    email: Option<String>,
    /// Domain of that address, where the account has several
    #[arg(long, value_name = "DOMAIN", requires = "email")]
    domain: Option<String>,
    /// Use this identity of the account instead of making one
    #[arg(long, value_name = "NAME|UUID|ADDRESS")]
    identity: Option<String>,
    /// Others may use the identity too; without --identity it is the one that holds the app's own secrets
    #[arg(long)]
    share: bool,
    /// Give it no key: author, GitHub login and env file only
    #[arg(long)]
    no_key: bool,
    /// File below the worktree that gets AGENT_EMAIL, AGENT_PHONE and RAVI_IDENTITY
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Secret that holds the workspace's GitHub token
    #[arg(long, value_name = "KEY")]
    github_secret: Option<String>,
    /// Make a key that signs the workspace's commits; `git commit -S` then asks for nothing
    #[arg(long)]
    sign: bool,
    /// The folder may be the main checkout of its repository: commits and GitHub calls in it are the agent's then
    #[arg(long)]
    main: bool,
    /// Where the folder is bound under another id, both mean that workspace
    #[arg(long)]
    join: bool,
    /// Release it by itself after this time, such as 90s, 30m, 8h or 7d
    #[arg(long, value_name = "TIME", value_parser = super::lifetimes::seconds)]
    ttl: Option<u64>,
}

impl From<ProvisionWish> for crate::ProvisionRequest {
    fn from(wish: ProvisionWish) -> Self {
        crate::ProvisionRequest {
            phone: wish.phone,
            email: wish.email,
            domain: wish.domain,
            identity: wish.identity,
            share: wish.share,
            no_key: wish.no_key,
            env_file: wish.env_file,
            github_secret: wish.github_secret,
            sign: wish.sign,
            ttl_s: wish.ttl,
            main: wish.main,
            join: wish.join,
            ..crate::ProvisionRequest::new(wish.path, wish.id.unwrap_or_default(), wish.name)
        }
    }
}

/// All are for the app whose state folder RAVI_WORKSPACE_STATE names.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum PowerJob {
    /// Show whether it is on
    Status,
    /// Switch it on
    On,
    /// Switch it off; workspaces that are set up stay so
    Off,
    /// Put a ledger that cannot be read aside and begin a new one
    Renew,
}

#[derive(Debug, Subcommand)]
pub(super) enum AccountJob {
    /// Copy what another identity holds into the host identity's vault; the other one keeps everything
    MergeHost {
        /// Its name, uuid or address
        from: String,
    },
    /// Go on with another address of the same Ravi, once the former one is given up
    MoveServer {
        /// The new address
        new: url::Url,
        /// The former address, where this ledger knows several
        #[arg(long, value_name = "URL")]
        from: Option<url::Url>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Codex {
    /// Store the login of Codex's folder, for this machine to have
    Save {
        #[command(flatten)]
        place: CodexPlace,
        /// Take the login from the machine that has it
        #[arg(long)]
        take_over: bool,
        /// Overwrite another account, or a newer login
        #[arg(long)]
        force: bool,
    },
    /// Put the stored login into Codex's folder
    Restore {
        #[command(flatten)]
        place: CodexPlace,
        /// Take the login from the machine that has it
        #[arg(long)]
        take_over: bool,
        /// Replace another account's file; with --take-over, pass over a machine that does not answer
        #[arg(long)]
        force: bool,
    },
    /// Restore, then store each rotation at once, until stopped
    Watch {
        #[command(flatten)]
        place: CodexPlace,
        /// Take the login from the machine that has it
        #[arg(long)]
        take_over: bool,
        /// How often to look whether another machine wants the login (default 30)
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
        look_every: Option<u64>,
    },
    /// Show the file, what is stored, and who has it
    Status {
        #[command(flatten)]
        place: CodexPlace,
        /// Read what an app-server answered to getAuthStatus {"includeToken":true}; it alone knows whether a login is dead
        #[arg(long)]
        reported_stdin: bool,
    },
    /// Sign in on a machine without a browser, and save
    SignIn {
        #[command(flatten)]
        place: CodexPlace,
        /// Sign in with the API key in this secret instead of by a code
        #[arg(long, value_name = "KEY")]
        api_key: Option<String>,
        /// Codex
        #[arg(long, value_name = "PROGRAM", default_value = "codex")]
        codex: PathBuf,
        /// Sign in anew where there is a login already
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct CodexPlace {
    /// Codex's folder; default: CODEX_HOME, else ~/.codex
    #[arg(long, value_name = "DIR")]
    pub(super) codex_home: Option<PathBuf>,
    /// Secret that holds the login; one for each account
    #[arg(long, value_name = "NAME", default_value = crate::codex::DEFAULT_NAME)]
    pub(super) name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Hook {
    /// Set Codex up for workspaces
    #[command(subcommand)]
    Codex(CodexHook),
    /// Set dmux up, and be its hooks
    #[command(subcommand)]
    Dmux(DmuxHook),
    /// Set a repository up, and be its hook
    #[command(subcommand)]
    Git(GitHook),
    /// Set Claude Code up, and be its hooks
    #[command(subcommand)]
    Claude(ClaudeHook),
    /// Set a project up for Jean, and be its scripts
    #[command(subcommand)]
    Jean(JeanHook),
}

#[derive(Debug, Subcommand)]
pub(super) enum DmuxHook {
    /// Write the hook files; hooks of the same name are called as well
    Install(Where),
    /// Take them out, and put back what was there
    Uninstall(Where),
    /// worktree-create.sh of Ravi's guide
    WorktreeCreate {
        /// The pane's id
        pane: String,
        /// The worktree
        worktree: PathBuf,
    },
    /// post-merge.sh of Ravi's guide
    PostMerge {
        /// The pane's id
        pane: String,
    },
    /// One of dmux's events, such as worktree_created; the rest comes in the environment
    #[command(external_subcommand)]
    Event(Vec<String>),
}

#[derive(Debug, clap::Args)]
pub(super) struct Where {
    /// For this user, in ~/.dmux/hooks (the default)
    #[arg(long, conflicts_with = "project")]
    pub(super) global: bool,
    /// For one project alone, in its .dmux/hooks
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = ".")]
    pub(super) project: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum GitHook {
    /// Write the post-checkout hook; one that is there is called as well
    Install {
        /// A path in the repository
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Take it out, and put back what was there
    Uninstall {
        /// A path in the repository
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Be post-checkout: set up a worktree whose first checkout this is
    PostCheckout {
        /// What git gives its hook
        #[arg(num_args = 0.., allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct ClaudeWhere {
    /// For this user, in ~/.claude/settings.json (the default)
    #[arg(long, conflicts_with = "project")]
    pub(super) global: bool,
    /// For one project alone, in its .claude/settings.local.json
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = ".")]
    pub(super) project: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ClaudeHook {
    /// Write the hooks into Claude Code's settings, beside those that are there
    Install(ClaudeWhere),
    /// Take them out again
    Uninstall(ClaudeWhere),
    /// Make the worktree, set it up, print its path
    #[command(name = "WorktreeCreate")]
    WorktreeCreate,
    /// Take the workspace down and remove the worktree
    #[command(name = "WorktreeRemove")]
    WorktreeRemove,
    /// Wake a workspace that sleeps
    #[command(name = "SessionStart")]
    SessionStart,
}

#[derive(Debug, Subcommand)]
pub(super) enum JeanHook {
    /// Put the commands into the project's jean.json, before those that are there
    Install {
        /// A path in the project
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Take them out again
    Uninstall {
        /// A path in the project
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// scripts.setup in jean.json
    Setup,
    /// scripts.teardown in jean.json
    Teardown,
}

#[derive(Debug, Subcommand)]
pub(super) enum CodexHook {
    /// Put the folder of helper programs on the PATH of your login shells, where agents get theirs from
    Install,
    /// Take it out again
    Uninstall,
    /// Print the `config` for thread/start, thread/resume and thread/fork
    ThreadConfig {
        /// A path in the workspace
        path: PathBuf,
    },
    /// Print the workspace's permission profile, as TOML; with --json as `config` of a thread
    Profile {
        /// A path in the workspace
        path: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct AuditQuery {
    /// Only what this workspace used
    #[arg(long, value_name = "ID")]
    pub(super) workspace: Option<String>,
    /// Only uses of this secret
    #[arg(long, value_name = "KEY")]
    pub(super) secret: Option<String>,
    /// Only from then on: 2026-01-31, 2026-01-31T12:00:00Z, seconds since 1970, or how long ago, such as 7d
    #[arg(long, value_name = "T", value_parser = crate::audit::parse_time)]
    pub(super) since: Option<i64>,
    /// Only up to then
    #[arg(long, value_name = "T", value_parser = crate::audit::parse_time)]
    pub(super) until: Option<i64>,
    /// Only this action, such as secret.read, or all that begin so, such as secret
    #[arg(long, value_name = "A")]
    pub(super) action: Option<String>,
    /// Only the newest N
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u32>,
    /// Also what Ravi's event log has of the workspaces' identities: who received what
    #[arg(long)]
    pub(super) with_events: bool,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub(super) csv: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditJob {
    /// Look whether the trail is whole and complete; exit code 1 when it is not
    Verify,
    /// Remove old entries, and seal where the trail begins then
    Prune {
        /// Entries older than this, as for --since
        #[arg(long, value_name = "T", value_parser = crate::audit::parse_time)]
        before: i64,
        /// Also where the trail does not verify; what was wrong with it cannot be seen afterwards
        #[arg(long)]
        even_if_broken: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Secret {
    /// Print a value on standard output, followed by a newline
    Get {
        /// Name of the secret
        key: String,
        /// Ask Ravi, past what is remembered here
        #[arg(long)]
        refresh: bool,
    },
    /// Store a value read from standard input; one newline at its end is dropped
    Set {
        /// Name of the secret
        key: String,
    },
    /// Replace a value; the old one is kept until the new one has been read back
    Rotate {
        /// Name of the secret
        key: String,
        /// Read the new value from standard input instead of making one
        #[arg(long, conflicts_with = "length")]
        stdin: bool,
        /// Length of the value that is made of random letters and digits
        #[arg(long, value_name = "N")]
        length: Option<usize>,
    },
    /// Show the names; never a value
    List,
    /// Delete a secret
    Delete {
        /// Name of the secret
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Seal {
    /// Make a vault key and seal everything; the recovery passphrase is read from standard input
    Enable,
    /// Bring the vault key to this machine; the passphrase is read from standard input, or from the systemd credential
    /// ravi-vault-passphrase
    Unlock,
    /// Make a new vault key and seal everything anew; reads the passphrase, which may be a new one
    Rotate,
    /// Show what is sealed
    Status,
}

#[derive(Debug, Subcommand)]
pub(super) enum Settings {
    /// Store the values, see that they read back, and leave ravi:// references in the file
    Migrate {
        /// The settings files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        places: Places,
        /// Only show what would be moved
        #[arg(long)]
        dry_run: bool,
    },
    /// Put a file back as it was before it was migrated, plaintext values included
    Undo {
        /// The settings file
        file: PathBuf,
    },
    /// Print the value at a place, through its reference
    Get {
        /// The settings file
        file: PathBuf,
        #[command(flatten)]
        places: Places,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Places {
    /// Places that a known app uses
    #[arg(long, value_name = "APP", value_parser = clap::builder::PossibleValuesParser::new(crate::vault::settings::PRESETS))]
    pub(super) preset: Option<String>,
    /// A place as JSON pointer, `*` for every member; =KEY names its secret
    #[arg(long, value_name = "POINTER[=KEY]")]
    pub(super) pointer: Vec<String>,
}
