//! What can be typed about a project and this machine, apart from what is tried.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::MakingArgs;

/// Arguments of `init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The folder of the project.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
}

/// Arguments of `bugreport`.
#[derive(Args, Debug)]
pub struct BugreportArgs {
    /// The run: its name, its folder, or its events.jsonl.
    pub run: PathBuf,
    /// Folder of all runs, for a run given by name.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
    /// The archive to write.
    #[arg(long, short = 'o', value_name = "FILE", default_value = "bugreport.tar.gz")]
    pub output: PathBuf,
}

/// Arguments of `completions`.
#[derive(Args, Clone, Copy, Debug)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The shells that are completed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash, with the package bash-completion.
    Bash,
    /// zsh: a file `_shelflife` in a folder of `fpath`.
    Zsh,
    /// fish.
    Fish,
}

/// Arguments of `man`.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// The folder to write to, such as ~/.local/share/man/man1.
    #[arg(long, short = 'o', value_name = "DIR")]
    pub output: PathBuf,
}

/// Arguments of `schema`.
#[derive(Args, Clone, Copy, Debug)]
pub struct SchemaArgs {
    /// Of which files.
    #[arg(value_enum, default_value_t = SchemaOf::Matrix)]
    pub of: SchemaOf,
}

/// The files that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Matrices.
    Matrix,
    /// `compat.json`, which `shelflife map export` writes.
    Compat,
    /// `shelflife.toml`, and the table `[tool.shelflife]` of `pyproject.toml`.
    Settings,
    /// Known causes, `knowledge/rules/ID.toml` in the repository of shelflife.
    Rule,
}

/// Arguments of `doctor`.
#[derive(Args, Clone, Copy, Debug)]
pub struct DoctorArgs {
    /// Install what is missing of Debian's packages (with sudo for others than root), and say each command.
    #[arg(long)]
    pub fix: bool,
}

/// Arguments of `env`.
#[derive(Args, Debug)]
pub struct EnvArgs {
    /// What to do with environments.
    #[command(subcommand)]
    pub command: EnvCommand,
}

/// The subcommands of `env`.
#[derive(Debug, Subcommand)]
pub enum EnvCommand {
    /// List the environments in the cache, last used first.
    ///
    /// --json: one array with folders and interpreters.
    List,
    /// Make the environments of a matrix without running anything.
    ///
    /// --json: an object a line for each environment, as soon as it is made or cannot be.
    Prepare {
        /// The matrix file.
        matrix: PathBuf,
        /// How environments are made.
        #[command(flatten)]
        making: MakingArgs,
    },
    /// Make environments, or find them in the cache, and print what starts their interpreters.
    ///
    /// --json: one array with the name, the versions, the command and the folder of programs of each.
    ///
    /// Example: shelflife env make scikit-learn==1.2.2
    Make {
        /// The environments, as for `check --on`.
        #[arg(value_name = "ENV", required_unless_present = "reading")]
        environments: Vec<String>,
        /// One that reads this file, found as `env-for` finds it.
        #[arg(long = "for", value_name = "FILE", conflicts_with = "environments")]
        reading: Option<PathBuf>,
        /// How environments are made.
        #[command(flatten)]
        making: MakingArgs,
    },
    /// Print the interpreter of an environment alone, which is made if it is not there.
    ///
    /// --json: the same as `env make` prints.
    ///
    /// Example: $(shelflife env path scikit-learn==1.2.2) -c "import sklearn"
    Path {
        /// The environment, as for `check --on`.
        #[arg(value_name = "ENV")]
        environment: String,
        /// How environments are made.
        #[command(flatten)]
        making: MakingArgs,
    },
    /// Run a command in an environment, which is made if it is not there. It runs as you, without a cage.
    ///
    /// Ends as the command ends.
    ///
    /// --json: nothing of its own: standard output is the command's.
    ///
    /// Example: shelflife env run scikit-learn==1.2.2 -- python -c "import sklearn"
    Run {
        /// The environment, as for `check --on`.
        #[arg(value_name = "ENV")]
        environment: String,
        /// The command: `python` and what it is to do, or another program of a virtual environment.
        #[arg(last = true, required = true, value_name = "COMMAND")]
        command: Vec<std::ffi::OsString>,
        /// How environments are made.
        #[command(flatten)]
        making: MakingArgs,
    },
    /// Remove environments, artifacts and observations that were not used lately.
    ///
    /// --json: one object with what was removed.
    Prune {
        /// Keep what was used within so many days; 0 removes everything.
        #[arg(long, value_name = "N", default_value_t = 30)]
        days: u32,
    },
}
