//! Workspaces' logins at websites. `target` is a workspace's id or a path in it.

use super::Ravi;
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::inbox::{Mailbox, Registration, RegistrationSecret};

impl Ravi {
    /// Makes a login for a website in the workspace's own vault, with a new password.
    ///
    /// It is for `username` or, without one, for the workspace's mail address.
    ///
    /// # Errors
    /// Nothing is bound to the target (`workspace.unbound`); Ravi refuses or does not answer.
    pub async fn register(&self, target: &str, domain: &str, username: Option<&str>) -> Result<RegistrationSecret> {
        let mailbox = self.mailbox(target).await?;
        let made = mailbox.register(domain, username).await;
        self.noted(entry(Action::RegistrationCreate, &mailbox, domain), made).await
    }

    /// Returns the workspace's logins, by website, without passwords.
    ///
    /// # Errors
    /// As [`register`](Ravi::register).
    pub async fn registrations(&self, target: &str) -> Result<Vec<Registration>> {
        self.mailbox(target).await?.registrations().await
    }

    /// Returns the workspace's login for a website, with its password.
    ///
    /// # Errors
    /// There is none (`registration.not_found`), or several (`registration.several`); as [`register`](Ravi::register).
    pub async fn registration(&self, target: &str, domain: &str, username: Option<&str>) -> Result<RegistrationSecret> {
        let mailbox = self.mailbox(target).await?;
        let found = mailbox.registration(domain, username).await;
        self.noted(entry(Action::RegistrationRead, &mailbox, domain), found).await
    }

    /// Deletes the workspace's login for a website.
    ///
    /// # Errors
    /// As [`registration`](Ravi::registration).
    pub async fn unregister(&self, target: &str, domain: &str, username: Option<&str>) -> Result<Registration> {
        let mailbox = self.mailbox(target).await?;
        let done = mailbox.unregister(domain, username).await;
        self.noted(entry(Action::RegistrationDelete, &mailbox, domain), done).await
    }
}

fn entry(action: Action, mailbox: &Mailbox, domain: &str) -> Entry {
    Entry::done(action).workspace(&mailbox.id).object(domain)
}
