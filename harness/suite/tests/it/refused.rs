use secateur_suite::{Contrast, Optimizer, Schedule, Suite, YamlError, read_suite, read_suite_with};

use crate::WHOLE;

/// The error of a suite in which one text was replaced.
fn error(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "{from}");
    read_suite("suite.yaml", &WHOLE.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn unknown_keys_name_file_line_and_nearest() {
    let error = error("replicates: 2", "replicats: 2");
    assert!(error.starts_with("suite.yaml:3:1: unknown field `replicats`"), "{error}");
    assert!(error.contains("did you mean `replicates`"), "{error}");
    assert!(error.contains("3 | replicats: 2"), "{error}");
}

#[test]
fn a_seed_is_needed_and_zero_is_one() {
    assert!(error("seed: 3\n", "").contains("missing field `seed`"));
    assert_eq!(crate::read(&WHOLE.replace("seed: 3", "seed: 0")).seed, 0);
}

#[test]
fn values_that_make_no_sense_are_refused_with_their_place() {
    for (from, to, expected) in [
        ("keeps: [0.1, 0.2]", "keeps: [0.1, 90]", "90 is not in (0, 1]"),
        ("keeps: [0.1, 0.2]", "keeps: []", "at least one keep"),
        (
            "recipe: recover}\nmethods",
            "recipe: recovr}\nmethods",
            "there is no recipe `recovr`; did you mean `recover`?",
        ),
        ("allowance: 6400ex", "allowance: 2ep", "counted in pictures"),
        ("tracks: [equal]", "tracks: [eqal]", "there is no track `eqal`; did you mean `equal`?"),
        ("keeps: [0.1]}\ntransfer", "keeps: [0.3]}\ntransfer", "0.3 is not among the suite's keeps"),
        ("label: ticket", "label: magnitude", "`magnitude` is used twice"),
        (
            "label: ticket,",
            "label: ticket, start: init,",
            "`upstream.trained` must say the recipe and the pictures",
        ),
        ("label: ticket,", "label: ticket, start: nowhere,", "unknown variant `nowhere`"),
        (
            "checkpoint: somewhere",
            "checkpoint: a\n  trained: {recipe: recovr, length: 1it}",
            "there is no recipe `recovr`; did you mean `recover`?",
        ),
        ("lr: 0.05", "lr: 0", "not a positive number"),
        ("length: 100it", "length: 100", "`100` is not a length"),
        ("params: {rate: 0.5}", "params: {rate: .nan}", "not a finite number"),
        (
            "checkpoint: somewhere",
            "checkpoint: a\n  train: {recipe: head, length: 1ep}",
            "both `checkpoint` and `train`",
        ),
        ("prunable: {name: convolutions}", "prunable: {name: convolutions, head: true}", "cannot be pruned"),
        ("prunable: {name: convolutions}\n", "", "`channels` for suites that remove channels"),
        (
            "prunable: {name: convolutions}",
            "prunable: {name: convolutions}\nchannels: {name: inner}",
            "a suite removes weights or channels",
        ),
        (
            "prunable: {name: convolutions}",
            "channels: {name: inner, budget: flops}",
            "unknown variant `flops`",
        ),
        ("prunable: {name: convolutions}", "channels: {name: inner, align: 0}", "at least 1"),
        (
            "prunable: {name: convolutions}",
            "prunable: {name: pairs, pattern: \"2:4\"}",
            "write `keeps: [0.5]`",
        ),
        ("prunable: {name: convolutions}", "prunable: {name: pairs, pattern: \"4:2\"}", "is not a pattern"),
        ("prunable: {name: convolutions}", "prunable: {name: pairs, pattern: 2}", "pattern"),
        ("replicates: 2", "replicates: 0", "from 1 to 1000"),
        ("replicates: 2", "replicates: 1001", "from 1 to 1000"),
        ("name: whole", "name: a/b", "is not made of letters"),
    ] {
        let error = error(from, to);
        assert!(error.contains(expected), "{to}: {error}");
        assert!(error.starts_with("suite.yaml"), "{error}");
    }
}

#[test]
fn recipe_files_add_recipes_and_nothing_twice() {
    let suite = WHOLE
        .replace("seed: 3", "seed: 3\nrecipe_files: [papers.yaml]")
        .replace("recipe: head", "recipe: paper");
    let load = |text: &'static str| {
        move |name: &str| if name == "papers.yaml" { Ok(text.to_owned()) } else { Err(format!("no {name}")) }
    };
    fn read(text: &str, load: &dyn Fn(&str) -> Result<String, String>) -> Result<Suite, YamlError> {
        read_suite_with("suite.yaml", text, load)
    }
    let found = read(&suite, &load("paper: {batch: 7, lr: 0.1}")).unwrap();
    assert_eq!(found.recipes["paper"].batch, 7);
    // What is stored of a suite needs no files beside it.
    assert!(found.recipe_files.is_empty());

    let refused = |text: &str, recipes: &'static str| read(text, &load(recipes)).unwrap_err().to_string();
    let error = refused(&suite, "paper: {batch: 7, lr: 0.1}\nrecover: {batch: 1, lr: 1}");
    assert!(
        error.contains("suite.yaml:3") && error.contains("`recover`, and there is one already"),
        "{error}"
    );
    let error = refused(&suite, "paper: {batch: 7, ler: 0.1}");
    assert!(error.contains("papers.yaml:1") && error.contains("`ler`"), "{error}");
    let error = refused(&suite.replace("[papers.yaml]", "[paper.yaml]"), "");
    assert!(error.contains("suite.yaml:3") && error.contains("no paper.yaml"), "{error}");
    let error = refused(&suite, "other: {batch: 7, lr: 0.1}");
    assert!(error.contains("there is no recipe `paper`"), "{error}");
}

#[test]
fn sides_that_no_picture_can_have_are_refused() {
    for (field, side, is_fine) in [
        ("side", 0, false),
        ("side", 1, true),
        ("side", 4096, true),
        ("side", 4097, false),
        ("resize", 4097, false),
    ] {
        let more = if field == "resize" { "packed: files, side: 32, " } else { "" };
        let task =
            format!("tasks:\n  own: {{format: image-folder, path: own, {more}{field}: {side}}}\nkeeps: [");
        let error = secateur_suite::read_suite("suite.yaml", &WHOLE.replacen("keeps: [", &task, 1)).err();
        let error = error.map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(error.is_empty(), is_fine, "{field} {side}: {error}");
        let reason = format!("tasks.own.{field}: must be from 1 to 4096 pixels");
        assert!(is_fine || error.contains(&reason), "{error}");
    }
}

#[test]
fn the_recipes_of_papers_have_their_figures() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benchmarks/recipes/papers.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let suite = WHOLE.replace("seed: 3", "seed: 3\nrecipe_files: [papers.yaml]");
    let suite = read_suite_with("suite.yaml", &suite, &|_| Ok(text.clone())).unwrap();
    // 2111.13445: 150 epochs, a tenth of the rate after 51 and after 101 of them. A step is an epoch here.
    let rate = |name: &str, epoch, epochs| suite.recipes[name].lr_at(epoch, epochs);
    for (name, first) in
        [("2111.13445-linear", 0.01), ("2111.13445-full", 0.01), ("2111.13445-full-small-lr", 0.001)]
    {
        for (epoch, part) in [(0, 1.0), (50, 1.0), (51, 0.1), (100, 0.1), (101, 0.01_f64), (149, 0.01)] {
            assert!((rate(name, epoch, 150) / (first * part) - 1.0).abs() < 1e-9, "{name} at {epoch}");
        }
    }
    // Its pictures: random parts and mirroring in full fine-tuning, none for features.
    for (name, crop) in [
        ("2111.13445-linear", None),
        ("2111.13445-full", Some([0.08, 1.0])),
        ("2111.13445-full-small-lr", Some([0.08, 1.0])),
    ] {
        let recipe = &suite.recipes[name];
        assert_eq!((recipe.batch, recipe.momentum, recipe.weight_decay), (64, 0.9, 5e-4), "{name}");
        assert_eq!((recipe.crop_area, recipe.flip), (crop, crop.is_some()), "{name}");
    }
    // 2012.06908: 182 epochs, a tenth at 91 and 136; WoodFisher: by 0.6 every six epochs from 40 to 88.
    for (epoch, wanted) in [(1, 0.1), (90, 0.1), (91, 0.01), (135, 0.01), (136, 0.001)] {
        assert!((rate("2012.06908-cifar", epoch, 182) / wanted - 1.0).abs() < 1e-9, "at {epoch}");
    }
    for (epoch, drops) in [(39, 0), (40, 1), (45, 1), (46, 2), (88, 9), (99, 9)] {
        let wanted = 0.005 * 0.6_f64.powi(drops);
        for name in ["2004.14340-gradual", "2106.12379-gmp"] {
            assert!((rate(name, epoch, 100) / wanted - 1.0).abs() < 1e-9, "{name} at {epoch}");
        }
    }
    // Epochs of RigL and of the tickets on ImageNet; steps of the detectors, which warm up.
    type Rates<'a> = &'a [(u64, f64)];
    let of_steps: [(&str, u64, Rates<'_>); 4] = [
        ("1911.11134-rigl", 100, &[(29, 0.1), (30, 0.01), (70, 0.001), (90, 1e-4)]),
        ("2012.04643-imagenet-round", 90, &[(29, 0.1), (30, 0.01), (60, 0.001)]),
        ("2012.04643-voc", 10_020, &[(599, 0.01), (8_349, 0.01), (8_350, 0.001)]),
        ("2012.04643-coco", 90_000, &[(1_999, 0.02), (59_999, 0.02), (60_000, 0.002), (80_000, 2e-4)]),
    ];
    for (name, length, rates) in of_steps {
        for (step, wanted) in rates {
            assert!((rate(name, *step, length) / wanted - 1.0).abs() < 1e-9, "{name} at {step}");
        }
    }
    assert_eq!(suite.recipes["2002.03231-gmp"].weight_decay, 3.05e-5);
    assert_eq!(suite.recipes["2002.03231-str"].weight_decay, 2.2517578e-5);
    assert_eq!((rate("2012.06908-moco-round", 0, 10), rate("2012.06908-moco-round", 9, 10)), (3e-4, 3e-4));
    assert_eq!(suite.recipes["2106.12379-ac-dc"].schedule, Schedule::Cosine);
    let optimizer = |name: &str| suite.recipes[name].optimizer;
    assert_eq!(optimizer("2012.06908-simclr-round"), Optimizer::Lars);
    assert_eq!(optimizer("2012.06908-moco-round"), Optimizer::Sgd);
    let moco = Contrast::MocoV2 { temperature: 0.2, queue: 65_536, momentum: 0.999 };
    assert_eq!(suite.recipes["2012.06908-moco-round"].contrast, Some(moco));
}
