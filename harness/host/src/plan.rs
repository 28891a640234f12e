//! `secateur.host.plan/1`.

use secateur_abi as abi;
use secateur_engine::{Scope, SelectError, State, count_kept, mask_from_indices, select_pattern, select_top};
use secateur_network::ParamId;
use tch::{Device, Kind};

use crate::callback::{Answer, Failure, answer, borrow, expect, give, put};
use crate::prunable::Removable;
use crate::run::fill;
use crate::session::{Session, Snapshot};
use crate::units;

pub(crate) static PLAN: abi::ExtPlan = abi::ExtPlan {
    struct_size: size_of::<abi::ExtPlan>() as u32,
    reserved: 0,
    keep_units: units::keep_units,
    mask_param,
    mask,
    scores: units::scores,
    select,
    weight_scores,
    cost,
    emit,
    kept_units: units::kept_units,
};

impl Session<'_> {
    fn prunable_param(&self, id: u32) -> Answer<ParamId> {
        let id = self.param(id)?;
        if self.prunable().contains(&id) {
            return Ok(id);
        }
        if matches!(self.setup.removable, Removable::Channels(_)) {
            return Err(Failure::new(abi::E_UNSUPPORTED, "this suite removes channels, not single weights"));
        }
        let name = &self.model().network().params()[id.index()].name;
        Err(Failure::invalid(format!("`{name}` does not belong to the suite's prunable set")))
    }

    fn select_weights(&self, scope: u32, count: u64) -> Answer<()> {
        // Nothing goes through a network without weights, and nobody means one: the keep is too small for the set.
        if count == 0 {
            return Err(Failure::new(abi::E_INFEASIBLE, "a selection must keep at least one weight"));
        }
        let scope = match scope {
            abi::SCOPE_GLOBAL => Scope::Global,
            abi::SCOPE_UNIFORM => Scope::Uniform,
            abi::SCOPE_ERK => Scope::Erk,
            other => {
                return Err(Failure::new(
                    abi::E_UNSUPPORTED,
                    format!("weights have no selection scope {other}"),
                ));
            }
        };
        let specs = self.model().network().params();
        let shapes: Vec<Vec<i64>> = self.prunable().iter().map(|id| self.model().param(*id).size()).collect();
        let kept = {
            let scores = self.scores.borrow();
            let mut lists = Vec::with_capacity(self.prunable().len());
            for id in self.prunable() {
                let list = scores.get(id).ok_or_else(|| {
                    Failure::invalid(format!(
                        "`{}` has no scores; call weight_scores first",
                        specs[id.index()].name
                    ))
                })?;
                lists.push(list.as_slice());
            }
            let found = match self.setup.removable {
                // Each group keeps as many as any other, so that no scope has a say.
                Removable::Patterned { pattern, .. } => {
                    let shape = |id: &ParamId| specs[id.index()].shape.as_slice();
                    let shapes: Vec<&[usize]> = self.prunable().iter().map(shape).collect();
                    select_pattern(&lists, &shapes, pattern, count)
                }
                _ => {
                    let shapes: Vec<&[i64]> = shapes.iter().map(Vec::as_slice).collect();
                    select_top(&lists, &shapes, scope, count)
                }
            };
            found.map_err(|error| match error {
                SelectError::NotANumber { param, index } => {
                    let name = &specs[self.prunable()[param].index()].name;
                    Failure::invalid(format!("score {index} of `{name}` is not a number"))
                }
                other => Failure::new(abi::E_INFEASIBLE, other.to_string()),
            })?
        };
        let mut nonzero = 0;
        for id in self.prunable() {
            nonzero += count_kept(&self.model().param(*id).detach())?;
        }
        self.nonzero_before.set(Some(nonzero));
        for ((id, shape), kept) in self.prunable().iter().zip(&shapes).zip(&kept) {
            self.model().set_mask(*id, Some(&mask_from_indices(shape, kept)?))?;
        }
        Ok(())
    }

    fn emit(&self, target: u32) -> Answer<()> {
        let wanted = *self.setup.targets.get(target as usize).ok_or_else(|| {
            Failure::invalid(format!("there is no target {target}; there are {}", self.setup.targets.len()))
        })?;
        if self.in_training.get() {
            return Err(Failure::invalid("emit cannot be called in a hook"));
        }
        let kept = self.kept()?;
        if kept.abs_diff(wanted.count) > wanted.tolerance {
            return Err(Failure::invalid(format!(
                "target {target} (keep {}) is {} with a tolerance of {}, but the plan keeps {kept}",
                wanted.keep, wanted.count, wanted.tolerance
            )));
        }
        self.model().apply_masks()?;
        let state = State::of(self.model(), None);
        let weights_of = self.origin(&state)?;
        if weights_of.is_none() && self.flags.get() & (abi::METHOD_TRAINS | abi::METHOD_MUTATES_WEIGHTS) == 0
        {
            return Err(Failure::invalid(
                "weights that remain have been changed, but the method has neither the flag TRAINS nor MUTATES_WEIGHTS",
            ));
        }
        let snapshot =
            Snapshot { weights_of, nonzero_before: self.nonzero_before.get(), state, meters: self.meters() };
        self.emitted.borrow_mut()[target as usize] = Some(snapshot);
        Ok(())
    }
}

unsafe extern "C" fn mask_param(
    ctx: *mut abi::Ctx,
    id: u32,
    mask: abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the handle is live, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let id = session.prunable_param(id)?;
            session.model().set_mask(id, borrow(mask).as_ref())?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn mask(
    ctx: *mut abi::Ctx,
    id: u32,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let mask = session.model().mask(session.param(id)?).map(|mask| mask.f_ne(0.0)).transpose()?;
            put(out, mask.map_or(std::ptr::null_mut(), give))?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn select(
    ctx: *mut abi::Ctx,
    scope: u32,
    count: u64,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            match session.setup.removable {
                Removable::Weights(_) | Removable::Patterned { .. } => {
                    session.select_weights(scope, count)?
                }
                Removable::Channels(_) => session.select_units(scope, count)?,
            }
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn weight_scores(
    ctx: *mut abi::Ctx,
    id: u32,
    scores: abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the handle is live, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let id = session.prunable_param(id)?;
            let scores = expect(scores, "the scores")?;
            let expected = session.model().param(id).size();
            if scores.size() != expected {
                let name = &session.model().network().params()[id.index()].name;
                return Err(Failure::invalid(format!(
                    "the scores of `{name}` have shape {:?}, expected {expected:?}",
                    scores.size()
                )));
            }
            let flat = scores.detach().f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?.f_contiguous()?;
            let values = Vec::<f32>::try_from(flat.f_view([-1])?)?;
            session.scores.borrow_mut().insert(id, values);
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn cost(
    ctx: *mut abi::Ctx,
    out: *mut abi::PlanCost,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let network = session.model().network();
            if let Removable::Channels(channels) = &session.setup.removable {
                return fill(out, session.unit_cost(channels), |value| value.struct_size);
            }
            let (kept, total) = (session.kept()?, session.setup.removable.total(network));
            let gone = total - kept;
            let mut nonzero = std::collections::BTreeMap::new();
            for spec in network.params() {
                let count = match session.model().mask(spec.id) {
                    Some(mask) => secateur_engine::count_kept(&mask)?,
                    None => spec.numel() as u64,
                };
                nonzero.insert(spec.id, count);
            }
            let dense = network.macs(secateur_network::Convention::Core);
            let macs = network.macs_with_nonzero(|id| nonzero[&id]);
            let params = network.count_params();
            let value = abi::PlanCost {
                struct_size: size_of::<abi::PlanCost>() as u32,
                reserved: 0,
                weights: kept as f64 / total.max(1) as f64,
                params: (params - gone) as f64 / params.max(1) as f64,
                macs: macs as f64 / dense.max(1) as f64,
                channels: 1.0,
            };
            fill(out, value, |value| value.struct_size)
        })
    }
}

unsafe extern "C" fn emit(ctx: *mut abi::Ctx, target: u32, err: *const abi::ErrorSink) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            session.emit(target)?;
            Ok(abi::OK)
        })
    }
}
