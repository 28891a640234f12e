//! Hooks of a Python class into the host's training.

use secateur_sdk::prelude::*;

use crate::conversation::Conversation;

/// Enters the hooks that the class has; the others cost nothing.
pub(crate) struct Hooks<'a> {
    conversation: &'a mut Conversation,
    wanted: Vec<String>,
}

impl<'a> Hooks<'a> {
    pub(crate) fn new(conversation: &'a mut Conversation, wanted: Vec<String>) -> Self {
        Self { conversation, wanted }
    }

    /// What a hook says; false if the class does not have it.
    fn enter(&mut self, run: &Run<'_>, hook: &str, step: u64) -> Result<bool> {
        if !self.wanted.iter().any(|wanted| wanted == hook) {
            return Ok(false);
        }
        self.conversation.hook(run, hook, step)
    }
}

impl TrainHooks for Hooks<'_> {
    fn after_backward(&mut self, run: &Run<'_>, step: u64) -> Result<StepAction> {
        let skips = self.enter(run, "after_backward", step)?;
        Ok(if skips { StepAction::Skip } else { StepAction::Step })
    }

    fn after_step(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        self.enter(run, "after_step", step).map(drop)
    }

    fn is_done(&mut self, run: &Run<'_>, step: u64) -> Result<bool> {
        self.enter(run, "is_done", step)
    }
}
