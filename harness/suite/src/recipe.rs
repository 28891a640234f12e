//! How a network is trained: optimizer, schedule, batch, augmentation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contrast::{Contrast, Optimizer};
use crate::views::{Blur, ColorJitter, not_a_chance};

/// A training recipe. The length is given apart from it, because an allowance or a stage sets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Pictures in a batch. Batches are always full; an epoch's rest joins the next epoch.
    pub batch: u32,
    /// Highest learning rate.
    pub lr: f64,
    /// Momentum of SGD.
    #[serde(default = "default_momentum")]
    pub momentum: f64,
    /// Whether momentum is Nesterov's.
    #[serde(default)]
    pub nesterov: bool,
    /// Weight decay, added to the gradients of all parameters.
    #[serde(default)]
    pub weight_decay: f64,
    /// How the learning rate falls.
    #[serde(default)]
    pub schedule: Schedule,
    /// Fraction of the steps over which the learning rate rises linearly from zero.
    #[serde(default)]
    pub warmup: f64,
    /// Milestones of the `step` schedule as fractions of all steps.
    #[serde(default)]
    pub milestones: Vec<f64>,
    /// Factor at each milestone.
    #[serde(default = "default_gamma")]
    pub gamma: f64,
    /// Label smoothing of the cross-entropy.
    #[serde(default)]
    pub label_smoothing: f64,
    /// Random shift of the pictures, in pixels to each side; the border is filled with the mean colour.
    #[serde(default)]
    pub shift: u32,
    /// Whether pictures are mirrored at random.
    #[serde(default)]
    pub flip: bool,
    /// Detection only: whether training sees random patches of the pictures (SSD, arXiv 1512.02325, section 2.2).
    #[serde(default, skip_serializing_if = "is_false")]
    pub crop: bool,
    /// Detection only: half of the pictures get a canvas of the mean colour around them, whose sides are up to so many
    /// times the picture's (section 3.6: 4). 0: none do.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub expand: f64,
    /// Detection only: whether brightness, contrast, saturation and hue change at random.
    #[serde(default, skip_serializing_if = "is_false")]
    pub photometric: bool,
    /// Training sees a random part of each picture, resized to the task's side: least and greatest share of the area, with widths
    /// from three quarters of the height to four thirds (torchvision's `RandomResizedCrop`). Absent: it sees the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop_area: Option<[f64; 2]>,
    /// Random changes of colours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color_jitter: Option<ColorJitter>,
    /// How likely a picture becomes grey.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub grayscale: f64,
    /// A random blur.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blur: Option<Blur>,
    /// Training without labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrast: Option<Contrast>,
    /// What makes steps of gradients.
    #[serde(default, skip_serializing_if = "Optimizer::is_sgd")]
    pub optimizer: Optimizer,
}

/// How the learning rate falls after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// It does not.
    Constant,
    /// Half a cosine down to zero.
    #[default]
    Cosine,
    /// By `gamma` at each of `milestones`.
    Step,
}

fn default_momentum() -> f64 {
    0.9
}

fn default_gamma() -> f64 {
    0.1
}

// Keys that are left out where they say nothing do not change the identities of the stages of other tasks.
fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Recipe {
    /// Plain training: what a file means that gives nothing but these two.
    #[must_use]
    pub fn new(batch: u32, lr: f64) -> Self {
        Self {
            batch,
            lr,
            momentum: default_momentum(),
            nesterov: false,
            weight_decay: 0.0,
            schedule: Schedule::default(),
            warmup: 0.0,
            milestones: Vec::new(),
            gamma: default_gamma(),
            label_smoothing: 0.0,
            shift: 0,
            flip: false,
            crop: false,
            expand: 0.0,
            photometric: false,
            crop_area: None,
            color_jitter: None,
            grayscale: 0.0,
            blur: None,
            contrast: None,
            optimizer: Optimizer::default(),
        }
    }

    /// Learning rate of step `step` (from 0) of `total`.
    #[must_use]
    pub fn lr_at(&self, step: u64, total: u64) -> f64 {
        let total = total.max(1) as f64;
        let warmup = (self.warmup * total).round();
        let step = step as f64;
        if step < warmup {
            return self.lr * (step + 1.0) / warmup;
        }
        match self.schedule {
            Schedule::Constant => self.lr,
            Schedule::Cosine => {
                let progress = (step - warmup) / (total - warmup).max(1.0);
                self.lr * 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
            }
            Schedule::Step => {
                let passed = self.milestones.iter().filter(|at| step >= **at * total).count();
                self.lr * self.gamma.powi(passed as i32)
            }
        }
    }

    /// Whether anything of pictures with one class is random, so that two views of one differ.
    fn varies(&self) -> bool {
        let color = self.color_jitter.is_some() || self.grayscale > 0.0 || self.blur.is_some();
        self.shift > 0 || self.flip || self.crop_area.is_some() || color
    }

    /// What is wrong with the values, if anything: the key and the reason.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let finite = |value: f64| value.is_finite() && value >= 0.0;
        if self.batch == 0 {
            return Some(("batch", "must be at least 1".to_owned()));
        }
        if !finite(self.lr) || self.lr == 0.0 {
            return Some(("lr", format!("{} is not a positive number", self.lr)));
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return Some(("momentum", format!("{} is not in [0, 1)", self.momentum)));
        }
        if self.nesterov && self.momentum == 0.0 {
            return Some(("nesterov", "needs a momentum above zero".to_owned()));
        }
        if !finite(self.weight_decay) {
            return Some(("weight_decay", format!("{} is not a number of at least zero", self.weight_decay)));
        }
        if !(0.0..1.0).contains(&self.warmup) {
            return Some(("warmup", format!("{} is not a fraction in [0, 1)", self.warmup)));
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return Some(("label_smoothing", format!("{} is not in [0, 1)", self.label_smoothing)));
        }
        if self.schedule == Schedule::Step && self.milestones.is_empty() {
            return Some(("milestones", "the step schedule needs at least one".to_owned()));
        }
        if !(self.expand == 0.0 || (1.0..=16.0).contains(&self.expand)) {
            return Some((
                "expand",
                format!("{} is neither 0 (no canvas) nor a ratio from 1 to 16", self.expand),
            ));
        }
        if self.milestones.iter().any(|at| !(0.0..=1.0).contains(at)) {
            return Some(("milestones", "are fractions of all steps, in [0, 1]".to_owned()));
        }
        if let Some([least, most]) = self.crop_area
            && !(0.0 < least && least <= most && most <= 1.0)
        {
            return Some((
                "crop_area",
                format!("[{least}, {most}] is not two shares in order, above 0 and up to 1"),
            ));
        }
        let of = |key, problem: Option<String>| problem.map(|reason| (key, reason));
        of("color_jitter", self.color_jitter.as_ref().and_then(ColorJitter::problem))
            .or_else(|| of("grayscale", not_a_chance(self.grayscale)))
            .or_else(|| of("blur", self.blur.as_ref().and_then(Blur::problem)))
            .or_else(|| of("contrast", self.contrast.as_ref().and_then(|own| own.problem(self.batch))))
            .or_else(|| {
                let alike = self.contrast.is_some() && !self.varies();
                let reason = "needs views that differ: `shift`, `flip`, `crop_area`, `color_jitter`, `grayscale` or `blur`";
                of("contrast", alike.then(|| reason.to_owned()))
            })
            .or_else(|| {
                let smoothed = self.contrast.is_some() && self.label_smoothing > 0.0;
                of(
                    "label_smoothing",
                    smoothed.then(|| "is for labels, which `contrast` trains without".to_owned()),
                )
            })
            .or_else(|| {
                let nesterov = self.nesterov && self.optimizer == Optimizer::Lars;
                of("nesterov", nesterov.then(|| "is not for `optimizer: lars`".to_owned()))
            })
    }
}

/// A length of training: `500it` (steps), `30ep` (passes over the training split) or `20000ex` (pictures).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Optimizer steps.
    Steps(u64),
    /// Passes over the training split.
    Epochs(u64),
    /// Training pictures.
    Samples(u64),
}

impl Length {
    /// The number of steps at a batch size on a training split of `pictures`.
    #[must_use]
    pub fn steps(self, batch: u32, pictures: u64) -> u64 {
        let batch = u64::from(batch.max(1));
        match self {
            Self::Steps(steps) => steps,
            Self::Epochs(epochs) => epochs.saturating_mul(pictures).div_ceil(batch),
            Self::Samples(samples) => samples / batch,
        }
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Steps(n) => write!(f, "{n}it"),
            Self::Epochs(n) => write!(f, "{n}ep"),
            Self::Samples(n) => write!(f, "{n}ex"),
        }
    }
}

impl std::str::FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let help = || {
            format!(
                "`{text}` is not a length; write `500it` (steps), `30ep` (epochs) or `20000ex` (pictures)"
            )
        };
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(help)?;
        let (digits, unit) = text.split_at(split);
        let count: u64 = digits.parse().map_err(|_| help())?;
        match unit {
            "it" => Ok(Self::Steps(count)),
            "ep" => Ok(Self::Epochs(count)),
            "ex" => Ok(Self::Samples(count)),
            _ => Err(help()),
        }
    }
}

impl Serialize for Length {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Length {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(it|ep|ex)$",
            "description": "A length of training: `500it` (steps), `30ep` (epochs) or `20000ex` (pictures)."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::BlurKernel;

    fn recipe(schedule: Schedule) -> Recipe {
        Recipe { schedule, milestones: vec![0.5, 0.75], ..Recipe::new(64, 0.1) }
    }

    #[test]
    fn cosine_starts_at_lr_passes_half_in_the_middle_and_ends_near_zero() {
        let recipe = recipe(Schedule::Cosine);
        assert_eq!(recipe.lr_at(0, 100), 0.1);
        assert!((recipe.lr_at(50, 100) - 0.05).abs() < 1e-12);
        assert!(recipe.lr_at(99, 100) < 1e-4);
    }

    #[test]
    fn steps_fall_by_gamma_at_each_milestone() {
        let recipe = recipe(Schedule::Step);
        let rates: Vec<f64> = [0, 49, 50, 74, 75].iter().map(|step| recipe.lr_at(*step, 100)).collect();
        let expected = [0.1, 0.1, 0.01, 0.01, 0.001];
        for (rate, expected) in rates.iter().zip(expected) {
            assert!((rate - expected).abs() < 1e-15, "{rates:?}");
        }
    }

    #[test]
    fn warm_up_rises_linearly_and_reaches_lr() {
        let recipe = Recipe { warmup: 0.1, ..recipe(Schedule::Constant) };
        assert!((recipe.lr_at(0, 100) - 0.01).abs() < 1e-15);
        assert!((recipe.lr_at(9, 100) - 0.1).abs() < 1e-15);
        assert_eq!(recipe.lr_at(10, 100), 0.1);
    }

    #[test]
    fn what_only_detection_has_is_not_written_where_it_says_nothing() {
        let text = serde_json::to_string(&Recipe::new(64, 0.1)).unwrap();
        assert!(text.ends_with(r#""flip":false}"#), "{text}");
        let read: Recipe = serde_json::from_str(r#"{"batch": 64, "lr": 0.1}"#).unwrap();
        assert_eq!(read, Recipe::new(64, 0.1));
        let detection = Recipe { crop: true, expand: 4.0, photometric: true, ..Recipe::new(32, 0.01) };
        let text = serde_json::to_string(&detection).unwrap();
        assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), detection);
        assert_eq!(Recipe { expand: 0.5, ..detection }.problem().unwrap().0, "expand");
    }

    #[test]
    fn what_only_views_and_contrast_have_is_read_and_checked() {
        let text = r#"{"batch": 64, "lr": 0.1, "crop_area": [0.08, 1], "flip": true, "grayscale": 0.2, "optimizer": "lars",
            "color_jitter": {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1, "probability": 0.8},
            "blur": {"kernel": "boxes", "sigma": [0.1, 2], "probability": 0.5},
            "contrast": {"loss": "moco-v2", "temperature": 0.2, "queue": 640, "momentum": 0.999}}"#;
        let whole: Recipe = serde_json::from_str(text).unwrap();
        assert_eq!(whole.problem(), None);
        let written = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Recipe>(&written).unwrap(), whole);
        let jitter = whole.color_jitter.map(|own| ColorJitter { hue: 0.6, ..own });
        let blur = whole.blur.map(|own| Blur { sigma: [2.0, 1.0], ..own });
        let moco = |queue, momentum| Some(Contrast::MocoV2 { temperature: 0.2, queue, momentum });
        for (key, recipe) in [
            ("crop_area", Recipe { crop_area: Some([0.5, 0.2]), ..whole.clone() }),
            ("crop_area", Recipe { crop_area: Some([0.0, 1.0]), ..whole.clone() }),
            ("color_jitter", Recipe { color_jitter: jitter, ..whole.clone() }),
            ("grayscale", Recipe { grayscale: 1.5, ..whole.clone() }),
            ("blur", Recipe { blur, ..whole.clone() }),
            ("contrast", Recipe { contrast: moco(100, 0.9), ..whole.clone() }),
            ("contrast", Recipe { contrast: moco(640, 1.0), ..whole.clone() }),
            ("contrast", Recipe { contrast: Some(Contrast::Simclr { temperature: 0.0 }), ..whole.clone() }),
            ("nesterov", Recipe { nesterov: true, ..whole.clone() }),
        ] {
            assert_eq!(recipe.problem().map(|(key, _)| key), Some(key), "{recipe:?}");
        }
    }

    #[test]
    fn views_of_contrast_must_differ() {
        let contrast = Some(Contrast::Simclr { temperature: 0.5 });
        let alike = Recipe { contrast, ..Recipe::new(64, 0.1) };
        let (key, reason) = alike.problem().unwrap();
        assert!(key == "contrast" && reason.contains("views that differ"), "{key}: {reason}");
        let jitter =
            ColorJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 };
        let blur = Blur { kernel: BlurKernel::Boxes, sigma: [0.1, 2.0], probability: 0.5 };
        for different in [
            Recipe { shift: 1, ..alike.clone() },
            Recipe { flip: true, ..alike.clone() },
            Recipe { crop_area: Some([0.2, 1.0]), ..alike.clone() },
            Recipe { color_jitter: Some(jitter), ..alike.clone() },
            Recipe { grayscale: 0.2, ..alike.clone() },
            Recipe { blur: Some(blur), ..alike },
        ] {
            assert_eq!(different.problem(), None, "{different:?}");
        }
    }

    #[test]
    fn lengths_are_read_and_written() {
        for text in ["500it", "30ep", "20000ex"] {
            assert_eq!(text.parse::<Length>().unwrap().to_string(), text);
        }
        for text in ["", "it", "5", "5 it", "-5it", "1.5ep", "5epochs"] {
            assert!(text.parse::<Length>().is_err(), "{text}");
        }
        assert_eq!(Length::Epochs(3).steps(64, 100), 5);
        assert_eq!(Length::Samples(1000).steps(64, 100), 15);
    }
}
