//! The traits that a method implements.

use std::ffi::CStr;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tch::Tensor;

use crate::error::Result;
use crate::param::Param;
use crate::run::{Request, Run};

/// What lives or dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// Single weights.
    Weight,
    /// Channel groups.
    Channel,
}

/// What a method does and needs; combine with `|`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub(crate) u32);

impl Flags {
    /// Nothing special.
    pub const NONE: Self = Self(0);
    /// Reads training pictures.
    pub const NEEDS_DATA: Self = Self(secateur_abi::METHOD_NEEDS_DATA);
    /// Reads gradients.
    pub const NEEDS_GRAD: Self = Self(secateur_abi::METHOD_NEEDS_GRAD);
    /// Trains.
    pub const TRAINS: Self = Self(secateur_abi::METHOD_TRAINS);
    /// Writes to parameters.
    pub const WRITES_WEIGHTS: Self = Self(secateur_abi::METHOD_MUTATES_WEIGHTS);
    /// The same seed gives the same plan.
    pub const DETERMINISTIC: Self = Self(secateur_abi::METHOD_DETERMINISTIC);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

/// How scores compete for the places that a target gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All prunable weights compete.
    #[default]
    Global,
    /// Every parameter keeps the same fraction.
    Uniform,
    /// Every parameter keeps its Erdős–Rényi-kernel density (arXiv 1911.11134).
    Erk,
}

impl Scope {
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Global => secateur_abi::SCOPE_GLOBAL,
            Self::Uniform => secateur_abi::SCOPE_UNIFORM,
            Self::Erk => secateur_abi::SCOPE_ERK,
        }
    }
}

/// A method with the whole run under its control.
pub trait PruneMethod: Sized + 'static {
    /// Identifier, for example `org.example.magnitude`; never reused for another method.
    const ID: &'static CStr;
    /// Name for people.
    const NAME: &'static CStr;
    /// Version of the method.
    const VERSION: &'static CStr;
    /// One sentence.
    const SUMMARY: &'static CStr;
    /// DOI or arXiv identifier.
    const CITATION: Option<&'static CStr> = None;
    /// What lives or dies.
    const GRANULARITY: Granularity;
    /// What it does and needs.
    const FLAGS: Flags;
    /// Its parameters. Use `#[serde(deny_unknown_fields)]`, so that a misspelt one is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes an instance.
    ///
    /// # Errors
    /// Say which parameter is wrong.
    fn create(config: Self::Config) -> Result<Self>;

    /// Answers all targets of the request: for each, reach its count with masks, then [`Run::emit`] it.
    ///
    /// # Errors
    /// What was emitted before an error stays valid.
    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()>;
}

/// A method that only scores weights. The host does the rest: it keeps the highest scores of each target's count.
pub trait Criterion: Sized + 'static {
    /// Identifier, for example `org.example.magnitude`; never reused for another method.
    const ID: &'static CStr;
    /// Name for people.
    const NAME: &'static CStr;
    /// Version of the method.
    const VERSION: &'static CStr;
    /// One sentence.
    const SUMMARY: &'static CStr;
    /// DOI or arXiv identifier.
    const CITATION: Option<&'static CStr> = None;
    /// What it needs.
    const FLAGS: Flags = Flags::DETERMINISTIC;
    /// Its parameters. Use `#[serde(deny_unknown_fields)]`, so that a misspelt one is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes an instance.
    ///
    /// # Errors
    /// Say which parameter is wrong.
    fn create(config: Self::Config) -> Result<Self>;

    /// How scores compete.
    fn scope(&self) -> Scope {
        Scope::Global
    }

    /// Scores of a parameter's weights, of the parameter's shape; higher is kept.
    ///
    /// # Errors
    /// Any failure.
    fn score(&mut self, run: &Run<'_>, param: &Param<'_>) -> Result<Tensor>;
}

impl<C: Criterion> PruneMethod for C {
    const ID: &'static CStr = C::ID;
    const NAME: &'static CStr = C::NAME;
    const VERSION: &'static CStr = C::VERSION;
    const SUMMARY: &'static CStr = C::SUMMARY;
    const CITATION: Option<&'static CStr> = C::CITATION;
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = C::FLAGS;
    type Config = C::Config;

    fn create(config: C::Config) -> Result<Self> {
        C::create(config)
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        for param in run.prunable() {
            let scores = self.score(run, &param)?;
            run.set_scores(&param, &scores)?;
        }
        let targets = request.targets();
        for (index, target) in targets.iter().enumerate() {
            // Quotas of layers need not be nested, so that a weight that an earlier target zeroed may be kept by this one; and
            // the host notes what its last selection finds, which is to be the network of the start.
            run.lift_masks()?;
            run.rewind_to("start")?;
            run.select(self.scope(), target.count)?;
            run.emit(index)?;
            run.progress(index as u64 + 1, targets.len() as u64, "targets");
        }
        Ok(())
    }
}
