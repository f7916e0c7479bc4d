//! The binary: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    syncform::cli::run(std::env::args_os())
}
