//! The `shelflife` command.

use std::process::ExitCode;

use shelflife::{cage, cli};

fn main() -> ExitCode {
    // Whatever whoever called left open is nobody's business that is started here.
    close_fds::set_fds_cloexec(3, &[]);
    if let Some(code) = cage::run_if_asked() {
        return code;
    }
    // This very file, also when another one has taken its place meanwhile.
    cage::made_by(format!("/proc/{}/exe", std::process::id()));
    cli::main().into()
}
