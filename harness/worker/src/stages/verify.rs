//! `verify`: recounts everything from the tensors, without the plugin and without believing it.

use secateur_data::Split;
use secateur_host::Removable;
use secateur_store::{Outcome, VerifyFacts};
use secateur_suite::VerifySpec;
use secateur_validate::{Recount, recount};

use crate::order::Order;
use crate::stages::Ended;
use crate::weights;

pub(crate) fn run(order: &Order, spec: &VerifySpec) -> anyhow::Result<Ended> {
    let info = order.task("trainval")?;
    let shape = order.shape("trainval", Split::Train)?;
    let network = weights::network(&spec.network, &info, shape)?;
    // The file is read by hand: loading it into a model would already apply the masks.
    let tensors = weights::read_for(&network, order.input("weights")?)?;
    let removable = Removable::new(&network, &spec.set);
    let Recount { counts, problem } = recount(&network, &removable, spec.keep, &tensors)?;
    let target = removable.target(&network, spec.keep);
    let facts = VerifyFacts { target_count: target.count, tolerance: target.tolerance, counts };
    let mut ended = Ended::ok(facts)?;
    if let Some(problem) = problem {
        ended.outcome = Outcome::Invalid;
        ended.detail = problem;
    } else {
        // What follows waits for this file.
        std::fs::write(
            order.output("verdict.txt"),
            format!("{} of {}\n", counts.prunable_kept, counts.prunable_total),
        )?;
        ended = ended.with("verdict", "verdict.txt");
    }
    Ok(ended)
}
