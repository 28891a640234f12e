use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use secateur_store::{Cell, CellKey, Facts, Night, Outcome, Scored};

use super::*;

/// Draws from a normal distribution (Box and Muller).
struct Normal(ChaCha8Rng);

impl Normal {
    fn seeded(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn draw(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

const METHODS: usize = 2;
const TASKS: usize = 12;
const FIXED: u32 = 5;
/// Standard deviation of a score: 0.3 points.
const SD: f64 = 0.003;

/// What happens to the simulated suite: what its numbers are made from.
struct Simulation {
    normal: Normal,
    /// Scores of the fixed replicates, by method, task and replicate; made anew when the code changes.
    fixed: Vec<Vec<Vec<f64>>>,
    /// How often that was.
    build: usize,
    /// Added to the scores of (method, task).
    shift: fn(usize, usize) -> f64,
}

fn level(method: usize, task: usize) -> f64 {
    0.6 + 0.02 * task as f64 - 0.05 * method as f64
}

impl Simulation {
    fn seeded(seed: u64) -> Self {
        let mut simulation =
            Self { normal: Normal::seeded(seed), fixed: Vec::new(), build: 0, shift: |_, _| 0.0 };
        simulation.rebuild();
        simulation
    }

    fn score(&mut self, method: usize, task: usize) -> f64 {
        level(method, task) + (self.shift)(method, task) + SD * self.normal.draw()
    }

    /// Another build: every fixed replicate gives another number.
    fn rebuild(&mut self) {
        self.build += 1;
        self.fixed = (0..METHODS)
            .map(|method| {
                (0..TASKS).map(|task| (0..FIXED).map(|_| self.score(method, task)).collect()).collect()
            })
            .collect();
    }

    fn night(&mut self, number: u32) -> Night {
        let mut cells = Vec::new();
        for method in 0..METHODS {
            for task in 0..TASKS {
                let mut scores = self.fixed[method][task].clone();
                scores.push(self.score(method, task));
                let replicates = (0..FIXED).chain([FIXED + number - 1]);
                let scored = replicates.zip(scores).map(|(replicate, score)| Scored {
                    replicate,
                    outcome: Outcome::Ok,
                    detail: String::new(),
                    score: Some(score),
                    stage: format!("{method}-{task}-{replicate}-{}", self.build),
                });
                cells.push(Cell {
                    key: key(method, task),
                    method: format!("org.m{method} {{}}"),
                    metric: "top1".to_owned(),
                    test_pictures: Some(10_000),
                    scores: scored.collect(),
                });
            }
        }
        cells.sort_by(|a, b| a.key.cmp(&b.key));
        let facts = Facts::from([("plugin m".to_owned(), self.build.to_string())]);
        Night {
            number,
            suite: "drill".to_owned(),
            fixed: FIXED,
            accepted: true,
            facts,
            cells,
            ..Night::default()
        }
    }
}

fn key(method: usize, task: usize) -> CellKey {
    CellKey {
        track: "t".to_owned(),
        protocol: "transfer".to_owned(),
        regime: "linear".to_owned(),
        task: format!("task{task:02}"),
        method: format!("m{method}"),
        keep: "0.1".to_owned(),
    }
}

/// So many nights, of which `rebuilt` says whether each has another build, and the simulation as it then is.
fn history(seed: u64, nights: u32, rebuilt: bool) -> (Simulation, Vec<Night>) {
    let mut simulation = Simulation::seeded(seed);
    let nights = (1..=nights)
        .map(|number| {
            if rebuilt && number > 1 {
                simulation.rebuild();
            }
            simulation.night(number)
        })
        .collect();
    (simulation, nights)
}

/// The drill of the nightly job, at its size: 20 nights of history, sd 0.3 points, five replicates, 24 comparisons a night.
///
/// Quiet nights are of two kinds: those in which nothing is computed anew but the rotating replicate, and those whose build is another one
/// that prunes as well, so that every number is another one.
#[test]
#[expect(clippy::print_stderr, reason = "docs/nightly.md has these figures")]
fn quiet_nights_raise_no_alarm() {
    let alarms = [false, true].map(|rebuilt| {
        let alarms: usize = (0..100).map(|seed| alarms_in_five_nights(seed, rebuilt)).sum();
        eprintln!("{alarms} alarms in 500 quiet nights, rebuilt each night: {rebuilt}");
        alarms
    });
    assert!(alarms[0] + alarms[1] <= 10, "{alarms:?} alarms in 500 quiet nights of each kind");
}

fn alarms_in_five_nights(seed: u64, rebuilt: bool) -> usize {
    let (mut simulation, mut history) = history(seed, 20, rebuilt);
    let mut alarms = 0;
    for number in 21..26 {
        if rebuilt {
            simulation.rebuild();
        }
        let night = simulation.night(number);
        alarms += usize::from(judge(&history, &night, Options::default()).is_alarm());
        history.push(night);
    }
    alarms
}

/// In how many of 200 simulations both drops are found, when a build loses one method a point on two tasks.
#[expect(clippy::print_stderr, reason = "docs/nightly.md has these figures")]
fn power(nights: u32, rebuilt: bool) -> usize {
    let finds_both = |seed: &u64| {
        let (mut simulation, history) = history(*seed, nights, rebuilt);
        simulation.shift = |method, task| if method == 0 && task < 2 { -0.01 } else { 0.0 };
        simulation.rebuild();
        let judgement = judge(&history, &simulation.night(nights + 1), Options::default());
        assert!(judgement.causes.iter().any(|(name, _, _)| name == "plugin m"));
        let dropped = [key(0, 0), key(0, 1)];
        judgement.of(Grade::Regression).filter(|change| dropped.contains(&change.key)).count() == 2
    };
    let found = (1000..1200).filter(finds_both).count();
    eprintln!(
        "both drops in {found} of 200 simulations, {nights} nights of history, rebuilt each night: {rebuilt}"
    );
    found
}

#[test]
fn a_drop_by_a_point_on_two_tasks_is_found() {
    for rebuilt in [false, true] {
        assert!(power(20, rebuilt) >= 180);
        assert!(power(10, rebuilt) >= 150);
    }
}

/// One rotating replicate a night says less than five fixed ones, so it takes longer.
#[test]
fn a_slow_loss_without_a_change_of_code_is_seen_as_drift() {
    let mut nights_needed = Vec::new();
    for seed in 0..40 {
        let (mut simulation, mut history) = history(seed, 20, false);
        // The data or the machine, which no digest shows: everything loses half a point.
        simulation.shift = |_, _| -0.005;
        let found = (21..=40).find(|number| {
            let night = simulation.night(*number);
            let judgement = judge(&history, &night, Options::default());
            assert!(judgement.changes.is_empty(), "fixed replicates are as they were");
            let verdict = judgement.verdict();
            history.push(night);
            judgement.drifts.iter().any(|drift| drift.difference < 0.0) && verdict.starts_with("ALARM")
        });
        nights_needed.push(found.map_or(99, |number| number - 20));
    }
    nights_needed.sort_unstable();
    assert!(nights_needed[20] <= 7 && nights_needed[35] <= 14, "{nights_needed:?}");
}

/// The last of some nights, and those before it.
fn last_of(mut nights: Vec<Night>) -> (Vec<Night>, Night) {
    let last = nights.pop().expect("there are nights");
    (nights, last)
}

#[test]
fn what_is_other_than_before_is_called_what_it_is() {
    let (history, night) = last_of(history(1, 6, false).1);
    let judged = |night: &Night| judge(&history, night, Options::default());
    assert_eq!(judged(&night).verdict(), "OK: night 6 of drill: nothing changed since night 5");

    let mut removed = night.clone();
    removed.cells.retain(|cell| cell.key.method != "m1");
    let judgement = judged(&removed);
    assert_eq!(judgement.removed, [Gone { what: "method", name: "m1".to_owned(), cells: TASKS }]);
    assert!(!judgement.is_alarm() && judgement.verdict().contains("1 removal"));

    let mut machine = night.clone();
    machine.facts.insert("machine".to_owned(), "another".to_owned());
    let judgement = judged(&machine);
    assert_eq!(judgement.causes, [("machine".to_owned(), String::new(), "another".to_owned())]);
    assert!(judgement.verdict().ends_with("nothing changed since night 5; other than before: machine"));

    let mut suite = night.clone();
    suite.facts.insert("suite".to_owned(), "2".to_owned());
    for cell in &mut suite.cells {
        cell.scores.iter_mut().for_each(|scored| scored.stage.push('!'));
    }
    let judgement = judged(&suite);
    assert_eq!((judgement.confirmed, judgement.changes.len()), (METHODS * TASKS, 0));
    assert!(judgement.verdict().contains("other than before: suite"));

    let mut params = night.clone();
    params.cells.iter_mut().filter(|cell| cell.key.method == "m0").for_each(|cell| {
        cell.method = "org.m0 {\"p\":1}".to_owned();
        cell.scores.iter_mut().for_each(|scored| scored.score = Some(0.1));
    });
    let judgement = judged(&params);
    assert_eq!(judgement.redefined.len(), 1);
    assert!(judgement.changes.iter().all(|change| change.key.method != "m0"));

    let mut crashed = night.clone();
    crashed.cells[3].scores[1] =
        Scored { outcome: Outcome::Crashed, score: None, ..crashed.cells[3].scores[1].clone() };
    let judgement = judged(&crashed);
    assert_eq!((judgement.unscored.len(), judgement.missing), (1, 1));
    assert!(judgement.verdict().starts_with("ALARM: night 6 of drill: 1 result is gone"));
}

#[test]
fn an_accepted_level_is_what_later_nights_are_held_against() {
    let (mut simulation, mut nights) = history(3, 8, false);
    simulation.shift = |_, _| -0.02;
    simulation.rebuild();
    let mut lower = simulation.night(9);
    assert!(judge(&nights, &lower, Options::default()).is_alarm());
    // Not accepted, it is held against what was before; the next night is an alarm, too.
    lower.accepted = false;
    nights.push(lower.clone());
    assert!(judge(&nights, &simulation.night(10), Options::default()).is_alarm());
    (lower.accepted, lower.level) = (true, true);
    *nights.last_mut().expect("there are nights") = lower;
    let judgement = judge(&nights, &simulation.night(10), Options::default());
    assert!(!judgement.is_alarm() && judgement.base == Some(9), "{}", judgement.verdict());
    // Another build at the accepted level is noise, and one at the old level an improvement.
    simulation.rebuild();
    assert_eq!(judge(&nights, &simulation.night(10), Options::default()).of(Grade::Improvement).count(), 0);
    simulation.shift = |_, _| 0.0;
    simulation.rebuild();
    let judgement = judge(&nights, &simulation.night(10), Options::default());
    assert!(judgement.of(Grade::Improvement).count() > 20 && !judgement.is_alarm());
}

#[test]
fn the_arithmetic_of_a_change_is_that_of_students_t() {
    let cell = |scores: &[(u32, f64)], stage: &str| Cell {
        key: key(0, 0),
        method: "m".to_owned(),
        metric: "top1".to_owned(),
        test_pictures: None,
        scores: scores
            .iter()
            .map(|(replicate, score)| Scored {
                replicate: *replicate,
                outcome: Outcome::Ok,
                detail: String::new(),
                score: Some(*score),
                stage: format!("{replicate}{stage}"),
            })
            .collect(),
    };
    let night =
        |number, cell| Night { number, fixed: 3, accepted: true, cells: vec![cell], ..Night::default() };
    let base = night(1, cell(&[(0, 0.80), (1, 0.82), (2, 0.84)], "a"));
    let tonight = night(2, cell(&[(0, 0.70), (1, 0.74), (2, 0.72)], "b"));
    let judgement = judge(&[base], &tonight, Options { alarm: 0.05 });
    let [change] = &judgement.changes[..] else { panic!("{:?}", judgement.changes) };
    // t = 0.1 / (0.02 √(2/3)) = 6.123724357 with 4 degrees of freedom, for which Student's distribution has a closed form:
    // p = 1 − 3/4 · t/√u · (1 − t²/(12 u)) with u = 1 + t²/4, that is 0.003602232609.
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(close(change.difference(), -0.1) && close(change.sd.expect("known"), 0.02));
    assert!((change.p.expect("known") - 0.003_602_232_609).abs() < 1e-11, "{:?}", change.p);
    assert_eq!((change.changed, change.level), ((3, 3), Grade::Regression));
}

#[test]
fn a_series_is_divided_where_it_moves_and_nowhere_else() {
    let mut normal = Normal::seeded(5);
    let mut series = |levels: &[(f64, usize)]| -> Vec<f64> {
        levels
            .iter()
            .flat_map(|(level, count)| vec![*level; *count])
            .map(|it| it + 0.3 * normal.draw())
            .collect()
    };
    let moved = change_points(&series(&[(0.0, 15), (2.0, 10), (0.5, 20)]), 0.01);
    assert_eq!(moved.len(), 2, "{moved:?}");
    assert!(moved[0].abs_diff(15) <= 1 && moved[1].abs_diff(25) <= 1, "{moved:?}");
    let quiet = (0..500).filter(|_| !change_points(&series(&[(1.0, 30)]), 0.01).is_empty()).count();
    assert!(quiet <= 12, "{quiet} of 500 quiet series are divided");
    assert!(change_points(&[1.0; 5], 0.01).is_empty() && change_points(&[], 0.01).is_empty());
    assert_eq!(change_points(&[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0], 0.01), [4]);
}

#[test]
fn exports_say_what_the_judgement_says() {
    let (mut simulation, nights) = history(2, 12, false);
    simulation.shift = |method, _| if method == 0 { -0.02 } else { 0.0 };
    simulation.rebuild();
    let mut night = simulation.night(13);
    night.cells.retain(|cell| cell.key.task != "task11");
    night.cells[0].key.method = "m0".to_owned();
    let judgement = judge(&nights, &night, Options::default());
    let summary = summary_md(&judgement);
    for words in
        ["# ALARM: night 13 of drill", "## Regressions", "| plugin m | 1 | 2 |", "task `task11` (2 cells)"]
    {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    assert!(summary.len() < 60_000, "it fits a comment");

    let text = junit_xml(&judgement, &night).expect("it can be written");
    let xml = roxmltree::Document::parse(&text).expect("it is XML");
    let named = |name: &'static str| xml.descendants().filter(move |node| node.has_tag_name(name));
    let alarms = judgement.of(Grade::Regression).count()
        + judgement.drifts.iter().filter(|it| it.difference < 0.0).count();
    assert_eq!(named("failure").count(), alarms);
    assert!(named("testcase").count() >= night.cells.len());
    let suite = named("testsuite").next().expect("there is one");
    assert_eq!(suite.attribute("failures"), Some(alarms.to_string().as_str()));

    let mut all = nights;
    all.push(night);
    let svg = trends_svg(&all, "drill").expect("it can be drawn");
    let xml = roxmltree::Document::parse(&svg).expect("it is XML");
    let lines = xml.descendants().filter(|node| node.has_tag_name("polyline")).count();
    assert_eq!(lines, METHODS, "a line for each method, over all tasks");
    assert!(svg.contains("night 13: plugin m"), "what was other than before is marked");
    let finite = !svg.contains("NaN") && !svg.contains("inf");
    assert!(finite && trends_svg(&[], "drill").expect("it can be drawn").contains("<svg"));
    let mut shuffled = all.clone();
    shuffled.reverse();
    assert_eq!(trends_svg(&shuffled, "drill").expect("it can be drawn"), svg);
}
