//! Layer 5: the command line. A file of a subcommand turns what was typed into a request, has it done by `app`, and
//! prints what came of it; what they share is in `requests`, `audience`, `console`, `outcome` and `failure`.

mod args;
mod attest;
mod audience;
mod baseline;
mod bisect;
mod bugreport;
mod check;
mod compare;
mod completions;
mod console;
mod doctor;
mod env;
mod env_for;
mod explain;
mod failure;
mod forecast;
mod gate;
mod history;
mod init;
mod inspect;
mod made;
mod man;
mod map;
mod merge;
mod meter;
mod museum;
mod notices;
mod outcome;
mod pack;
mod plan;
mod programs;
mod project;
mod release_diff;
mod report;
mod requests;
mod requires;
mod rescue;
mod run;
mod schema;
mod shard;

use clap::FromArgMatches as _;

pub use args::Cli;
use args::{Color, Command};

use crate::vocab::ExitCode;

/// Runs the command line of this process and says how it ends.
pub fn main() -> ExitCode {
    let parsed = args::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap tells them apart by its exit code.
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done };
            // A closed output must not turn help into a panic.
            let _ = error.print();
            if code == ExitCode::Usage && programs::are_asked_for(std::env::args().skip(1)) {
                programs::misused(&error.render().to_string());
            }
            return code;
        }
    };
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    console::speak(cli.quiet, cli.is_for_programs());
    start_log(cli.verbose);
    tracing::debug!(version = env!("CARGO_PKG_VERSION"), json = cli.is_for_programs(), "shelflife");
    let result = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Pack(args) => pack::pack(&args),
        Command::Museum(args) => museum::museum(&args),
        Command::Gate(args) => gate::gate(&args),
        Command::Rescue(args) => rescue::rescue(&args),
        Command::Baseline(args) => match args.command {
            args::BaselineCommand::Accept(args) => baseline::accept(&args),
        },
        Command::Bisect(args) => bisect::bisect(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::History(args) => history::history(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Report(args) => report::report(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Forecast(args) => forecast::forecast(&args),
        Command::Attest(args) => attest::attest(&args),
        Command::Confirm(args) => attest::confirm(&args),
        Command::Map(args) => map::map(&args),
        Command::ReleaseDiff(args) => release_diff::release_diff(&args),
        Command::EnvFor(args) => env_for::env_for(&args),
        Command::Requires(args) => requires::requires(&args),
        Command::Shard(args) => shard::shard(&args.command),
        Command::Merge(args) => merge::merge(&args),
        Command::Env(args) => env::env(&args.command),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Schema(args) => schema::schema(args),
        Command::Bugreport(args) => bugreport::bugreport(&args),
        Command::Completions(args) => completions::completions(args),
        Command::Man(args) => man::man(&args),
        Command::Init(args) => init::init(&args),
    };
    let code = result.unwrap_or_else(|failure| {
        console::explain(&failure);
        if console::is_for_programs() {
            programs::fail(&failure);
        }
        failure.code()
    });
    tracing::debug!(exit_code = code as u8, "it ends");
    code
}

/// `--verbose` shows what happens inside, on standard error; `SHELFLIFE_LOG=debug` does so too, and can be narrowed.
fn start_log(is_verbose: bool) {
    use tracing_subscriber::filter::LevelFilter;
    let level = if is_verbose { LevelFilter::DEBUG } else { LevelFilter::OFF };
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(level.into())
        .with_env_var("SHELFLIFE_LOG")
        .from_env_lossy();
    let log = tracing_subscriber::fmt().without_time().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = log.with_ansi(console::has_colour()).try_init();
}
