//! What the command line itself asks of the operating system: to be told of signals, and to wait for pipes. Everything
//! else about systems is in the engine's `machine::os`.

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub(super) use unix::{Signals, asked_to_end, exit_code, wait_for};
