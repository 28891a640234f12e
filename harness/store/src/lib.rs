//! The store: objects, results, worker messages, ledger and locks. No libtorch.
//!
//! Work happens in `work/<identity>/<attempt>/`, is synced, and is renamed to `objects/<identity>/`. A result is
//! either there as a whole or not at all, and nothing that is there is ever changed.

mod digest;
mod discard;
mod disk;
mod facts;
mod ledger;
mod lock;
mod manifest;
mod message;
mod night;
mod objects;
#[cfg(test)]
mod power_loss;
mod result;
mod retention;
#[cfg(test)]
mod testing;
mod validation;

pub use digest::{digest_declared, digest_file, digest_output};
pub use facts::{
    ClassFacts, Counts, DetectionFacts, ExtractFacts, FormFacts, LatencyFacts, MeasureFacts, PruneFacts,
    RecoverFacts, ScoreFacts, SizeFacts, SnapshotFacts, TrainFacts, VerifyFacts,
};
pub use ledger::{Ledger, LedgerRow, NightRow};
pub use lock::StoreLock;
pub use manifest::{ManifestScore, ManifestTrial, MethodAbout, SuiteManifest};
pub use message::{InputFile, Interpreter, ParamsQuestion, StageOrder, WorkerReport};
pub use night::{Cell, CellKey, Facts, Night, Scored};
pub use objects::{CHECKPOINT, Store, StoreError, WorkDir, write_atomic};
pub use result::{Cost, Machine, Outcome, OutputEntry, SCHEMA, StageResult};
pub use retention::{Disposable, Inventory, Item};
pub use validation::{Check, Status, Subject as CheckSubject, ValidationQuestion, Verdict};
