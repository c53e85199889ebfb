//! Commands of rooms that this build leaves out.
//!
//! Their permissions exist in every build, so a page may call them. For an unknown command, Tauri would only say that
//! it does not exist, in a bare string that reads like a typing error; instead, the page gets an error with a code and
//! the missing feature, as with every other failure.

use tauri::Runtime;
use tauri::ipc::Invoke;

use super::command_error::CommandError;

/// How the commands of a feature begin, the feature, and whether it is built in.
const OPTIONAL: [(&str, &str, bool); 4] = [
    ("codex_", "codex", cfg!(feature = "codex")),
    ("inbox_", "inbox", cfg!(feature = "inbox")),
    ("registration_", "inbox", cfg!(feature = "inbox")),
    ("seal_", "seal", cfg!(feature = "seal")),
];

/// Refuses commands of features that are not built in, and passes all others to `known`.
pub(super) fn refusing<R: Runtime>(
    known: impl Fn(Invoke<R>) -> bool + Send + Sync + 'static,
) -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    move |invoke| match feature_missing_for(invoke.message.command()) {
        None => known(invoke),
        Some(feature) => {
            let command = invoke.message.command().to_owned();
            invoke.resolver.reject(CommandError::NotBuilt { feature, command });
            true
        }
    }
}

fn feature_missing_for(command: &str) -> Option<&'static str> {
    let (_, feature, _) = OPTIONAL.iter().find(|(prefix, _, built)| !built && command.starts_with(prefix))?;
    Some(feature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_missing_where_its_feature_is_and_nowhere_else() {
        let built = |command| feature_missing_for(command).is_none();
        assert_eq!(built("inbox_wait"), cfg!(feature = "inbox"));
        assert_eq!(built("registration_list"), cfg!(feature = "inbox"));
        assert_eq!(built("seal_status"), cfg!(feature = "seal"));
        assert_eq!(built("codex_save"), cfg!(feature = "codex"));
        assert!(built("secret_get") && built("call_cancel") && built("no_such_command"));
    }
}
