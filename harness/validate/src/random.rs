//! Level 8: random parameters of the schema, and random requests.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use secateur_abi as abi;
use secateur_host::{MethodFailure, check_params};
use secateur_store::Verdict;
use serde_json::{Map, Value};

use crate::attempt::{Asked, BATCH, Subject, attempt, word};
use crate::scene::{self, Scene};
use crate::schema;

struct Draw(ChaCha8Rng);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound.max(1) as u64) as usize
    }
}

/// One random request.
struct Request {
    params: Value,
    scene: Scene,
    asked: Asked,
}

fn request(subject: &Subject<'_>, seed: u64) -> anyhow::Result<Request> {
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed));
    let root = &subject.info.params_schema;
    // What was given by hand stays; the rest is drawn or left to its default.
    let mut params: Map<String, Value> = subject.params.as_object().cloned().unwrap_or_default();
    for (name, property) in schema::properties(root) {
        let values = schema::values(root, &property);
        if params.contains_key(&name) || values.is_empty() || draw.below(3) == 0 {
            continue;
        }
        let value = values[draw.below(values.len())].clone();
        params.insert(name, value);
    }
    let kinds = subject.kinds();
    anyhow::ensure!(!kinds.is_empty(), "the method prunes nothing");
    let kind = kinds[draw.below(kinds.len())];
    let mut scenes = scene::all(kind)?;
    let others = scene::others(kind, &scenes[0])?;
    scenes.extend(others);
    let scene = scenes.swap_remove(draw.below(scenes.len()));
    let all = [1.0, 0.9, 0.7, 0.5, 0.3, 0.25, 0.1, 0.05];
    let mut keeps: Vec<f64> = all.into_iter().filter(|_| draw.below(3) == 0).collect();
    if keeps.is_empty() {
        keeps.push(all[draw.below(all.len())]);
    }
    let allowance = [0, 1, BATCH, 16 * BATCH, 64 * BATCH][draw.below(5)];
    let asked = Asked { seed: draw.below(1000) as u64, allowance, or_more: false, ..Asked::keeps(&keeps) };
    Ok(Request { params: Value::Object(params), scene, asked })
}

/// What is wrong with how a request ended, if anything.
fn complaint(subject: &Subject<'_>, request: &Request) -> anyhow::Result<Option<String>> {
    let failed = |failure: &MethodFailure| {
        let panicked = failure.status == abi::E_PANIC;
        let mute = failure.message.is_empty() || failure.message.ends_with("without a message");
        (panicked || mute).then(|| format!("{}: {}", word(failure.status), failure.message))
    };
    let text = request.params.to_string();
    if let Err(failure) = check_params(subject.plugin, &subject.info.id, &text) {
        return Ok(failed(&failure).map(|text| format!("making it {text}")));
    }
    let subject = Subject { params: request.params.clone(), info: subject.info.clone(), ..*subject };
    let done = attempt(&subject, &request.scene, &request.asked)?;
    match &done.result {
        Ok(()) => done.problem(),
        Err(failure) => Ok(failed(failure)),
    }
}

pub(crate) fn check(subject: &Subject<'_>, seconds: f64, reproduce: Option<u64>) -> anyhow::Result<Verdict> {
    let begun = Instant::now();
    let limit = Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0));
    for seed in reproduce.map_or(1..u64::MAX, |seed| seed..seed + 1) {
        let drawn = request(subject, seed)?;
        // The last line tells what a process was doing when it ended.
        tell(seed, &drawn);
        if let Some(complaint) = complaint(subject, &drawn)? {
            return Ok(Verdict::failed(format!(
                "request {seed} ({} on `{}`, keeps {:?}, allowance {}): {complaint}; again with --reproduce {seed}",
                drawn.params, drawn.scene.name, drawn.asked.keeps, drawn.asked.allowance
            )));
        }
        if begun.elapsed() >= limit {
            return Ok(Verdict { text: format!("{seed} requests"), ..Verdict::passed() });
        }
    }
    Ok(Verdict::passed())
}

#[expect(clippy::print_stderr, reason = "the parent reads the last line where there is no answer")]
fn tell(seed: u64, request: &Request) {
    eprintln!(
        "request {seed}: {} on `{}`; again with --reproduce {seed}",
        request.params, request.scene.name
    );
}
