//! Names that a secret must not have in a child's environment, because they change what runs or where it is sent.
//!
//! Otherwise anybody who can write to a vault could have a program of their choice run by the next `exec`.

/// Refused as they are.
const NAMES: &[&str] = &[
    "ALL_PROXY",
    "BASHOPTS",
    "BASH_ENV",
    "BROWSER",
    "CDPATH",
    "CLASSPATH",
    "CURL_CA_BUNDLE",
    "EDITOR",
    "ENV",
    "GCONV_PATH",
    "GH_BROWSER",
    "GH_CONFIG_DIR",
    "GH_EDITOR",
    "GH_HOST",
    "GH_PAGER",
    "GH_PATH",
    "GIT_ALLOW_PROTOCOL",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ASKPASS",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PAGER",
    "GIT_PROXY_COMMAND",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSL_CAINFO",
    "GIT_SSL_NO_VERIFY",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
    "GLOBIGNORE",
    "GOFLAGS",
    "GRADLE_OPTS",
    "HISTFILE",
    "HOME",
    "HOSTALIASES",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LESSCLOSE",
    "LESSOPEN",
    "LOCPATH",
    "MANPAGER",
    "MAVEN_OPTS",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NO_PROXY",
    "PAGER",
    "PATH",
    "PROMPT_COMMAND",
    "PS4",
    "PYTHON_BASIC_REPL",
    "REQUESTS_CA_BUNDLE",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "SHELL",
    "SHELLOPTS",
    "SSH_ASKPASS",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERMINFO",
    "TMPDIR",
    "VISUAL",
    "ZDOTDIR",
];

/// Refused with whatever follows.
const PREFIXES: &[&str] = &[
    "BASH_FUNC_",
    "CARGO_BUILD_",
    "CARGO_TARGET_",
    "DYLD_",
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
    "GIT_CONFIG",
    "GIT_SSH",
    "GIT_TRACE",
    "LD_",
    "MALLOC_",
    "NPM_CONFIG_",
    "PERL5",
    "PERLLIB",
    // Only this program sets these; a signing key has no business in an environment.
    "RAVI_",
    "RUBYLIB",
    "RUBYOPT",
    "RUBYSHELL",
];

/// Whether a secret of this name (upper case) may be put into a child's environment.
pub(crate) fn allowed(name: &str) -> bool {
    // Python's own variables have no underscore after its name: PYTHONPATH, PYTHONSTARTUP, PYTHONHOME.
    let python = name.strip_prefix("PYTHON").is_some_and(|rest| !rest.starts_with('_'));
    !python && !NAMES.contains(&name) && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn names_that_change_what_runs_are_refused() {
        for name in [
            "PATH",
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "DYLD_INSERT_LIBRARIES",
            "NODE_OPTIONS",
            "BASH_ENV",
            "ENV",
            "PYTHONSTARTUP",
            "PYTHONPATH",
            "PERL5OPT",
            "RUBYOPT",
            "GIT_CONFIG_COUNT",
            "GIT_CONFIG_KEY_0",
            "GIT_CONFIG_GLOBAL",
            "GIT_SSH_COMMAND",
            "GIT_ASKPASS",
            "RAVI_API_URL",
            "RAVI_SIGNING_KEY",
        ] {
            assert!(!allowed(name), "{name}");
        }
        for name in ["GH_TOKEN", "OPENAI_API_KEY", "DATABASE_URL", "PYTHON_INDEX_TOKEN", "GIT_TOKEN", "ENVOY_KEY"] {
            assert!(allowed(name), "{name}");
        }
    }
}
