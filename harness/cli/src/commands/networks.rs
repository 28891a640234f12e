//! `secateur networks`.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use secateur_network::{Convention, Network, NodeId, Op, zoo};

/// Arguments of `networks`.
#[derive(Args, Debug)]
pub(crate) struct Networks {
    #[command(subcommand)]
    command: Option<NetworksCommand>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum NetworksCommand {
    /// Print layers, shapes, parameters and multiply-accumulates of a network.
    Show {
        /// Name, as `secateur networks` lists it.
        name: String,
        /// Factor on all widths.
        #[arg(long, value_name = "FACTOR")]
        width: Option<f64>,
        /// Classes.
        #[arg(long)]
        classes: Option<usize>,
        /// Input shape, for example 3x224x224.
        #[arg(long, value_name = "CxHxW")]
        input: Option<String>,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
}

impl Networks {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            None => list(self.json)?,
            Some(NetworksCommand::Show { name, width, classes, input, json }) => {
                let input = input.as_deref().map(parse_shape).transpose()?;
                let network = zoo::build(&name, &zoo::Options { width, classes, input })?;
                if json { show_json(&network)? } else { show(&network) }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn parse_shape(text: &str) -> anyhow::Result<[usize; 3]> {
    let sizes: Vec<usize> = text.split('x').filter_map(|size| size.parse().ok()).collect();
    match sizes[..] {
        [channels, height, width] if text.split('x').count() == 3 => Ok([channels, height, width]),
        _ => bail!("`{text}` is not a shape; write channels, height and width, for example 3x224x224"),
    }
}

fn list(json: bool) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for name in zoo::names() {
        let network = zoo::build(name, &zoo::Options::default())?;
        rows.push(summary(&network));
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    println!("{:<14} {:>12} {:>16} {:>16}  input", "network", "params", "MACs (core/1)", "MACs (tp/1)");
    for row in rows {
        let shape: Vec<String> =
            row["input"].as_array().into_iter().flatten().map(ToString::to_string).collect();
        println!(
            "{:<14} {:>12} {:>16} {:>16}  {}",
            row["name"].as_str().unwrap_or_default(),
            row["params"].to_string(),
            row["macs"][Convention::Core.name()].to_string(),
            row["macs"][Convention::Tp.name()].to_string(),
            shape.join("x")
        );
    }
    Ok(())
}

fn summary(network: &Network) -> serde_json::Value {
    serde_json::json!({
        "name": network.name(),
        "input": network.input(),
        "params": network.count_params(),
        "conv_fc_weights": network.conv_fc_weights(),
        "macs": {
            Convention::Core.name(): network.macs(Convention::Core),
            Convention::Tp.name(): network.macs(Convention::Tp),
        },
    })
}

/// Parameters of a node alone.
fn node_params(network: &Network, id: NodeId) -> usize {
    network.node(id).params.iter().map(|param| network.params()[param.index()].numel()).sum()
}

fn show_json(network: &Network) -> anyhow::Result<()> {
    let mut value = summary(network);
    let nodes: Vec<serde_json::Value> = (0..network.nodes().len())
        .map(|index| {
            let id = NodeId(index as u32);
            let node = network.node(id);
            serde_json::json!({
                "name": node.name,
                "op": node.op,
                "inputs": node.inputs.iter().map(|input| network.node(*input).name.clone()).collect::<Vec<_>>(),
                "shape": network.shape(id),
                "params": node_params(network, id),
                "macs": {
                    Convention::Core.name(): network.node_macs(id, Convention::Core),
                    Convention::Tp.name(): network.node_macs(id, Convention::Tp),
                },
            })
        })
        .collect();
    value["nodes"] = nodes.into();
    println!("{}", serde_json::to_string_pretty(&value)?);
    Ok(())
}

fn show(network: &Network) {
    println!("{:<34} {:<16} {:>14} {:>12} {:>14}", "node", "operation", "output", "params", "MACs (core/1)");
    for (index, node) in network.nodes().iter().enumerate() {
        let id = NodeId(index as u32);
        let shape: Vec<String> = network.shape(id).iter().map(ToString::to_string).collect();
        println!(
            "{:<34} {:<16} {:>14} {:>12} {:>14}",
            node.name,
            operation(&node.op),
            shape.join("x"),
            node_params(network, id),
            network.node_macs(id, Convention::Core)
        );
    }
    println!("\nparams           {}", network.count_params());
    println!("conv+fc weights  {}", network.conv_fc_weights());
    for convention in Convention::ALL {
        println!("MACs ({})    {}", convention.name(), network.macs(convention));
    }
}

fn operation(op: &Op) -> String {
    match op {
        Op::Conv2d { window, groups, .. } => {
            let [height, width] = window.kernel;
            let groups = if *groups > 1 { format!(" g{groups}") } else { String::new() };
            format!("conv {height}x{width}/{}{groups}", window.stride[0])
        }
        Op::MaxPool2d { window } => format!("max pool {}/{}", window.kernel[0], window.stride[0]),
        Op::AvgPool2d { window } => format!("avg pool {}/{}", window.kernel[0], window.stride[0]),
        Op::BatchNorm2d { .. } => "batch norm".to_owned(),
        Op::Linear { .. } => "linear".to_owned(),
        other => {
            let text = format!("{other:?}");
            let end = text.find([' ', '{']).unwrap_or(text.len());
            text[..end].to_lowercase()
        }
    }
}
