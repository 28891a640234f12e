//! How much faster a network is without half of its channels: `compaction [NETWORK] [BATCH] [THREADS] [ROUNDS]`.
//!
//! The dense and the compacted network take turns, so that what slows the machine down slows both down. Printed are
//! medians, their ratio, the ratio of multiply-accumulates, and the share of it that is reached.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use secateur_engine::{Layout, Model, Options, Pass, Streams};
use secateur_micro::{filter_norms, keep_memory};
use secateur_network::channels::{Budget, Rules, Tally, UnitScope, select_units};
use secateur_network::{Convention, zoo};
use tch::{Device, Kind, Tensor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize, usual: &str| arguments.get(at).cloned().unwrap_or_else(|| usual.to_owned());
    let (name, batch): (String, i64) = (word(0, "resnet50"), word(1, "8").parse()?);
    let (threads, rounds): (i32, usize) = (word(2, "2").parse()?, word(3, "15").parse()?);
    keep_memory();
    tch::set_num_threads(threads);
    let network = Arc::new(zoo::build(&name, &zoo::Options::default())?);
    let groups = network.channel_groups();
    let eligible: Vec<bool> = groups.all().iter().map(|group| group.protection.is_none()).collect();
    let total = Tally::new(&network, &groups, &eligible, Budget::Channels).total();
    let rules =
        Rules { budget: Budget::Channels, target: total / 2, eligible: &eligible, min_keep: 1, align: 1 };
    for layout in [Layout::Contiguous, Layout::ChannelsLast] {
        let options = Options { layout, ..Options::default() };
        let dense = Model::new(network.clone(), options, &Streams::new(0))?;
        let scores = filter_norms(&dense, &groups)?;
        let half = select_units(&network, &groups, &scores, UnitScope::Uniform, &rules)?;
        let compacted = dense.compacted(&network.surgery(&groups, &half.kept)?)?;
        let [c, h, w] = network.input().map(|size| size as i64);
        let input = Tensor::f_randn([batch, c, h, w], (Kind::Float, Device::Cpu))?;
        let _guard = tch::no_grad_guard();
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..rounds + 3 {
            for (model, times) in [&dense, &compacted].into_iter().zip(&mut times) {
                let start = Instant::now();
                drop(model.forward(&input, &Pass::default())?);
                if round >= 3 {
                    times.push(start.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
        let [whole, small] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        });
        let macs = |model: &Model| model.network().macs(Convention::Core) as f64;
        let theory = macs(&dense) / macs(&compacted);
        writeln!(
            std::io::stdout(),
            "{name} {layout:?} batch {batch} threads {threads}: dense {whole:.1} ms, compacted {small:.1} ms, \
             {:.2}x of {theory:.2}x in theory ({:.2})",
            whole / small,
            whole / small / theory
        )?;
    }
    Ok(())
}
