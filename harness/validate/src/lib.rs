//! Checks of a plugin: what the contract asks of a library, of its descriptions, and of its methods on small networks. Each check
//! runs in a process of its own, which this crate is one of; [`secateur_store::Check`] lists them.
//!
//! The recount that verdicts on answers rest on is that of `verify` stages.

mod attempt;
mod create;
mod faults;
mod kept_units;
mod library;
mod prune;
mod random;
mod recount;
mod repeat;
mod scene;
mod schema;
mod state;

use std::path::Path;

use anyhow::Context;
use secateur_host::Plugin;
use secateur_store::{Check, ValidationQuestion, Verdict};

pub use kept_units::kept_units;
pub use recount::{Recount, recount};

use crate::attempt::Subject;

/// Makes a check. This opens the plugin, so it belongs into a process that may end.
///
/// # Errors
/// Fails if the question makes no sense, or the checks' own networks fail.
pub fn answer(path: &Path, question: &ValidationQuestion) -> anyhow::Result<Verdict> {
    let check = question.check;
    if check.subject() == secateur_store::CheckSubject::Library {
        return Ok(library::check(path, check));
    }
    let plugin = Plugin::load(path)?;
    let id = question.method.as_deref().context("a check of a method needs one")?;
    let info = plugin.info().methods.into_iter().find(|method| method.id == id);
    let info = info.with_context(|| format!("the plugin has no method `{id}`"))?;
    let subject = Subject { plugin: &plugin, info, params: question.params.clone() };
    match check {
        Check::SchemaAcceptsDefaults
        | Check::CreateDestroy1000
        | Check::UnknownKeyRejected
        | Check::WrongTypeRejected
        | Check::TruncatedJson
        | Check::UnknownExtensionIsNull => create::check(&subject, check),
        Check::MeetsBudget
        | Check::KeepOneIsIdentity
        | Check::RespectsProtected
        | Check::RespectsMinKeepAndAlign
        | Check::CoversEveryGroup
        | Check::PrunedModelRuns
        | Check::NoWeightWrites => prune::check(&subject, check),
        Check::GradModeRestored
        | Check::AutocastRestored
        | Check::ThreadsUnchanged
        | Check::RngNotReseeded
        | Check::NoTensorLeak
        | Check::NoGraphLeak => state::check(&subject, check),
        Check::SameSeedSamePlan
        | Check::OtherSeedOtherPlan
        | Check::EmitsEveryTarget
        | Check::NestedMasks => repeat::check(&subject, check),
        Check::FaultsPassedOn
        | Check::CancelWithinGrace
        | Check::MissingOptionalExtension
        | Check::ExhaustedAllowance => faults::check(&subject, check),
        Check::RandomRequests => random::check(&subject, question.seconds, question.reproduce),
        _ => anyhow::bail!("`{}` is no check of a method", check.name()),
    }
}
