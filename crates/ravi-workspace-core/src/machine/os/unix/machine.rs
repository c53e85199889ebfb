//! This machine, and the streams it gave this process.

/// Its name (uname(2)).
pub(crate) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// What tells its installation from others (machine-id(5)); nothing on systems without such a file.
#[cfg(feature = "codex")]
pub(crate) fn id() -> Vec<u8> {
    std::fs::read("/etc/machine-id").unwrap_or_default()
}

/// Standard error, for a program that is to print there what it would print on standard output.
#[cfg(feature = "codex")]
pub(crate) fn like_stderr() -> std::io::Result<std::process::Stdio> {
    use std::os::fd::AsFd as _;
    Ok(std::io::stderr().as_fd().try_clone_to_owned()?.into())
}
