//! The channel side of `secateur.host.plan/1`: which units stay.

use secateur_abi as abi;
use secateur_network::channels::{Budget, Kept, SelectUnitsError, UnitScope, select_units};

use crate::callback::{Answer, Failure, answer};
use crate::prunable::{Channels, Removable};
use crate::session::Session;

/// The channel plan of a session.
#[derive(Debug)]
pub(crate) struct Units {
    /// What stays; without groups in suites that remove weights.
    pub(crate) kept: Kept,
    /// Scores of each group's units, as the method gave them.
    scores: Vec<Vec<f64>>,
}

impl Units {
    pub(crate) fn new(removable: &Removable) -> Self {
        match removable {
            Removable::Weights(_) | Removable::Patterned { .. } => {
                Self { kept: Kept::default(), scores: Vec::new() }
            }
            Removable::Channels(channels) => Self {
                kept: Kept::all(&channels.groups),
                scores: channels.groups.all().iter().map(|_| Vec::new()).collect(),
            },
        }
    }
}

impl Session<'_> {
    fn channels(&self) -> Answer<&Channels> {
        match &self.setup.removable {
            Removable::Channels(channels) => Ok(channels),
            Removable::Weights(_) | Removable::Patterned { .. } => {
                Err(Failure::new(abi::E_UNSUPPORTED, "this suite removes weights, not channels"))
            }
        }
    }

    /// The channels, and a group's number, if there is such a group and it has as many units as values were given.
    fn group(&self, group: u32, values: usize) -> Answer<(&Channels, usize)> {
        let channels = self.channels()?;
        let all = channels.groups.all();
        let Some(found) = all.get(group as usize) else {
            return Err(Failure::invalid(format!(
                "there is no channel group {group}; there are {}",
                all.len()
            )));
        };
        if found.units != values {
            return Err(Failure::invalid(format!(
                "channel group `{}` has {} units, but {values} values were given",
                found.name, found.units
            )));
        }
        Ok((channels, group as usize))
    }

    fn keep_units(&self, group: u32, keep: &[u8]) -> Answer<()> {
        let (channels, group) = self.group(group, keep.len())?;
        let keep: Vec<bool> = keep.iter().map(|keep| *keep != 0).collect();
        if let Some(complaint) = channels.complaint(group, &keep) {
            return Err(Failure::invalid(complaint));
        }
        let kept = {
            let mut units = self.units.borrow_mut();
            units.kept.group_mut(group).copy_from_slice(&keep);
            units.kept.clone()
        };
        self.model().set_unit_masks(&channels.groups, &kept)?;
        Ok(())
    }

    pub(crate) fn select_units(&self, scope: u32, count: u64) -> Answer<()> {
        let channels = self.channels()?;
        let scope = match scope {
            abi::SCOPE_GLOBAL => UnitScope::Global,
            abi::SCOPE_UNIFORM => UnitScope::Uniform,
            other => {
                let message = format!("channels have no selection scope {other}");
                return Err(Failure::new(abi::E_UNSUPPORTED, message));
            }
        };
        let selected = {
            let units = self.units.borrow();
            let rules = channels.rules(count);
            select_units(self.model().network(), &channels.groups, &units.scores, scope, &rules).map_err(
                |error| match error {
                    SelectUnitsError::Infeasible { .. } => Failure::new(abi::E_INFEASIBLE, error.to_string()),
                    other => Failure::invalid(other.to_string()),
                },
            )?
        };
        self.model().set_unit_masks(&channels.groups, &selected.kept)?;
        self.units.borrow_mut().kept = selected.kept;
        Ok(())
    }

    /// What the channel plan would cost, as fractions of the dense network.
    pub(crate) fn unit_cost(&self, channels: &Channels) -> abi::PlanCost {
        let units = self.units.borrow();
        let network = self.model().network();
        let fraction = |budget| {
            let dense = channels.count(network, budget, &Kept::all(&channels.groups));
            channels.count(network, budget, &units.kept) as f64 / dense.max(1) as f64
        };
        let params = fraction(Budget::Params);
        abi::PlanCost {
            struct_size: size_of::<abi::PlanCost>() as u32,
            reserved: 0,
            // No weight is removed singly: what remains of the weights is what remains of the parameters.
            weights: params,
            params,
            macs: fraction(Budget::Macs),
            channels: fraction(Budget::Channels),
        }
    }
}

/// # Safety
/// `pointer` must be null or point to `count` values that live as long as `'a`.
unsafe fn slice<'a, T>(pointer: *const T, count: usize) -> Answer<&'a [T]> {
    if pointer.is_null() {
        return Err(Failure::invalid("the list is null"));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

pub(crate) unsafe extern "C" fn keep_units(
    ctx: *mut abi::Ctx,
    group: u32,
    keep: *const u8,
    count: usize,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the list has as many entries as it says, by contract.
    unsafe {
        answer(ctx, err, |session| {
            session.keep_units(group, slice(keep, count)?)?;
            Ok(abi::OK)
        })
    }
}

pub(crate) unsafe extern "C" fn kept_units(
    ctx: *mut abi::Ctx,
    group: u32,
    keep: *mut u8,
    count: usize,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the list has as many entries as it says, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let (_, group) = session.group(group, count)?;
            if keep.is_null() {
                return Err(Failure::invalid("the list is null"));
            }
            let units = session.units.borrow();
            for (index, kept) in units.kept.group(group).iter().enumerate() {
                keep.add(index).write(u8::from(*kept));
            }
            Ok(abi::OK)
        })
    }
}

pub(crate) unsafe extern "C" fn scores(
    ctx: *mut abi::Ctx,
    group: u32,
    scores: *const f64,
    count: usize,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the list has as many entries as it says, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let (_, group) = session.group(group, count)?;
            session.units.borrow_mut().scores[group] = slice(scores, count)?.to_vec();
            Ok(abi::OK)
        })
    }
}
