//! The conversation of a run: Python asks, the host answers.
//!
//! It is strictly in turns. While the host trains it asks in its turn: a hook runs in Python, and may itself ask.

use std::collections::BTreeMap;
use std::fs::File;

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;
use secateur_sdk::{Batch, Capture, Forward, Member};
use serde_json::{Value, json};

use crate::child::{Child, log};
use crate::hooks::Hooks;
use crate::message::{Call, Said, Split as AskedSplit, Tell, What, kind_of, name_of};
use crate::tensors;

/// A Python process with what it holds of the host.
#[derive(Debug)]
pub(crate) struct Conversation {
    child: Child,
    /// Tensors that stay with the host, where their graphs are, by the numbers that Python has for them.
    kept: BTreeMap<u64, Tensor>,
    next: u64,
    /// The conversation is at its end: what has happened, for the one who started it.
    broken: Option<(ErrorKind, String)>,
}

/// The answer to a call.
struct Answer {
    value: Value,
    tensors: Vec<(String, Tensor)>,
}

impl Answer {
    fn nothing() -> Self {
        Self::value(Value::Null)
    }

    fn value(value: Value) -> Self {
        Self { value, tensors: Vec::new() }
    }

    /// One tensor, which Python gets a copy of.
    fn tensor(tensor: &Tensor) -> Self {
        Self { value: json!(true), tensors: vec![("tensor".to_owned(), tensor.shallow_clone())] }
    }

    /// A tensor, or none.
    fn optional(tensor: Option<&Tensor>) -> Self {
        tensor.map_or_else(Self::nothing, Self::tensor)
    }
}

/// What a call brings along.
type Attached = BTreeMap<String, Tensor>;

impl Conversation {
    pub(crate) fn new(child: Child) -> Self {
        Self { child, kept: BTreeMap::new(), next: 0, broken: None }
    }

    /// Has the class answer a request.
    pub(crate) fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let targets = request.targets().into_iter();
        let targets = targets
            .map(|target| json!({"keep": target.keep, "count": target.count, "tolerance": target.tolerance}));
        let params = run.params().into_iter().map(|param| {
            json!({
                "id": param.id(), "name": param.name(), "shape": param.shape(), "is_bias": param.is_bias(),
                "is_norm": param.is_norm(), "is_prunable": param.is_prunable(),
            })
        });
        let tell = Tell::Prune {
            targets: targets.collect(),
            seed: request.seed(),
            params: params.collect(),
            nodes: json!(run.nodes()),
            has_boxes: run.has_boxes(),
        };
        self.child.tell(&tell, None, Some(run))?;
        self.serve(run).map(drop)
    }

    /// Runs a hook of the class.
    pub(crate) fn hook(&mut self, run: &Run<'_>, hook: &str, step: u64) -> Result<bool> {
        let told = self.child.tell(&Tell::Hook { hook, step }, None, Some(run));
        told.map_err(|error| self.at_end(error))?;
        Ok(self.serve(run)?.unwrap_or(false))
    }

    /// Answers until the class has returned.
    fn serve(&mut self, run: &Run<'_>) -> Result<Option<bool>> {
        loop {
            let (said, file) = self.child.hear(Some(run)).map_err(|error| self.at_end(error))?;
            match said {
                Said::Log { level, message } => log(&level, &message),
                Said::Returned { value } => return Ok(value),
                Said::Raised { kind, message } => return Err(Error::new(kind_of(&kind), message)),
                Said::Call { call, dropped } => {
                    for number in dropped {
                        self.kept.remove(&number);
                    }
                    let answer = self.attached(file).and_then(|attached| self.answer(run, call, attached));
                    if let Some((kind, message)) = &self.broken {
                        return Err(Error::new(*kind, message.clone()));
                    }
                    self.reply(run, answer)?;
                }
                other @ (Said::Hello { .. } | Said::Ready { .. }) => {
                    let error = self.child.out_of_turn(&format!("{other:?}"));
                    return Err(self.at_end(error));
                }
            }
        }
    }

    /// Notes that nothing can be said any more.
    fn at_end(&mut self, error: Error) -> Error {
        self.broken = Some((error.kind, error.message.clone()));
        error
    }

    fn reply(&mut self, run: &Run<'_>, answer: Result<Answer>) -> Result<()> {
        let answer = answer.and_then(|answer| {
            let file = if answer.tensors.is_empty() { None } else { Some(tensors::write(&answer.tensors)?) };
            Ok((answer.value, file))
        });
        let told = match answer {
            Ok((value, file)) => self.child.tell(&Tell::Answer { value: &value }, file.as_ref(), Some(run)),
            Err(error) => {
                let tell = Tell::Error { kind: name_of(error.kind), message: &error.message };
                self.child.tell(&tell, None, Some(run))
            }
        };
        told.map_err(|error| self.at_end(error))
    }

    fn attached(&self, file: Option<File>) -> Result<Attached> {
        file.map_or_else(|| Ok(Attached::new()), |file| tensors::read(&file))
    }

    /// A number for a tensor that stays here.
    fn keep(&mut self, tensor: Tensor) -> Result<Value> {
        let number = self.next;
        self.next += 1;
        let dtype = format!("{:?}", tensors::dtype(tensor.kind())?);
        let described = json!({"id": number, "shape": tensor.size(), "dtype": dtype});
        self.kept.insert(number, tensor);
        Ok(described)
    }

    fn kept(&self, number: u64) -> Result<Tensor> {
        let found = self.kept.get(&number).map(Tensor::shallow_clone);
        found.ok_or_else(|| Error::invalid(format!("the host holds no tensor {number} for this class")))
    }

    /// A tensor by its number, or the one that is attached under a name.
    fn given(
        &self,
        run: &Run<'_>,
        number: Option<u64>,
        attached: &mut Attached,
        name: &str,
    ) -> Result<Tensor> {
        match number {
            Some(number) => self.kept(number),
            None => take(run, attached, name),
        }
    }

    fn batch(&mut self, batch: Batch) -> Result<Answer> {
        let (input, target) = (self.keep(batch.input)?, self.keep(batch.target)?);
        Ok(Answer::value(json!({"input": input, "target": target})))
    }

    fn answer(&mut self, run: &Run<'_>, call: Call, mut attached: Attached) -> Result<Answer> {
        let attached = &mut attached;
        match call {
            Call::Weight { param } => return Ok(Answer::tensor(&run.weight(&run.param(param)?)?)),
            Call::Grad { param } => return Ok(Answer::optional(run.grad(&run.param(param)?)?.as_ref())),
            Call::WeightAt { param, checkpoint } => {
                return Ok(Answer::tensor(&run.weight_at(&run.param(param)?, &checkpoint)?));
            }
            Call::Mask { param } => return Ok(Answer::optional(run.mask(&run.param(param)?)?.as_ref())),
            Call::SetMask { param, lift: true } => run.set_mask(&run.param(param)?, None)?,
            Call::SetMask { param, lift: false } => {
                run.set_mask(&run.param(param)?, Some(&take(run, attached, "mask")?))?;
            }
            Call::SetScores { param } => {
                run.set_scores(&run.param(param)?, &take(run, attached, "scores")?)?;
            }
            Call::SetWeight { param } => {
                let param = run.param(param)?;
                let values = fitting(&param, take(run, attached, "weight")?)?;
                let _guard = no_grad_guard();
                run.weight(&param)?.f_copy_(&values)?;
            }
            Call::AddGrad { param } => {
                let param = run.param(param)?;
                let values = fitting(&param, take(run, attached, "grad")?)?;
                let _guard = no_grad_guard();
                let missing = || Error::invalid(format!("`{}` has no gradient to add to", param.name()));
                let mut grad = run.grad(&param)?.ok_or_else(missing)?;
                let _ = grad.f_add_(&values)?;
            }
            Call::ResetOptimizer { param } => {
                run.reset_optimizer(&run.param(param)?, &take(run, attached, "mask")?)?;
            }
            Call::LiftMasks => run.lift_masks()?,
            Call::Select { scope, count } => run.select(scope, count)?,
            Call::Emit { index } => run.emit(index)?,
            Call::Cost => {
                let cost = run.cost()?;
                return Ok(Answer::value(json!({
                    "weights": cost.weights, "params": cost.params, "macs": cost.macs, "channels": cost.channels,
                })));
            }
            Call::Allowance => {
                let allowance = run.allowance()?;
                // JSON has no infinity; Python takes null for it.
                return Ok(Answer::value(json!({
                    "batch": allowance.batch, "total_samples": allowance.total_samples,
                    "left_samples": allowance.left_samples, "steps_per_epoch": allowance.steps_per_epoch,
                    "left_seconds": allowance.left_seconds,
                })));
            }
            Call::Seed { label } => return Ok(Answer::value(json!(run.seed(&label)))),
            Call::IsCancelled => return Ok(Answer::value(json!(run.is_cancelled()))),
            Call::Progress { done, total, what } => run.progress(done, total, &what),
            Call::Train { steps, lr_scale, restart_schedule, reset_optimizer, hooks } => {
                let options = TrainOptions { steps, lr_scale, restart_schedule, reset_optimizer };
                let trained = if hooks.is_empty() {
                    run.train(options)?
                } else {
                    run.train_with(options, &mut Hooks::new(self, hooks))?
                };
                let (steps, loss, accuracy) = (trained.steps, trained.loss, trained.accuracy);
                return Ok(Answer::value(json!({"steps": steps, "loss": loss, "accuracy": accuracy})));
            }
            Call::StepBatch => return self.batch(run.step_batch()?),
            Call::Evaluate => {
                let (metric, loss) = run.evaluate()?;
                return Ok(Answer::value(json!([metric, loss])));
            }
            Call::Recalibrate { samples } => run.recalibrate(samples)?,
            Call::Save { name } => run.save(&name)?,
            Call::RewindTo { name } => run.rewind_to(&name)?,
            Call::RewindData { split, batch, per_class } => {
                let split = match split {
                    AskedSplit::Train => Split::Train,
                    AskedSplit::Validation => Split::Validation,
                };
                run.rewind_data(split, batch, per_class)?;
            }
            Call::NextBatch => {
                return run.next_batch()?.map_or_else(|| Ok(Answer::nothing()), |batch| self.batch(batch));
            }
            Call::Forward { input, until, train, no_grad, reference } => {
                let input = self.given(run, input, attached, "input")?;
                let output = run.forward_with(&input, until, Forward { train, no_grad, reference })?;
                return self.keep(output).map(Answer::value);
            }
            Call::Capture { node, what } => run.capture(node, captured(what))?,
            Call::Captured { node, what } => {
                let tensor = run.captured(node, captured(what))?;
                return self.keep(tensor).map(Answer::value);
            }
            Call::Loss { output, target } => {
                let output = self.given(run, output, attached, "output")?;
                let target = self.given(run, target, attached, "target")?;
                return self.keep(run.loss(&output, &target)?).map(Answer::value);
            }
            Call::Backward { tensor, weighted } => {
                let mut scalar = self.kept(tensor)?;
                if weighted {
                    // The gradient of this sum is what Python has computed: the product of it with the Jacobian.
                    let weights = take(run, attached, "gradient")?;
                    scalar = scalar.f_mul(&weights)?.f_sum(scalar.kind())?;
                }
                run.backward(&scalar)?;
            }
            Call::ZeroGrad => run.zero_grad()?,
            Call::Fetch { tensor } => return Ok(Answer::tensor(&self.kept(tensor)?)),
            Call::Groups => return Ok(Answer::value(groups(run))),
            Call::Filters { group, readers } => {
                return Ok(Answer::tensor(&run.filters(&find_group(run, group)?, readers)?));
            }
            Call::NormScales { group } => {
                let scales = run.norm_scales(&find_group(run, group)?)?;
                let ids: Vec<u32> = scales.iter().map(|(param, _)| param.id()).collect();
                let named = scales.into_iter().map(|(param, scales)| (param.id().to_string(), scales));
                return Ok(Answer { value: json!(ids), tensors: named.collect() });
            }
            Call::KeepUnits { group, keep } => {
                let group = find_group(run, group)?;
                if keep.len() != group.units() {
                    let message = format!(
                        "{} entries are not those of the {} units of group {}",
                        keep.len(),
                        group.units(),
                        group.name()
                    );
                    return Err(Error::invalid(message));
                }
                run.keep_units(&group, &keep)?;
            }
            Call::KeptUnits { group } => {
                return Ok(Answer::value(json!(run.kept_units(&find_group(run, group)?)?)));
            }
            Call::SetUnitScores { group } => {
                let scores = take(run, attached, "scores")?.f_flatten(0, -1)?.f_to_kind(Kind::Double)?;
                let scores = Vec::<f64>::try_from(scores.f_to_device(Device::Cpu)?)?;
                run.set_unit_scores(&find_group(run, group)?, &scores)?;
            }
            Call::Owner { param } => return Ok(Answer::value(json!(run.owner(&run.param(param)?)))),
            Call::MatchedBoxes { target, output, decode } => {
                let target = self.given(run, target, attached, "target")?;
                let output = match decode {
                    true => Some(self.given(run, output, attached, "output")?),
                    false => None,
                };
                let boxes = run.matched_boxes(&target, output.as_ref())?;
                let predicted = boxes.predicted.map_or(Ok(Value::Null), |tensor| self.keep(tensor))?;
                let tensors = [
                    ("picture", boxes.picture),
                    ("defaults", boxes.defaults),
                    ("truths", boxes.truths),
                    ("classes", boxes.classes),
                ];
                let tensors = tensors.map(|(name, tensor)| (name.to_owned(), tensor)).into();
                return Ok(Answer { value: json!({"predicted": predicted}), tensors });
            }
        }
        Ok(Answer::nothing())
    }
}

/// An attached tensor, where the network is.
fn take(run: &Run<'_>, attached: &mut Attached, name: &str) -> Result<Tensor> {
    let tensor = attached.remove(name);
    let tensor = tensor.ok_or_else(|| Error::invalid(format!("the call brings no tensor `{name}`")))?;
    match run.params().first() {
        Some(param) => Ok(tensor.f_to_device(run.weight(param)?.device())?),
        None => Ok(tensor),
    }
}

/// A tensor that is to take a parameter's place, which broadcasting must not stretch.
fn fitting(param: &Param<'_>, tensor: Tensor) -> Result<Tensor> {
    if tensor.size() == param.shape() {
        return Ok(tensor);
    }
    let (given, own) = (tensor.size(), param.shape());
    Err(Error::invalid(format!(
        "a tensor of shape {given:?} does not fit `{}`, which has {own:?}",
        param.name()
    )))
}

fn captured(what: What) -> Capture {
    match what {
        What::Input => Capture::Input,
        What::Output => Capture::Output,
        What::OutputGrad => Capture::OutputGrad,
    }
}

fn find_group<'a>(run: &'a Run<'_>, id: u32) -> Result<Group<'a>> {
    let found = run.all_groups().into_iter().find(|group| group.id() == id);
    found.ok_or_else(|| Error::invalid(format!("there is no group {id}")))
}

fn groups(run: &Run<'_>) -> Value {
    let member = |member: &Member<'_>, units: usize| {
        let entries: Vec<Vec<i64>> = (0..units).map(|unit| member.entries(unit).collect()).collect();
        let side = if member.side() == Side::In { "in" } else { "out" };
        json!({"param": member.param(), "dim": member.dim(), "side": side, "entries": entries})
    };
    let groups = run.all_groups().into_iter().map(|group| {
        let members: Vec<Value> = group.members().iter().map(|one| member(one, group.units())).collect();
        json!({
            "id": group.id(), "name": group.name(), "units": group.units(), "min_keep": group.min_keep(),
            "align": group.align(), "is_protected": group.is_protected(), "is_summed": group.is_summed(),
            "members": members,
        })
    });
    groups.collect()
}
