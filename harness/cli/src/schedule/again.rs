//! Stages that are stored and run once more, since outputs of theirs were discarded and are to be read.

use std::collections::BTreeMap;

use secateur_store::{InputFile, Outcome, StageResult, StoreError, WorkDir};
use secateur_suite::{Identity, InputSource, NodeIndex};

use super::{NodeState, Schedule};

impl Schedule<'_> {
    /// Whether a stored stage must run once more, because somebody reads what was discarded of it.
    pub(super) fn is_run_again(&self, index: NodeIndex, result: &StageResult) -> anyhow::Result<bool> {
        if !self.needed.contains(&index) {
            return Ok(false);
        }
        let lacks = self.store.lacks(result)?;
        let is_wanted = self.wanted.contains(&index);
        Ok(lacks.iter().any(|name| is_wanted || result.is_read_by_reports(name)))
    }

    /// Asks the stages again whose outputs a stage reads and that lack them. Returns whether there are any.
    pub(super) fn wants_inputs(
        &mut self,
        index: NodeIndex,
        inputs: &BTreeMap<String, InputFile>,
    ) -> anyhow::Result<bool> {
        let mut wants = false;
        for name in inputs.keys() {
            let Some(source) = self.context.plan.nodes[index].inputs.get(name) else { continue };
            let Some((producer, output)) = self.producer(source) else { continue };
            let NodeState::Done { identity: Some(identity), outcome, .. } = &self.states[producer] else {
                continue;
            };
            let Some(result) = self.store.object(identity.as_str())? else { continue };
            if self.store.lacks(&result)?.contains(&output) {
                // It was counted as stored.
                self.tally.stored = self.tally.stored.saturating_sub(1);
                if *outcome != Outcome::Ok {
                    self.tally.not_ok = self.tally.not_ok.saturating_sub(1);
                }
                self.states[producer] = NodeState::Pending;
                self.wanted.insert(producer);
                wants = true;
            }
        }
        Ok(wants)
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
