//! What the name of a column says of its meaning.

use super::role::Role;

/// What is known of a column before its cells are looked at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Guess {
    /// Its meaning.
    pub(crate) role: Role,
    /// Whether the name says so; another reading of the cells is then not tried.
    pub(crate) sure: bool,
    /// Whether the name has a percent sign.
    pub(crate) percent: bool,
    /// Factor that the name gives, as in `Params (M)`.
    pub(crate) scale: f64,
    /// Whether lower values are better.
    pub(crate) lower_is_better: bool,
    /// Whether differences are dense minus pruned.
    pub(crate) drop: bool,
    /// Whether the column is one of several repetitions, as `seed 2`.
    pub(crate) one_seed: bool,
    /// The words that tell it from its like: `top1` of `top-1 drop`.
    pub(crate) stem: Vec<String>,
}

const SCORES: [&str; 32] = [
    "top1",
    "top5",
    "top",
    "acc",
    "accuracy",
    "score",
    "ap",
    "ap50",
    "ap75",
    "map",
    "miou",
    "iou",
    "f1",
    "auc",
    "ar",
    "precision",
    "recall",
    "psnr",
    "ssim",
    "bleu",
    "dice",
    "mota",
    "error",
    "err",
    "loss",
    "ppl",
    "perplexity",
    "nll",
    "wer",
    "fid",
    "mae",
    "rmse",
];
const LOWER: [&str; 9] = ["error", "err", "loss", "ppl", "perplexity", "nll", "wer", "fid", "mae"];
const DELTAS: [&str; 13] = [
    "delta",
    "drop",
    "degradation",
    "gain",
    "diff",
    "difference",
    "change",
    "decrease",
    "increase",
    "improvement",
    "d",
    "dropped",
    "gap",
];
const DROPS: [&str; 6] = ["drop", "degradation", "decrease", "dropped", "down", "gap"];
const BASES: [&str; 9] =
    ["base", "baseline", "dense", "original", "orig", "unpruned", "before", "reference", "full"];
const CUTS: [&str; 12] = [
    "reduction",
    "reduced",
    "removed",
    "pruned",
    "cut",
    "saved",
    "saving",
    "drop",
    "dropped",
    "down",
    "pr",
    "decrease",
];
const LEFT: [&str; 6] = ["left", "remaining", "remain", "kept", "retained", "of"];
const SHARES: [&str; 6] = ["ratio", "percent", "pct", "percentage", "share", "fraction"];
const PARAMS: [&str; 4] = ["params", "param", "parameters", "parameter"];
const MACS: [&str; 10] =
    ["macs", "mac", "madds", "madd", "gmacs", "gmac", "mmacs", "mmac", "multiplyadds", "multadds"];
const FLOPS: [&str; 7] = ["flops", "flop", "gflops", "gflop", "mflops", "mflop", "ops"];
const TIMES: [&str; 18] = [
    "time",
    "latency",
    "ms",
    "fps",
    "seconds",
    "hours",
    "hour",
    "runtime",
    "throughput",
    "memory",
    "bytes",
    "mib",
    "gib",
    "date",
    "epochs",
    "epoch",
    "steps",
    "duration",
];
/// Words in the names of tasks.
const TASKS: [&str; 26] = [
    "cifar",
    "cifar10",
    "cifar100",
    "imagenet",
    "sun397",
    "sun",
    "aircraft",
    "birdsnap",
    "birds",
    "caltech",
    "caltech101",
    "caltech256",
    "cars",
    "dtd",
    "flowers",
    "flowers102",
    "food",
    "food101",
    "pets",
    "coco",
    "voc",
    "ade20k",
    "cityscapes",
    "mnist",
    "svhn",
    "eurosat",
];

/// Reads the name of a column.
pub(crate) fn recognise(name: &str) -> Guess {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let only = |list: &[&str]| !words.is_empty() && words.iter().all(|word| list.contains(&word.as_str()));
    // `at 70 %` is a condition, no unit.
    let unit = name
        .split('%')
        .next()
        .is_some_and(|before| !before.trim_end().ends_with(|c: char| c.is_ascii_digit()));
    let percent = (name.contains('%') && unit) || has(&["percent", "pct", "percentage"]);
    let mut guess = Guess {
        role: Role::Other,
        sure: false,
        percent,
        scale: scale(name),
        lower_is_better: has(&LOWER) || has(&["rmse"]),
        drop: has(&DROPS),
        one_seed: false,
        stem: Vec::new(),
    };
    let is_share = percent || has(&SHARES);
    let size = [(&PARAMS[..], Role::Params), (&MACS[..], Role::Macs), (&FLOPS[..], Role::Flops)];
    let size =
        size.into_iter().find(|(list, _)| has(list) && !has(&["training", "train", "utilization", "s"]));
    let scored = has(&SCORES);
    (guess.role, guess.sure) = if words.is_empty() {
        match name.trim() {
            "#" => (Role::Rank, true),
            "±" | "+/-" => (Role::Spread, true),
            _ => (Role::Other, false),
        }
    } else if has(&["rank", "ranking", "place", "position"]) || only(&["pos", "no"]) {
        let average = has(&["avg", "average", "mean"]);
        (if average { Role::AverageRank } else { Role::Rank }, true)
    } else if only(&["tied", "tie"]) {
        (Role::Tied, true)
    } else if let Some((_, role)) = size {
        size_role(role, &words, is_share)
    } else if has(&["relative", "rel"]) && (has(&DELTAS) || has(&DROPS)) {
        (Role::Other, true)
    } else if has(&["weights", "weight"])
        && has(&["left", "remaining", "nonzero", "kept", "total", "all", "dense"])
    {
        (if has(&["total", "all", "dense"]) { Role::WeightsTotal } else { Role::WeightsLeft }, true)
    } else if has(&["compression", "compr"]) || only(&["cr"]) {
        (if percent { Role::Other } else { Role::Compression }, true)
    } else if has(&["speedup", "speed", "acceleration"]) {
        let measured = has(&["measured", "latency", "wall", "real", "gpu", "cpu"]);
        (if measured || percent { Role::Time } else { Role::SpeedUp }, has(&["theoretical", "theory"]))
    } else if has(&["sparsity"]) {
        (if has(&["target", "requested", "nominal"]) { Role::Requested } else { Role::Sparsity }, true)
    } else if only(&["keep", "density", "kept", "%", "ratio", "target"]) && has(&["keep", "density", "kept"])
    {
        (Role::Keep, true)
    } else if one_of_seeds(&words) {
        guess.one_seed = true;
        (Role::Score, true)
    } else if only(&["seed", "replicate", "run", "trial", "fold", "repetition", "id"]) && !only(&["id"]) {
        (Role::Seed, true)
    } else if only(&["n", "number", "num", "of", "seeds", "runs", "replicates", "repeats"])
        && !only(&["number", "of", "num"])
    {
        (Role::Seeds, true)
    } else if has(&["trials"]) {
        (Role::Trials, true)
    } else if spread(name, &words) {
        (Role::Spread, true)
    } else if has(&["low", "lower", "high", "upper"]) && !scored
        || has(&["ci"]) && has(&["low", "lower", "high", "upper"])
    {
        (if has(&["low", "lower"]) { Role::Low } else { Role::High }, true)
    } else if has(&TIMES) {
        (Role::Time, true)
    } else if scored && has(&["increase"]) {
        (Role::Other, true)
    } else if has(&DELTAS)
        || (scored && has(&["down"]) && !guess.lower_is_better)
        || has(&["loss"]) && has(&["acc", "accuracy", "top1", "top5"])
    {
        guess.drop |= has(&["loss"]);
        guess.lower_is_better = false;
        (Role::Delta, true)
    } else if has(&BASES) && (scored || only(&BASES)) {
        (Role::Base, true)
    } else if has(&["mean", "avg", "average", "overall"]) && !has(&["class", "classes"]) {
        (Role::Mean, true)
    } else if only(&["origin", "source", "provenance", "reported"]) {
        (Role::Origin, true)
    } else if scored || has(&TASKS) && !only(&["dataset"]) {
        (Role::Score, scored)
    } else {
        (text_role(&words), true)
    };
    guess.sure &= guess.role != Role::Other;
    guess.stem = stem(&words);
    guess
}

/// Columns of text.
fn text_role(words: &[String]) -> Role {
    let is =
        |list: &[&str]| words.last().is_some_and(|word| list.contains(&word.as_str())) && words.len() <= 3;
    if is(&["method", "methods", "algorithm", "approach", "pruner", "technique", "criterion"]) {
        Role::Method
    } else if is(&["model", "models", "network", "net", "arch", "architecture", "backbone"]) {
        Role::Network
    } else if is(&["dataset", "data", "task", "dset", "benchmark"]) {
        Role::Dataset
    } else if is(&["scope"]) {
        Role::Scope
    } else {
        Role::Other
    }
}

/// Counts, counts of the dense network, and shares of these.
fn size_role(size: Role, words: &[String], is_share: bool) -> (Role, bool) {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let [base, left, cut] = match size {
        Role::Params => [Role::ParamsBase, Role::ParamsLeft, Role::ParamsCut],
        Role::Macs => [Role::MacsBase, Role::MacsLeft, Role::MacsCut],
        _ => [Role::FlopsBase, Role::FlopsLeft, Role::FlopsCut],
    };
    if has(&["speedup", "speed", "compression"]) {
        return (if size == Role::Params { Role::Compression } else { Role::SpeedUp }, true);
    }
    match is_share {
        true if has(&CUTS) => (cut, true),
        true => (left, has(&LEFT)),
        // A number of removed parameters is none of the others.
        false if has(&CUTS) && !has(&["pruned"]) && !has(&["down"]) => (Role::Other, true),
        false if has(&BASES) || has(&["total"]) => (base, true),
        false => (size, true),
    }
}

/// `seed 2`, `run3`.
fn one_of_seeds(words: &[String]) -> bool {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let begins = ["seed", "run", "replicate", "trial", "fold"];
    match words {
        [word] => begins.iter().any(|begin| word.strip_prefix(begin).is_some_and(is_number)),
        [word, number] => begins.contains(&word.as_str()) && is_number(number),
        _ => false,
    }
}

fn spread(name: &str, words: &[String]) -> bool {
    let list = ["sd", "std", "stdev", "stddev", "stderr", "sem", "se", "dev", "deviation", "spread"];
    name.trim() == "σ" || words.iter().any(|word| list.contains(&word.as_str()))
}

/// The prefix in brackets or before a unit.
fn scale(name: &str) -> f64 {
    let lower = name.to_lowercase();
    let inside = |prefix: char| {
        ['(', '[', '/'].iter().any(|open| {
            lower.split(*open).skip(1).any(|part| {
                let part = part.trim_start();
                part.starts_with(prefix)
                    && !part[1..].starts_with(|c: char| c.is_ascii_lowercase() && !"mfpo".contains(c))
            })
        })
    };
    let begins = |unit: &str| lower.trim_start_matches(['#', ' ']).starts_with(unit);
    if inside('k') {
        1e3
    } else if inside('g') || inside('b') || begins("gmac") || begins("gflop") || begins("gmadd") {
        1e9
    } else if inside('m') && !inside_word(&lower, "(mac") && !inside_word(&lower, "(ms")
        || begins("mmac")
        || begins("mflop")
    {
        1e6
    } else {
        1.0
    }
}

fn inside_word(text: &str, word: &str) -> bool {
    text.contains(word)
}

/// What tells a column from others of its role.
fn stem(words: &[String]) -> Vec<String> {
    let common = [
        "test",
        "val",
        "validation",
        "pruned",
        "acc",
        "accuracy",
        "score",
        "sd",
        "std",
        "mean",
        "avg",
        "percent",
        "pct",
        "the",
        "in",
        "of",
        "to",
        "vs",
        "from",
        "on",
        "average",
        "points",
        "pp",
        "low",
        "high",
        "after",
        "final",
    ];
    let is_common = |word: &str| {
        common.contains(&word) || DELTAS.contains(&word) || DROPS.contains(&word) || BASES.contains(&word)
    };
    words.iter().filter(|word| !is_common(word)).cloned().collect()
}

/// The words of a name, in one spelling.
fn words(name: &str) -> Vec<String> {
    let mut text = name.to_lowercase();
    for (from, to) in [
        ("δ", " delta "),
        ("∆", " delta "),
        ("↓", " down "),
        ("speed-up", "speedup"),
        ("speed up", "speedup"),
        ("top-", "top"),
        ("top ", "top"),
        ("multiply-adds", "multiplyadds"),
        ("mult-adds", "multadds"),
        ("cifar-", "cifar"),
        ("caltech-", "caltech"),
        ("food-", "food"),
        ("flowers-", "flowers"),
    ] {
        if text.contains(from) {
            text = text.replace(from, to);
        }
    }
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(12)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_of_columns_are_known() {
        for (name, role) in [
            ("#", Role::Rank),
            ("Rank", Role::Rank),
            ("avg. rank", Role::AverageRank),
            ("Method", Role::Method),
            ("Model", Role::Network),
            ("dset", Role::Dataset),
            ("Data set", Role::Other),
            ("seed", Role::Seed),
            ("#seeds", Role::Seeds),
            ("n", Role::Seeds),
            ("trials ok", Role::Trials),
            ("Sparsity (%)", Role::Sparsity),
            ("Target sparsity", Role::Requested),
            ("keep", Role::Keep),
            ("Top-1 (%)", Role::Score),
            ("val_acc", Role::Score),
            ("small AP %", Role::Score),
            ("mIoU", Role::Score),
            ("Base Top-1", Role::Base),
            ("Baseline", Role::Base),
            ("Δ Top-1", Role::Delta),
            ("Top-1 drop", Role::Delta),
            ("Acc. ↓ (%)", Role::Delta),
            ("Params (M)", Role::Params),
            ("#Params", Role::Params),
            ("params %", Role::ParamsLeft),
            ("Params ↓ (%)", Role::ParamsCut),
            ("Dense params", Role::ParamsBase),
            ("FLOPs (G)", Role::Flops),
            ("FLOPs reduction (%)", Role::FlopsCut),
            ("MACs", Role::Macs),
            ("MACs at 70 %", Role::Macs),
            ("GMACs", Role::Macs),
            ("training FLOPs", Role::Other),
            ("Speed-up", Role::SpeedUp),
            ("Measured speed-up", Role::Time),
            ("compression", Role::Compression),
            ("mean %", Role::Mean),
            ("mean per class", Role::Other),
            ("std", Role::Spread),
            ("±", Role::Spread),
            ("seed 2", Role::Score),
            ("run3", Role::Score),
            ("CI low", Role::Low),
            ("time (s)", Role::Time),
            ("error increase", Role::Other),
            ("relative drop", Role::Other),
            ("Perplexity", Role::Score),
            ("CIFAR-100", Role::Score),
            ("notes", Role::Other),
            ("", Role::Other),
        ] {
            assert_eq!(recognise(name).role, role, "{name}");
        }
    }

    #[test]
    fn names_tell_units_and_directions() {
        let near = |name: &str, scale: f64| assert!((recognise(name).scale - scale).abs() < 0.5, "{name}");
        near("Params (M)", 1e6);
        near("FLOPs [G]", 1e9);
        near("Params, k", 1.0);
        near("GMACs", 1e9);
        near("Params (Mparams)", 1e6);
        near("time (ms)", 1.0);
        near("Size (MACs)", 1.0);
        assert!(recognise("Top-1 (%)").percent && !recognise("Top-1").percent);
        assert!(recognise("ppl").lower_is_better && !recognise("top-1 acc").lower_is_better);
        assert!(recognise("drop").drop && !recognise("Δ").drop);
        assert!(recognise("accuracy loss").drop && !recognise("accuracy loss").lower_is_better);
        assert_eq!(recognise("Δ Top-1").stem, recognise("Top-1 acc").stem);
    }
}
