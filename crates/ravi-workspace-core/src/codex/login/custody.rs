//! Brings file, ledger and vault together.
//!
//! Every step may be interrupted anywhere and run again: the newest login is in the ledger before it goes to the vault,
//! and in the vault before the ledger says so.

use std::path::PathBuf;

use super::auth::{Account, Auth};
use super::error::CodexError;
use super::home::Home;
use super::options::{CodexOptions, LEASE};
use super::place::Place;
use super::record::{Newer, Record, newer};
use super::report::{CodexRestored, CodexSaved};
use crate::error::{Error, Kind, Result};
use crate::ledger::{CodexRow, Ledger};
use crate::machine::files::FileError;
use crate::vault::Vault;

/// How often to read the file again if Codex replaces it meanwhile.
const MOST_ROUNDS: usize = 5;

/// One login in one Codex folder, with everything needed to look after it. Used by one process at a time.
pub(crate) struct Custody<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) vault: &'a Vault<'a>,
    pub(crate) place: &'a Place,
    pub(crate) options: &'a CodexOptions,
    /// Whether a watcher acts for this machine from now on. `None` leaves that as it is: what a dead watcher did not
    /// store is still here and must not be passed over.
    pub(crate) watched: Option<bool>,
}

/// Where the caller wants the newest login to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    /// In the vault.
    Save,
    /// On disk.
    Restore,
    /// In both.
    Follow,
}

/// The result of bringing the newest login into the vault.
struct Settled {
    record: Record,
    login: Auth,
    /// Whether new content went to the vault.
    pushed: bool,
}

/// The result of following the file.
pub(crate) struct Followed {
    pub(crate) generation: i64,
    pub(crate) pushed: bool,
    pub(crate) replaced: bool,
}

impl Custody<'_> {
    /// Stores the login that is on disk.
    pub(crate) async fn save(&self) -> Result<CodexSaved> {
        self.check_sealed().await?;
        let disk = self.blocking(|home| home.check_store().and_then(|()| home.read())).await?;
        let row = self.row().await?;
        let Some(local) = self.newest_here(disk.as_ref(), &row)? else {
            return Err(CodexError::NoLogin { home: self.place.home.dir().to_owned() }.into());
        };
        let waited = row.pending.is_some();
        self.pend(&local, &row).await?;
        let settled = match self.settle(Some(&local), Want::Save).await {
            // Refused for good: it is on disk, and nobody is waiting for it.
            Err(e) if e.kind() == Kind::Policy && !waited => return Err(self.unpend(e).await?),
            other => other?,
        };
        let stored = self.place.stored(&settled.record)?;
        Ok(CodexSaved {
            name: self.place.name.to_string(),
            home: self.place.me.home.clone(),
            stored,
            changed: settled.pushed,
        })
    }

    /// Puts the newest login on disk.
    pub(crate) async fn restore(&self) -> Result<CodexRestored> {
        self.check_sealed().await?;
        let (settled, changed, aside) = self.both(Want::Restore).await?;
        let stored = self.place.stored(&settled.record)?;
        let (name, home) = (self.place.name.to_string(), self.place.me.home.clone());
        Ok(CodexRestored { name, home, stored, changed, pushed: settled.pushed, aside })
    }

    /// Brings the newest login to both places.
    pub(crate) async fn follow(&self) -> Result<Followed> {
        self.check_sealed().await?;
        let (settled, replaced, _) = self.both(Want::Follow).await?;
        Ok(Followed { generation: settled.record.generation, pushed: settled.pushed, replaced })
    }

    /// Stores the newest login for the last time and lets go of it, so that whoever is waiting can have it.
    pub(crate) async fn hand_over(&self) -> Result<Option<PathBuf>> {
        let mut rounds = 0;
        let aside = loop {
            rounds += 1;
            let stored = self.both(Want::Follow).await?.0.login.digest;
            match self.blocking(move |home| home.move_aside(&stored)).await {
                // Codex has just refreshed; that goes to the vault before anybody else is let in.
                Err(error) if has_changed(&error) && rounds < MOST_ROUNDS => {}
                moved => break moved?,
            }
        };
        let Some(record) = self.record().await? else { return Ok(aside) };
        if record.holder.as_ref().is_some_and(|holder| self.place.me.is(holder)) {
            self.write(&record.let_go()).await?;
        }
        Ok(aside)
    }

    /// Gives up the login, because another machine has it. What is newer here is kept, and the file is moved aside if
    /// it came from the vault or was ever stored there.
    pub(crate) async fn give_up(&self) -> Result<Option<PathBuf>> {
        let Some(record) = self.record().await? else { return Ok(None) };
        let mut rounds = 0;
        loop {
            rounds += 1;
            let (disk, row) = (self.blocking(Home::read_any).await?, self.row().await?);
            let (Some(disk), Some(_)) = (disk, &row.digest) else { return Ok(None) };
            if disk.account != record.login(&self.place.name)?.account {
                return Ok(None);
            }
            if disk.digest != record.digest() {
                self.pend(&disk, &row).await?;
            }
            match self.blocking(move |home| home.move_aside(&disk.digest)).await {
                Err(error) if has_changed(&error) && rounds < MOST_ROUNDS => {}
                moved => return moved,
            }
        }
    }

    /// The record at Ravi as it is now.
    pub(crate) async fn record(&self) -> Result<Option<Record>> {
        let value = self.vault.ask(&self.place.name).await?;
        Ok(value.map(|value| Record::parse(&self.place.name, value.value())).transpose()?)
    }

    async fn row(&self) -> Result<CodexRow> {
        self.place.row(self.ledger).await
    }

    async fn both(&self, want: Want) -> Result<(Settled, bool, Option<PathBuf>)> {
        let mut rounds = 0;
        loop {
            rounds += 1;
            let reading: fn(&Home) -> Result<Option<Auth>, CodexError> = match want {
                Want::Follow => Home::read_any,
                _ => |home| home.check_store().and_then(|()| home.read()),
            };
            let disk = self.blocking(reading).await?;
            let row = self.row().await?;
            let local = self.newest_here(disk.as_ref(), &row)?;
            if let Some(local) = &local
                && (want == Want::Follow || row.digest.is_some())
            {
                self.pend(local, &row).await?;
            }
            let settled = match self.settle(local.as_ref(), want).await {
                Err(error) if is_other_account(&error) && row.pending.is_none() => {
                    return Err(self.unpend(error).await?);
                }
                other => other?,
            };
            let on_disk = disk.as_ref().map(|disk| disk.digest.clone());
            if on_disk.as_deref() == Some(&settled.login.digest) {
                self.agree(&settled, false).await?;
                return Ok((settled, false, None));
            }
            // Whatever neither the vault nor the ledger ever had must not be thrown away.
            let keep = on_disk.is_some() && on_disk != row.digest;
            let login = settled.login.clone();
            match self.blocking(move |home| home.put(&login, on_disk.as_deref(), keep)).await {
                // Codex may have just refreshed.
                Err(error) if has_changed(&error) && rounds < MOST_ROUNDS => {}
                put => {
                    let aside = put?;
                    self.agree(&settled, false).await?;
                    return Ok((settled, true, aside));
                }
            }
        }
    }

    /// Brings the newest login into the vault, with this machine as its holder.
    async fn settle(&self, local: Option<&Auth>, want: Want) -> Result<Settled> {
        let before = self.record().await?;
        self.choose(local, before.as_ref(), want).await?;
        let now = self.place.clock.now_ms();
        let leased = local.is_some_and(Auth::leased) || before.as_ref().is_some_and(|r| r.holder.is_some());
        let holder = before.as_ref().and_then(|record| record.holder.as_ref());
        // Only a watched holder is waited for. Any other may be passed over at this very moment, so it writes under a
        // claim like everybody else.
        let mine = holder.is_some_and(|holder| self.place.me.is(holder) && holder.watched && holder.lives(now));
        let stored = before.as_ref().map(|record| record.login(&self.place.name)).transpose()?;
        if mine || !(leased || stored.is_some_and(|login| login.leased())) {
            return self.store(local, before, want).await;
        }
        if let Some(other) = before.as_ref().and_then(|record| record.held_by_other(&self.place.me, now))
            && !self.options.take_over
        {
            return Err(self.held(other));
        }
        self.claiming(async {
            let before = self.let_go().await?;
            self.store(local, before, want).await
        })
        .await
    }

    async fn store(&self, local: Option<&Auth>, before: Option<Record>, want: Want) -> Result<Settled> {
        let which = self.choose(local, before.as_ref(), want).await?;
        let login = match (which, local, &before) {
            (Newer::Vault | Newer::Same, _, Some(record)) => record.login(&self.place.name)?,
            (_, Some(local), _) => local.clone(),
            _ => return Err(self.missing()),
        };
        let now = self.place.clock.now_ms();
        let mut record = Record::of(&login, before.as_ref(), &self.place.me, now);
        let holder = before.as_ref().and_then(|record| record.holder.as_ref());
        let lease_ms = self.lease_ms();
        let mine = holder.filter(|holder| self.place.me.is(holder));
        let watched = self.watched.unwrap_or(mine.is_some_and(|holder| holder.watched));
        record.holder = login.leased().then(|| match holder {
            // Renewed once a third of it has passed, since each renewal writes the whole record.
            Some(held)
                if self.place.me.is(held) && held.watched == watched && held.until_ms - now > lease_ms / 3 * 2 =>
            {
                held.clone()
            }
            held => self.place.me.holding(held, now, lease_ms, watched),
        });
        let pushed = which == Newer::Local;
        if pushed || before.as_ref().is_none_or(|before| before.holder != record.holder) {
            self.write(&record).await?;
        }
        let settled = Settled { record, login, pushed };
        if which != Newer::Vault {
            self.agree(&settled, pushed).await?;
        }
        Ok(settled)
    }

    /// Which of the two is to be kept.
    async fn choose(&self, local: Option<&Auth>, stored: Option<&Record>, want: Want) -> Result<Newer> {
        let Some(stored) = stored else {
            return if local.is_some() { Ok(Newer::Local) } else { Err(self.missing()) };
        };
        let (stored, Some(local)) = (stored.login(&self.place.name)?, local) else { return Ok(Newer::Vault) };
        let row = self.row().await?;
        let base = row.digest.as_deref();
        let force = self.options.force;
        if stored.account != local.account {
            // A key that came from here is in the vault's history, and works until somebody revokes it.
            let known_key = matches!(local.account, Account::ApiKey(_)) && base == Some(&local.digest);
            return match want {
                Want::Save if force => Ok(Newer::Local),
                Want::Restore if force || known_key => Ok(Newer::Vault),
                _ => Err(self.other_account(local, &stored)),
            };
        }
        match newer(local, &stored, base) {
            Newer::Vault if want == Want::Save && force => Ok(Newer::Local),
            Newer::Vault if want == Want::Save => {
                let (name, path) = (self.place.name.to_string(), self.place.home.auth_file());
                Err(CodexError::Older { name, path }.into())
            }
            which => Ok(which),
        }
    }

    fn other_account(&self, local: &Auth, stored: &Auth) -> Error {
        CodexError::OtherAccount {
            name: self.place.name.to_string(),
            stored: stored.account.shown(),
            path: self.place.home.auth_file(),
            found: local.account.shown(),
        }
        .into()
    }

    fn missing(&self) -> Error {
        CodexError::NoLogin { home: self.place.home.dir().to_owned() }.into()
    }

    /// The newer of the file and of what is waiting in the ledger.
    ///
    /// What is waiting was once the file. So a file that is neither that nor what was stored last came after it, even
    /// if the clock was set back in between.
    fn newest_here(&self, disk: Option<&Auth>, row: &CodexRow) -> Result<Option<Auth>> {
        let pending = row.pending.as_ref().map(|text| self.place.parse(text)).transpose()?;
        Ok(match (disk, pending) {
            (Some(disk), Some(pending))
                if pending.account == disk.account
                    && if row.digest.as_ref() == Some(&disk.digest) {
                        newer(&pending, disk, row.digest.as_deref()) == Newer::Local
                    } else {
                        newer(disk, &pending, Some(&pending.digest)) == Newer::Vault
                    } =>
            {
                Some(pending)
            }
            (Some(disk), _) => Some(disk.clone()),
            (None, pending) => pending,
        })
    }

    /// Notes a login before it goes to the vault.
    async fn pend(&self, local: &Auth, row: &CodexRow) -> Result<()> {
        self.place.pend(self.ledger, local, row).await
    }

    async fn unpend(&self, error: Error) -> Result<Error> {
        let at = self.place.at();
        self.ledger.run(move |l| l.codex_unpend(&at)).await?;
        Ok(error)
    }

    async fn agree(&self, settled: &Settled, pushed: bool) -> Result<()> {
        let (generation, digest, at) = (settled.record.generation, settled.login.digest.clone(), self.place.at());
        let row = self.row().await?;
        if !pushed
            && row.pending.is_none()
            && row.digest.as_ref() == Some(&digest)
            && row.generation == Some(generation)
        {
            return Ok(());
        }
        Ok(self.ledger.run(move |l| l.codex_agree(&at, generation, &digest, pushed)).await?)
    }

    async fn write(&self, record: &Record) -> Result<()> {
        self.vault.set(&self.place.name, &record.text()).await
    }

    /// Makes sure that Ravi cannot read the login stored there.
    pub(crate) async fn check_sealed(&self) -> Result<()> {
        if self.vault.seals(&self.place.name).await? { Ok(()) } else { Err(CodexError::NotSealed.into()) }
    }

    fn lease_ms(&self) -> i64 {
        i64::try_from(self.options.lease.unwrap_or(LEASE).as_millis()).unwrap_or(i64::MAX / 4)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Home) -> Result<T, CodexError> + Send + 'static,
    ) -> Result<T> {
        self.place.blocking(work).await
    }
}

/// Whether another program has written the file in the meantime.
fn has_changed(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(CodexError::File(FileError::Changed { .. })))
}

fn is_other_account(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(CodexError::OtherAccount { .. }))
}
