use super::*;
use crate::testing::{Sample, sample};

fn trial(method: &str, keep: f64, replicate: u32) -> TrialRecord {
    let stage = |name: &str| Some(format!("{name}-{method}-{keep}-{replicate}"));
    let score = |task: &str| TrialScore {
        protocol: "transfer".to_owned(),
        regime: "linear".to_owned(),
        task: task.to_owned(),
        stage: stage(task),
        features: stage("features"),
    };
    TrialRecord {
        suite: "transfer-12-small".to_owned(),
        track: "short".to_owned(),
        method: method.to_owned(),
        task: None,
        keep,
        replicate,
        stages: vec!["prune".to_owned(), "verify".to_owned()],
        scores: vec![score("b"), score("a")],
        blocked: None,
    }
}

#[test]
fn ids_tell_trials_apart_and_stay() {
    let one = trial("imp", 0.1, 0);
    let mut others = vec![trial("imp", 0.2, 0), trial("imp", 0.1, 1), trial("rigl", 0.1, 0)];
    others.push(TrialRecord { task: Some("a".to_owned()), ..one.clone() });
    // Parts that run into each other are not the same.
    others.push(TrialRecord {
        suite: "transfer-12-smalls".to_owned(),
        track: "hort".to_owned(),
        ..one.clone()
    });
    for other in &others {
        assert_ne!(one.id(), other.id(), "{other:?}");
    }
    let id = one.id();
    assert!(id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    // What was scored, and where, is no part of the name: it stays while a suite grows.
    let grown = TrialRecord { scores: Vec::new(), stages: Vec::new(), ..one };
    assert_eq!(grown.id(), id);
}

#[test]
fn identities_are_in_order_and_stand_once() {
    let trial = trial("imp", 0.1, 0);
    assert_eq!(trial.identities(), ["prune", "verify", "features-imp-0.1-0", "a-imp-0.1-0", "b-imp-0.1-0"]);
}

#[test]
fn rows_belong_to_their_trial_alone() {
    let trial = trial("imp", 0.1, 0);
    let row = sample(&Sample { method: "imp", keep: 0.1, task: "a", ..Sample::default() });
    assert!(trial.has(&row));
    assert!(!trial.has(&Row { replicate: 1, ..row.clone() }));
    assert!(!trial.has(&Row { keep: 0.2, ..row.clone() }));
    assert!(!trial.has(&Row { regime: "full".to_owned(), ..row.clone() }));
    assert!(!trial.has(&Row { task: "c".to_owned(), ..row }));
}
