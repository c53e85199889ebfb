//! The one gate that every secret passes on its way to a workspace: `exec --secret`, a bundle, a GitHub login,
//! whichever program hands it over.

use super::PolicyError;
use crate::audit::{Action, Entry};
use crate::config::SecretRule;
use crate::config::policy::{Ask, allows, denies};
use crate::error::Result;
use crate::ledger::{Binding, Ledger, LedgerError};
use crate::model::reference::SecretName;

/// The rules that apply to a workspace: those it was provisioned with, and those of the program that asks.
#[derive(Clone, Copy)]
pub(crate) struct Gate<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) ours: &'a [SecretRule],
}

impl Gate<'_> {
    /// Lets all of them pass, or none, and notes a refusal. It is asked before a secret is looked for, so it does not
    /// reveal whether there is one.
    pub(crate) async fn check(&self, binding: &Binding, ask: Ask, wanted: &[SecretName]) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let (binding, ours, wanted) = (binding.clone(), self.ours.to_vec(), wanted.to_vec());
        let refused = self.ledger.run(move |l| Gate { ledger: l, ours: &ours }.refused(&binding, ask, &wanted)).await?;
        Ok(refused.map_or(Ok(()), Err)?)
    }

    /// The same for a program without a runtime. Blocks only on the ledger.
    pub(crate) fn check_blocking(&self, binding: &Binding, ask: Ask, wanted: &SecretName) -> Result<()> {
        Ok(self.refused(binding, ask, std::slice::from_ref(wanted))?.map_or(Ok(()), Err)?)
    }

    fn refused(
        &self,
        binding: &Binding,
        ask: Ask,
        wanted: &[SecretName],
    ) -> std::result::Result<Option<PolicyError>, LedgerError> {
        let Binding { id, name, .. } = binding;
        let kept = self.ledger.policy(id)?;
        let refuses = |rules: &[SecretRule], secret: &SecretName| match ask {
            Ask::Named => !allows(rules, id, name, secret),
            Ask::Meant => denies(rules, id, name, secret),
        };
        let Some(secret) = wanted.iter().find(|secret| refuses(&kept, secret) || refuses(self.ours, secret)) else {
            return Ok(None);
        };
        let error = PolicyError::Secret { id: id.clone(), name: secret.to_string() };
        let entry = Entry::refused(Action::SecretRead, crate::error::Explain::code(&error));
        self.ledger.note(entry.workspace(id).object(secret.as_str()))?;
        Ok(Some(error))
    }
}
