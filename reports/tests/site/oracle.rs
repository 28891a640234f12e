//! What the numbers should be, from `results.csv`, `costs.csv` and `speed.csv` alone. What tests say is in [`crate::order`].

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use crate::chances::Tables;
use crate::fronts;
use crate::order::{Order, half};

/// What a number is of; empty where the page does not say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    pub(crate) suite: String,
    pub(crate) track: String,
    pub(crate) protocol: String,
    pub(crate) regime: String,
    pub(crate) granularity: String,
    pub(crate) method: String,
    pub(crate) against: String,
    pub(crate) keep: String,
    pub(crate) task: String,
    pub(crate) form: String,
    pub(crate) batch: String,
    pub(crate) cost: String,
}

pub(crate) type Record = BTreeMap<String, String>;

pub(crate) struct Oracle {
    results: Vec<Record>,
    costs: Vec<Record>,
    pub(crate) speeds: Vec<Record>,
    /// Critical values, from SciPy.
    tables: Tables,
    /// What was found out of keeps, by the key of the board with the keep.
    orders: RefCell<BTreeMap<[String; 6], Rc<Order>>>,
}

/// Scores of a method at a keep by task and replicate; nothing where a trial has none.
pub(crate) type Scores = BTreeMap<(String, String), Option<f64>>;

impl Oracle {
    pub(crate) fn read(folder: &Path) -> Oracle {
        let table = |name: &str| -> Vec<Record> {
            let mut reader = csv::Reader::from_path(folder.join(name)).expect("a table");
            let records = reader.deserialize().map(|record| record.expect("a record"));
            records.map(with_plain_keep).collect()
        };
        Oracle {
            results: table("results.csv"),
            costs: table("costs.csv"),
            speeds: table("speed.csv"),
            tables: Tables::read(),
            orders: RefCell::default(),
        }
    }

    /// The number of that kind, if the tables have it.
    pub(crate) fn value(&self, of: &str, context: &Context) -> Option<f64> {
        // A form and a batch are of the table of speeds.
        if !context.form.is_empty() {
            return self.speed(of, context);
        }
        if context.protocol.is_empty() {
            return self.cost(of, context);
        }
        let board = Board::of(&self.results, context);
        let own = board.scores(&context.method, &context.keep);
        let interval = |values: &[f64]| half(values, &self.tables);
        match of {
            "score" => mean(&scored(&own, &context.task)),
            "score-half" => interval(&scored(&own, &context.task)),
            "mean" => mean(&board.means(&own).into_values().collect::<Vec<_>>()),
            "mean-half" => interval(&board.means(&own).into_values().collect::<Vec<_>>()),
            "drop" | "drop-half" => {
                let dense = board.scores("dense-trained", "1");
                let values = if context.task.is_empty() {
                    board.paired(&dense, &own)
                } else {
                    let pairs = dense.iter().filter(|((task, _), _)| *task == context.task);
                    pairs.filter_map(|(key, score)| Some((*score)? - (*own.get(key)?)?)).collect()
                };
                if of == "drop" { mean(&values) } else { interval(&values) }
            }
            "gap" | "gap-half" => {
                let values = board.paired(&own, &board.scores(&context.against, &context.keep));
                if of == "gap" { mean(&values) } else { interval(&values) }
            }
            "rank" if !context.task.is_empty() => {
                self.order(&board, context).rank(&context.method, &context.task)
            }
            "scored" | "trials" => {
                let of_task =
                    own.iter().filter(|((task, _), _)| context.task.is_empty() || *task == context.task);
                Some(of_task.filter(|(_, score)| of == "trials" || score.is_some()).count() as f64)
            }
            "prune-seconds" | "recover-seconds" => self.cost(of, context),
            "area" | "area-half" => fronts::area(&board, of, &context.method, &self.tables),
            _ if !context.cost.is_empty() => fronts::value(self, &board, of, context),
            "measured" => {
                self.fastest(context).map(|record| number(record, "measured_speedup").expect("a number"))
            }
            "theory"
                if self.fastest(context).is_some()
                    && context.against.is_empty()
                    && context.batch == "answer" =>
            {
                self.fastest(context).and_then(|record| number(record, "theoretical_speedup"))
            }
            _ => {
                let order = self.order(&board, context);
                order.value(of, &context.method).or_else(|| board.budget(of, context))
            }
        }
    }

    /// What tests and counts say of a keep.
    fn order(&self, board: &Board<'_>, context: &Context) -> Rc<Order> {
        let it = context;
        let key =
            [&it.suite, &it.track, &it.protocol, &it.regime, &it.granularity, &it.keep].map(String::clone);
        let mut orders = self.orders.borrow_mut();
        let found = || Rc::new(Order::of(board, &context.keep, &self.tables));
        Rc::clone(orders.entry(key).or_insert_with(found))
    }

    pub(crate) fn cost(&self, of: &str, context: &Context) -> Option<f64> {
        let own = |record: &&Record| {
            record["suite"] == context.suite
                && record["track"] == context.track
                && record["method"] == context.method
        };
        let stages: Vec<&Record> = self.costs.iter().filter(own).collect();
        let ok = |kind: &str| -> Vec<f64> {
            let ended = stages.iter().filter(|it| it["kind"] == kind && it["outcome"] == "ok");
            ended.filter_map(|it| number(it, "seconds")).collect()
        };
        // Samples stand in each row of a network; a network counts once.
        let networks = |field: &str| {
            let mut found: BTreeMap<[&str; 4], f64> = BTreeMap::new();
            for row in self.results.iter().filter(own) {
                let task = if row["protocol"] == "direct" { row["task"].as_str() } else { "" };
                let network =
                    [row["granularity"].as_str(), row["keep"].as_str(), row["replicate"].as_str(), task];
                if let Some(value) = number(row, field) {
                    let most = found.entry(network).or_insert(value);
                    *most = most.max(value);
                }
            }
            mean(&found.into_values().collect::<Vec<_>>())
        };
        match of {
            "method-samples" => networks("method_samples").or(Some(0.0)),
            "recover-samples" => networks("recover_samples").or(Some(0.0)),
            "training-macs" => networks("training_macs"),
            "prune-seconds" => mean(&ok("prune")),
            "recover-seconds" => mean(&ok("recover")),
            "total-seconds" => Some(stages.iter().filter_map(|it| number(it, "seconds")).sum()),
            "peak-bytes" => stages.iter().filter_map(|it| number(it, "peak_bytes")).reduce(f64::max),
            "stages" => Some(stages.len() as f64),
            "failed-stages" => Some(stages.iter().filter(|it| it["outcome"] != "ok").count() as f64),
            "latency" => {
                let at = stages
                    .iter()
                    .filter(|it| it["keep"] == context.keep || it["keep"].is_empty() && context.keep == "1");
                mean(&at.filter_map(|it| number(it, "latency_ms")).collect::<Vec<_>>())
            }
            _ => None,
        }
    }

    fn speed(&self, of: &str, context: &Context) -> Option<f64> {
        let record = self.speeds.iter().find(|it| {
            it["suite"] == context.suite
                && it["track"] == context.track
                && it["method"] == context.method
                && it["keep"] == context.keep
                && it["form"] == context.form
                && (context.batch.is_empty() || it["batch"] == context.batch)
        })?;
        let column = match of {
            "params" => "params",
            "bytes" => "bytes",
            "macs" => "macs_core",
            "theory" => "theoretical_speedup",
            "memory" => "working_bytes",
            "measured" => "measured_speedup",
            "median" => "median_ms",
            "p10" => "p10_ms",
            "p90" => "p90_ms",
            _ => return None,
        };
        number(record, column)
    }

    /// The form of a network that an answer is about: compacted rather than masked, at its largest batch.
    fn fastest(&self, context: &Context) -> Option<&Record> {
        let own = self.speeds.iter().filter(|it| {
            it["suite"] == context.suite
                && it["track"] == context.track
                && it["method"] == context.method
                && it["keep"] == context.keep
                && it["form"] != "dense"
        });
        own.max_by_key(|it| (it["form"] == "compacted", it["batch"].parse::<u32>().unwrap_or(0)))
    }
}

/// The rows of a board.
pub(crate) struct Board<'a> {
    pub(crate) rows: Vec<&'a Record>,
    pub(crate) tasks: BTreeSet<String>,
}

impl<'a> Board<'a> {
    fn of(results: &'a [Record], context: &Context) -> Board<'a> {
        let rows: Vec<&Record> = results
            .iter()
            .filter(|row| {
                row["suite"] == context.suite
                    && row["track"] == context.track
                    && row["protocol"] == context.protocol
                    && row["regime"] == context.regime
                    && (row["granularity"] == context.granularity || row["granularity"] == "dense")
            })
            .collect();
        let tasks = rows.iter().map(|row| row["task"].clone()).collect();
        Board { rows, tasks }
    }

    pub(crate) fn own(&self, method: &str, keep: &str) -> Vec<&'a Record> {
        self.rows.iter().filter(|row| row["method"] == method && row["keep"] == keep).copied().collect()
    }

    pub(crate) fn scores(&self, method: &str, keep: &str) -> Scores {
        let rows = self.own(method, keep).into_iter();
        rows.map(|row| {
            let score = number(row, "score").filter(|_| row["outcome"] == "ok");
            ((row["task"].clone(), row["replicate"].clone()), score)
        })
        .collect()
    }

    /// The mean over tasks for each replicate, of a method without a trial that has no score.
    pub(crate) fn means(&self, scores: &Scores) -> BTreeMap<String, f64> {
        if scores.values().any(Option::is_none) { BTreeMap::new() } else { self.replicates(scores) }
    }

    /// The mean over tasks for each replicate that has all of them.
    pub(crate) fn replicates(&self, scores: &Scores) -> BTreeMap<String, f64> {
        let mut by_replicate: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for ((_, replicate), score) in scores {
            by_replicate.entry(replicate.clone()).or_default().extend(score);
        }
        by_replicate
            .into_iter()
            .filter(|(_, scores)| scores.len() == self.tasks.len())
            .map(|(replicate, scores)| (replicate, scores.iter().sum::<f64>() / scores.len() as f64))
            .collect()
    }

    /// Differences of the means by replicate; by task, where there is one replicate.
    pub(crate) fn paired(&self, ours: &Scores, theirs: &Scores) -> Vec<f64> {
        let (means, others) = (self.replicates(ours), self.replicates(theirs));
        let shared: Vec<&String> = means.keys().filter(|replicate| others.contains_key(*replicate)).collect();
        if let [replicate] = shared[..] {
            let of_tasks = self.tasks.iter().map(|task| {
                let key = (task.clone(), replicate.clone());
                Some((*ours.get(&key)?)? - (*theirs.get(&key)?)?)
            });
            return of_tasks.collect::<Option<Vec<f64>>>().unwrap_or_default();
        }
        shared.into_iter().map(|replicate| means[replicate] - others[replicate]).collect()
    }

    /// Keeps of its methods.
    pub(crate) fn keeps(&self) -> BTreeSet<String> {
        let pruned = self.rows.iter().filter(|row| row["granularity"] != "dense");
        pruned.map(|row| row["keep"].clone()).collect()
    }

    pub(crate) fn methods(&self, keep: &str) -> Vec<String> {
        let at = self.rows.iter().filter(|row| row["keep"] == keep && row["granularity"] != "dense");
        let set: BTreeSet<String> = at.map(|row| row["method"].clone()).collect();
        set.into_iter().collect()
    }

    fn budget(&self, of: &str, context: &Context) -> Option<f64> {
        let rows = self.own(&context.method, &context.keep);
        let column = |name: &str| -> Vec<f64> { rows.iter().filter_map(|row| number(row, name)).collect() };
        let ratios = |part: &str, whole: &str| -> Vec<f64> {
            rows.iter().filter_map(|row| Some(number(row, part)? / number(row, whole)?)).collect()
        };
        let dense = |name: &str| -> Option<f64> {
            let trained = self.own("dense-trained", "1");
            mean(&trained.iter().filter_map(|row| number(row, name)).collect::<Vec<_>>())
        };
        if let Some((what, end)) = of.rsplit_once('-').filter(|(_, end)| ["least", "most"].contains(end)) {
            let values = column(match what {
                "target" => "target_count",
                "achieved" => "achieved_count",
                "before" => "nonzero_before",
                "params" => "params_remaining",
                "conv-fc" => "conv_fc_remaining",
                _ => return None,
            });
            return values.into_iter().reduce(if end == "least" { f64::min } else { f64::max });
        }
        match of {
            "sparsity" => {
                let kept = ratios("achieved_count", "prunable_total");
                mean(&kept.iter().map(|it| 1.0 - it).collect::<Vec<_>>())
            }
            "compression" => mean(&ratios("params_total", "params_remaining")),
            "macs-executed" => mean(&column("macs_executed")),
            "macs-nonzero" => mean(&column("macs_nonzero")),
            "theory" => {
                // Both dense controls execute all of the network.
                let whole = self.rows.iter().filter(|row| row["granularity"] == "dense");
                let whole = mean(&whole.filter_map(|row| number(row, "macs_executed")).collect::<Vec<_>>())?;
                Some(whole / mean(&column("macs_executed"))?)
            }
            "samples" => Some(mean(&column("method_samples"))? + mean(&column("recover_samples"))?),
            "training" => {
                let start = column("init_samples").into_iter().fold(0.0, f64::max);
                Some(mean(&column("training_macs"))? / (dense("training_macs")? + start))
            }
            _ => None,
        }
    }
}

pub(crate) fn scored(scores: &Scores, wanted: &str) -> Vec<f64> {
    scores.iter().filter(|((task, _), _)| task == wanted).filter_map(|(_, score)| *score).collect()
}

/// The table has `1.0` where the pages have `1`.
fn with_plain_keep(mut record: Record) -> Record {
    if let Some(keep) = record.get_mut("keep")
        && let Ok(value) = keep.parse::<f64>()
    {
        *keep = value.to_string();
    }
    record
}

pub(crate) fn number(record: &Record, column: &str) -> Option<f64> {
    record[column].parse().ok()
}

pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
