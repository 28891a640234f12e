//! Checks of a plugin, and the messages with which a worker is asked for one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a check is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The library as a whole.
    Library,
    /// One of its methods.
    Method,
}

macro_rules! checks {
    ($($variant:ident, $name:literal, $level:literal, $subject:ident, $about:literal;)+) => {
        /// A check of a plugin. Each runs in a process of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Check {
            $(#[doc = $about] #[serde(rename = $name)] $variant,)+
        }

        impl Check {
            /// All checks, by level.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// From 1 (the file) to 8 (random requests).
            #[must_use]
            pub fn level(self) -> u8 {
                match self { $(Self::$variant => $level),+ }
            }

            /// Whether it is of the library or of each method.
            #[must_use]
            pub fn subject(self) -> Subject {
                match self { $(Self::$variant => Subject::$subject),+ }
            }

            /// What must hold.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about),+ }
            }
        }
    };
}

checks! {
    RtldNow, "rtld-now", 1, Library, "the dynamic linker finds every symbol that the library needs";
    ExportsEntry, "exports-entry", 1, Library, "the library exports secateur_plugin_entry";
    ExportsOnlyKnownSymbols, "exports-only-known-symbols", 1, Library, "it exports nothing that another plugin could clash with";
    EntryIsPure, "entry-is-pure", 1, Library, "the entry function returns the same table each time, starts no thread and opens no library";
    MagicAndSizes, "magic-and-sizes", 1, Library, "the table begins with the magic number and is as large as the contract says";
    AbiVersion, "abi-version", 1, Library, "this host has the ABI version that it was built for";
    TorchVersion, "torch-version", 1, Library, "it was built for the libtorch that runs";
    SingleLibtorch, "single-libtorch", 1, Library, "it brings no second libtorch into the process";
    ScanTime, "scan-time", 1, Library, "it is opened and asked for its table in less than half a second";
    BuildInfoComplete, "build-info-complete", 1, Library, "it says with what it was built";
    Unwinds, "unwinds", 1, Library, "its panics or exceptions stop at its border";
    MethodTables, "method-tables", 2, Library, "every method has a description and its functions";
    IdWellFormed, "id-well-formed", 2, Library, "identifiers look like org.example.magnitude";
    IdsUnique, "ids-unique", 2, Library, "no identifier occurs twice";
    FlagsKnown, "flags-known", 2, Library, "flags are known, and say whether weights or channels are pruned";
    SchemaParses, "schema-parses", 2, Library, "the schema of parameters is a JSON object";
    RequiredExtensionsKnown, "required-extensions-known", 2, Library, "this host has what methods cannot do without";
    StringsUtf8, "strings-utf8", 2, Library, "texts are there and are UTF-8";
    SchemaAcceptsDefaults, "schema-accepts-defaults", 2, Method, "the defaults of the schema, written out, are taken";
    CreateDestroy1000, "create-destroy-1000", 3, Method, "a thousand instances come and go and leave no memory behind";
    UnknownKeyRejected, "unknown-key-rejected", 3, Method, "an unknown parameter is refused by its name";
    WrongTypeRejected, "wrong-type-rejected", 3, Method, "a value of the wrong kind is refused with the parameter's name";
    TruncatedJson, "truncated-json", 3, Method, "parameters that are no JSON are refused";
    UnknownExtensionIsNull, "unknown-extension-is-null", 3, Method, "an unknown extension is answered with null";
    MeetsBudget, "meets-budget", 4, Method, "every keep is reached on every small network, or said to be infeasible";
    KeepOneIsIdentity, "keep-one-is-identity", 4, Method, "a keep of 1 removes nothing";
    RespectsProtected, "respects-protected", 4, Method, "what the suite protects stays whole";
    RespectsMinKeepAndAlign, "respects-min-keep-and-align", 4, Method, "groups keep as many units as they must, in the multiples that are asked for";
    CoversEveryGroup, "covers-every-group", 4, Method, "at a small keep every group or parameter loses something";
    PrunedModelRuns, "pruned-model-runs", 4, Method, "the pruned network computes numbers, and the same without its removed channels";
    NoWeightWrites, "no-weight-writes", 4, Method, "weights are written to only with the flag for it";
    GradModeRestored, "grad-mode-restored", 5, Method, "gradients are on when a function returns";
    AutocastRestored, "autocast-restored", 5, Method, "autocast is off when a function returns";
    ThreadsUnchanged, "threads-unchanged", 5, Method, "libtorch's threads are as many as before, and no thread of its own stays";
    RngNotReseeded, "rng-not-reseeded", 5, Method, "libtorch's generator is not seeded";
    NoTensorLeak, "no-tensor-leak", 5, Method, "repeated runs leave no memory behind";
    NoGraphLeak, "no-graph-leak", 5, Method, "runs on larger batches leave no graph behind";
    SameSeedSamePlan, "same-seed-same-plan", 6, Method, "a deterministic method gives the same bits for the same seed";
    OtherSeedOtherPlan, "other-seed-other-plan", 6, Method, "a random method gives another plan for another seed";
    EmitsEveryTarget, "emits-every-target", 6, Method, "several targets in one request are all answered";
    NestedMasks, "nested-masks", 6, Method, "what a smaller keep keeps, a larger one keeps too";
    FaultsPassedOn, "faults-passed-on", 7, Method, "a failed call of the host is passed on, whichever it is";
    CancelWithinGrace, "cancel-within-grace", 7, Method, "the method returns soon when the host wants to stop";
    MissingOptionalExtension, "missing-optional-extension", 7, Method, "an extension that it did not ask for may be missing";
    ExhaustedAllowance, "exhausted-allowance", 7, Method, "without an allowance, and with next to none, it ends in order";
    RandomRequests, "random-requests", 8, Method, "random parameters of the schema and random requests end in order";
}

impl Check {
    /// The check of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|check| check.name() == name)
    }
}

/// What `secateur-worker --validate` is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidationQuestion {
    /// The check.
    pub check: Check,
    /// The method, where it is a check of methods.
    pub method: Option<String>,
    /// Parameters of the method, an object.
    pub params: serde_json::Value,
    /// Files and folders that the parameters name, which the plugin may read.
    pub readable: Vec<PathBuf>,
    /// How long random requests go on, in seconds.
    pub seconds: f64,
    /// Seed of the one random request that is to be made again.
    pub reproduce: Option<u64>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It could not be made, or does not apply.
    Skipped,
    /// It does not hold, which may be meant.
    Warning,
    /// The process ended before it answered.
    Crashed,
    /// The process did not answer in time.
    TimedOut,
}

impl Status {
    /// Whether the plugin needs to be mended.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Crashed | Self::TimedOut)
    }

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed-out",
        }
    }
}

/// How a check ended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How it ended.
    pub status: Status,
    /// What was seen, and what to change; empty where there is nothing to say.
    pub text: String,
}

impl Verdict {
    /// It holds.
    #[must_use]
    pub fn passed() -> Self {
        Self { status: Status::Passed, text: String::new() }
    }

    /// It does not hold.
    #[must_use]
    pub fn failed(text: impl Into<String>) -> Self {
        Self { status: Status::Failed, text: text.into() }
    }

    /// It does not apply.
    #[must_use]
    pub fn skipped(text: impl Into<String>) -> Self {
        Self { status: Status::Skipped, text: text.into() }
    }

    /// It does not hold, which may be meant.
    #[must_use]
    pub fn warning(text: impl Into<String>) -> Self {
        Self { status: Status::Warning, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_levels_ascend() {
        let names: std::collections::BTreeSet<&str> = Check::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(names.len(), Check::ALL.len());
        assert!(Check::ALL.is_sorted_by_key(|check| check.level()));
        for check in Check::ALL {
            assert_eq!(Check::named(check.name()), Some(*check));
            assert_eq!(serde_json::to_value(check).unwrap(), check.name());
        }
        assert_eq!(Check::named("no-such-check"), None);
    }
}
