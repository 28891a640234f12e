//! Reports of a large store.

use criterion::{Criterion, criterion_group, criterion_main};
use secateur_reports::{Report, index_html, results_csv, site};

/// Nothing to compare with. The rows are invented, but of the shape of real ones: twelve tasks, two regimes, failures.
/// A hundred thousand are what a leaderboard of some hundreds of methods has.
fn report(criterion: &mut Criterion) {
    let input = secateur_reports::testing::synthetic(100_000);
    let mut group = criterion.benchmark_group(format!("report/{}-rows", input.rows.len()));
    group.sample_size(10);
    let report = Report::new(&input);
    group.bench_function("boards", |bencher| bencher.iter(|| Report::new(&input)));
    group.bench_function("results.csv", |bencher| bencher.iter(|| results_csv(&input)));
    group.bench_function("index.html", |bencher| bencher.iter(|| index_html(&report, &input)));
    group.bench_function("site", |bencher| bencher.iter(|| site(&report, &input)));
    group.finish();
}

criterion_group!(benches, report);
criterion_main!(benches);
