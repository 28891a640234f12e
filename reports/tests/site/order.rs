//! What tests and counts should say of the order at a keep, and who may be ranked in public, from `results.csv` alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::chances::{Tables, chi_square_sf, f_sf, holm, t_sf, wilcoxon};
use crate::oracle::{Board, mean, number, scored};

/// Scores that differ by less are the same.
const SAME: f64 = 1e-12;

/// Numbers at a keep by what they are, of a method or of all.
#[derive(Default)]
pub(crate) struct Order {
    of_method: BTreeMap<(&'static str, String), f64>,
    of_all: BTreeMap<&'static str, f64>,
    /// Ranks of methods on a task.
    of_task: BTreeMap<(String, String), f64>,
}

impl Order {
    pub(crate) fn value(&self, of: &str, method: &str) -> Option<f64> {
        let own = self.of_method.iter().find(|((name, label), _)| *name == of && label == method);
        own.map(|it| *it.1).or_else(|| self.of_all.get(of).copied())
    }

    /// The rank on a task among ranked methods: 1 and how many are better, and half of those that are as good.
    pub(crate) fn rank(&self, method: &str, task: &str) -> Option<f64> {
        self.of_task.get(&(method.to_owned(), task.to_owned())).copied()
    }

    pub(crate) fn of(board: &Board<'_>, keep: &str, tables: &Tables) -> Order {
        let mut order = Order::default();
        let ranked = board.ranked(keep);
        let entries: Vec<Entry> = ranked.iter().map(|method| Entry::of(board, method, keep)).collect();
        order.places(board, keep, &entries, tables);
        order.groups(board, &entries, tables);
        order.ranks(&entries, &board.tasks, tables);
        order.signed(board, keep, &entries);
        order.reversals(&entries);
        order
    }

    /// Places, and ranks among those that may be ranked in public.
    fn places(&mut self, board: &Board<'_>, keep: &str, entries: &[Entry], tables: &Tables) {
        let told =
            |a: &Entry, b: &Entry| separable(&board.paired(&a.scores, &b.scores), tables) == Some(true);
        let mut leader = 0;
        let mut places = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            if at > leader && told(&entries[leader], entry) {
                leader = at;
            }
            places.push(leader + 1);
            self.of_method.insert(("place", entry.method.clone()), (leader + 1) as f64);
        }
        self.of_all.insert("placed", entries.len() as f64);
        let public: Vec<usize> = (0..entries.len())
            .filter(|at| board.is_public() && board.may_be_ranked(&entries[*at].method, keep))
            .collect();
        for at in &public {
            let first = public.iter().position(|it| places[*it] == places[*at]).expect("itself");
            self.of_method.insert(("public-rank", entries[*at].method.clone()), (first + 1) as f64);
        }
        let order = if public.is_empty() { (0..entries.len()).collect() } else { public };
        if let Some(best) = order.first() {
            let tied = order.iter().filter(|at| places[**at] == places[*best]).count();
            self.of_all.insert("more-tied", (tied - 1).saturating_sub(4) as f64);
        }
    }

    fn groups(&mut self, board: &Board<'_>, entries: &[Entry], tables: &Tables) {
        let spreads: Vec<(f64, f64)> =
            entries.iter().filter_map(|it| Some((variance(&it.means)?, it.freedom()))).collect();
        let freedom: f64 = spreads.iter().map(|it| it.1).sum();
        let pooled = (spreads.iter().map(|it| it.0 * it.1).sum::<f64>() / freedom).sqrt();
        let paired = |a: &Entry, b: &Entry| separable(&board.paired(&a.scores, &b.scores), tables);
        let overlap = |a: &Entry, b: &Entry| {
            let apart = (mean(&a.means)? - mean(&b.means)?).abs();
            Some(apart > half(&a.means, tables)? + half(&b.means, tables)?)
        };
        let welch = |a: &Entry, b: &Entry| Some(welch_p(&a.means, &b.means)? < 0.05);
        let least = |a: &Entry, b: &Entry| {
            let scale = (1.0 / a.means.len() as f64 + 1.0 / b.means.len() as f64).sqrt();
            let apart = (mean(&a.means)? - mean(&b.means)?).abs();
            Some(apart > tables.t(freedom as usize)? * pooled * scale)
        };
        self.criterion(["group-paired", "inseparable-paired"], entries, paired);
        self.criterion(["group-overlap", "inseparable-overlap"], entries, overlap);
        self.criterion(["group-welch", "inseparable-welch"], entries, welch);
        self.criterion(["group-least", "inseparable-least"], entries, least);
        self.of_all.insert("neighbours", entries.len() as f64 - 1.0);
    }

    /// Groups by a criterion that tells two methods apart, or cannot say.
    fn criterion(
        &mut self,
        [group, inseparable]: [&'static str; 2],
        entries: &[Entry],
        tells: impl Fn(&Entry, &Entry) -> Option<bool>,
    ) {
        let known: Vec<&Entry> = entries.iter().filter(|it| tells(it, it).is_some()).collect();
        let (mut leader, mut group_number) = (0, 1);
        for (at, entry) in known.iter().enumerate() {
            if tells(known[leader], entry) == Some(true) {
                (leader, group_number) = (at, group_number + 1);
            }
            self.of_method.insert((group, entry.method.clone()), f64::from(group_number));
        }
        let told: Option<Vec<bool>> = entries.windows(2).map(|pair| tells(&pair[0], &pair[1])).collect();
        if let Some(told) = told {
            self.of_all.insert(inseparable, told.iter().filter(|it| !**it).count() as f64);
        }
    }

    /// Friedman's test with the correction of Iman and Davenport, and Nemenyi's critical difference.
    fn ranks(&mut self, entries: &[Entry], names: &BTreeSet<String>, tables: &Tables) {
        let tasks = names.len();
        let (n, k) = (tasks as f64, entries.len() as f64);
        let mut sums = vec![0.0; entries.len()];
        let mut ties = 0.0;
        for (task, name) in names.iter().enumerate() {
            let scores: Vec<f64> = entries.iter().map(|it| it.tasks[task]).collect();
            for (own, score) in scores.iter().enumerate() {
                let better = scores.iter().filter(|it| **it > score + SAME).count() as f64;
                let equal = scores.iter().filter(|it| (**it - score).abs() <= SAME).count() as f64;
                let rank = better + (equal + 1.0) / 2.0;
                sums[own] += rank;
                self.of_task.insert((entries[own].method.clone(), name.clone()), rank);
                // Each of the tied adds its share of t³ − t.
                ties += equal * equal - 1.0;
            }
        }
        let averages: Vec<f64> = sums.iter().map(|it| it / n).collect();
        for (entry, average) in entries.iter().zip(&averages) {
            self.of_method.insert(("rank", entry.method.clone()), *average);
        }
        if tasks < 5 || entries.len() < 3 {
            return;
        }
        let squares: f64 = sums.iter().map(|it| it * it).sum();
        let plain = 12.0 / (n * k * (k + 1.0)) * squares - 3.0 * n * (k + 1.0);
        let chi_square = plain / (1.0 - ties / (n * k * (k * k - 1.0)));
        let f = (n - 1.0) * chi_square / (n * (k - 1.0) - chi_square);
        self.of_all.insert("test-tasks", n);
        self.of_all.insert("test-methods", k);
        self.of_all.insert("friedman", chi_square);
        self.of_all.insert("friedman-p", chi_square_sf(chi_square, k - 1.0));
        self.of_all.insert("iman-davenport", f);
        self.of_all.insert("iman-davenport-p", f_sf(f, k - 1.0, (k - 1.0) * (n - 1.0)));
        if let Some(difference) = tables.nemenyi(entries.len(), tasks) {
            self.of_all.insert("critical-difference", difference);
            let best = averages.iter().copied().fold(f64::INFINITY, f64::min);
            let alike = averages.iter().filter(|it| **it - best <= difference).count();
            self.of_all.insert("more-alike", (alike - 1).saturating_sub(4) as f64);
        }
    }

    /// Wilcoxon's test against the first and against magnitude.
    fn signed(&mut self, board: &Board<'_>, keep: &str, entries: &[Entry]) {
        let magnitude = entries.iter().position(|it| board.is_magnitude(&it.method, keep));
        for (p, p_holm, reference) in
            [("first-p", "first-p-holm", Some(0)), ("magnitude-p", "magnitude-p-holm", magnitude)]
        {
            let Some(theirs) = reference.and_then(|at| entries.get(at)) else { continue };
            let tests: Vec<(&Entry, f64)> = entries
                .iter()
                .filter(|it| it.method != theirs.method)
                .filter_map(|own| {
                    let differences: Vec<f64> =
                        own.tasks.iter().zip(&theirs.tasks).map(|(ours, theirs)| ours - theirs).collect();
                    Some((own, wilcoxon(&differences)?))
                })
                .collect();
            let corrected = holm(&tests.iter().map(|it| it.1).collect::<Vec<_>>());
            for ((own, chance), corrected) in tests.iter().zip(corrected) {
                self.of_method.insert((p, own.method.clone()), *chance);
                self.of_method.insert((p_holm, own.method.clone()), corrected);
            }
        }
    }

    /// How often one seed would tell the opposite of two neighbours.
    fn reversals(&mut self, entries: &[Entry]) {
        let mut all = Vec::new();
        for pair in entries.windows(2) {
            let (ahead, own) = (&pair[0], &pair[1]);
            // The order is that of the means; equal ones have none, and one replicate has no other.
            let apart = mean(&ahead.means).zip(mean(&own.means)).map_or(0.0, |(a, b)| a - b);
            if apart <= SAME || ahead.means.len() < 2 && own.means.len() < 2 {
                continue;
            }
            let turned = |ahead: f64, own: f64| {
                if (own - ahead).abs() <= SAME { 0.5 } else { f64::from(own > ahead) }
            };
            let shared: Vec<f64> = ahead
                .by_replicate
                .iter()
                .filter_map(|(replicate, score)| Some(turned(*score, *own.by_replicate.get(replicate)?)))
                .collect();
            let any: Vec<f64> =
                ahead.means.iter().flat_map(|a| own.means.iter().map(move |b| turned(*a, *b))).collect();
            if let Some(chance) = mean(&shared) {
                self.of_method.insert(("reversal", own.method.clone()), chance);
                all.push(chance);
            }
            if let Some(chance) = mean(&any) {
                self.of_method.insert(("reversal-unpaired", own.method.clone()), chance);
            }
        }
        if let Some(chance) = mean(&all) {
            self.of_all.insert("reversed-neighbours", chance);
        }
    }
}

/// A ranked method.
struct Entry {
    method: String,
    scores: crate::oracle::Scores,
    /// Means over tasks by replicate, and without their names.
    by_replicate: BTreeMap<String, f64>,
    means: Vec<f64>,
    /// Means over replicates by task.
    tasks: Vec<f64>,
}

impl Entry {
    fn of(board: &Board<'_>, method: &str, keep: &str) -> Entry {
        let scores = board.scores(method, keep);
        let by_replicate = board.replicates(&scores);
        Entry {
            method: method.to_owned(),
            means: by_replicate.values().copied().collect(),
            tasks: board.tasks.iter().filter_map(|task| mean(&scored(&scores, task))).collect(),
            by_replicate,
            scores,
        }
    }

    fn freedom(&self) -> f64 {
        self.means.len() as f64 - 1.0
    }
}

fn variance(values: &[f64]) -> Option<f64> {
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (values.len() > 1).then(|| squares / (values.len() as f64 - 1.0))
}

/// Half of the t-interval of a mean.
pub(crate) fn half(values: &[f64], tables: &Tables) -> Option<f64> {
    Some(tables.t(values.len().checked_sub(1)?)? * (variance(values)? / values.len() as f64).sqrt())
}

/// Whether a mean difference has an interval without zero.
fn separable(differences: &[f64], tables: &Tables) -> Option<bool> {
    Some(mean(differences)?.abs() > half(differences, tables)?)
}

fn welch_p(a: &[f64], b: &[f64]) -> Option<f64> {
    let apart = mean(a)? - mean(b)?;
    let (own, other) = (variance(a)? / a.len() as f64, variance(b)? / b.len() as f64);
    let all = own + other;
    if all <= 0.0 {
        return Some(f64::from(apart.abs() <= SAME));
    }
    let freedom = all * all / (own * own / (a.len() as f64 - 1.0) + other * other / (b.len() as f64 - 1.0));
    Some(2.0 * t_sf(apart.abs() / all.sqrt(), freedom))
}

impl Board<'_> {
    /// Whether anybody on it may be ranked in public: its controls, baselines and replicates are there.
    fn is_public(&self) -> bool {
        let dense = self.scores("dense-trained", "1");
        let labels: BTreeSet<(&str, &str)> = self
            .rows
            .iter()
            .filter(|row| row["control"] == "baseline")
            .map(|row| (row["method"].as_str(), row["method_id"].as_str()))
            .collect();
        let has = |kind: &str| labels.iter().any(|(label, id)| baseline(label, id) == Some(kind));
        let wanted: &[&str] = match self.rows.iter().find(|row| row["granularity"] != "dense") {
            Some(row) if row["granularity"] == "channels" => &["random", "size"],
            _ => &["random", "random-layerwise", "size"],
        };
        let methods = self.rows.iter().filter(|row| row["granularity"] != "dense");
        let replicates: BTreeSet<&String> = methods.map(|row| &row["replicate"]).collect();
        self.rows.iter().all(|row| row["protocol"] != "validation")
            && !dense.is_empty()
            && dense.values().all(Option::is_some)
            && wanted.iter().all(|kind| has(kind))
            && replicates.len() >= 3
    }

    /// Whether nothing stands against a method at a keep that does not stand against all.
    fn may_be_ranked(&self, method: &str, keep: &str) -> bool {
        let rows = self.own(method, keep);
        let configurations: BTreeSet<_> =
            rows.iter().map(|row| (&row["method_id"], &row["params"])).collect();
        let replicates: BTreeSet<_> = rows.iter().map(|row| &row["replicate"]).collect();
        self.is_complete(method, keep)
            && self.reaches(method, keep)
            && configurations.len() == 1
            && replicates.len() >= 3
    }

    fn is_complete(&self, method: &str, keep: &str) -> bool {
        self.scores(method, keep).values().all(Option::is_some)
    }

    /// Whether as many weights remain as were asked for, or as near as whole channels come.
    fn reaches(&self, method: &str, keep: &str) -> bool {
        self.own(method, keep).iter().all(|row| {
            row["granularity"] == "channels"
                || number(row, "achieved_count").is_none()
                || number(row, "achieved_count") == number(row, "target_count")
        })
    }

    /// The methods at a keep that run the same race, from best to worst by the mean.
    pub(crate) fn ranked(&self, keep: &str) -> Vec<String> {
        let mut methods: Vec<(f64, String)> = self
            .methods(keep)
            .into_iter()
            .filter(|method| self.is_complete(method, keep) && self.reaches(method, keep))
            .filter_map(|method| {
                let means: Vec<f64> = self.replicates(&self.scores(&method, keep)).into_values().collect();
                Some((mean(&means)?, method))
            })
            .collect();
        methods.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        methods.into_iter().map(|it| it.1).collect()
    }

    fn is_magnitude(&self, method: &str, keep: &str) -> bool {
        self.own(method, keep)
            .iter()
            .any(|row| row["control"] == "baseline" && baseline(method, &row["method_id"]) == Some("size"))
    }
}

/// The kind of a baseline by its label, else by the end of its identifier.
fn baseline(label: &str, id: &str) -> Option<&'static str> {
    let of = |name: &str| {
        let name = name.to_lowercase();
        let norms = ["l1", "l2", "channel-l1", "channel-l2"];
        match name.contains("random") {
            true if name.contains("layer") => Some("random-layerwise"),
            true => Some("random"),
            false => (name.contains("magnitude") || norms.contains(&name.as_str())).then_some("size"),
        }
    };
    of(label).or_else(|| of(id.rsplit('.').next().unwrap_or_default()))
}
