//! `secateur networks`.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use secateur_network::channels::{Budget, Groups, Kept, Protection, Rules, Tally, UnitScope, select_units};
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
        /// Classes; of a detector without the background.
        #[arg(long)]
        classes: Option<usize>,
        /// Input shape, for example 3x224x224.
        #[arg(long, value_name = "CxHxW")]
        input: Option<String>,
        /// Also print the channel groups and what would remain at this fraction.
        #[arg(long, value_name = "FRACTION")]
        keep: Option<f64>,
        /// How groups share the loss: all of them keep the same fraction.
        #[arg(long, value_enum, default_value_t, requires = "keep")]
        scope: ShowScope,
        /// What the fraction is of.
        #[arg(long, value_enum, default_value_t, requires = "keep")]
        budget: ShowBudget,
        /// Keep the channels that go through sums: the streams between residual blocks.
        #[arg(long, requires = "keep")]
        within_blocks: bool,
        /// Every group keeps a multiple of so many channels, or all of them.
        #[arg(long, value_name = "N", default_value_t = 1, requires = "keep")]
        align: usize,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
}

/// Scopes that need no scores.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ShowScope {
    /// Every group keeps the same fraction. (A global scope needs scores, and so a method: see `secateur run`.)
    #[default]
    Uniform,
}

/// What a fraction is of.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ShowBudget {
    /// Channels of the groups that may lose some.
    #[default]
    Channels,
    /// Parameters of the network.
    Params,
    /// Multiply-accumulates of the network, convention `core`.
    Macs,
}

impl Networks {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            None => list(self.json)?,
            Some(NetworksCommand::Show {
                name,
                width,
                classes,
                input,
                keep,
                scope: ShowScope::Uniform,
                budget,
                within_blocks,
                align,
                json,
            }) => {
                let input = input.as_deref().map(parse_shape).transpose()?;
                let network = zoo::build(&name, &zoo::Options { width, classes, input })?;
                let cut =
                    keep.map(|keep| Cut::new(&network, keep, budget, within_blocks, align)).transpose()?;
                match (json, &cut) {
                    (true, _) => show_json(&network, cut.as_ref())?,
                    (false, Some(cut)) => cut.show(&network),
                    (false, None) => show(&network),
                }
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
    println!("{:<16} {:>12} {:>16} {:>16}  input", "network", "params", "MACs (core/1)", "MACs (tp/1)");
    for row in rows {
        let shape: Vec<String> =
            row["input"].as_array().into_iter().flatten().map(ToString::to_string).collect();
        println!(
            "{:<16} {:>12} {:>16} {:>16}  {}",
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

/// Parameters of a node alone, counted where they are used first.
fn node_params(network: &Network, id: NodeId) -> usize {
    if network.owner(id) != id {
        return 0;
    }
    network.node(id).params.iter().map(|param| network.params()[param.index()].numel()).sum()
}

fn show_json(network: &Network, cut: Option<&Cut>) -> anyhow::Result<()> {
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
    if let Some(cut) = cut {
        value["remains"] = cut.json();
    }
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
        Op::BoxPredictions { .. } => "boxes".to_owned(),
        other => {
            let text = format!("{other:?}");
            let end = text.find([' ', '{']).unwrap_or(text.len());
            text[..end].to_lowercase()
        }
    }
}

/// A network without some of its channels.
struct Cut {
    groups: Groups,
    kept: Kept,
    remains: Network,
    budget: Budget,
    target: u64,
    reached: u64,
}

impl Cut {
    fn new(
        network: &Network,
        keep: f64,
        budget: ShowBudget,
        within_blocks: bool,
        align: usize,
    ) -> anyhow::Result<Self> {
        if !(keep > 0.0 && keep <= 1.0) {
            bail!("--keep {keep} is not in (0, 1]; it is the fraction that remains");
        }
        if align == 0 {
            bail!("--align must be at least 1");
        }
        let budget = match budget {
            ShowBudget::Channels => Budget::Channels,
            ShowBudget::Params => Budget::Params,
            ShowBudget::Macs => Budget::Macs,
        };
        let groups = network.channel_groups();
        let eligible: Vec<bool> = groups
            .all()
            .iter()
            .map(|group| group.protection.is_none() && !(within_blocks && group.summed))
            .collect();
        let dense = Tally::new(network, &groups, &eligible, budget).total();
        let target = (keep * dense as f64).round() as u64;
        // Which channels of a group go does not matter here, only how many.
        let scores: Vec<Vec<f64>> = groups.all().iter().map(|group| vec![0.0; group.units]).collect();
        let rules = Rules { budget, target, eligible: &eligible, min_keep: 1, align };
        let selected = select_units(network, &groups, &scores, UnitScope::Uniform, &rules)?;
        let remains = network.surgery(&groups, &selected.kept)?.network;
        Ok(Self { groups, kept: selected.kept, remains, budget, target, reached: selected.reached })
    }

    fn show(&self, network: &Network) {
        println!("{:<34} {:>8} {:>8} {:>8}  what it is", "group", "channels", "kept", "layers");
        for (index, group) in self.groups.all().iter().enumerate() {
            let what = match (group.protection, group.summed) {
                (Some(Protection::Input), _) => "input: stays",
                (Some(Protection::Output), _) => "output: stays",
                (None, true) => "goes through sums",
                (None, false) => "",
            };
            let (name, units, kept) = (&group.name, group.units, self.kept.count(index));
            println!("{name:<34} {units:>8} {kept:>8} {:>8}  {what}", group.producers.len());
        }
        let unit = format!("{:?}", self.budget).to_lowercase();
        println!("\ntarget           {} {unit}, reached {}", self.target, self.reached);
        let ratio = |after: u64, before: u64| 100.0 * after as f64 / before.max(1) as f64;
        let line = |name: &str, before: u64, after: u64| {
            println!("{name:<16} {before} -> {after} ({:.2} %)", ratio(after, before));
        };
        line("params", network.count_params(), self.remains.count_params());
        for convention in Convention::ALL {
            let name = format!("MACs ({})", convention.name());
            line(&name, network.macs(convention), self.remains.macs(convention));
        }
    }

    fn json(&self) -> serde_json::Value {
        let groups: Vec<serde_json::Value> = self
            .groups
            .all()
            .iter()
            .enumerate()
            .map(|(index, group)| {
                serde_json::json!({
                    "name": group.name,
                    "channels": group.units,
                    "kept": self.kept.count(index),
                    "layers": group.producers.len(),
                    "summed": group.summed,
                    "protected": group.protection.is_some(),
                })
            })
            .collect();
        let mut value = summary(&self.remains);
        value["budget"] = serde_json::json!(self.budget);
        value["target"] = self.target.into();
        value["reached"] = self.reached.into();
        value["groups"] = groups.into();
        value
    }
}
