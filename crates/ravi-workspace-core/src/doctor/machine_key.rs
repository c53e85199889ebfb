//! Where the machine key is, and whether it can be read.

use super::Finding;
use crate::account::KeyPlace;
use crate::config::Keychain;
use crate::error::Error;
use crate::ledger::{Ledger, LedgerError, MachineKey};

const CHECK: &str = "keychain";

/// Looks for the key without making one. May have to wait for the keychain.
pub(crate) fn machine_key(ledger: &Ledger) -> Result<Vec<Finding>, LedgerError> {
    let key = ledger.key();
    let Some(place) = key.place()? else {
        return Ok(vec![Finding::ok(CHECK, "no machine key yet; it is made when something first has to be sealed")]);
    };
    if let Err(e) = key.ready() {
        return Ok(vec![Finding::error(CHECK, &Error::from(LedgerError::from(e)))]);
    }
    let mut findings = vec![describe(place.into())];
    findings.extend(leftover(key)?);
    Ok(findings)
}

fn describe(place: KeyPlace) -> Finding {
    match (place.keychain, place.fallback) {
        (Keychain::System, _) => Finding::ok(CHECK, "the machine key is in the system's keychain"),
        (Keychain::File, None) => Finding::ok(CHECK, "the machine key is in a file (mode 0600), as chosen"),
        (Keychain::File, Some(reason)) => Finding::warn(
            CHECK,
            format!("the machine key is in a file (mode 0600), because {reason}"),
            "Once the keychain works: `ravi-workspace account --keychain system`. On a machine without one, \
             `ravi-workspace account --keychain file` accepts the file.",
        ),
    }
}

fn leftover(key: &MachineKey) -> Result<Option<Finding>, LedgerError> {
    let left = key.leftover()?;
    Ok(left.map(|file| {
        let message = format!("{} was left behind when the machine key moved to the keychain", file.display());
        Finding::fail(CHECK, message, "`ravi-workspace account --keychain system` removes it.")
    }))
}
