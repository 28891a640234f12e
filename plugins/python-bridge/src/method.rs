//! The methods: one for weights, one for channels, because a method says once for all what it removes.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::child::Child;
use crate::config::Config;
use crate::conversation::Conversation;

const VERSION: &CStr = c"1";
/// What the class may do. It cannot be asked before it is made.
const FLAGS: Flags = Flags::NEEDS_DATA.and(Flags::NEEDS_GRAD).and(Flags::TRAINS).and(Flags::WRITES_WEIGHTS);

/// A Python class that removes weights.
pub(crate) struct PythonWeights(Conversation);

/// A Python class that removes channels.
pub(crate) struct PythonChannels(Conversation);

fn create(config: &Config, granularity: &str) -> Result<Conversation> {
    config.check()?;
    Ok(Conversation::new(Child::start(config, granularity)?))
}

impl PruneMethod for PythonWeights {
    const ID: &'static CStr = c"org.secateur.python";
    const NAME: &'static CStr = c"Python, weights";
    const VERSION: &'static CStr = VERSION;
    const SUMMARY: &'static CStr =
        c"Removes weights as a Python class says, which runs in a process of its own.";
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = FLAGS;
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        create(&config, "weights").map(Self)
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        self.0.prune(run, request)
    }
}

impl PruneMethod for PythonChannels {
    const ID: &'static CStr = c"org.secateur.python-channels";
    const NAME: &'static CStr = c"Python, channels";
    const VERSION: &'static CStr = VERSION;
    const SUMMARY: &'static CStr =
        c"Removes channels as a Python class says, which runs in a process of its own.";
    const GRANULARITY: Granularity = Granularity::Channel;
    const FLAGS: Flags = FLAGS;
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        create(&config, "channels").map(Self)
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        self.0.prune(run, request)
    }
}
