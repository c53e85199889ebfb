//! What can go wrong while a workspace is set up or taken down.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Explain;
use crate::git::GitError;
use crate::ledger::Binding;
use crate::machine::files::FileError;
use crate::machine::lock::LockError;
use crate::machine::places::PlaceError;
use crate::model::workspace::OpenWay;
use crate::vault::address;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// A value in the request cannot be used.
    #[error("the workspace's {field} cannot be used: {reason}")]
    #[explain(code = "workspace.request", kind = Usage, hint = "Correct the value and try again.")]
    Request {
        /// Which part of the request.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The path does not lead to a readable folder.
    #[error("{} is not a readable folder: {reason}", path.display())]
    #[explain(
        code = "workspace.folder",
        kind = NotFound,
        hint = "Give the path of a folder that exists and that you may read."
    )]
    Folder {
        /// The path that was given.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The folder's `.git` points to a git dir that does not point back to the folder.
    #[error("{}: its .git points to {}, which does not point back: {reason}", path.display(), git_dir.display())]
    #[explain(
        code = "workspace.foreign_git_dir",
        kind = Policy,
        hint = "If the folder was moved, run `git worktree repair` in the main checkout. If the git dir belongs to \
                this folder and no other, run `git config core.worktree \"$PWD\"` in the folder."
    )]
    ForeignGitDir {
        /// The folder.
        path: PathBuf,
        /// Where `.git` points.
        git_dir: PathBuf,
        /// What does not match.
        reason: String,
    },
    /// The env file is a symbolic link.
    #[error("{} is a symbolic link, and its target may belong to another checkout", path.display())]
    #[explain(
        code = "workspace.env_file_link",
        kind = Policy,
        hint = "Choose another file, such as `--env-file .env.local`, or replace the link with a regular file."
    )]
    EnvFileLink {
        /// The link.
        path: PathBuf,
    },
    /// Another process has held the lock on a repository's shared files for too long.
    #[error("another process has been changing what the worktrees of {} share for more than {} s", common_dir.display(), limit.as_secs())]
    #[explain(
        code = "workspace.repository_busy",
        hint(
            "Find out who holds the lock (lsof {}), end it if it is stuck, then try again.",
            common_dir.join("ravi-workspaces.lock").display()
        )
    )]
    RepositoryBusy {
        /// The git dir that all worktrees share.
        common_dir: PathBuf,
        /// How long this process waited.
        limit: Duration,
    },
    /// The repository tracks `.ravi`, so a key written there would be committed.
    #[error("{} is tracked by git", path.display())]
    #[explain(
        code = "workspace.tracked",
        kind = Policy,
        hint("Remove it from the repository (git rm --cached {}), commit, and try again.", path.display())
    )]
    Tracked {
        /// The tracked path.
        path: PathBuf,
    },
    /// `.ravi` or another file was not made by this program.
    #[error("{} was not made by this program: {reason}", path.display())]
    #[explain(
        code = "workspace.not_ours",
        kind = Policy,
        hint = "Look at it, move it away if you do not need it, and try again."
    )]
    NotOurs {
        /// The path.
        path: PathBuf,
        /// What gives that away.
        reason: String,
    },
    /// git failed.
    #[error(transparent)]
    #[explain(transparent)]
    Git(#[from] GitError),
    /// Another process is working on the same thing.
    #[error(transparent)]
    #[explain(transparent)]
    Lock(#[from] LockError),
    /// A file could not be read or written.
    #[error(transparent)]
    #[explain(transparent)]
    File(#[from] FileError),
    /// The place may not be written to.
    #[error(transparent)]
    #[explain(transparent)]
    Place(#[from] PlaceError),
    /// The id is bound to another folder.
    #[error("workspace {id} is already bound to {}", path.display())]
    #[explain(code = "workspace.id_taken", hint("Release workspace {id} first, or use another id."))]
    IdTaken {
        /// The id.
        id: String,
        /// Where it is bound.
        path: PathBuf,
    },
    /// The folder is bound under another id.
    #[error("{} is already bound to workspace {id}", path.display())]
    #[explain(code = "workspace.path_taken", hint("Use the id {id}, or release it first."))]
    PathTaken {
        /// The folder.
        path: PathBuf,
        /// The id it is bound under.
        id: String,
    },
    /// The folder is a main checkout, where a person works.
    #[error("{} is the main checkout of its repository, where a person works", path.display())]
    #[explain(
        code = "workspace.main_checkout",
        kind = Policy,
        hint = "Make a worktree for the agent (git worktree add), or bind the checkout itself with --main: commits and \
                GitHub calls in it are then the agent's."
    )]
    MainCheckout {
        /// The folder.
        path: PathBuf,
    },
    /// The folder lies in a checkout that was not named and is not a workspace.
    #[error("{} lies in the checkout {}, which is not a workspace", path.display(), top.display())]
    #[explain(
        code = "workspace.sub_folder",
        kind = Policy,
        hint(
            "If you mean the whole checkout, name its top, {}; otherwise make a worktree (git worktree add).",
            top.display()
        )
    )]
    SubFolder {
        /// The folder.
        path: PathBuf,
        /// The top of the checkout.
        top: PathBuf,
    },
    /// The folder is bound by another ledger on this machine.
    #[error("{} is bound by another ledger, {}", path.display(), ledger.display())]
    #[explain(
        code = "workspace.other_ledger",
        kind = Policy,
        hint(
            "Set RAVI_WORKSPACE_STATE={} to use that ledger, or release it there. If that folder is not yours, the \
             note came with the repository: remove ravi-workspace.json from its git dir.",
            ledger.display()
        )
    )]
    OtherLedger {
        /// The folder.
        path: PathBuf,
        /// State folder of that other ledger.
        ledger: PathBuf,
    },
    /// The binding belongs to another Ravi.
    #[error("workspace {id} belongs to {theirs}, not to {ours}")]
    #[explain(code = "workspace.other_server", hint("Set RAVI_API_URL={theirs}."))]
    OtherServer {
        /// The id.
        id: String,
        /// The Ravi it was provisioned at.
        theirs: String,
        /// The Ravi that this program uses now.
        ours: String,
    },
    /// The workspace is suspended, and the configuration does not let use wake it.
    #[error("workspace {id} is suspended, and using it does not wake it here")]
    #[explain(code = "workspace.suspended", kind = Policy, hint("`ravi-workspace wake \"{id}\"` wakes it."))]
    Suspended {
        /// The id.
        id: String,
    },
    /// Nothing is bound to this id or path.
    #[error("no workspace is bound to {target}")]
    #[explain(
        code = "workspace.unbound",
        kind = NotFound,
        hint = "See `ravi-workspace list`; `ravi-workspace provision` binds one."
    )]
    Unbound {
        /// The id or path.
        target: String,
    },
    /// Every address that was tried is somebody else's.
    #[error("no mail address is free for workspace {id}; the last one tried was {identifier}")]
    #[explain(code = "workspace.address_taken", hint = "Choose an address with --email.")]
    AddressTaken {
        /// The id.
        id: String,
        /// The last local part tried.
        identifier: String,
    },
    /// The account's plan has no room for another identity, and none is free.
    #[error("the plan has no room for an identity for workspace {id}, and none is free: {message}")]
    #[explain(
        code = "workspace.plan_full",
        kind = Policy,
        hint = "Use an existing one: `--share --no-key` (author, GitHub login and env file only), or `--identity \
                NAME`. Or release a workspace that is no longer needed: its identity serves the next one if it was \
                never used, or in any case with poolReuse: all (RAVI_WORKSPACE_POOL_REUSE=all), along with what \
                it received before. Or change the plan."
    )]
    PlanFull {
        /// The id.
        id: String,
        /// What the server said.
        message: String,
    },
    /// The account has no identity of this name, uuid or address.
    #[error("the account has no identity {wanted}")]
    #[explain(
        code = "workspace.no_identity",
        kind = NotFound,
        hint = "Give the name, uuid or address of one that the account has."
    )]
    NoIdentity {
        /// What was asked for.
        wanted: String,
    },
    /// The identity that was asked for is in use.
    #[error("the identity {wanted} is used by {by}")]
    #[explain(
        code = "workspace.identity_taken",
        kind = Policy,
        hint = "Add --share if they may share address, inbox and vault, or name another one."
    )]
    IdentityTaken {
        /// What was asked for.
        wanted: String,
        /// Who uses it, in words.
        by: String,
    },
    /// A workspace would hold a key to the app's own secrets.
    #[error("workspace {id} would get a key to the identity that holds the app's own secrets: {reason}")]
    #[explain(
        code = "workspace.shares_host",
        kind = Policy,
        hint = "Seal the app's secrets first (`ravi-workspace seal enable`), or give the workspace no key (--no-key)."
    )]
    SharesHost {
        /// The id.
        id: String,
        /// Why its secrets would be open to that key.
        reason: String,
    },
    /// The workspace was set up without a key.
    #[error("workspace {id} has no key, so it has no inbox and no vault")]
    #[explain(
        code = "workspace.no_key",
        kind = Policy,
        hint("Release {id} and provision it again without --no-key, with an identity of its own.")
    )]
    NoKey {
        /// The id.
        id: String,
    },
    /// Ravi no longer accepts the workspace's key.
    #[error("Ravi no longer accepts the key of workspace {id}: it was revoked there")]
    #[explain(
        code = "workspace.key_refused",
        kind = Account,
        hint("`ravi-workspace wake \"{id}\"` gives it a new one, and so does provisioning it again.")
    )]
    KeyRefused {
        /// The id.
        id: String,
    },
    /// The identity that the workspace was to use no longer exists at Ravi.
    #[error("the identity {identity} of workspace {id} no longer exists at Ravi")]
    #[explain(code = "workspace.identity_gone", hint("Release {id}, then provision it with another identity."))]
    IdentityGone {
        /// The id.
        id: String,
        /// Name of the identity.
        identity: String,
    },
    /// Ravi has not given the identity an address yet.
    #[error("the identity of workspace {id} has no address yet, after {} s", waited.as_secs())]
    #[explain(
        code = "workspace.no_address",
        kind = Unreachable,
        hint = "Run it again in a minute; it continues where it stopped."
    )]
    NoAddress {
        /// The id.
        id: String,
        /// How long this process waited.
        waited: Duration,
    },
    /// Ravi refuses the identity's name, even with the id appended.
    #[error("Ravi refuses the identity name {name}, even with the id appended: {message}")]
    #[explain(
        code = "workspace.name_taken",
        hint = "Choose another name, or set a pattern (`identityName` in the configuration)."
    )]
    NameTaken {
        /// The name.
        name: String,
        /// What the server said.
        message: String,
    },
    /// The workspace did not get the address that was asked for. A warning.
    #[error("the address {asked} was not granted; workspace {id} has {given}")]
    #[explain(
        code = "workspace.email_not_granted",
        hint = "If the address matters, release the workspace and provision it again with another --email."
    )]
    EmailNotGranted {
        /// The id.
        id: String,
        /// What was asked for.
        asked: String,
        /// What it has.
        given: String,
    },
    /// A workspace's identity no longer exists at Ravi, so it was given another one. A warning.
    #[error("the former identity of workspace {id}, {former}, no longer exists at Ravi; it has another one now")]
    #[explain(
        code = "workspace.identity_replaced",
        hint = "Tell anybody who writes to the former address; what was in its vault is gone."
    )]
    IdentityReplaced {
        /// The id.
        id: String,
        /// Address of the former identity.
        former: String,
    },
    /// git can reach a host without using the workspace's token. A warning, or the reason why the workspace is not set
    /// up.
    #[error("workspace {id} can {}, past its own GitHub login", list(ways))]
    #[explain(
        code = "workspace.open_way",
        hint(
            "`git remote set-url {} https://HOST/OWNER/REPOSITORY` closes it; then provision the workspace again.",
            ways.first().map_or("REMOTE", |way| &way.remote)
        )
    )]
    OpenWay {
        /// The id.
        id: String,
        /// The ways in which it can.
        ways: Vec<OpenWay>,
    },
    /// git reads other values in the workspace than the ones that were set for it. A warning.
    #[error("in workspace {id}, git's configuration overrides {}", values.join(", "))]
    #[explain(
        code = "workspace.overridden",
        hint(
            "`git config --show-origin --get-all {}` in its folder names the file; remove the value there.",
            values.first().map_or("user.email", String::as_str)
        )
    )]
    Overridden {
        /// The id.
        id: String,
        /// Names of the values.
        values: Vec<String>,
    },
    /// git is too old to sign as a workspace that another git was set up to sign as. A warning.
    #[error(
        "commits in workspace {id} are not signed for now: git {found} is too old for its key; 2.34 or newer is needed"
    )]
    #[explain(
        code = "workspace.cannot_sign",
        hint("Update git, then run `ravi-workspace wake \"{id}\"`. Until then `git commit -S` fails there.")
    )]
    CannotSign {
        /// The id.
        id: String,
        /// The version of git.
        found: String,
    },
    /// The identity of a workspace was renamed at Ravi. A warning.
    #[error("the identity of workspace {id} was renamed at Ravi: {former} is {now} there")]
    #[explain(code = "workspace.identity_renamed", hint = "There is nothing to do; the new name is kept.")]
    IdentityRenamed {
        /// The id.
        id: String,
        /// The name in this ledger.
        former: String,
        /// Its name at Ravi.
        now: String,
    },
    /// The workspace's key was revoked at Ravi, so it was given a new one. A warning.
    #[error("the key of workspace {id} was revoked at Ravi; it has a new one now")]
    #[explain(code = "workspace.key_replaced", hint = "There is nothing to do.")]
    KeyReplaced {
        /// The id.
        id: String,
    },
    /// A GitHub token for the workspace is in a vault where nobody looks for it. A warning.
    #[error("a GitHub token for workspace {id} is where nobody looks for it: {secret}, in the vault of {identity}")]
    #[explain(
        code = "workspace.token_elsewhere",
        hint(
            "Store it in the host identity's vault (`ravi-workspace secret set {secret}`), or choose that identity: \
             `ravi-workspace account --host-identity {}`.",
            address(identity)
        )
    )]
    TokenElsewhere {
        /// The id.
        id: String,
        /// Name of the secret.
        secret: String,
        /// Whose vault it is, with the address.
        identity: String,
    },
    /// The workspace gets no bundle because its vault is not its own. A warning.
    #[error("workspace {id} is given no bundle: its vault is not its own")]
    #[explain(code = "workspace.bundle_shared", hint = "Provision it with an identity of its own to give it a bundle.")]
    BundleShared {
        /// The id.
        id: String,
    },
    /// The key that signs commits cannot be used.
    #[error("the signing key of the workspace's identity cannot be used: {reason}")]
    #[explain(
        code = "workspace.signing_key",
        hint = "Delete the secret RAVI_SIGNING_KEY of the identity, then provision the workspace again."
    )]
    SigningKey {
        /// What is wrong with it, without anything of the key itself.
        reason: String,
    },
    /// This program was built without the feature `sign`.
    #[error("this program was built without support for signing commits")]
    #[explain(
        code = "sign.not_built",
        hint = "Leave signing out, or use a build with the feature `sign` of tauri-plugin-ravi; `ravi-workspace` has \
                it."
    )]
    SignNotBuilt,
    /// There is no program on this machine that git could call.
    #[error("this program cannot tell where it is installed, so git cannot call it")]
    #[explain(code = "workspace.no_program", hint = "Install ravi-workspace and make sure that it is on PATH.")]
    NoProgram,
    /// The thread that did the work is gone, which happens only while the runtime shuts down.
    #[error("the program is shutting down")]
    #[explain(code = "workspace.stopped", hint = "Start the program again.")]
    Stopped,
}

impl WorkspaceError {
    /// The error for a binding that belongs to another Ravi than `ours`.
    pub fn other_server(binding: &Binding, ours: impl Into<String>) -> WorkspaceError {
        WorkspaceError::OtherServer { id: binding.id.clone(), theirs: binding.server.clone(), ours: ours.into() }
    }
}

fn list(ways: &[OpenWay]) -> String {
    ways.iter().map(OpenWay::to_string).collect::<Vec<_>>().join(", ")
}
