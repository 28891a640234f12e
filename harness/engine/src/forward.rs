//! Execution of a graph.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use secateur_network::{NodeId, Op, Window};
use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::{Model, Precision};

/// What to keep of a node during a forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capture {
    /// Its first input.
    Input,
    /// Its output.
    Output,
}

/// Captures that are wanted, and what the last forward pass left.
#[derive(Debug, Default)]
pub struct Captured {
    wanted: RefCell<BTreeSet<(NodeId, Capture)>>,
    values: RefCell<BTreeMap<(NodeId, Capture), Tensor>>,
}

impl Captured {
    /// From now on keep this.
    pub fn want(&self, node: NodeId, what: Capture) {
        self.wanted.borrow_mut().insert((node, what));
    }

    /// Whether anything is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wanted.borrow().is_empty()
    }

    /// What the last forward pass left there.
    #[must_use]
    pub fn get(&self, node: NodeId, what: Capture) -> Option<Tensor> {
        self.values.borrow().get(&(node, what)).map(Tensor::shallow_clone)
    }

    /// Forgets what the last forward pass left.
    fn clear(&self) {
        self.values.borrow_mut().clear();
    }

    fn keep(&self, node: NodeId, what: Capture, value: &Tensor) {
        if self.wanted.borrow().contains(&(node, what)) {
            self.values.borrow_mut().insert((node, what), value.shallow_clone());
        }
    }
}

/// One forward pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pass<'a> {
    /// Batch norm and dropout in training mode.
    pub train: bool,
    /// Dropout as in evaluation whatever the mode, so that nothing is drawn.
    pub no_dropout: bool,
    /// Stop after this node and return its output; the default is the network's output.
    pub until: Option<NodeId>,
    /// What to keep on the way.
    pub captured: Option<&'a Captured>,
    /// Tensors to use in place of parameters, in the order of the parameters.
    pub effective: Option<&'a [Option<Tensor>]>,
    /// Momentum of the batch-norm statistics in training mode; the default is each node's own.
    pub norm_momentum: Option<f64>,
}

impl Model {
    /// Runs the network on pictures `[n, c, h, w]` (f32, normalized, on the model's device). The result is
    /// f32 (f64 with [`Precision::F64`]): logits `[n, classes]`, or the output of [`Pass::until`].
    ///
    /// # Errors
    /// Fails if libtorch does, for example on an input of another shape.
    pub fn forward(&self, input: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let nodes = self.network().nodes();
        let until = pass.until.unwrap_or_else(|| self.network().output()).index();
        let mut values: Vec<Option<Tensor>> = Vec::with_capacity(until + 1);
        if let Some(captured) = pass.captured {
            // A pass that stops early must not leave captures of another input behind its end.
            captured.clear();
        }
        for (index, node) in nodes.iter().enumerate().take(until + 1) {
            let id = NodeId(index as u32);
            let value = if node.inputs.is_empty() {
                self.prepare_input(input)?
            } else {
                if let Some(captured) = pass.captured {
                    captured.keep(id, Capture::Input, slot(&values, node.inputs[0])?);
                }
                self.compute(id, &values, pass)?
            };
            if let Some(captured) = pass.captured {
                captured.keep(id, Capture::Output, &value);
            }
            values.push(Some(value));
            for input in &node.inputs {
                if self.last_use[input.index()] == index {
                    values[input.index()] = None;
                }
            }
        }
        let output = values.pop().flatten().ok_or_else(|| Error::Data("the network is empty".to_owned()))?;
        Ok(output.f_to_kind(self.options().precision.kind())?)
    }

    fn prepare_input(&self, input: &Tensor) -> Result<Tensor> {
        let input = self.options().arrange(input)?;
        Ok(match self.options().precision {
            Precision::F32 => input,
            Precision::Bf16 => input.f_to_kind(Kind::BFloat16)?,
            Precision::F64 => input.f_to_kind(Kind::Double)?,
        })
    }

    fn compute(&self, id: NodeId, values: &[Option<Tensor>], pass: &Pass<'_>) -> Result<Tensor> {
        let node = self.network().node(id);
        let x = slot(values, node.inputs[0])?;
        Ok(match &node.op {
            Op::Input => x.shallow_clone(),
            Op::Conv2d { window, groups, .. } => {
                let (weight, bias) = self.weights(id, pass)?;
                x.f_conv2d(
                    &weight,
                    bias.as_ref(),
                    pair(window.stride),
                    pair(window.padding),
                    pair(window.dilation),
                    *groups as i64,
                )?
            }
            Op::ConvTranspose2d { window, groups, .. } => {
                let (weight, bias) = self.weights(id, pass)?;
                x.f_conv_transpose2d(
                    &weight,
                    bias.as_ref(),
                    pair(window.stride),
                    pair(window.padding),
                    [0, 0],
                    *groups as i64,
                    pair(window.dilation),
                )?
            }
            Op::Linear { .. } => {
                let (weight, bias) = self.weights(id, pass)?;
                x.f_linear(&weight, bias.as_ref())?
            }
            Op::BatchNorm2d { eps, momentum, .. } => {
                let (mean, variance) = self.statistics[id.index()]
                    .ok_or_else(|| Error::MissingTensor(format!("{}.running_mean", node.name)))?;
                let weight = self.effective(node.params[0].index(), pass);
                let bias = self.effective(node.params[1].index(), pass);
                x.f_batch_norm(
                    Some(weight),
                    Some(bias),
                    Some(&self.buffers()[mean]),
                    Some(&self.buffers()[variance]),
                    pass.train,
                    pass.norm_momentum.unwrap_or(*momentum),
                    *eps,
                    true,
                )?
            }
            Op::Relu => x.f_relu()?,
            Op::Relu6 => x.f_relu6()?,
            Op::Hardswish => x.f_hardswish()?,
            Op::MaxPool2d { window } => x.f_max_pool2d(
                kernel(window),
                pair(window.stride),
                pair(window.padding),
                pair(window.dilation),
                false,
            )?,
            Op::AvgPool2d { window } => x.f_avg_pool2d(
                kernel(window),
                pair(window.stride),
                pair(window.padding),
                false,
                true,
                None::<i64>,
            )?,
            Op::AdaptiveAvgPool2d { output } => x.f_adaptive_avg_pool2d(pair(*output))?,
            Op::Add => {
                let mut sum = x.f_add(slot(values, node.inputs[1])?)?;
                for input in &node.inputs[2..] {
                    sum = sum.f_add(slot(values, *input)?)?;
                }
                sum
            }
            Op::Concat => {
                let inputs = node.inputs.iter().map(|id| slot(values, *id)).collect::<Result<Vec<_>>>()?;
                Tensor::f_cat(&inputs, 1)?
            }
            Op::Flatten => x.f_flatten(1, -1)?,
            Op::Upsample { scale } => {
                let size = x.size();
                let scale = *scale as i64;
                x.f_upsample_nearest2d([size[2] * scale, size[3] * scale], None::<f64>, None::<f64>)?
            }
            Op::Dropout { p } => x.f_dropout(*p, pass.train && !pass.no_dropout)?,
            Op::BoxPredictions { labels, .. } => {
                let maps = node.inputs.iter().map(|id| slot(values, *id)).collect::<Result<Vec<_>>>()?;
                predictions(&maps, *labels as i64)?
            }
            other => return Err(Error::Unsupported(format!("the engine cannot compute {other:?} yet"))),
        })
    }

    /// Weight and bias of a convolution or fully connected layer, in the kind that products use.
    fn weights(&self, id: NodeId, pass: &Pass<'_>) -> Result<(Tensor, Option<Tensor>)> {
        let params = &self.network().node(id).params;
        let cast = |index: usize| -> Result<Tensor> {
            let tensor = self.effective(index, pass);
            Ok(match self.options().precision {
                Precision::F32 | Precision::F64 => tensor.shallow_clone(),
                Precision::Bf16 => tensor.f_to_kind(Kind::BFloat16)?,
            })
        };
        let weight = cast(params[0].index())?;
        let bias = params.get(1).map(|bias| cast(bias.index())).transpose()?;
        Ok((weight, bias))
    }

    fn effective<'a>(&'a self, index: usize, pass: &Pass<'a>) -> &'a Tensor {
        pass.effective.and_then(|all| all[index].as_ref()).unwrap_or(&self.params()[index])
    }
}

/// Pairs of maps `[n, kinds * 4, h, w]` and `[n, kinds * labels, h, w]` as rows `[n, boxes, 4 + labels]`.
fn predictions(maps: &[&Tensor], labels: i64) -> Result<Tensor> {
    let rows = |map: &Tensor, numbers: i64| -> Result<Tensor> {
        Ok(map.f_permute([0, 2, 3, 1])?.f_reshape([map.size()[0], -1, numbers])?)
    };
    let (mut offsets, mut scores) = (Vec::with_capacity(maps.len()), Vec::with_capacity(maps.len()));
    for pair in maps.chunks(2) {
        offsets.push(rows(pair[0], 4)?);
        scores.push(rows(pair[1], labels)?);
    }
    Ok(Tensor::f_cat(&[Tensor::f_cat(&offsets, 1)?, Tensor::f_cat(&scores, 1)?], 2)?)
}

fn slot(values: &[Option<Tensor>], id: NodeId) -> Result<&Tensor> {
    values[id.index()]
        .as_ref()
        .ok_or_else(|| Error::Data(format!("the output of node {} was dropped early", id.0)))
}

fn pair(values: [usize; 2]) -> [i64; 2] {
    [values[0] as i64, values[1] as i64]
}

fn kernel(window: &Window) -> [i64; 2] {
    pair(window.kernel)
}
