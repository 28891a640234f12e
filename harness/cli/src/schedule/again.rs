//! Stages that are stored and run once more, since outputs of theirs were discarded and are to be read.
//!
//! Such a stage stays done while its outputs are made again: what they are is known from its record, so the stages that read them are
//! identified, and found in the store, without them. Only what must run waits.

use std::collections::BTreeMap;

use secateur_store::{InputFile, Outcome, StageResult, StoreError, WorkDir};
use secateur_suite::{Identity, InputSource, NodeIndex};

use super::{NodeState, Prepared, Schedule};

impl Schedule<'_> {
    /// Whether outputs of a stored stage are made again.
    pub(crate) fn is_wanted(&self, index: NodeIndex) -> bool {
        self.wanted.contains(&index)
    }

    /// Asks for what reports read of a stage that is needed and lacks it.
    pub(super) fn want_what_reports_read(
        &mut self,
        index: NodeIndex,
        result: &StageResult,
    ) -> anyhow::Result<()> {
        if self.needed.contains(&index)
            && self.store.lacks(result)?.iter().any(|name| result.is_read_by_reports(name))
        {
            self.want(index);
        }
        Ok(())
    }

    /// Asks for the outputs that a stage reads and that their stages lack. Returns whether there are any.
    pub(super) fn wants_inputs(
        &mut self,
        index: NodeIndex,
        inputs: &BTreeMap<String, InputFile>,
    ) -> anyhow::Result<bool> {
        let mut wants = false;
        for name in inputs.keys() {
            let Some(source) = self.context.plan.nodes[index].inputs.get(name) else { continue };
            let Some((producer, output)) = self.producer(source) else { continue };
            let NodeState::Done { identity: Some(identity), .. } = &self.states[producer] else { continue };
            let Some(result) = self.store.object(identity.as_str())? else { continue };
            if self.store.lacks(&result)?.contains(&output) {
                self.want(producer);
                wants = true;
            }
        }
        Ok(wants)
    }

    fn want(&mut self, index: NodeIndex) {
        if self.wanted.insert(index)
            && let NodeState::Done { outcome, .. } = &self.states[index]
        {
            // It was counted as stored, and is counted as run.
            self.tally.stored = self.tally.stored.saturating_sub(1);
            if *outcome != Outcome::Ok {
                self.tally.not_ok = self.tally.not_ok.saturating_sub(1);
            }
        }
    }

    /// A stored stage whose outputs are wanted, once it has what it reads itself.
    pub(super) fn prepare_again(&mut self, index: NodeIndex) -> anyhow::Result<Option<Prepared>> {
        let NodeState::Done { identity: Some(own), .. } = self.states[index].clone() else { return Ok(None) };
        let Some(prepared) = self.identify(index)? else {
            if let NodeState::Blocked { identity, .. } = &mut self.states[index] {
                // What it reads cannot be made again; its own result stands.
                *identity = Some(own);
            }
            return Ok(None);
        };
        if self.wants_inputs(index, &prepared.inputs)? {
            return Ok(None);
        }
        let stored = self.store.object(own.as_str())?;
        Ok(Some(Prepared { stored, ..prepared }))
    }

    /// The stage whose folder an input lies in: recovery that has nothing to do passes on what it reads.
    fn producer(&self, source: &InputSource) -> Option<(NodeIndex, String)> {
        let InputSource::Output { node, output } = source else { return None };
        match &self.states[*node] {
            NodeState::Done { identity: None, .. } => {
                self.producer(self.context.plan.nodes[*node].inputs.get("weights")?)
            }
            _ => Some((*node, output.clone())),
        }
    }

    /// Puts the outputs of a stage that was run again in the place of those that were discarded, if they are the same. Its result
    /// and what it took stay those of the first time.
    pub(super) fn put_back(
        &self,
        identity: &Identity,
        work: WorkDir,
        before: &StageResult,
        mut again: StageResult,
    ) -> Result<NodeState, StoreError> {
        if again.outcome == Outcome::Cancelled {
            return Ok(self.state_of(identity, &again));
        }
        let other: Vec<String> = self
            .store
            .lacks(before)?
            .into_iter()
            .filter(|name| {
                let digest = |result: &StageResult| result.outputs.get(name).map(|it| it.digest.clone());
                digest(before) != digest(&again)
            })
            .collect();
        if other.is_empty() {
            self.store.restore(work, before)?;
            return Ok(self.state_of(identity, before));
        }
        if again.outcome.is_final() {
            again.detail = format!(
                "it was run again for outputs that `store gc` had discarded, and {} came out as other bytes than the first time; \
                 on GPUs results may differ in the last bits. Run the suite on a new store",
                other.join(", ")
            );
            again.outcome = Outcome::Failed;
        }
        self.store.keep_attempt(work, &again)?;
        Ok(NodeState::Blocked {
            identity: Some(identity.clone()),
            outcome: again.outcome,
            detail: again.detail,
        })
    }
}
