//! The two methods.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::config::{Anneal, Config};
use crate::training::{Growth, train_each};

/// RigL (Evci et al., arXiv 1911.11134).
pub(crate) struct RigL {
    config: Config,
}

impl PruneMethod for RigL {
    const ID: &'static CStr = c"org.secateur.rigl";
    const NAME: &'static CStr = c"RigL";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Trains sparse, drops the smallest weights now and then, and grows those with the largest gradients.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1911.11134");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags =
        Flags::TRAINS.and(Flags::NEEDS_GRAD).and(Flags::NEEDS_DATA).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        train_each(run, &request.targets(), &self.config, Anneal::Cosine, Growth::Gradient)
    }
}

/// Sparse evolutionary training (Mocanu et al., arXiv 1707.04780), as RigL's paper compares with it.
pub(crate) struct Set {
    config: Config,
}

impl PruneMethod for Set {
    const ID: &'static CStr = c"org.secateur.set";
    const NAME: &'static CStr = c"SET";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Trains sparse, drops the smallest weights now and then, and grows random ones.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1707.04780");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::TRAINS.and(Flags::NEEDS_DATA).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        train_each(run, &request.targets(), &self.config, Anneal::Constant, Growth::Random)
    }
}
