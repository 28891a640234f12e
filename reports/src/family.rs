//! Families of methods.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What decides which weights stay, in broad terms.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// By absolute values, at once or little by little.
    Magnitude,
    /// By absolute values after training, with the weights set back.
    LotteryTickets,
    /// Trained sparse, with weights that come back.
    Regrowth,
    /// By what the loss would lose, from second derivatives.
    SecondOrder,
    /// Trained towards sparsity.
    Regularization,
    /// Before any training.
    AtInitialization,
    /// By chance.
    Random,
    /// None of these, or not known here.
    Other,
}

impl Family {
    /// All families, in the order of tables and colours.
    pub const ALL: [Family; 8] = [
        Family::Magnitude,
        Family::LotteryTickets,
        Family::Regrowth,
        Family::SecondOrder,
        Family::Regularization,
        Family::AtInitialization,
        Family::Random,
        Family::Other,
    ];

    /// The family of a method by its identifier. Plugins do not say, so this knows the methods of this repository; an
    /// identifier that it does not know is shown as *other*.
    #[must_use]
    pub fn of_method(id: &str) -> Family {
        match id.strip_prefix("org.secateur.").unwrap_or_default() {
            "magnitude" | "gradual-magnitude" | "channel-l1" | "channel-l2" | "channel-lamp" => {
                Family::Magnitude
            }
            "lottery-ticket" => Family::LotteryTickets,
            "rigl" | "set" => Family::Regrowth,
            "woodfisher" | "m-fac" | "diagonal-fisher" => Family::SecondOrder,
            "str" | "ac-dc" | "dnw" | "network-slimming" => Family::Regularization,
            "snip" | "grasp" | "synflow" => Family::AtInitialization,
            "random" | "random-layerwise-matched" | "channel-random" => Family::Random,
            _ => Family::Other,
        }
    }

    /// The family of what stands behind a label; nothing for dense controls, which have no method, and for perturbed tickets,
    /// which are controls of tickets and would stand for them where they do better.
    pub(crate) fn of_configurations(configurations: &BTreeSet<(String, String)>) -> Option<Family> {
        if configurations.iter().any(|(_, parameters)| is_perturbed(parameters)) {
            return None;
        }
        let mut families =
            configurations.iter().map(|(id, _)| (!id.is_empty()).then(|| Family::of_method(id)));
        let first = families.next()??;
        Some(if families.all(|family| family == Some(first)) { first } else { Family::Other })
    }

    /// The words that stand in tables.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Family::Magnitude => "magnitude",
            Family::LotteryTickets => "lottery tickets",
            Family::Regrowth => "regrowth",
            Family::SecondOrder => "second order",
            Family::Regularization => "regularization",
            Family::AtInitialization => "at initialization",
            Family::Random => "random",
            Family::Other => "other",
        }
    }
}

fn is_perturbed(parameters: &str) -> bool {
    let parameters: Option<serde_json::Value> = serde_json::from_str(parameters).ok();
    let perturb = parameters.as_ref().and_then(|parameters| parameters.get("perturb")?.as_str());
    perturb.is_some_and(|perturb| perturb != "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_methods_are_other_and_controls_have_no_family() {
        assert_eq!(Family::of_method("org.secateur.rigl"), Family::Regrowth);
        for id in ["rigl", "org.example.rigl", "org.secateur.no-such-method", ""] {
            assert_eq!(Family::of_method(id), Family::Other, "{id}");
        }
        let of = |ids: &[&str]| {
            Family::of_configurations(&ids.iter().map(|id| ((*id).to_owned(), "{}".to_owned())).collect())
        };
        assert_eq!(of(&[""]), None);
        let ticket = |parameters: &str| {
            let ticket = ("org.secateur.lottery-ticket".to_owned(), parameters.to_owned());
            Family::of_configurations(&BTreeSet::from([ticket]))
        };
        assert_eq!(ticket(r#"{"perturb": "none"}"#), Some(Family::LotteryTickets));
        assert_eq!(ticket(r#"{"perturb": "random"}"#), None);
        assert_eq!(of(&["org.secateur.rigl", "org.secateur.set"]), Some(Family::Regrowth));
        assert_eq!(of(&["org.secateur.rigl", "org.secateur.str"]), Some(Family::Other));
    }

    #[test]
    fn every_family_stands_once_in_the_list() {
        assert_eq!(BTreeSet::from(Family::ALL).len(), Family::ALL.len());
        assert!(Family::ALL.is_sorted());
    }
}
