//! The three splits of a task.

use serde::{Deserialize, Serialize};

use crate::{Pictures, TaskData};

/// One of a task's splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Trained on.
    Train,
    /// Chosen on.
    Validation,
    /// Scored on, once.
    Test,
}

impl Split {
    /// All splits, in the order in which they are written and digested.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// Name as it stands in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl TaskData {
    /// The pictures of one split.
    #[must_use]
    pub fn split(&self, split: Split) -> &Pictures {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }
}
