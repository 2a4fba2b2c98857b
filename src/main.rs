//! The `shelflife` command.

fn main() -> std::process::ExitCode {
    shelflife::cli::main().into()
}
