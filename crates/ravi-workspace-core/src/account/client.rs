//! How this program talks to Ravi, whichever room needs it.

use url::Url;

use crate::api::{ClientOptions, Moment};
use crate::machine::crash::{When, point};

/// The options for a client of the Ravi at this address: under this program's name, with a crash point on both sides of
/// each call that changes something.
pub(crate) fn client_options(url: Url) -> ClientOptions {
    ClientOptions {
        user_agent: concat!("tauri-plugin-ravi/", env!("CARGO_PKG_VERSION")).to_owned(),
        on_change: |moment, endpoint| match moment {
            Moment::Before => point(When::Before, endpoint),
            Moment::After => point(When::After, endpoint),
        },
        ..ClientOptions::new(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ravi_is_told_which_program_asks() {
        let options = client_options("http://127.0.0.1:1".parse().unwrap());
        assert!(options.user_agent.starts_with("tauri-plugin-ravi/"), "{}", options.user_agent);
    }
}
