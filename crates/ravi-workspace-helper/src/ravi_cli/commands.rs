//! What is asked of `ravi`, as far as the shim has to know.

use std::ffi::OsString;

/// Commands that would write or remove the file that holds the key.
///
/// `login` saves to `~/.ravi/config.json`, and `logout` removes `~/.ravi` with everything in it; `identity use` writes
/// the current folder's file, else the home folder's. If the home folder is the workspace's, each of these is the
/// workspace's file.
const REFUSED: [(&str, [&str; 2]); 3] =
    [("auth login", ["auth", "login"]), ("auth logout", ["auth", "logout"]), ("identity use", ["identity", "use"])];

/// What the trail may call a use. Any other word may be a mistyped secret.
const KNOWN: [&str; 20] = [
    "auth",
    "call",
    "calls",
    "completion",
    "contacts",
    "domains",
    "email",
    "events",
    "feedback",
    "get",
    "help",
    "identity",
    "inbox",
    "message",
    "passwords",
    "phone",
    "secrets",
    "sms",
    "sso",
    "version",
];

/// Flags before a sub-command that take no value.
const SWITCHES: [&str; 4] = ["--human", "--json", "--help", "-h"];

/// Returns the sub-command that must not run in a workspace, if it is one.
pub(super) fn refused(arguments: &[OsString]) -> Option<&'static str> {
    // An unknown flag may or may not take a value, so both readings count.
    let readings = [true, false].map(|takes_value| words(arguments, takes_value));
    let is_asked = |wanted: &[&str; 2]| readings.iter().any(|words| words.starts_with(wanted));
    REFUSED.iter().find(|(_, wanted)| is_asked(wanted)).map(|(name, _)| *name)
}

/// Returns the first word of the sub-command, for the trail.
pub(super) fn name(arguments: &[OsString]) -> Option<&'static str> {
    let first = words(arguments, true).first().copied()?;
    KNOWN.into_iter().find(|known| *known == first)
}

/// Returns the first two words that are not flags: `ravi` finds its sub-command among them wherever flags are
/// (spf13/cobra, `Command.Find`).
fn words(arguments: &[OsString], unknown_takes_value: bool) -> Vec<&str> {
    let mut words = Vec::new();
    let mut arguments = arguments.iter().map(|argument| argument.to_str().unwrap_or_default());
    while let Some(argument) = arguments.next().filter(|argument| *argument != "--" && words.len() < 2) {
        let is_flag = argument.starts_with('-');
        let apart = !argument.contains('=') && (argument.starts_with("--") || argument.len() == 2);
        if !is_flag {
            words.push(argument);
        } else if apart && !SWITCHES.contains(&argument) && (unknown_takes_value || argument == "--identity") {
            arguments.next();
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn what_changes_the_login_is_refused_wherever_its_flags_stand() {
        for line in [
            "auth login",
            "auth logout",
            "--human auth logout",
            "auth --human logout",
            "--identity 0b1c auth logout",
            "--identity=0b1c auth logout --human",
            "--new-flag auth logout",
            "--new-flag value auth logout",
            "-x auth login",
            "identity use 0b1c",
            "identity --identity 0b1c use 0b1c",
        ] {
            assert!(refused(&given(line)).is_some(), "{line}");
        }
        for line in [
            "auth status",
            "auth",
            "identity list",
            "identity create --name use",
            "secrets set auth logout",
            "get auth login",
            "--identity auth logout",
            "help auth logout",
            "-- auth logout",
        ] {
            assert_eq!(refused(&given(line)), None, "{line}");
        }
    }

    #[test]
    fn the_trail_has_the_command_and_never_what_may_be_a_secret() {
        assert_eq!(name(&given("--human secrets set KEY made_up_value")), Some("secrets"));
        assert_eq!(name(&given("made_up_value")), None);
        assert_eq!(name(&[]), None);
    }
}
