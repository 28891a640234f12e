//! How training sees pictures of any size: what random views are made of, beside crops and mirroring.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Brightness, contrast, saturation and hue change by random factors, in random order, as torchvision's `ColorJitter` does it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColorJitter {
    /// Factors of brightness are within this distance of 1, and not below 0.
    pub brightness: f64,
    /// Likewise for contrast.
    pub contrast: f64,
    /// Likewise for saturation.
    pub saturation: f64,
    /// Hues turn by at most this part of a circle, at most 0.5.
    pub hue: f64,
    /// How likely a picture is changed.
    pub probability: f64,
}

/// A blur of random width.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blur {
    /// How it is computed.
    pub kernel: BlurKernel,
    /// Least and greatest standard deviation, in pixels.
    pub sigma: [f64; 2],
    /// How likely a picture is blurred.
    pub probability: f64,
}

/// How a blur is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BlurKernel {
    /// A convolution with a Gaussian of a tenth of the picture's side (simCLR, arXiv 2002.05709, appendix A).
    Gaussian,
    /// Three box blurs, as Pillow's `GaussianBlur` (MoCo v2, arXiv 2003.04297).
    Boxes,
}

/// How pictures are resized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// Triangles, widened where pictures become smaller, as Pillow and torchvision have it.
    #[default]
    Bilinear,
    /// Cubic pieces, widened likewise.
    Bicubic,
}

impl Interpolation {
    /// Whether it is the one that files need not name.
    #[must_use]
    pub fn is_bilinear(&self) -> bool {
        *self == Self::Bilinear
    }
}

impl ColorJitter {
    /// What is wrong with the values, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        let reaches = [self.brightness, self.contrast, self.saturation];
        if !reaches.iter().all(|reach| (0.0..=100.0).contains(reach)) {
            return Some("brightness, contrast and saturation are numbers from 0 to 100".to_owned());
        }
        if !(0.0..=0.5).contains(&self.hue) {
            return Some(format!("a hue of {} is not in [0, 0.5]", self.hue));
        }
        not_a_chance(self.probability)
    }
}

impl Blur {
    /// What is wrong with the values, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        let [low, high] = self.sigma;
        if !(0.0 < low && low <= high && high <= 100.0) {
            return Some(format!("sigma [{low}, {high}] is not two numbers in order, above 0 and up to 100"));
        }
        not_a_chance(self.probability)
    }
}

/// What is wrong with a probability, if anything.
pub(crate) fn not_a_chance(probability: f64) -> Option<String> {
    (!(0.0..=1.0).contains(&probability)).then(|| format!("a probability of {probability} is not in [0, 1]"))
}
