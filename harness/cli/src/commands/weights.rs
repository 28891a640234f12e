//! `secateur weights`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use secateur_checkpoint::{PUBLISHED_TERMS, Published, TensorData, check_against, import, write_safetensors};
use secateur_network::zoo;

use crate::published::{imported, source};

/// Arguments of `weights`.
#[derive(Args, Debug)]
pub(crate) struct Weights {
    #[command(subcommand)]
    command: WeightsCommand,
}

#[derive(Debug, Subcommand)]
enum WeightsCommand {
    /// List the published checkpoints that are known by name.
    List {
        /// A data root; says which of them are there.
        #[arg(long, value_name = "DIR")]
        data_root: Option<PathBuf>,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Read a checkpoint (safetensors, or PyTorch's, old and new), check it against a network, and write safetensors.
    Import(Import),
}

#[derive(Args, Debug)]
struct Import {
    /// The checkpoint: a file, or the name of a published one, whose file lies in the data root or in its folder
    /// `checkpoints`. A published file must have the published digest, under whichever name it comes.
    #[arg(value_name = "NAME|FILE")]
    checkpoint: String,
    /// Network it must fit, as `secateur networks` lists it; that of a published checkpoint is known.
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Classes of the network.
    #[arg(long)]
    classes: Option<usize>,
    /// Factor on the network's widths.
    #[arg(long)]
    width: Option<f64>,
    /// A data root, where suites find the imported file by the published checkpoint's name.
    #[arg(long, value_name = "DIR")]
    data_root: Option<PathBuf>,
    /// The safetensors file to write, in place of one in the data root.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Weights {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            WeightsCommand::List { data_root, json } => list(data_root.as_deref(), json)?,
            WeightsCommand::Import(command) => command.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Import {
    fn run(self) -> anyhow::Result<()> {
        let named = Published::named(&self.checkpoint);
        let file = match (named, &self.data_root) {
            (None, _) => PathBuf::from(&self.checkpoint),
            (Some(published), Some(root)) => source(root, published)?,
            (Some(published), None) => bail!(
                "say with --data-root where {} lies, or give the file itself; it is published at {}",
                published.file,
                published.address()
            ),
        };
        if named.is_none() && !file.exists() {
            bail!(
                "there is no file {}, and no published checkpoint is called so; `secateur weights list` has their names",
                file.display()
            );
        }
        let mut checkpoint = import(&file, named)?;
        let out = match (self.out, checkpoint.published, &self.data_root) {
            (Some(out), _, _) => out,
            (None, Some(published), Some(root)) => imported(root, published),
            (None, Some(published), None) => {
                bail!(
                    "say where to write with --out FILE, or with --data-root DIR for suites that name `{}`",
                    published.name
                )
            }
            (None, None, _) => bail!(
                "say where to write with --out FILE: {} is no published checkpoint, which has its place in a data root",
                file.display()
            ),
        };
        let network = self.network.or_else(|| checkpoint.published.map(|it| it.network.to_owned()));
        if let Some(name) = network {
            let network =
                zoo::build(&name, &zoo::Options { width: self.width, classes: self.classes, input: None })?;
            check_against(&network, &checkpoint.tensors)
                .with_context(|| format!("{} does not fit", file.display()))?;
            checkpoint.metadata.insert("network".to_owned(), name);
        }
        if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        write_safetensors(&out, &checkpoint.tensors, &checkpoint.metadata)?;
        let values: usize = checkpoint.tensors.values().map(TensorData::numel).sum();
        let (tensors, format) = (checkpoint.tensors.len(), checkpoint.format);
        println!("{}: {tensors} tensors, {values} values, from {format:?}", out.display());
        if let Some(published) = checkpoint.published {
            println!("{}: the published file by its SHA-256", published.name);
        }
        Ok(())
    }
}

/// What is there of a published checkpoint.
fn state(root: Option<&Path>, published: &Published) -> Option<&'static str> {
    let root = root?;
    Some(if imported(root, published).is_file() {
        "imported"
    } else if source(root, published).is_ok() {
        "not imported"
    } else {
        "not there"
    })
}

fn list(root: Option<&Path>, json: bool) -> anyhow::Result<()> {
    if json {
        let rows = Published::all().iter().map(|published| {
            let mut row = serde_json::to_value(published)?;
            row["address"] = published.address().into();
            row["terms"] = PUBLISHED_TERMS.into();
            row["side"] = Published::SIDE.into();
            row["mean"] = serde_json::json!(Published::MEAN);
            row["std"] = serde_json::json!(Published::STD);
            row["state"] = state(root, published).into();
            Ok(row)
        });
        let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    println!(
        "{:<28} {:<14} {:<10} {:>9} {:>7} {:>11}  published at",
        "checkpoint", "network", "sha256", "MiB", "top-1", "short side"
    );
    for published in Published::all() {
        let Published { name, network, sha256, mebibytes, short_side, top1, .. } = published;
        let (head, address) = (&sha256[..8], published.address());
        let state = state(root, published).map_or_else(String::new, |state| format!(" ({state})"));
        println!(
            "{name:<28} {network:<14} {head:<10} {mebibytes:>9.1} {top1:>7.2} {short_side:>11}  {address}{state}"
        );
    }
    println!(
        "\nAll are trained on ImageNet-1k and see the middle {} pixels with mean {:?} and deviation {:?}.\n\
         Percentages are the publisher's. {PUBLISHED_TERMS}.",
        Published::SIDE,
        Published::MEAN,
        Published::STD
    );
    Ok(())
}
