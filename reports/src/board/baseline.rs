//! Baselines that every run should have.

use super::{Board, Entry};
use crate::row::Control;

impl Entry {
    /// Which of the mandatory baselines it is, by its label, else by the last part of its method's identifier: `random`,
    /// `random-layerwise`, `magnitude` or `filter norm`.
    #[must_use]
    pub fn baseline(&self) -> Option<&'static str> {
        if self.control != Some(Control::Baseline) {
            return None;
        }
        let of = |name: &str| {
            let name = name.to_lowercase();
            match () {
                () if name.contains("random") && name.contains("layer") => Some("random-layerwise"),
                () if name.contains("random") => Some("random"),
                () if name.contains("magnitude") => Some("magnitude"),
                () if matches!(name.as_str(), "l1" | "l2" | "channel-l1" | "channel-l2") => {
                    Some("filter norm")
                }
                () => None,
            }
        };
        let tail = |id: &str| id.rsplit('.').next().unwrap_or_default().to_owned();
        // The label is asked first: one identifier may serve both random baselines through a parameter.
        of(&self.method).or_else(|| self.configurations.iter().find_map(|(id, _)| of(&tail(id))))
    }

    /// Whether it is the baseline that scores by size: magnitude among weights, a filter norm among channels.
    #[must_use]
    pub fn is_magnitude(&self) -> bool {
        matches!(self.baseline(), Some("magnitude" | "filter norm"))
    }
}

impl Board {
    /// The baselines that its run lacks; none for a board without methods.
    #[must_use]
    pub fn missing_baselines(&self) -> Vec<&'static str> {
        // Among channels, the filter norm is what magnitude is among weights, and random channels go group by group anyway.
        let wanted: &[&'static str] = match self.key.granularity.as_str() {
            _ if self.methods().next().is_none() => &[],
            "channels" => &["random", "filter norm"],
            _ => &["random", "random-layerwise", "magnitude"],
        };
        let is_there = |wanted: &str| self.methods().any(|entry| entry.baseline() == Some(wanted));
        wanted.iter().copied().filter(|baseline| !is_there(baseline)).collect()
    }

    /// Whether methods must reach the published count exactly. Whole channels need not add up to it.
    #[must_use]
    pub fn must_reach_counts(&self) -> bool {
        must_reach_counts(&self.key.granularity)
    }
}

/// The same by the granularity alone.
pub(super) fn must_reach_counts(granularity: &str) -> bool {
    granularity != "channels"
}
