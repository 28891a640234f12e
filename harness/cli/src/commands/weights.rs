//! `secateur weights`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use secateur_checkpoint::{check_against, normalize_names, read, write_safetensors};
use secateur_network::zoo;

/// Arguments of `weights`.
#[derive(Args, Debug)]
pub(crate) struct Weights {
    #[command(subcommand)]
    command: WeightsCommand,
}

#[derive(Debug, Subcommand)]
enum WeightsCommand {
    /// Read a checkpoint (safetensors, or PyTorch's, old and new), check it against a network, and write safetensors.
    Import {
        /// The checkpoint.
        file: PathBuf,
        /// Network it must fit, as `secateur networks` lists it.
        #[arg(long, value_name = "NAME")]
        network: Option<String>,
        /// Classes of the network.
        #[arg(long)]
        classes: Option<usize>,
        /// Factor on the network's widths.
        #[arg(long)]
        width: Option<f64>,
        /// The safetensors file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Weights {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let WeightsCommand::Import { file, network, classes, width, out } = self.command;
        let digest = secateur_store::digest_file(&file)
            .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", file.display()))?;
        let checkpoint = read(&file)?;
        let mut tensors = normalize_names(checkpoint.tensors);
        let mut metadata: BTreeMap<String, String> = checkpoint.metadata;
        metadata.insert("source_blake3".to_owned(), digest);
        if let Some(name) = network {
            let network = zoo::build(&name, &zoo::Options { width, classes, input: None })?;
            check_against(&network, &tensors)?;
            metadata.insert("network".to_owned(), name);
        }
        // A counter of batches that nothing reads.
        tensors.retain(|name, _| !name.ends_with("num_batches_tracked"));
        let values: usize = tensors.values().map(secateur_checkpoint::TensorData::numel).sum();
        write_safetensors(&out, &tensors, &metadata)?;
        println!(
            "{}: {} tensors, {values} values, from {:?}",
            out.display(),
            tensors.len(),
            checkpoint.format
        );
        Ok(ExitCode::SUCCESS)
    }
}
