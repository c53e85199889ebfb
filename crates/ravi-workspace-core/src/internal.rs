//! What the helper programs (`ravi-workspace-helper`), the command line and the plugin use beyond the handle. They are
//! released together with the engine; nothing here is stable for anybody else.

pub use crate::machine::hex::hex;
pub use crate::machine::runtime::block_on;
pub use crate::machine::{files, os};
pub use crate::messages::MessageKind;

pub mod errors {
    //! Everything that can go wrong in the engine, as data for `docs/errors.md`.

    use crate::account::AccountError;
    use crate::bundle::BundleError;
    #[cfg(feature = "codex")]
    use crate::codex::CodexError;
    use crate::config::ConfigError;
    use crate::error::{Case, Cases as _};
    use crate::git::GitError;
    use crate::github::GithubError;
    use crate::handover::HandoverError;
    #[cfg(feature = "hooks")]
    use crate::hooks::HookError;
    #[cfg(feature = "inbox")]
    use crate::inbox::InboxError;
    use crate::launcher::HelperError;
    use crate::ledger::LedgerError;
    use crate::ledger::seal::SealError;
    use crate::machine::files::FileError;
    use crate::machine::keychain::KeychainError;
    use crate::machine::lock::LockError;
    use crate::machine::places::PlaceError;
    use crate::machine::runtime::RuntimeError;
    use crate::model::reference::{ReferenceError, SecretNameError};
    use crate::policy::PolicyError;
    use crate::vault::settings::SettingsError;
    use crate::vault::{SealedError, VaultError};
    use crate::workspace::WorkspaceError;

    /// The cases of each error.
    pub const CASES: &[&[Case]] = &[
        AccountError::CASES,
        BundleError::CASES,
        #[cfg(feature = "codex")]
        CodexError::CASES,
        ConfigError::CASES,
        FileError::CASES,
        GitError::CASES,
        GithubError::CASES,
        HandoverError::CASES,
        HelperError::CASES,
        #[cfg(feature = "hooks")]
        HookError::CASES,
        #[cfg(feature = "inbox")]
        InboxError::CASES,
        KeychainError::CASES,
        LedgerError::CASES,
        LockError::CASES,
        PlaceError::CASES,
        PolicyError::CASES,
        ReferenceError::CASES,
        RuntimeError::CASES,
        SealError::CASES,
        SealedError::CASES,
        SecretNameError::CASES,
        SettingsError::CASES,
        VaultError::CASES,
        WorkspaceError::CASES,
    ];
}

pub mod git {
    //! How git is started, and what its files say.
    pub use crate::git::command::{Purpose, asked, git_in};
    pub use crate::git::worktree_of;
}

pub mod github {
    //! A workspace's login at GitHub.
    pub use crate::github::remote::{Remote, Transport};
    pub use crate::github::variables::{CONFIG_DIR, DOTCOM, HOST, TOKENS, config_dir};
    pub use crate::github::ways::{is_ssh_name, ssh_command, ssh_name};
    pub use crate::github::{GithubError, GithubHost};
    pub use crate::ledger::Plan;
    pub use crate::ravi::github_token::{Login, read_blocking, reject};
}

pub mod handover {
    //! What a process of a workspace is given.
    pub use crate::Workspace;
    pub use crate::handover::HandoverError;
    pub use crate::handover::below::ID as WORKSPACE_ID;
}

pub mod launcher {
    //! Which program a launcher starts, and how it is asked what it is.
    pub use crate::launcher::{
        FIRST, HelperError, LAUNCHED_FROM, NAMES, PROBE, PROBE_SWITCH, RAVI_SWITCH, SIGNER, acts_as_helper, follow,
        is_known, is_launcher, on_path, own_name_is, probe_answer, shim_dir, state_of,
    };
}

pub mod ledger {
    //! The ledger, for a program that lives for one call.
    pub use crate::ledger::{Binding, Ledger, home};
}

pub mod workspace {
    //! Worktrees and their bindings.
    pub use crate::workspace::find::has_note;
    pub use crate::workspace::inspect::git_dir_of;
    pub use crate::workspace::note::Note;
    pub use crate::workspace::shared::Repository;
    pub use crate::workspace::values::is_origin;
    pub use crate::workspace::{GithubSource, NOTE_FILE, State, WorkspaceError};

    pub mod signing {
        //! The key a workspace signs its commits with.
        pub use crate::workspace::signing::{SECRET, check_built, is_ours, sign};
    }
}
