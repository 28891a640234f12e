use super::*;
use crate::testing::conditions::{published_conditions, repository_protocol};

/// The track of the suite of the repository.
const TRACK: &str = "equal-allowance";

/// What differs after a change.
fn differing(change: impl FnOnce(&mut TransferConditions)) -> Vec<String> {
    let mut ours = published_conditions("full");
    change(&mut ours);
    repository_protocol().differences(&ours, TRACK)
}

fn task<'a>(ours: &'a mut TransferConditions, name: &str) -> &'a mut TaskConditions {
    ours.tasks.get_mut(name).expect("a task")
}

#[test]
fn the_suite_of_the_repository_is_the_protocol_of_the_paper() {
    let protocol = repository_protocol();
    for regime in ["linear", "full"] {
        let ours = published_conditions(regime);
        assert_eq!(ours.tasks.len(), 12);
        assert_eq!(protocol.differences(&ours, TRACK), Vec::<String>::new(), "{regime}");
    }
    // Every set of the protocol is one of the catalogue, and every name is in the table.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../benchmarks/published");
    let figures = super::super::read_published(Path::new(folder)).unwrap();
    for (name, set) in &protocol.tasks {
        assert!(secateur_data::official::entry(set).is_ok(), "{set}");
        assert!(figures.iter().any(|it| it.citation == protocol.citation && it.task == *name), "{name}");
    }
    // The official split of Birdsnap has another number of pictures than the paper scored.
    let birdsnap = secateur_data::official::entry("birdsnap").unwrap();
    assert_eq!(birdsnap.counts.test, Some(2_443));
    assert_eq!(protocol.other_splits.keys().collect::<Vec<_>>(), ["Birdsnap"]);
}

#[test]
fn whatever_is_not_as_in_the_paper_is_named() {
    let source = |ours: &mut TransferConditions, change: fn(&mut secateur_suite::TaskSource)| {
        change(task(ours, "dtd").source.as_mut().unwrap());
    };
    let one = |change: &dyn Fn(&mut TransferConditions), expected: &str| {
        let found = differing(change);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(expected), "{expected}: {found:?}");
    };
    one(&|ours| ours.network = "resnet18".to_owned(), "the network is resnet18, not resnet50");
    one(&|ours| ours.width = 0.5, "0.5 times the width");
    let origin = |ours: &mut TransferConditions, change: fn(&mut Origin)| {
        change(ours.origins.get_mut(TRACK).expect("the track"));
    };
    let set = |origin: &mut Origin, change: fn(&mut secateur_suite::OfficialSource)| {
        change(origin.source.as_mut().unwrap().official.as_mut().unwrap());
    };
    one(&|ours| origin(ours, |it| it.projection = true), "the networks were trained without labels");
    one(
        &|ours| {
            origin(ours, |it| {
                *it = Origin { task: "generated/upstream".to_owned(), source: None, projection: false };
            });
        },
        "the networks come from `generated/upstream`, not from the official set `imagenet`",
    );
    one(
        &|ours| set(ours.origins.get_mut(TRACK).unwrap(), |it| it.set = "cifar10".to_owned()),
        "the networks come from the official set `cifar10`, not from the official set `imagenet`",
    );
    one(
        &|ours| set(ours.origins.get_mut(TRACK).unwrap(), |it| it.reduced = true),
        "the networks come from a part of the official set `imagenet`",
    );
    one(&|ours| ours.origins.clear(), "nothing says where the networks come from");
    one(&|ours| ours.length = Length::Epochs(30), "trained for 30ep, not for 150ep");
    one(&|ours| ours.select = Select::BestValidation, "best network on a validation split");
    one(
        &|ours| ours.normalize = Some(Normalize { mean: [0.5; 3], std: [0.5; 3] }),
        "pictures are normalized otherwise",
    );
    one(&|ours| task(ours, "dtd").recipe.lr = 0.01, "dtd: the recipe has another `lr`");
    one(&|ours| task(ours, "cars").recipe.lr = 0.001, "cars: the recipe has another `lr`");
    one(&|ours| task(ours, "dtd").recipe.crop_area = None, "dtd: the recipe has another `crop_area`");
    one(&|ours| task(ours, "dtd").recipe.milestones = vec![0.5], "another `milestones`");
    one(&|ours| task(ours, "dtd").source = None, "dtd: not an official set");
    let official = |change: fn(&mut secateur_suite::OfficialSource)| {
        differing(|ours| change(task(ours, "dtd").source.as_mut().unwrap().official.as_mut().unwrap()))
    };
    assert_eq!(official(|it| it.reduced = true), ["dtd: declared to be reduced"]);
    assert_eq!(official(|it| it.held_out = true), ["dtd: a part is held out for validation"]);
    let sample = |it: &mut secateur_suite::OfficialSource| {
        it.sample = Some(secateur_suite::Sample { train: 800, validation: 200 });
    };
    assert_eq!(official(sample), ["dtd: a sample of the set"]);
    assert_eq!(official(|it| it.set = "svhn".to_owned()), ["dtd: not among the paper's tasks"]);
    one(&|ours| source(ours, |it| it.packed = Packed::Pixels), "packed in one size");
    one(&|ours| source(ours, |it| it.resize = Some(224)), "other sizes");
    one(&|ours| source(ours, |it| it.side = Some(64)), "other sizes");
    one(&|ours| source(ours, |it| it.interpolation = Interpolation::Bicubic), "resized by other means");
    // Said once for all tasks that it is true of.
    let all = differing(|ours| ours.tasks.values_mut().for_each(|task| task.recipe.batch = 128));
    assert_eq!(all.len(), 1);
    assert!(all[0].starts_with("aircraft, birdsnap, ") && all[0].ends_with("another `batch`"), "{all:?}");
}

#[test]
fn a_file_of_protocols_is_read_or_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    assert!(read_protocols(folder.path()).unwrap().is_empty());
    std::fs::write(folder.path().join(FILE), "- citation: arXiv:1\n  netwrk: a\n").unwrap();
    let error = read_protocols(folder.path()).unwrap_err().to_string();
    assert!(error.contains("protocols.yaml:") && error.contains("netwrk"), "{error}");
}
