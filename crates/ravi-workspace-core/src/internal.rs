//! What the helper programs (`ravi-workspace-helper`), the command line and the plugin use beyond the handle. They are
//! released together with the engine; nothing here is stable for anybody else.

pub use crate::launcher;
pub use crate::machine::{cores, files};
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
        SealError::CASES,
        SealedError::CASES,
        SecretNameError::CASES,
        SettingsError::CASES,
        VaultError::CASES,
        WorkspaceError::CASES,
    ];
}

pub mod git {
    //! How git is started.
    pub use crate::git::command::{Purpose, asked, git_in};
}

pub mod github {
    //! A workspace's login at GitHub.
    pub use crate::github::{
        CONFIG_DIR, DOTCOM, GithubConfig, GithubError, GithubHost, HOST, Plan, Remote, TOKENS, Transport, config_dir,
        is_ssh_name, names_for, ssh_command, ssh_name, token_variable,
    };
    pub use crate::ravi::github_token::{Login, read, read_blocking, reject};
}

pub mod handover {
    //! What a process of a workspace is given.
    pub use crate::Workspace;
    pub use crate::handover::{HandoverError, WORKSPACE_ID};
}

pub mod ledger {
    //! The ledger, for a program that lives for one call.
    pub use crate::ledger::{Binding, Ledger, home};
}

pub mod workspace {
    //! Worktrees and their bindings.
    pub use crate::workspace::{
        GithubSource, NOTE_FILE, Note, Repository, State, WorkspaceError, git_dir_of, has_note, is_origin, signing,
    };
}
