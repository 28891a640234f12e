//! The networks that the harness knows by name.
//!
//! ImageNet networks have torchvision's parameter names and shapes; CIFAR residual networks have the names of
//! the usual public checkpoints, with a 1x1 convolution on each shortcut that changes the shape. Detectors are a
//! residual network without its classifier, with predictors of boxes at several maps.

mod mobilenet;
mod resnet;
mod ssd;
mod vgg;

use crate::graph::{Builder, GraphError, Network, NodeId, Op, Window};

/// What may be chosen about a known network; what is `None` is as in its paper.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// Multiplier of all hidden widths; 1 is the published network.
    ///
    /// Residual networks and VGG round each width to the nearest whole number (halves up, never below 1); a
    /// residual network rounds the base width of a stage first and multiplies by a bottleneck's expansion
    /// of 4 after; a detector's additional blocks are scaled alike. VGG's two hidden fully connected layers count
    /// as hidden widths. MobileNetV2 follows torchvision: the nearest multiple of 8, but never under 90 % of the
    /// exact width; its last convolution never gets narrower than 1280.
    pub width: Option<f64>,
    /// Number of classes; of a detector those of objects, without the background.
    pub classes: Option<usize>,
    /// Shape of one picture: channels, height, width. A detector's pictures are square.
    pub input: Option<[usize; 3]>,
}

/// Options with every default filled in.
#[derive(Clone, Copy)]
struct Resolved {
    width: f64,
    classes: usize,
    input: [usize; 3],
}

impl Resolved {
    /// A width times the multiplier, to the nearest whole number.
    fn scaled(&self, width: usize) -> usize {
        // A float that is out of range saturates, and the shape check refuses the network.
        ((width as f64 * self.width).round() as usize).max(1)
    }
}

/// Every known name, sorted by family and size.
const NAMES: &[&str] = &[
    "resnet8",
    "resnet20",
    "resnet56",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "mobilenet_v2",
    "vgg16",
    "vgg16_bn",
    "ssd-small-backbone",
    "ssd-small",
    "ssd300-resnet50",
];

/// The names that [`build`] knows.
#[must_use]
pub fn names() -> &'static [&'static str] {
    NAMES
}

/// Builds the network of that name.
///
/// # Errors
/// Returns [`GraphError::UnknownNetwork`] with the nearest name, [`GraphError::BadOption`] for an option out
/// of its range, and [`GraphError::Shape`] when the picture is too small for the network.
pub fn build(name: &str, options: &Options) -> Result<Network, GraphError> {
    match name {
        "resnet8" => resnet::cifar(name, 1, resolve(name, options, 10, [3, 32, 32])?),
        "resnet20" => resnet::cifar(name, 3, resolve(name, options, 10, [3, 32, 32])?),
        "resnet56" => resnet::cifar(name, 9, resolve(name, options, 10, [3, 32, 32])?),
        "resnet18" => resnet::imagenet(name, resnet::Block::Basic, [2, 2, 2, 2], imagenet(name, options)?),
        "resnet34" => resnet::imagenet(name, resnet::Block::Basic, [3, 4, 6, 3], imagenet(name, options)?),
        "resnet50" => {
            resnet::imagenet(name, resnet::Block::Bottleneck, [3, 4, 6, 3], imagenet(name, options)?)
        }
        "resnet101" => {
            resnet::imagenet(name, resnet::Block::Bottleneck, [3, 4, 23, 3], imagenet(name, options)?)
        }
        "mobilenet_v2" => mobilenet::v2(name, imagenet(name, options)?),
        "vgg16" => vgg::vgg16(name, false, imagenet(name, options)?),
        "vgg16_bn" => vgg::vgg16(name, true, imagenet(name, options)?),
        "ssd-small-backbone" => ssd::small_backbone(name, resolve(name, options, 10, [3, 32, 32])?),
        "ssd-small" => ssd::small(name, resolve(name, options, 20, [3, 160, 160])?),
        "ssd300-resnet50" => ssd::ssd300_resnet50(name, resolve(name, options, 80, [3, 300, 300])?),
        _ => Err(unknown(name)),
    }
}

/// Fills in ImageNet's defaults.
fn imagenet(name: &str, options: &Options) -> Result<Resolved, GraphError> {
    resolve(name, options, 1000, [3, 224, 224])
}

/// Fills in defaults and checks ranges.
fn resolve(name: &str, options: &Options, classes: usize, input: [usize; 3]) -> Result<Resolved, GraphError> {
    let bad = |option, reason| GraphError::BadOption { network: name.to_owned(), option, reason };
    let width = options.width.unwrap_or(1.0);
    // The upper end keeps a mistyped number from becoming a network of terabytes.
    if !(width > 0.0 && width <= 64.0) {
        return Err(bad("width", format!("is {width}, but must be above 0 and at most 64")));
    }
    let classes = options.classes.unwrap_or(classes);
    if classes == 0 {
        return Err(bad("classes", "is 0, but must be at least 1".to_owned()));
    }
    let input = options.input.unwrap_or(input);
    if input.contains(&0) {
        return Err(bad(
            "input",
            format!("is {input:?}, but must have no zero in [channels, height, width]"),
        ));
    }
    Ok(Resolved { width, classes, input })
}

/// The error for a name that is not known, with the nearest one that is.
fn unknown(name: &str) -> GraphError {
    let lower = name.to_lowercase();
    let nearest = NAMES
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&lower, known), *known))
        .filter(|(distance, _)| *distance <= 3)
        .min_by_key(|(distance, _)| *distance);
    let all = NAMES.join(", ");
    let help = match nearest {
        Some((_, nearest)) => format!("did you mean `{nearest}`? known networks: {all}"),
        None => format!("known networks: {all}"),
    };
    GraphError::UnknownNetwork { name: name.to_owned(), help }
}

/// A convolution followed by batch normalization, as all networks here have it: without bias, with PyTorch's
/// default `eps` and momentum.
struct ConvNorm {
    in_channels: usize,
    out_channels: usize,
    window: Window,
    groups: usize,
}

impl ConvNorm {
    /// Pushes both nodes and returns the second.
    fn push(&self, builder: &mut Builder, conv: &str, norm: &str, input: NodeId) -> NodeId {
        let Self { in_channels, out_channels, window, groups } = *self;
        let op = Op::Conv2d { in_channels, out_channels, window, groups, bias: false };
        let made = builder.push(conv, op, &[input]);
        builder.push(norm, batch_norm(out_channels), &[made])
    }
}

/// Batch normalization with PyTorch's defaults.
fn batch_norm(channels: usize) -> Op {
    Op::BatchNorm2d { channels, eps: 1e-5, momentum: 0.1 }
}
