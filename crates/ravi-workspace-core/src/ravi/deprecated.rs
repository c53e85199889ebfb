//! Names of an earlier version. They are kept for one release, and each does what the name in its note does.

#![expect(missing_docs, reason = "the note of each says what to read")]
#![expect(clippy::missing_errors_doc, reason = "the note of each says what to read")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::broadcast;
use url::Url;

use super::{Ravi, SecretWatch, UndoReport, Workspace, WorkspaceWatch};
use crate::account::{Account, DevicePrompt, KeyPlace, Merged, SignedOut};
use crate::audit::{AuditReport, Pruned};
#[cfg(feature = "codex")]
use crate::codex::{
    AuthStatus, CodexEvent, CodexOptions, CodexRestored, CodexSaved, CodexStatus, CodexWatched, Installed,
};
use crate::codex_monitor::FollowOptions;
use crate::config::Keychain;
use crate::error::{Error, Result};
#[cfg(feature = "hooks")]
use crate::hooks::claude::Payload;
#[cfg(feature = "hooks")]
use crate::hooks::dmux::{Event, PaneInfo};
#[cfg(feature = "hooks")]
use crate::hooks::{HookFile, HookReport};
#[cfg(feature = "inbox")]
use crate::inbox::{
    Fence, FoundCode, InboxItem, InboxMessage, MailThread, MailThreadDetail, MessageFilter, MessageWatch, OutgoingMail,
    Registration, RegistrationSecret, SmsConversation, SmsConversationDetail, WaitRequest, Want,
};
use crate::ledger::{Binding, Ending};
use crate::model::reference::SecretName;
use crate::model::target::Target;
#[cfg(feature = "seal")]
use crate::vault::SealStatus;
use crate::vault::settings::{MigrateReport, Place};
use crate::vault::{NewValue, SecretRead};
use crate::workspace::{
    OwedRevocation, Progress, ProvisionRequest, Provisioned, ReapReport, Released, Suspended, WorkspaceSummary,
};

impl Ravi {
    #[deprecated(since = "0.2.0", note = "use `ravi.account().identity_names(…)`")]
    pub async fn identity_names(&self, wanted: Option<&str>) -> Result<Vec<String>> {
        self.account().identity_names(wanted).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().login_with_key(…)`")]
    pub async fn login_with_key(&self, key: SecretString) -> Result<Account> {
        self.account().login_with_key(key).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().login_by_import(…)`")]
    pub async fn login_by_import(&self) -> Result<Account> {
        self.account().login_by_import().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().login(…)`")]
    pub async fn login(&self, show: impl FnOnce(&DevicePrompt) + Send) -> Result<Account> {
        self.account().login(show).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().cancel_login(…)`")]
    pub fn cancel_login(&self) -> bool {
        self.account().cancel_login()
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().logout(…)`")]
    pub async fn logout(&self) -> Result<SignedOut> {
        self.account().logout().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().choose_host(…)`")]
    pub async fn choose_host(&self, wanted: &str) -> Result<Account> {
        self.account().choose_host(wanted).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().make_host(…)`")]
    pub async fn make_host(&self) -> Result<Account> {
        self.account().make_host().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().keep_machine_key(…)`")]
    pub async fn keep_machine_key(&self, place: Keychain) -> Result<KeyPlace> {
        self.account().keep_machine_key(place).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().take_keychain_fallback(…)`")]
    pub fn take_keychain_fallback(&self) -> Option<String> {
        self.account().take_keychain_fallback()
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.audit().verify(…)`")]
    pub async fn verify_audit(&self) -> Result<AuditReport> {
        self.audit().verify().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.audit().prune(…)`")]
    pub async fn prune_audit(&self, before_ms: i64, even_if_broken: bool) -> Result<Pruned> {
        self.audit().prune(before_ms, even_if_broken).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().get_blocking(…)`")]
    pub fn secret_blocking(&self, key: &str) -> Result<SecretString> {
        self.secrets().get_blocking(key)
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().get_all_blocking(…)`")]
    pub fn secrets_blocking(&self, keys: &[&str]) -> Result<Vec<SecretString>> {
        self.secrets().get_all_blocking(keys)
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().open(…)`")]
    pub async fn open_workspace(&self, path: &Path) -> Result<Workspace> {
        self.workspaces().open(path).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().follow_codex_monitor(…)`")]
    pub async fn follow_codex_monitor(&self, dir: &Path, options: FollowOptions) -> Result<()> {
        self.workspaces().follow_codex_monitor(dir, options).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().follow_codex_monitor_once(…)`")]
    pub async fn follow_codex_monitor_once(&self, dir: &Path, options: FollowOptions) -> Result<()> {
        self.workspaces().follow_codex_monitor_once(dir, options).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.github().shim_dir(…)`")]
    pub fn github_shim_dir(&self) -> Result<PathBuf> {
        self.github().shim_dir()
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.github().token(…)`")]
    pub async fn github_token(&self, path: &Path) -> Result<Option<SecretString>> {
        self.github().token(path).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().merge_host(…)`")]
    pub async fn merge_host(&self, from: &str) -> Result<Merged> {
        self.account().merge_host(from).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.account().move_server(…)`")]
    pub async fn move_server(&self, new: &Url, from: Option<&Url>) -> Result<()> {
        self.account().move_server(new, from).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().suspend(…)`")]
    pub async fn suspend(&self, target: &str) -> Result<Suspended> {
        self.workspaces().suspend(target).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().wake(…)`")]
    pub async fn wake(&self, target: &str, progress: impl Fn(Progress) + Send + Sync) -> Result<Provisioned> {
        self.workspaces().wake(target, progress).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().shorten_life(…)`")]
    pub async fn shorten_life(&self, target: &str, ttl: Duration, ending: Ending) -> Result<()> {
        self.workspaces().shorten_life(target, ttl, ending).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().wake_on_use(…)`")]
    pub async fn wake_on_use(&self, binding: &Binding) -> Result<()> {
        self.workspaces().wake_on_use(binding).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().heal(…)`")]
    pub async fn heal(&self, binding: &Binding) -> Result<()> {
        self.workspaces().heal(binding).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().provision(…)`")]
    pub async fn provision(
        &self,
        request: ProvisionRequest,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Provisioned> {
        self.workspaces().provision(request, progress).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().keep(…)`")]
    pub async fn keep(&self, id: &str) -> Result<()> {
        self.workspaces().keep(id).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().release(…)`")]
    pub async fn release(
        &self,
        target: &str,
        retire: bool,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Released> {
        self.workspaces().release(target, retire, progress).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().reap(…)`")]
    pub async fn reap(&self, dry_run: bool, progress: impl Fn(Progress) + Send + Sync) -> Result<ReapReport> {
        self.workspaces().reap(dry_run, progress).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().owed(…)`")]
    pub async fn owed(&self) -> Result<Vec<OwedRevocation>> {
        self.workspaces().owed().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().get(…)`")]
    pub async fn workspace(&self, target: impl Into<Target<'_>>) -> Result<WorkspaceSummary> {
        self.workspaces().get(target).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().top_of(…)`")]
    pub async fn top_of(&self, path: &Path) -> Result<PathBuf> {
        self.workspaces().top_of(path).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().get_now(…)`")]
    pub fn workspace_now(&self, id: &str) -> Result<Option<WorkspaceSummary>> {
        self.workspaces().get_now(id)
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().is_released(…)`")]
    pub async fn is_released(&self, id: &str) -> Result<bool> {
        self.workspaces().is_released(id).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().watch(…)`")]
    pub async fn watch_secret(&self, key: &str, every: Duration) -> Result<SecretWatch> {
        self.secrets().watch(key, every).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.settings().migrate(…)`")]
    pub async fn migrate_settings(&self, file: &Path, places: &[Place], dry_run: bool) -> Result<MigrateReport> {
        self.settings().migrate(file, places, dry_run).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.settings().migrate_files(…)`")]
    pub async fn migrate_settings_files(
        &self,
        files: &[PathBuf],
        places: &[Place],
        dry_run: bool,
    ) -> Result<Vec<MigrateReport>> {
        self.settings().migrate_files(files, places, dry_run).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.settings().undo(…)`")]
    pub async fn undo_settings(&self, file: &Path) -> Result<UndoReport> {
        self.settings().undo(file).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.settings().undo_if(…)`")]
    pub async fn undo_settings_if<E: From<Error>>(
        &self,
        file: &Path,
        check: impl FnOnce(&[String]) -> Result<(), E>,
    ) -> Result<UndoReport, E> {
        self.settings().undo_if(file, check).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.settings().value(…)`")]
    pub async fn settings_value(&self, file: &Path, pointer: &str) -> Result<SecretString> {
        self.settings().value(file, pointer).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().get(…)`")]
    pub async fn secret(&self, key: &str) -> Result<SecretString> {
        self.secrets().get(key).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().read(…)`")]
    pub async fn read_secret(&self, key: &str) -> Result<SecretRead> {
        self.secrets().read(key).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().set(…)`")]
    pub async fn set_secret(&self, key: &str, value: SecretString) -> Result<()> {
        self.secrets().set(key, value).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().delete(…)`")]
    pub async fn delete_secret(&self, key: &str) -> Result<()> {
        self.secrets().delete(key).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().names(…)`")]
    pub async fn secret_names(&self) -> Result<Vec<String>> {
        self.secrets().names().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().refresh(…)`")]
    pub async fn refresh_secret(&self, key: &str) -> Result<SecretString> {
        self.secrets().refresh(key).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().rotate(…)`")]
    pub async fn rotate_secret(&self, key: &str, new: NewValue) -> Result<()> {
        self.secrets().rotate(key, new).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.secrets().on_change(…)`")]
    pub fn on_secret_change(&self) -> broadcast::Receiver<SecretName> {
        self.secrets().on_change()
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.workspaces().watch(…)`")]
    pub fn watch_workspaces(&self) -> WorkspaceWatch {
        self.workspaces().watch()
    }
}

#[cfg(feature = "codex")]
impl Ravi {
    #[deprecated(since = "0.2.0", note = "use `ravi.codex().install_path(…)`")]
    pub async fn install_codex_path(&self) -> Result<Installed> {
        self.codex().install_path().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.codex().uninstall_path(…)`")]
    pub async fn uninstall_codex_path(&self) -> Result<Installed> {
        self.codex().uninstall_path().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.codex().save(…)`")]
    pub async fn codex_save(&self, options: &CodexOptions) -> Result<CodexSaved> {
        self.codex().save(options).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.codex().restore(…)`")]
    pub async fn codex_restore(&self, options: &CodexOptions) -> Result<CodexRestored> {
        self.codex().restore(options).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.codex().watch(…)`")]
    pub async fn codex_watch<F, T>(
        &self,
        options: &CodexOptions,
        stop: impl Future<Output = ()> + Send,
        tell: F,
    ) -> Result<CodexWatched>
    where
        F: Fn(CodexEvent) -> T + Send + Sync,
        T: Future<Output = ()> + Send,
    {
        self.codex().watch(options, stop, tell).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.codex().status(…)`")]
    pub async fn codex_status(&self, options: &CodexOptions, reported: Option<&AuthStatus>) -> Result<CodexStatus> {
        self.codex().status(options, reported).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.codex().sign_in(…)`")]
    pub async fn codex_sign_in(
        &self,
        options: &CodexOptions,
        program: &Path,
        api_key: Option<&str>,
    ) -> Result<CodexSaved> {
        self.codex().sign_in(options, program, api_key).await
    }
}

#[cfg(feature = "hooks")]
impl Ravi {
    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().dmux(…)`")]
    pub async fn hook_dmux(
        &self,
        event: Event,
        pane: &PaneInfo,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<HookReport> {
        self.hooks().dmux(event, pane, progress).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().guide_worktree_created(…)`")]
    pub async fn guide_worktree_created(
        &self,
        pane: &str,
        worktree: &Path,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Provisioned> {
        self.hooks().guide_worktree_created(pane, worktree, progress).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().guide_post_merge(…)`")]
    pub async fn guide_post_merge(&self, pane: &str) -> Result<HookReport> {
        self.hooks().guide_post_merge(pane).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().install_dmux(…)`")]
    pub async fn install_dmux_hooks(&self, project: Option<&Path>) -> Result<Vec<HookFile>> {
        self.hooks().install_dmux(project).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().uninstall_dmux(…)`")]
    pub async fn uninstall_dmux_hooks(&self, project: Option<&Path>) -> Result<Vec<HookFile>> {
        self.hooks().uninstall_dmux(project).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().git_post_checkout(…)`")]
    pub async fn hook_git_post_checkout(
        &self,
        folder: &Path,
        arguments: &[String],
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<HookReport> {
        self.hooks().git_post_checkout(folder, arguments, progress).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().install_git(…)`")]
    pub async fn install_git_hook(&self, path: &Path) -> Result<HookFile> {
        self.hooks().install_git(path).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().uninstall_git(…)`")]
    pub async fn uninstall_git_hook(&self, path: &Path) -> Result<HookFile> {
        self.hooks().uninstall_git(path).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().install_claude(…)`")]
    pub async fn install_claude_hooks(&self, project: Option<&Path>) -> Result<HookFile> {
        self.hooks().install_claude(project).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().uninstall_claude(…)`")]
    pub async fn uninstall_claude_hooks(&self, project: Option<&Path>) -> Result<HookFile> {
        self.hooks().uninstall_claude(project).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().install_jean(…)`")]
    pub async fn install_jean_scripts(&self, project: &Path) -> Result<HookFile> {
        self.hooks().install_jean(project).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().uninstall_jean(…)`")]
    pub async fn uninstall_jean_scripts(&self, project: &Path) -> Result<HookFile> {
        self.hooks().uninstall_jean(project).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().claude_worktree_create(…)`")]
    pub async fn claude_worktree_create(
        &self,
        payload: &Payload,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<PathBuf> {
        self.hooks().claude_worktree_create(payload, progress).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().claude_worktree_remove(…)`")]
    pub async fn claude_worktree_remove(&self, payload: &Payload) -> Result<HookReport> {
        self.hooks().claude_worktree_remove(payload).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().claude_session_start(…)`")]
    pub async fn claude_session_start(&self, payload: &Payload) -> Result<Option<String>> {
        self.hooks().claude_session_start(payload).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().jean_setup(…)`")]
    pub async fn jean_setup(&self, path: &Path, progress: impl Fn(Progress) + Send + Sync) -> Result<HookReport> {
        self.hooks().jean_setup(path, progress).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.hooks().jean_teardown(…)`")]
    pub async fn jean_teardown(&self, path: &Path) -> Result<HookReport> {
        self.hooks().jean_teardown(path).await
    }
}

#[cfg(feature = "inbox")]
impl Ravi {
    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).list(…)`")]
    pub async fn messages(&self, target: &str, filter: &MessageFilter) -> Result<Vec<InboxItem>> {
        self.inbox(target).list(filter).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).get(…)`")]
    pub async fn message(&self, target: &str, id: &str) -> Result<InboxMessage> {
        self.inbox(target).get(id).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).threads(…)`")]
    pub async fn threads(&self, target: &str) -> Result<Vec<MailThread>> {
        self.inbox(target).threads().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).thread(…)`")]
    pub async fn thread(&self, target: &str, id: &str) -> Result<MailThreadDetail> {
        self.inbox(target).thread(id).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).conversations(…)`")]
    pub async fn conversations(&self, target: &str) -> Result<Vec<SmsConversation>> {
        self.inbox(target).conversations().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).conversation(…)`")]
    pub async fn conversation(&self, target: &str, id: &str) -> Result<SmsConversationDetail> {
        self.inbox(target).conversation(id).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).mark_read(…)`")]
    pub async fn mark_read(&self, target: &str, id: &str) -> Result<InboxItem> {
        self.inbox(target).mark_read(id).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).send_mail(…)`")]
    pub async fn send_mail(&self, target: &str, mail: OutgoingMail) -> Result<InboxItem> {
        self.inbox(target).send_mail(mail).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).send_sms(…)`")]
    pub async fn send_sms(&self, target: &str, number: &str, text: &str) -> Result<InboxItem> {
        self.inbox(target).send_sms(number, text).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).reply(…)`")]
    pub async fn reply(&self, target: &str, id: &str, text: String, to_all: bool) -> Result<InboxItem> {
        self.inbox(target).reply(id, text, to_all).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).fence(…)`")]
    pub async fn inbox_fence(&self, target: &str) -> Result<Fence> {
        self.inbox(target).fence().await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).watch(…)`")]
    pub async fn watch_messages(&self, target: &str, since: Option<i64>) -> Result<MessageWatch> {
        self.inbox(target).watch(since).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).wait(…)`")]
    pub async fn wait_message(&self, target: &str, request: &WaitRequest) -> Result<InboxMessage> {
        self.inbox(target).wait(request).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.inbox(target).wait_code(…)`")]
    pub async fn wait_code(&self, target: &str, request: &WaitRequest, want: Want) -> Result<FoundCode> {
        self.inbox(target).wait_code(request, want).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.registrations(target).register(…)`")]
    pub async fn register(&self, target: &str, domain: &str, username: Option<&str>) -> Result<RegistrationSecret> {
        self.registrations(target).register(domain, username).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.registrations(target).get(…)`")]
    pub async fn registration(&self, target: &str, domain: &str, username: Option<&str>) -> Result<RegistrationSecret> {
        self.registrations(target).get(domain, username).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.registrations(target).remove(…)`")]
    pub async fn unregister(&self, target: &str, domain: &str, username: Option<&str>) -> Result<Registration> {
        self.registrations(target).remove(domain, username).await
    }
}

#[cfg(feature = "seal")]
impl Ravi {
    #[deprecated(since = "0.2.0", note = "use `ravi.seal().enable(…)`")]
    pub async fn enable_sealing(&self, passphrase: SecretString) -> Result<SealStatus> {
        self.seal().enable(passphrase).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.seal().unlock(…)`")]
    pub async fn unlock_sealing(&self, passphrase: Option<SecretString>) -> Result<SealStatus> {
        self.seal().unlock(passphrase).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.seal().rotate(…)`")]
    pub async fn rotate_sealing(&self, passphrase: SecretString) -> Result<SealStatus> {
        self.seal().rotate(passphrase).await
    }

    #[deprecated(since = "0.2.0", note = "use `ravi.seal().status(…)`")]
    pub async fn sealing_status(&self) -> Result<SealStatus> {
        self.seal().status().await
    }
}
