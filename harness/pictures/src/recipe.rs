//! What is done to pictures, as data.

use serde::{Deserialize, Serialize};

use crate::resize::Interpolation;

/// ImageNet's mean of red, green and blue, of 1.
const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// ImageNet's standard deviations.
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];
/// What a side is taken to become before the middle is cut out, over the side of the crop: 256 for 224.
const MARGIN: f64 = 256.0 / 224.0;
/// The largest side that a view may have, in pixels.
const LARGEST_SIDE: u32 = 4096;

/// One step of a view. Names and meanings are torchvision's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// A random part, resized to a square.
    RandomResizedCrop {
        /// Side of the square, in pixels.
        side: u32,
        /// Least and greatest share of the area.
        scale: [f64; 2],
        /// Least and greatest width over height.
        ratio: [f64; 2],
        /// How it is resized.
        interpolation: Interpolation,
    },
    /// The shorter side becomes `side`, the longer one in proportion.
    Resize {
        /// The shorter side, in pixels.
        side: u32,
        /// How it is resized.
        interpolation: Interpolation,
    },
    /// The middle, with black around what is smaller.
    CenterCrop {
        /// Side of the square, in pixels.
        side: u32,
    },
    /// Left becomes right.
    Flip {
        /// How likely.
        probability: f64,
    },
    /// Brightness, contrast, saturation and hue, in random order, each by a random factor.
    ColorJitter {
        /// Factors are within this distance of 1, and not below 0.
        brightness: f64,
        /// Likewise.
        contrast: f64,
        /// Likewise.
        saturation: f64,
        /// Turns are within this distance of 0, at most 0.5.
        hue: f64,
        /// How likely.
        probability: f64,
    },
    /// Colours become greys.
    Grayscale {
        /// How likely.
        probability: f64,
    },
    /// SimCLR's blur: a convolution with a Gaussian.
    GaussianBlur {
        /// Pixels of the kernel's side; an odd number.
        taps: u32,
        /// Least and greatest standard deviation, in pixels.
        sigma: [f64; 2],
        /// How likely.
        probability: f64,
    },
    /// MoCo v2's blur: PIL's `GaussianBlur`, three box blurs.
    PillowBlur {
        /// Least and greatest standard deviation, in pixels.
        sigma: [f64; 2],
        /// How likely.
        probability: f64,
    },
}

/// Steps that make a square out of a picture of any size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// In order.
    pub steps: Vec<Step>,
}

/// How pictures are seen in training and in tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Views of each picture in training; two of them for contrastive learning.
    pub train: Vec<View>,
    /// The one view of each picture in tests.
    pub test: View,
    /// What is subtracted from red, green and blue, of 1.
    pub mean: [f32; 3],
    /// What they are divided by then.
    pub std: [f32; 3],
}

/// What is wrong with a recipe.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecipeError {
    /// A training recipe without views.
    #[error("`train` has no view: give it at least one")]
    NoView,
    /// Steps that need not end in a square.
    #[error("{0}: no step makes a square: add `random_resized_crop` or `center_crop`, after any `resize`")]
    NoSquare(String),
    /// Views that cannot lie in one batch.
    #[error("views of a picture have sides of {0} and {1} pixels: make them equal")]
    Sides(u32, u32),
    /// A number out of its range.
    #[error("{place}: `{key}` is {value}, but must be {rule}")]
    Number {
        /// Which view and step.
        place: String,
        /// Which number.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        rule: &'static str,
    },
}

impl Recipe {
    /// What most of the literature does: in training a random part and a flip, in tests the middle (256 to 224 pixels, and in
    /// proportion for other sides).
    #[must_use]
    pub fn published(side: u32, interpolation: Interpolation) -> Self {
        let crop = random_crop(side, 0.08, interpolation);
        Self {
            train: vec![View { steps: vec![crop, Step::Flip { probability: 0.5 }] }],
            test: View::middle(side, interpolation),
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
        }
    }

    /// Two views as of SimCLR (arXiv 2002.05709, appendix A, strength 1), with the blur of a tenth of the side.
    ///
    /// Deviations: pictures are mirrored at their edges for the blur, where SimCLR's code has zeros; brightness is a factor, as
    /// in its second version; parts are found by torchvision's rule, not by TensorFlow's.
    #[must_use]
    pub fn simclr(side: u32, interpolation: Interpolation) -> Self {
        let jitter =
            Step::ColorJitter { brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, probability: 0.8 };
        let steps = vec![
            random_crop(side, 0.08, interpolation),
            Step::Flip { probability: 0.5 },
            jitter,
            Step::Grayscale { probability: 0.2 },
            // Half of a tenth to both sides of the middle: 23 for 224, as SimCLR has it.
            Step::GaussianBlur { taps: side / 10 / 2 * 2 + 1, sigma: [0.1, 2.0], probability: 0.5 },
        ];
        let view = View { steps };
        Self { train: vec![view.clone(), view], ..Self::published(side, interpolation) }
    }

    /// Two views as of MoCo v2 (arXiv 2003.04297), with PIL's blur.
    #[must_use]
    pub fn moco_v2(side: u32, interpolation: Interpolation) -> Self {
        let jitter =
            Step::ColorJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 };
        let steps = vec![
            random_crop(side, 0.2, interpolation),
            jitter,
            Step::Grayscale { probability: 0.2 },
            Step::PillowBlur { sigma: [0.1, 2.0], probability: 0.5 },
            Step::Flip { probability: 0.5 },
        ];
        let view = View { steps };
        Self { train: vec![view.clone(), view], ..Self::published(side, interpolation) }
    }

    /// Checks everything and returns the side of training and test views, in pixels.
    ///
    /// # Errors
    /// If a number is out of its range, if a view need not end in a square, or if training views differ in size.
    pub fn check(&self) -> Result<(u32, u32), RecipeError> {
        let mut side = None;
        for (index, view) in self.train.iter().enumerate() {
            let own = view.check(&format!("train view {index}"))?;
            let first = *side.get_or_insert(own);
            if own != first {
                return Err(RecipeError::Sides(first, own));
            }
        }
        let place = "normalisation".to_string();
        for std in self.std {
            if !(std.is_finite() && std > 0.0) {
                let rule = "above 0";
                return Err(RecipeError::Number { place, key: "std", value: std.to_string(), rule });
            }
        }
        if let Some(mean) = self.mean.iter().find(|mean| !mean.is_finite()) {
            let rule = "a finite number";
            return Err(RecipeError::Number { place, key: "mean", value: mean.to_string(), rule });
        }
        Ok((side.ok_or(RecipeError::NoView)?, self.test.check("test view")?))
    }
}

fn random_crop(side: u32, least: f64, interpolation: Interpolation) -> Step {
    Step::RandomResizedCrop { side, scale: [least, 1.0], ratio: [3.0 / 4.0, 4.0 / 3.0], interpolation }
}

impl View {
    /// The middle of a picture whose shorter side was made a seventh longer than `side`.
    #[must_use]
    pub fn middle(side: u32, interpolation: Interpolation) -> Self {
        let resize = (f64::from(side) * MARGIN).round() as u32;
        Self { steps: vec![Step::Resize { side: resize, interpolation }, Step::CenterCrop { side }] }
    }

    /// Checks the steps and returns the side of the square that they end in. `place` names the view in errors.
    ///
    /// # Errors
    /// If a number is out of its range, or if the picture need not be a square in the end.
    pub fn check(&self, place: &str) -> Result<u32, RecipeError> {
        let mut square = None;
        for (index, step) in self.steps.iter().enumerate() {
            step.check(&format!("{place}, step {index}"))?;
            match *step {
                Step::RandomResizedCrop { side, .. } | Step::CenterCrop { side } => square = Some(side),
                // A square stays one.
                Step::Resize { side, .. } => square = square.map(|_| side),
                _ => {}
            }
        }
        square.ok_or_else(|| RecipeError::NoSquare(place.to_string()))
    }
}

impl Step {
    fn check(&self, place: &str) -> Result<(), RecipeError> {
        let number = |key, value: String, fits: bool, rule| {
            let place = place.to_string();
            if fits { Ok(()) } else { Err(RecipeError::Number { place, key, value, rule }) }
        };
        let side = |side: u32| {
            number("side", side.to_string(), (1..=LARGEST_SIDE).contains(&side), "from 1 to 4096 pixels")
        };
        let chance = |probability: f64| {
            let fits = (0.0..=1.0).contains(&probability);
            number("probability", probability.to_string(), fits, "from 0 to 1")
        };
        let range = |key, [low, high]: [f64; 2], most: f64, rule| {
            number(key, format!("[{low}, {high}]"), 0.0 < low && low <= high && high <= most, rule)
        };
        match *self {
            Self::RandomResizedCrop { side: length, scale, ratio, .. } => {
                side(length)?;
                range("scale", scale, 1.0, "two numbers in order, above 0 and up to 1")?;
                range("ratio", ratio, 1e3, "two numbers in order, above 0 and up to 1000")
            }
            Self::Resize { side: length, .. } | Self::CenterCrop { side: length } => side(length),
            Self::Flip { probability } | Self::Grayscale { probability } => chance(probability),
            Self::ColorJitter { brightness, contrast, saturation, hue, probability } => {
                for (key, value) in
                    [("brightness", brightness), ("contrast", contrast), ("saturation", saturation)]
                {
                    number(key, value.to_string(), (0.0..=100.0).contains(&value), "from 0 to 100")?;
                }
                number("hue", hue.to_string(), (0.0..=0.5).contains(&hue), "from 0 to 0.5")?;
                chance(probability)
            }
            Self::GaussianBlur { taps, sigma, probability } => {
                let fits = taps % 2 == 1 && taps < 1000;
                number("taps", taps.to_string(), fits, "an odd number below 1000")?;
                range("sigma", sigma, 100.0, "two numbers in order, above 0 and up to 100 pixels")?;
                chance(probability)
            }
            Self::PillowBlur { sigma, probability } => {
                range("sigma", sigma, 100.0, "two numbers in order, above 0 and up to 100 pixels")?;
                chance(probability)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_recipes_are_right_and_survive_being_written() {
        for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
            for recipe in [
                Recipe::published(224, interpolation),
                Recipe::simclr(224, interpolation),
                Recipe::moco_v2(224, interpolation),
            ] {
                assert_eq!(recipe.check(), Ok((224, 224)));
                let text = serde_json::to_string(&recipe).unwrap();
                assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
            }
        }
        assert_eq!(
            Recipe::published(224, Interpolation::Bilinear).test.steps[0],
            Step::Resize { side: 256, interpolation: Interpolation::Bilinear }
        );
    }

    #[test]
    fn unknown_keys_are_refused() {
        for text in [
            r#"{"step": "flip", "probability": 0.5, "side": 3}"#,
            r#"{"step": "flop", "probability": 0.5}"#,
            r#"{"step": "flip"}"#,
        ] {
            assert!(serde_json::from_str::<Step>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let crop = Step::CenterCrop { side: 8 };
        let message = |steps: Vec<Step>| View { steps }.check("test view").unwrap_err().to_string();
        assert!(
            message(vec![Step::Resize { side: 8, interpolation: Interpolation::Bilinear }])
                .contains("square")
        );
        assert_eq!(
            message(vec![crop, Step::Flip { probability: 1.5 }]),
            "test view, step 1: `probability` is 1.5, but must be from 0 to 1"
        );
        assert!(message(vec![Step::CenterCrop { side: 0 }]).contains("`side` is 0"));
        let even = Step::GaussianBlur { taps: 4, sigma: [0.1, 2.0], probability: 0.5 };
        assert!(message(vec![crop, even]).contains("odd"));
        let nan = Step::PillowBlur { sigma: [f64::NAN, 2.0], probability: 0.5 };
        assert!(message(vec![crop, nan]).contains("`sigma` is [NaN, 2]"));
        let mut recipe = Recipe::simclr(32, Interpolation::Bilinear);
        recipe.train[1] = View::middle(31, Interpolation::Bilinear);
        assert_eq!(recipe.check(), Err(RecipeError::Sides(32, 31)));
        recipe.train.clear();
        assert_eq!(recipe.check(), Err(RecipeError::NoView));
    }
}
