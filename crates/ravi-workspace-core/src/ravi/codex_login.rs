//! A Codex login: stored, restored, followed and inspected.

use std::path::Path;
use std::sync::OnceLock;

use tokio::time::sleep;

use super::Ravi;
use super::vault::OpenVault;
use crate::audit::{Action, Entry};
use crate::codex::login::{self, BEAT, Clock, Custody, Home, Me, Place, Pulse, SignIn};
use crate::codex::{
    AuthStatus, CodexError, CodexEvent, CodexHealth, CodexOptions, CodexRestored, CodexSaved, CodexStatus,
    CodexWatched, DEFAULT_NAME, WatchEnd,
};
use crate::error::{Kind, Result};
use crate::machine::clock::now_ms;
use crate::machine::lock::Lock;
use crate::model::reference::SecretName;
use crate::vault::VaultError;

impl super::handle::Codex<'_> {
    /// Stores the login of Codex's folder in the vault and makes this machine its holder. Calling it again renews both.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::codex::CodexOptions;
    ///
    /// ravi.codex().save(&CodexOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no login (`codex.no_login`), or none that Codex could use (`codex.damaged`, `codex.exposed`,
    /// `codex.store`, …); another account (`codex.other_account`) or a newer login (`codex.older`) is stored; another
    /// machine holds it (`codex.held`); the vault is not sealed (`codex.not_sealed`); Ravi does not answer, in which
    /// case the login waits in the ledger for the next save, restore or watcher.
    pub async fn save(self, options: &CodexOptions) -> Result<CodexSaved> {
        let place = self.ravi.codex_place(options, false).await?;
        let _lock = self.ravi.codex_lock(&place).await?;
        let done = async {
            let open = self.ravi.open_vault_or_keep(&place).await?;
            self.ravi.custody(&place, &open.vault(self.ravi), options, None).save().await
        };
        let done = done.await;
        self.ravi.noted(entry(Action::CodexSave, &place), done).await
    }

    /// Puts the stored login into Codex's folder, unless the one there is newer, and makes this machine its holder.
    ///
    /// Call it before the first app-server is started. If one is running and the file changed, see [`CodexRestored`].
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::codex::CodexOptions;
    ///
    /// ravi.codex().restore(&CodexOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is stored (`codex.no_login`); another machine holds it (`codex.held`; with `take_over`
    /// `codex.holder_silent`); the file is of another account (`codex.other_account`) or cannot be judged; the vault is
    /// not sealed; Ravi does not answer. Nothing is overwritten then.
    pub async fn restore(self, options: &CodexOptions) -> Result<CodexRestored> {
        let place = self.ravi.codex_place(options, true).await?;
        let _lock = self.ravi.codex_lock(&place).await?;
        let done = async {
            let open = self.ravi.open_vault().await?;
            self.ravi.custody(&place, &open.vault(self.ravi), options, None).restore().await
        };
        let done = done.await;
        let action = if options.take_over { Action::CodexTakeOver } else { Action::CodexRestore };
        self.ravi.noted(entry(action, &place), done).await
    }

    /// Follows the login of Codex's folder until `stop` ends.
    ///
    /// Each rotation goes to the vault at once or, if that fails, sealed to the ledger, to be tried again. First it
    /// reconciles file, ledger and vault, as a restore or a save does, and reports [`CodexEvent::Watching`]. It calls
    /// `tell` with what happens and waits for it; see [`CodexEvent`] for what a host app should do.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::codex::CodexOptions;
    ///
    /// let stop = async {
    ///     tokio::signal::ctrl_c().await.ok();
    /// };
    /// ravi.codex().watch(&CodexOptions::default(), stop, async |event| println!("{event:?}")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It is already being watched (`codex.watched`); at the beginning those of a restore, except that it is no error
    /// if Ravi does not answer: that is tried again.
    pub async fn watch<F, T>(
        self,
        options: &CodexOptions,
        stop: impl Future<Output = ()> + Send,
        tell: F,
    ) -> Result<CodexWatched>
    where
        F: Fn(CodexEvent) -> T + Send + Sync,
        T: Future<Output = ()> + Send,
    {
        let mut place = self.ravi.codex_place(options, true).await?;
        let what = format!("codex-watch/{}", place.me.home.display());
        let Some(_only) = Lock::try_now(self.ravi.inner.ledger.dir(), &what)? else {
            return Err(CodexError::Watched { home: place.me.home }.into());
        };
        let mut options = options.clone();
        let mut pulse = Pulse::new(&options);
        let mut watched = CodexWatched { end: WatchEnd::Stopped, pushed: 0, pending: false };
        let mut begun = false;
        let mut stop = std::pin::pin!(stop);
        loop {
            if pulse.is_due(&place.home) {
                if place.clock.is_stale() {
                    place.clock = Clock::ask(&self.ravi.inner.client).await;
                }
                match Box::pin(self.ravi.codex_step(&place, &options, &mut begun, &mut watched, &tell)).await {
                    Ok(true) => pulse.succeeded(),
                    Ok(false) => break,
                    Err(e) if !begun && e.kind() != Kind::Unreachable => return Err(e),
                    Err(e) => {
                        tell(CodexEvent::Failed { error: e.body() }).await;
                        pulse.failed();
                        // Perhaps Ravi's clock could not be read.
                        place.clock = Clock::ask(&self.ravi.inner.client).await;
                    }
                }
                if begun {
                    // What was requested at the beginning is no licence to take the login back later.
                    (options.take_over, options.force) = (false, false);
                }
            }
            tokio::select! {
                () = &mut stop => {
                    // A watcher that never began has nothing to let go of, and takes nothing any more.
                    if begun && let Err(e) = self.ravi.codex_end(&place, &options, &mut watched).await {
                        tell(CodexEvent::Failed { error: e.body() }).await;
                    }
                    break;
                }
                () = sleep(BEAT) => {}
            }
        }
        watched.pending = place.row(&self.ravi.inner.ledger).await?.pending.is_some();
        Ok(watched)
    }

    /// Returns what is known of a login: the file, what is stored, who holds it.
    ///
    /// `reported` is an app-server's answer to `getAuthStatus`; only that tells whether the login is alive. It is no
    /// error if Ravi does not answer.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use ravi_workspace_core::codex::CodexOptions;
    ///
    /// println!("{:?}", ravi.codex().status(&CodexOptions::default(), None).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The ledger cannot be read; the name is not a valid secret name.
    pub async fn status(self, options: &CodexOptions, reported: Option<&AuthStatus>) -> Result<CodexStatus> {
        let place = self.ravi.codex_place(options, false).await?;
        let health = reported.map_or(CodexHealth::Unknown, AuthStatus::health);
        let record = async {
            let open = self.ravi.open_vault().await?;
            self.ravi.custody(&place, &open.vault(self.ravi), options, None).record().await
        };
        place.status(&self.ravi.inner.ledger, record.await, health).await
    }

    /// Signs Codex in on a machine without a browser, then stores the login.
    ///
    /// `program` is Codex. With `api_key`, the secret of that name is its key; otherwise it shows a code on standard
    /// error, to be entered in any browser. An existing login is stored as it is, unless `force` is set.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// use std::path::Path;
    ///
    /// use ravi_workspace_core::codex::CodexOptions;
    ///
    /// // Shows a code to be entered in any browser.
    /// ravi.codex().sign_in(&CodexOptions::default(), Path::new("codex"), None).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Codex cannot be run (`codex.program`) or does not sign in (`codex.sign_in`); those of a save.
    pub async fn sign_in(self, options: &CodexOptions, program: &Path, api_key: Option<&str>) -> Result<CodexSaved> {
        let place = self.ravi.codex_place(options, true).await?;
        place.home.check_store()?;
        // There is no point in beginning what could not be stored afterwards.
        let open = self.ravi.open_vault().await?;
        self.ravi.custody(&place, &open.vault(self.ravi), options, None).check_sealed().await?;
        if options.force || place.home.read()?.is_none() {
            let how = match api_key {
                Some(key) => SignIn::ApiKey(self.ravi.secrets().get(key).await?),
                None => SignIn::Device,
            };
            login::sign_in(program, &place.home, &how).await?;
        }
        self.save(options).await
    }
}

impl Ravi {
    /// One look of the watcher; `false` if another machine holds the login.
    async fn codex_step<F, T>(
        &self,
        place: &Place,
        options: &CodexOptions,
        begun: &mut bool,
        watched: &mut CodexWatched,
        tell: &F,
    ) -> Result<bool>
    where
        F: Fn(CodexEvent) -> T + Send + Sync,
        T: Future<Output = ()> + Send,
    {
        let _lock = self.codex_lock(place).await?;
        let open = self.open_vault_or_keep(place).await?;
        let vault = open.vault(self);
        let custody = self.custody(place, &vault, options, Some(true));
        let followed = match custody.follow().await {
            Err(error) => {
                let Some(CodexError::Held { holder, .. }) = error.downcast_ref() else { return Err(error) };
                let aside = custody.give_up().await?;
                tell(CodexEvent::TakenOver { by: holder.host.clone(), aside }).await;
                if !*begun {
                    return Err(error);
                }
                watched.end = WatchEnd::TakenOver;
                return Ok(false);
            }
            Ok(followed) => followed,
        };
        let generation = followed.generation;
        if followed.pushed {
            watched.pushed += 1;
            self.note(entry(Action::CodexSave, place)).await?;
        }
        if !std::mem::replace(begun, true) {
            tell(CodexEvent::Watching { generation }).await;
        } else if followed.pushed {
            tell(CodexEvent::Pushed { generation }).await;
        }
        if followed.replaced {
            tell(CodexEvent::Adopt).await;
        }
        let Some(claim) = custody.wanted().await? else { return Ok(true) };
        tell(CodexEvent::Yielding { to: claim.host.clone() }).await;
        let aside = custody.hand_over().await?;
        self.note(entry(Action::CodexTakeOver, place).because(format!("by {}", claim.host))).await?;
        tell(CodexEvent::TakenOver { by: claim.host, aside }).await;
        watched.end = WatchEnd::TakenOver;
        Ok(false)
    }

    /// The last look: stores what is new. Nobody is left to hand the login over.
    async fn codex_end(&self, place: &Place, options: &CodexOptions, watched: &mut CodexWatched) -> Result<()> {
        let _lock = self.codex_lock(place).await?;
        let open = self.open_vault_or_keep(place).await?;
        let followed = self.custody(place, &open.vault(self), options, Some(false)).follow().await?;
        watched.pushed += u64::from(followed.pushed);
        Ok(())
    }

    fn custody<'a>(
        &'a self,
        place: &'a Place,
        vault: &'a crate::vault::Vault<'a>,
        options: &'a CodexOptions,
        watched: Option<bool>,
    ) -> Custody<'a> {
        Custody { ledger: &self.inner.ledger, vault, place, options, watched }
    }

    async fn codex_place(&self, options: &CodexOptions, make: bool) -> Result<Place> {
        let name = options.name.as_deref().unwrap_or(DEFAULT_NAME);
        let name = SecretName::parse(name).map_err(VaultError::from)?;
        let home = Home::find(options.home.as_deref())?;
        let home = if make { home.made()? } else { home };
        let (at, process_ms) = (home.clone(), process_ms());
        let me = self.inner.ledger.run(move |l| Me::at(l, &at, process_ms)).await?;
        let (clock, server) = (Clock::ask(&self.inner.client).await, self.inner.server.clone());
        Ok(Place { home, name, me, clock, server })
    }

    /// Makes sure that only one process of this machine at a time takes care of the logins of a folder.
    async fn codex_lock(&self, place: &Place) -> Result<Lock> {
        let home = place.me.home.display().to_string();
        Ok(Lock::wait(self.inner.ledger.dir(), &format!("codex/{home}"), &home).await?)
    }

    /// Opens the vault. A rotation is kept even if the vault cannot be named.
    async fn open_vault_or_keep(&self, place: &Place) -> Result<OpenVault> {
        let open = self.open_vault().await;
        if open.is_err() {
            place.keep(&self.inner.ledger).await?;
        }
        open
    }
}

fn entry(action: Action, place: &Place) -> Entry {
    Entry::done(action).object(place.name.as_str())
}

/// Returns when this process began to speak for this machine; Unix milliseconds.
fn process_ms() -> i64 {
    static BEGAN: OnceLock<i64> = OnceLock::new();
    *BEGAN.get_or_init(now_ms)
}
