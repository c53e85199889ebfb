//! The program `ravi-workspace`; see [`ravi_workspace`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ravi_workspace::main()
}
