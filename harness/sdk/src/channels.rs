//! Channel groups, and methods that score their units.

use std::ffi::CStr;

use schemars::JsonSchema;
use secateur_abi as abi;
use serde::de::DeserializeOwned;
use tch::{Kind, Tensor};

use crate::error::{Error, ErrorKind, Result};
use crate::method::{Flags, Granularity, PruneMethod, Scope};
use crate::param::Param;
use crate::run::{Request, Run, slice, text};

/// Units of channels that live or die together.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    raw: &'a abi::Group,
}

/// What a group takes from one dimension of one parameter.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    raw: &'a abi::Member,
    units: u32,
}

/// Whether a parameter makes the channels of a group or reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Filters, biases and normalizations.
    Out,
    /// Weights of the layers that read the channels.
    In,
}

impl<'a> Group<'a> {
    /// Index.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.raw.id
    }

    /// Name of the first layer that makes its channels, for example `layer1.0.conv1`.
    #[must_use]
    pub fn name(&self) -> &'a str {
        // SAFETY: the host's table lives until `prune` returns, and so does every `Group`.
        unsafe { text(self.raw.name) }
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.raw.units as usize
    }

    /// Units that must stay at least.
    #[must_use]
    pub fn min_keep(&self) -> usize {
        self.raw.min_keep as usize
    }

    /// The number of units that stay must be a multiple of this, or all.
    #[must_use]
    pub fn align(&self) -> usize {
        self.raw.align as usize
    }

    /// Whether all units must stay: the network's input and output, and what does not belong to the suite's set.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.raw.flags & abi::GROUP_PROTECTED != 0
    }

    /// Whether the channels go through a sum, as those between residual blocks do.
    #[must_use]
    pub fn is_summed(&self) -> bool {
        self.raw.flags & abi::GROUP_SUMMED != 0
    }

    /// All parameters that hold something of its units.
    #[must_use]
    pub fn members(&self) -> Vec<Member<'a>> {
        // SAFETY: as above; the host lends `n_members` pointers to members.
        let pointers = unsafe { slice(self.raw.members, self.raw.n_members as usize) };
        // SAFETY: as above.
        pointers.iter().map(|member| Member { raw: unsafe { &**member }, units: self.raw.units }).collect()
    }
}

impl<'a> Member<'a> {
    /// Index of the parameter.
    #[must_use]
    pub fn param(&self) -> u32 {
        self.raw.param
    }

    /// The dimension.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.raw.dim as usize
    }

    /// Whether the parameter makes the channels or reads them.
    #[must_use]
    pub fn side(&self) -> Side {
        if self.raw.side == abi::SIDE_IN { Side::In } else { Side::Out }
    }

    /// Entries of the dimension that belong to a unit.
    pub fn entries(&self, unit: usize) -> impl Iterator<Item = i64> + use<'a> {
        let width = self.raw.width as usize;
        // SAFETY: the host lends `units * width` entries until `prune` returns.
        let index = unsafe { slice(self.raw.index, self.units as usize * width) };
        index[unit * width..(unit + 1) * width].iter().copied().filter(|entry| *entry >= 0)
    }

    /// What each unit has of a tensor of the parameter's shape, as a row: `[units, entries * rest]`, where `rest` is the
    /// product of the other dimensions. Entries that a unit lacks are zeros. Differentiable.
    ///
    /// # Errors
    /// Fails if libtorch does, for example on a tensor of another shape.
    pub fn rows(&self, tensor: &Tensor) -> Result<Tensor> {
        let by_entry = tensor.f_transpose(0, self.raw.dim.into())?.f_flatten(1, -1).or_else(|_| {
            // A vector has one value for each entry.
            tensor.f_unsqueeze(1)
        })?;
        let (units, width) = (i64::from(self.units), i64::from(self.raw.width));
        // SAFETY: as in `entries`.
        let index = unsafe { slice(self.raw.index, (units * width) as usize) };
        let lacking = index.iter().any(|entry| *entry < 0);
        let chosen: Vec<i64> = index.iter().map(|entry| (*entry).max(0)).collect();
        let chosen = Tensor::f_from_slice(&chosen)?.f_to_device(tensor.device())?;
        let mut rows = by_entry.f_index_select(0, &chosen)?;
        if lacking {
            let there: Vec<f32> = index.iter().map(|entry| if *entry < 0 { 0.0 } else { 1.0 }).collect();
            let there = Tensor::f_from_slice(&there)?.f_to_device(tensor.device())?;
            rows = rows.f_mul(&there.f_to_kind(tensor.kind())?.f_unsqueeze(1)?)?;
        }
        Ok(rows.f_reshape([units, -1])?)
    }

    /// The sum over all entries of each unit of a value for every entry of the dimension.
    ///
    /// `values` is `[size of the dimension]`; the result has one value for each unit. A unit without entries gets zero.
    ///
    /// # Errors
    /// Fails if libtorch does, for example on fewer values.
    pub fn sum_by_unit(&self, values: &Tensor) -> Result<Vec<f64>> {
        let values = Vec::<f64>::try_from(values.f_to_kind(Kind::Double)?.f_to_device(tch::Device::Cpu)?)?;
        let sum = |unit| self.entries(unit).map(|entry| values.get(entry as usize).copied()).sum();
        let sums: Option<Vec<f64>> = (0..self.units as usize).map(sum).collect();
        sums.ok_or_else(|| Error::invalid(format!("{} values are too few for this dimension", values.len())))
    }
}

impl Run<'_> {
    /// All channel groups in the order of their first layers; none in suites that remove weights.
    #[must_use]
    pub fn all_groups(&self) -> Vec<Group<'_>> {
        let graph = self.tables.graph;
        // SAFETY: the context is that of the running call; the pointers live until it returns.
        unsafe {
            let count = (graph.group_count)(self.ctx);
            let pointers = (0..count).map(|index| (graph.group)(self.ctx, index));
            pointers.filter_map(|pointer| pointer.as_ref()).map(|raw| Group { raw }).collect()
        }
    }

    /// The channel groups that may lose units: the suite's set.
    #[must_use]
    pub fn groups(&self) -> Vec<Group<'_>> {
        self.all_groups().into_iter().filter(|group| !group.is_protected()).collect()
    }

    /// The parameter of that index.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn param(&self, id: u32) -> Result<Param<'_>> {
        // SAFETY: as in `all_groups`; parameters are looked up by their index.
        let raw = unsafe { (self.tables.graph.param)(self.ctx, id).as_ref() };
        raw.map(Param::new).ok_or_else(|| Error::invalid(format!("there is no parameter {id}")))
    }

    /// The filters that make a group's channels: for each unit, a row of all weights of convolutions and fully connected
    /// layers that make it, `[units, values]`. With `readers`, followed by the weights that read it.
    ///
    /// # Errors
    /// Fails if the host or libtorch does.
    pub fn filters(&self, group: &Group<'_>, readers: bool) -> Result<Tensor> {
        let mut rows = Vec::new();
        for member in group.members() {
            let param = self.param(member.param())?;
            if param.shape().len() > 1 && (readers || member.side() == Side::Out) {
                rows.push(member.rows(&self.weight(&param)?.detach())?);
            }
        }
        Ok(Tensor::f_cat(&rows, 1)?)
    }

    /// The normalization scales of a group's channels, each `[units, entries]`; none where no normalization follows.
    ///
    /// # Errors
    /// Fails if the host or libtorch does.
    pub fn norm_scales(&self, group: &Group<'_>) -> Result<Vec<(Param<'_>, Tensor)>> {
        let mut scales = Vec::new();
        for member in group.members() {
            let param = self.param(member.param())?;
            if param.is_norm() && !param.is_bias() {
                let rows = member.rows(&self.weight(&param)?)?;
                scales.push((param, rows));
            }
        }
        Ok(scales)
    }

    /// The node that owns a parameter.
    #[must_use]
    pub fn owner(&self, param: &Param<'_>) -> Option<u32> {
        let graph = self.tables.graph;
        // SAFETY: as in `all_groups`.
        unsafe {
            (0..(graph.node_count)(self.ctx)).find(|index| {
                let node = (graph.node)(self.ctx, *index).as_ref();
                node.is_some_and(|node| slice(node.params, node.n_params as usize).contains(&param.id()))
            })
        }
    }

    /// The units of a group that stay. What goes is masked at once: filters, normalizations, and the weights that read
    /// them. Units that come back have zeros until [`Run::rewind_to`].
    ///
    /// # Errors
    /// Fails for a protected group, and where the group would keep too few units or no multiple of its alignment.
    pub fn keep_units(&self, group: &Group<'_>, keep: &[bool]) -> Result<()> {
        let keep: Vec<u8> = keep.iter().map(|keep| u8::from(*keep)).collect();
        // SAFETY: the host's function with the running context; the list is as long as it says.
        self.call(|ctx, err| unsafe {
            (self.tables.plan.keep_units)(ctx, group.id(), keep.as_ptr(), keep.len(), err)
        })?;
        Ok(())
    }

    /// The units of a group that stay as the plan stands.
    ///
    /// # Errors
    /// Fails if the host does.
    pub fn kept_units(&self, group: &Group<'_>) -> Result<Vec<bool>> {
        let mut keep = vec![0_u8; group.units()];
        // SAFETY: as in `keep_units`.
        self.call(|ctx, err| unsafe {
            (self.tables.plan.kept_units)(ctx, group.id(), keep.as_mut_ptr(), keep.len(), err)
        })?;
        Ok(keep.iter().map(|keep| *keep != 0).collect())
    }

    /// Gives the host scores of a group's units for [`Run::select`]; higher is kept.
    ///
    /// # Errors
    /// Fails if there are more or fewer scores than units.
    pub fn set_unit_scores(&self, group: &Group<'_>, scores: &[f64]) -> Result<()> {
        // SAFETY: as in `keep_units`.
        self.call(|ctx, err| unsafe {
            (self.tables.plan.scores)(ctx, group.id(), scores.as_ptr(), scores.len(), err)
        })?;
        Ok(())
    }
}

/// A method that only scores units of channel groups. The host does the rest: it removes the lowest scores until each
/// target's budget is met. Export it as [`PerChannel`].
pub trait ChannelCriterion: Sized + 'static {
    /// Identifier, for example `org.example.filter-norm`; never reused for another method.
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

    /// How scores compete: [`Scope::Global`] or [`Scope::Uniform`].
    fn scope(&self) -> Scope;

    /// Work before the groups are scored: statistics over pictures, training with a penalty. The default does nothing.
    ///
    /// # Errors
    /// Any failure.
    fn prepare(&mut self, _run: &Run<'_>) -> Result<()> {
        Ok(())
    }

    /// Scores of a group's units; higher is kept.
    ///
    /// # Errors
    /// Any failure.
    fn score(&mut self, run: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>>;
}

/// Makes a whole method of a [`ChannelCriterion`]: `export_plugin!(PerChannel<FilterNorm>)`.
#[derive(Debug)]
pub struct PerChannel<C>(C);

impl<C: ChannelCriterion> PruneMethod for PerChannel<C> {
    const ID: &'static CStr = C::ID;
    const NAME: &'static CStr = C::NAME;
    const VERSION: &'static CStr = C::VERSION;
    const SUMMARY: &'static CStr = C::SUMMARY;
    const CITATION: Option<&'static CStr> = C::CITATION;
    const GRANULARITY: Granularity = Granularity::Channel;
    const FLAGS: Flags = C::FLAGS;
    type Config = C::Config;

    fn create(config: C::Config) -> Result<Self> {
        Ok(Self(C::create(config)?))
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let groups = run.groups();
        if groups.is_empty() {
            return Err(Error::new(ErrorKind::Unsupported, "the network has no channels that may go"));
        }
        self.0.prepare(run)?;
        // What training has made of the weights is where every target starts; without training, the beginning.
        run.save("scored")?;
        for group in &groups {
            let scores = self.0.score(run, group)?;
            run.set_unit_scores(group, &scores)?;
        }
        let targets = request.targets();
        for (index, target) in targets.iter().enumerate() {
            run.select(self.0.scope(), target.count)?;
            // A unit that an earlier target removed may be kept by this one.
            run.rewind_to("scored")?;
            run.emit(index)?;
            run.progress(index as u64 + 1, targets.len() as u64, "targets");
        }
        Ok(())
    }
}
