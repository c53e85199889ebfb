//! Workspaces' logins at websites. `target` is a workspace's id or a path in it.

use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::inbox::{Mailbox, Registration, RegistrationSecret};

impl super::handle::Registrations<'_> {
    /// Makes a login for a website in the workspace's own vault, with a new password.
    ///
    /// It is for `username` or, without one, for the workspace's mail address.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let login = ravi.registrations("w1").register("shop.example", None).await?;
    /// # drop(login);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Nothing is bound to the target (`workspace.unbound`); Ravi refuses or does not answer.
    pub async fn register(self, domain: &str, username: Option<&str>) -> Result<RegistrationSecret> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let made = mailbox.register(domain, username).await;
        self.ravi.noted(entry(Action::RegistrationCreate, &mailbox, domain), made).await
    }

    /// Returns the workspace's logins, by website, without passwords.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// for login in ravi.registrations("w1").list().await? {
    ///     println!("{login:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`register`](crate::handle::Registrations::register).
    pub async fn list(self) -> Result<Vec<Registration>> {
        self.ravi.mailbox(self.target).await?.registrations().await
    }

    /// Returns the workspace's login for a website, with its password.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// let login = ravi.registrations("w1").get("shop.example", None).await?;
    /// # drop(login);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is none (`registration.not_found`), or several (`registration.several`); as
    /// [`register`](crate::handle::Registrations::register).
    pub async fn get(self, domain: &str, username: Option<&str>) -> Result<RegistrationSecret> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let found = mailbox.registration(domain, username).await;
        self.ravi.noted(entry(Action::RegistrationRead, &mailbox, domain), found).await
    }

    /// Deletes the workspace's login for a website.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// ravi.registrations("w1").remove("shop.example", None).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`get`](crate::handle::Registrations::get).
    pub async fn remove(self, domain: &str, username: Option<&str>) -> Result<Registration> {
        let mailbox = self.ravi.mailbox(self.target).await?;
        let done = mailbox.unregister(domain, username).await;
        self.ravi.noted(entry(Action::RegistrationDelete, &mailbox, domain), done).await
    }
}

fn entry(action: Action, mailbox: &Mailbox, domain: &str) -> Entry {
    Entry::done(action).workspace(&mailbox.id).object(domain)
}
