//! How the repository's own suite of the twelve official sets transfers networks.

use std::path::Path;

use crate::conditions::TransferConditions;
use crate::published::{PublishedProtocol, read_protocols};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../benchmarks");

/// The conditions of one regime of `transfer-12.yaml`.
pub(crate) fn published_conditions(regime: &str) -> TransferConditions {
    let folder = Path::new(ROOT).join("suites");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    let text = read("transfer-12.yaml").unwrap_or_default();
    let suite = match secateur_suite::read_suite_with("transfer-12.yaml", &text, &read) {
        Ok(suite) => suite,
        Err(error) => panic!("{error}"),
    };
    let own = crate::conditions::of_suite(&suite).into_iter().find(|it| it.regime == regime);
    own.unwrap_or_else(|| panic!("transfer-12.yaml has no regime {regime}"))
}

/// The protocol that the repository has of 2111.13445.
pub(crate) fn repository_protocol() -> PublishedProtocol {
    match read_protocols(&Path::new(ROOT).join("published")) {
        Ok(mut protocols) if protocols.len() == 1 => protocols.remove(0),
        other => panic!("{other:?}"),
    }
}
