//! `secateur`: plans, runs and reports pruning benchmarks. It never links libtorch and never opens a plugin; stages
//! run in `secateur-worker` processes.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]

mod commands;
mod context;
mod digests;
mod executor;
mod family;
mod fetch;
mod interpreter;
mod limits;
mod plugins;
mod progress;
mod published;
mod question;
mod record;
mod schedule;
mod validate;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A benchmark harness for neural-network pruning.
#[derive(Debug, Parser)]
#[command(name = "secateur", version, about, propagate_version = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run what is missing of a suite.
    Run(commands::run::Run),
    /// Show the stages of a suite: what is stored, what would run, what it would cost.
    Plan(commands::plan::PlanCommand),
    /// Write the report of a store.
    Report(commands::report::Report),
    /// Run a suite and say what changed since the last accepted night.
    Nightly(commands::nightly::Nightly),
    /// Say what changed between two stores or tables of results.
    Compare(commands::compare::Compare),
    /// Find what cannot be right in a leaderboard, ours or anybody's.
    LintBoard(commands::lint_board::LintBoard),
    /// Show everything that is stored of a trial or a stage.
    Show(commands::show::Show),
    /// Look after the files of a store.
    Store(commands::store::StoreCommand),
    /// List the methods of the plugins at hand.
    Methods(commands::methods::Methods),
    /// List the generated tasks, or show their pictures.
    Tasks(commands::tasks::Tasks),
    /// List the official data sets, fetch them, or say what is there of them.
    Data(commands::data::Data),
    /// List the networks, or show one.
    Networks(commands::networks::Networks),
    /// Begin a plugin of your own, or look into one.
    Plugin(commands::plugin::Plugin),
    /// List published checkpoints by name, or read checkpoints of other tools.
    Weights(commands::weights::Weights),
    /// Print a schema: of suite files, of `report.json`, or of the columns of `results.csv`.
    Schema {
        /// Of what.
        #[arg(value_enum, default_value_t = SchemaOf::Suite)]
        of: SchemaOf,
    },
}

/// What has a schema.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SchemaOf {
    /// JSON Schema of suite files.
    Suite,
    /// JSON Schema of `report.json`.
    Report,
    /// Units, directions and meanings of the columns of `results.csv`.
    Results,
}

/// A reader that has seen enough (`secateur networks | head`) is no error: Rust's `println!` would panic.
fn end_quietly_on_a_closed_pipe() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<String>().map_or("", String::as_str);
        if text.starts_with("failed printing to stdout") && text.contains("Broken pipe") {
            std::process::exit(0);
        }
        report(info);
    }));
}

fn main() -> ExitCode {
    end_quietly_on_a_closed_pipe();
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Run(command) => command.run(),
        Command::Plan(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Nightly(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::LintBoard(command) => command.run(),
        Command::Show(command) => command.run(),
        Command::Store(command) => command.run(),
        Command::Methods(command) => command.run(),
        Command::Tasks(command) => command.run(),
        Command::Data(command) => command.run(),
        Command::Networks(command) => command.run(),
        Command::Plugin(command) => command.run(),
        Command::Weights(command) => command.run(),
        Command::Schema { of } => {
            let schema = match of {
                SchemaOf::Suite => secateur_suite::schema(),
                SchemaOf::Report => secateur_reports::report_schema(),
                SchemaOf::Results => secateur_reports::results_columns(),
            };
            println!("{schema:#}");
            Ok(ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
