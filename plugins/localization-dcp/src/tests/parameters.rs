//! Parameters as a suite gives them.

use secateur_sdk::schemars::schema_for;

use crate::config::{RankedAt, Score, Search};
use crate::dcp_config::DcpConfig;
use crate::lcp_config::{Auxiliary, LcpConfig, Regions, Regression};
use crate::regions::Terms;

fn lcp(json: &str) -> std::result::Result<LcpConfig, String> {
    let config: LcpConfig = serde_json::from_str(json).map_err(|error| error.to_string())?;
    config.settings().map_err(|error| error.message)?;
    Ok(config)
}

#[test]
fn without_parameters_each_method_is_its_papers() {
    let dcp = serde_json::from_str::<DcpConfig>("{}").unwrap().settings().unwrap();
    assert_eq!(
        (dcp.search, dcp.score, dcp.ranked_at),
        (Search::Greedy, Score::SumOfNorms, RankedAt::Weights)
    );
    let config = lcp("{}").unwrap();
    let settings = config.settings().unwrap();
    assert_eq!(
        (settings.search, settings.score, settings.ranked_at),
        (Search::TopK, Score::Frobenius, RankedAt::Zero)
    );
    assert_eq!(settings.weight, 1.0);
    assert_eq!((config.auxiliary, config.m), (Auxiliary::ContextualGiou, 1.0));
    assert_eq!((config.regions, config.regression), (Regions::DefaultBoxes, Regression::Detector));
}

#[test]
fn each_rung_has_the_terms_of_the_one_before_and_one_more() {
    let terms = |auxiliary: &str| {
        let json = format!(r#"{{"auxiliary": "{auxiliary}", "m": 50, "regression": "auxiliary"}}"#);
        Terms::of(&lcp(&json).unwrap()).map(|terms| (terms.context, terms.regression))
    };
    assert_eq!(terms("none"), None);
    assert_eq!(terms("roi-align"), Some((false, None)));
    assert_eq!(terms("contextual"), Some((true, None)));
    assert_eq!(terms("contextual-giou"), Some((true, Some((Regression::Auxiliary, 50.0)))));
}

#[test]
fn wrong_parameters_are_refused_with_their_names() {
    for (json, name) in [
        (r#"{"lambda": 1}"#, "`lambda`"),
        (r#"{"auxiliary": "giou"}"#, "`giou`"),
        (r#"{"alpha": -1}"#, "`alpha`"),
        (r#"{"m": -0.5}"#, "`m`"),
        (r#"{"roi_size": 0}"#, "`roi_size`"),
        (r#"{"sampling_ratio": 0}"#, "`sampling_ratio`"),
        (r#"{"auxiliary_fraction": 1}"#, "`auxiliary_fraction`"),
        (r#"{"samples": 0}"#, "`samples`"),
        (r#"{"batch": 0}"#, "`batch`"),
        (r#"{"lr": 0}"#, "`lr`"),
    ] {
        let refused = lcp(json).unwrap_err();
        assert!(refused.contains(name), "{json}: {refused}");
    }
    let refused = serde_json::from_str::<DcpConfig>(r#"{"alpha": 1}"#).unwrap_err().to_string();
    assert!(refused.contains("`alpha`"), "{refused}");
}

#[test]
fn schemas_say_what_every_parameter_is_and_its_default() {
    for schema in [schema_for!(DcpConfig), schema_for!(LcpConfig)] {
        let schema = schema.to_value();
        assert_eq!(schema["additionalProperties"], false);
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{name}: {property}");
            assert!(property.get("default").is_some(), "{name}: {property}");
        }
    }
}
