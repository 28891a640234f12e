//! Output shapes: what each node makes of what it reads.

use crate::graph::{BoxMap, GraphError, Network, Node, Op, Window};

/// No tensor may have more elements than this. Real networks stay far below, and sums and products of
/// numbers below it do not overflow, so that a mistyped width ends in a message.
const MAX_ELEMENTS: usize = 1 << 40;

impl Network {
    /// Output shape of every node without the batch: `[channels, height, width]`, or `[features]` after a
    /// flatten.
    ///
    /// A finished network is consistent, so that for it this cannot fail; [`Network::shape`] looks up one
    /// node's shape without the `Result`.
    ///
    /// # Errors
    /// Returns [`GraphError::Shape`] with the node and the shapes that do not fit, also when an output would
    /// be empty because the input is too small.
    pub fn shapes(&self) -> Result<Vec<Vec<usize>>, GraphError> {
        let mut shapes: Vec<Vec<usize>> = Vec::with_capacity(self.nodes().len());
        for (index, node) in self.nodes().iter().enumerate() {
            let fail = |reason: String| GraphError::Shape { node: node.name.clone(), reason };
            for param in &node.params {
                let param = &self.params()[param.index()];
                bounded(&param.shape).ok_or_else(|| {
                    fail(format!("parameter `{}` of shape {:?} is too large", param.name, param.shape))
                })?;
            }
            let shape = if index == 0 {
                self.input().to_vec()
            } else {
                let inputs: Vec<&[usize]> =
                    node.inputs.iter().map(|id| shapes[id.index()].as_slice()).collect();
                output_shape(node, &inputs).map_err(fail)?
            };
            if shape.contains(&0) {
                let read: Vec<&Vec<usize>> = node.inputs.iter().map(|id| &shapes[id.index()]).collect();
                return Err(fail(match read.first() {
                    Some(read) => {
                        format!("output {shape:?} is empty for an input of {read:?}; use a larger picture")
                    }
                    None => format!("the network's input {shape:?} is empty"),
                }));
            }
            bounded(&shape).ok_or_else(|| fail(format!("output {shape:?} is too large")))?;
            shapes.push(shape);
        }
        Ok(shapes)
    }
}

/// Number of elements, if it is within bounds.
fn bounded(shape: &[usize]) -> Option<usize> {
    let numel = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))?;
    (numel <= MAX_ELEMENTS).then_some(numel)
}

/// The shape that a node makes of its inputs' shapes, or the reason why it cannot.
fn output_shape(node: &Node, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
    if let Op::Add | Op::Concat = node.op {
        return joined_shape(&node.op, inputs);
    }
    if let Op::BoxPredictions { labels, maps, .. } = &node.op {
        return predictions_shape(*labels, maps, inputs);
    }
    let &[input] = inputs else {
        return Err(format!("takes one input, not {}", inputs.len()));
    };
    match node.op {
        Op::Input => Err("only the first node may be the input".to_owned()),
        Op::Conv2d { in_channels, out_channels, window, groups, .. } => {
            let [height, width] = convolved(input, in_channels, out_channels, groups)?;
            let [height, width] = slide(&window, [height, width])?;
            Ok(vec![out_channels, height, width])
        }
        Op::ConvTranspose2d { in_channels, out_channels, window, groups, .. } => {
            let size = convolved(input, in_channels, out_channels, groups)?;
            let [height, width] = unslide(&window, size)?;
            Ok(vec![out_channels, height, width])
        }
        Op::BatchNorm2d { channels, .. } => {
            let [actual, _, _] = picture(input)?;
            if actual != channels {
                return Err(format!("normalizes {channels} channels, but its input is {input:?}"));
            }
            Ok(input.to_vec())
        }
        Op::Linear { in_features, out_features, .. } => match *input {
            [features] if features == in_features => Ok(vec![out_features]),
            [_, _, _] => {
                Err(format!("reads [{in_features}], but its input is {input:?}; put a flatten before it"))
            }
            _ => Err(format!("reads [{in_features}], but its input is {input:?}")),
        },
        Op::MaxPool2d { window } | Op::AvgPool2d { window } => {
            let [channels, height, width] = picture(input)?;
            if (0..2).any(|axis| window.padding[axis] > window.kernel[axis] / 2) {
                return Err(format!(
                    "padding {:?} is over half of the window {:?}",
                    window.padding, window.kernel
                ));
            }
            if matches!(node.op, Op::AvgPool2d { .. }) && window.dilation != [1; 2] {
                return Err(format!("the dilation of a mean is 1, not {:?}", window.dilation));
            }
            let [height, width] = slide(&window, [height, width])?;
            Ok(vec![channels, height, width])
        }
        Op::AdaptiveAvgPool2d { output: [height, width] } => Ok(vec![picture(input)?[0], height, width]),
        Op::Flatten => {
            picture(input)?;
            Ok(vec![input.iter().product()])
        }
        Op::Upsample { scale } => {
            let [channels, height, width] = picture(input)?;
            let enlarged =
                |size: usize| size.checked_mul(scale).ok_or_else(|| format!("scale {scale} is too large"));
            Ok(vec![channels, enlarged(height)?, enlarged(width)?])
        }
        Op::Dropout { p } if !(0.0..=1.0).contains(&p) => {
            Err(format!("dropout probability {p} is not from 0 to 1"))
        }
        Op::Relu | Op::Relu6 | Op::Hardswish | Op::Dropout { .. } => Ok(input.to_vec()),
        Op::Add | Op::Concat | Op::BoxPredictions { .. } => {
            Err("takes other inputs than one picture".to_owned())
        }
    }
}

/// Shape of a detector's predictions: boxes, and numbers for each of them.
fn predictions_shape(labels: usize, maps: &[BoxMap], inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
    if inputs.len() != 2 * maps.len() || labels < 2 {
        return Err(format!(
            "reads offsets and scores of each map for the background and at least one class, but has {} maps, {} \
             inputs and {labels} labels",
            maps.len(),
            inputs.len()
        ));
    }
    let mut boxes: usize = 0;
    for (map, pair) in maps.iter().zip(inputs.chunks(2)) {
        let ([offsets, height, width], [scores, rows, columns]) = (picture(pair[0])?, picture(pair[1])?);
        let kinds = map.kinds();
        if offsets != 4 * kinds
            || Some(scores) != kinds.checked_mul(labels)
            || [height, width] != [rows, columns]
        {
            return Err(format!(
                "inputs of {:?} and {:?} are not offsets and scores of {kinds} boxes a cell with {labels} labels",
                pair[0], pair[1]
            ));
        }
        boxes += kinds * height * width;
    }
    Ok(vec![boxes, labels.saturating_add(4)])
}

/// Shape of a sum or a concatenation.
fn joined_shape(op: &Op, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
    let (&first, rest) = inputs.split_first().ok_or("has no inputs")?;
    let mut shape = first.to_vec();
    for &other in rest {
        let fits = match op {
            Op::Add => other == first,
            _ => other.len() == first.len() && other[1..] == first[1..],
        };
        if !fits {
            let verb = if matches!(op, Op::Add) { "added" } else { "concatenated" };
            return Err(format!("inputs of {first:?} and {other:?} cannot be {verb}"));
        }
        if matches!(op, Op::Concat) {
            shape[0] += other[0];
        }
    }
    Ok(shape)
}

/// Channels, height and width of an input that must be a picture.
fn picture(input: &[usize]) -> Result<[usize; 3], String> {
    <[usize; 3]>::try_from(input)
        .map_err(|_| format!("reads [channels, height, width], but its input is {input:?}"))
}

/// Checks a convolution's channels and returns the height and width of its input.
fn convolved(
    input: &[usize],
    in_channels: usize,
    out_channels: usize,
    groups: usize,
) -> Result<[usize; 2], String> {
    let [channels, height, width] = picture(input)?;
    if channels != in_channels {
        return Err(format!("reads {in_channels} channels, but its input is {input:?}"));
    }
    if groups == 0 || !in_channels.is_multiple_of(groups) || !out_channels.is_multiple_of(groups) {
        return Err(format!(
            "{groups} groups do not divide {in_channels} input and {out_channels} output channels"
        ));
    }
    Ok([height, width])
}

/// Length of a kernel with its gaps.
fn extent(window: &Window, axis: usize) -> Option<usize> {
    window.kernel[axis].checked_sub(1)?.checked_mul(window.dilation[axis])?.checked_add(1)
}

/// Number of positions of a window on a picture.
fn slide(window: &Window, size: [usize; 2]) -> Result<[usize; 2], String> {
    let along = |axis: usize| {
        let padded = window.padding[axis].checked_mul(2)?.checked_add(size[axis])?;
        match padded.checked_sub(extent(window, axis)?) {
            Some(room) => room.checked_div(window.stride[axis])?.checked_add(1),
            // The window does not fit even once; the caller reports the empty output.
            None => Some(0),
        }
    };
    both(window, along)
}

/// Size of the picture that a transposed convolution makes.
fn unslide(window: &Window, size: [usize; 2]) -> Result<[usize; 2], String> {
    let along = |axis: usize| {
        let Some(steps) = size[axis].checked_sub(1) else { return Some(0) };
        let full = steps.checked_mul(window.stride[axis])?.checked_add(extent(window, axis)?)?;
        Some(full.saturating_sub(window.padding[axis].checked_mul(2)?))
    };
    both(window, along)
}

/// One length for each axis of a window that must be sound.
fn both(window: &Window, along: impl Fn(usize) -> Option<usize>) -> Result<[usize; 2], String> {
    let sound =
        (0..2).all(|axis| window.kernel[axis] > 0 && window.stride[axis] > 0 && window.dilation[axis] > 0);
    match (sound, along(0), along(1)) {
        (true, Some(height), Some(width)) => Ok([height, width]),
        _ => Err(format!(
            "kernel {:?}, stride {:?} and dilation {:?} must be positive and not overflow with padding {:?}",
            window.kernel, window.stride, window.dilation, window.padding
        )),
    }
}
