//! What stands on the pages, as text: the templates only arrange it.

mod agreement;
mod answers;
mod areas;
mod beside;
mod board;
mod cells;
mod cost;
mod curves;
mod families;
mod fields;
mod fronts;
mod gallery;
mod lookup;
mod masks;
mod method;
mod order;
mod overview;
mod pairs;
mod perturbation;
mod pretraining;
mod published;
mod speed;
mod standing;
mod strata;
mod task;
mod tickets;
mod trial;
mod trials;
mod upstream;

use std::collections::BTreeMap;

use serde::Serialize;

use super::names::{Link, Names};
use super::number::DASH;
use super::series::{self, Series};
use crate::Report;
use crate::board::Board;
use crate::row::{Control, ReportInput, Row};
use crate::text::clean;
use crate::trials::{MOST_TRIAL_SCORES, TrialRecord};
use agreement::AgreementView;
use areas::AreasView;
use beside::BesideView;
use families::FamiliesView;
use fronts::FrontsView;
use lookup::{BoardLookup, CostLookup};
use masks::MaskView;
use pairs::PairTableView;
use perturbation::PerturbationView;
use pretraining::PretrainingView;
use published::PublishedView;
use standing::Standings;
use strata::StrataTableView;
use tickets::TicketsView;
use trials::TrialIndex;
use upstream::UpstreamView;

pub(super) use method::MethodPage;
pub(super) use overview::Overview;
pub(super) use task::TaskPage;
pub(super) use trial::TrialPage;

/// What all pages of a site are made of.
pub(super) struct Context<'a> {
    report: &'a Report,
    input: &'a ReportInput,
    names: Names,
    /// Methods that are drawn; a colour means one method on the whole site.
    series: Vec<Series>,
    hidden_methods: usize,
    trials: TrialIndex<'a>,
    standings: Standings<'a>,
    /// Of each board, in their order.
    lookups: Vec<BoardLookup<'a>>,
    costs: CostLookup<'a>,
    /// Rows of each trial by its name.
    rows: BTreeMap<String, Vec<&'a Row>>,
    single_dots: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(report: &'a Report, input: &'a ReportInput) -> Context<'a> {
        let (series, hidden_methods) = series::choose(report);
        let trials = TrialIndex::of(&input.trials);
        let mut rows: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
        for row in &input.rows {
            if let Some(id) = trials.id_of(row) {
                rows.entry(id).or_default().push(row);
            }
        }
        Context {
            report,
            input,
            names: Names::of(report),
            series,
            hidden_methods,
            trials,
            standings: Standings::of(&report.statistics),
            lookups: report.boards.iter().map(BoardLookup::of).collect(),
            costs: CostLookup::of(&report.costs),
            rows,
            single_dots: input.rows.len() <= MOST_TRIAL_SCORES,
        }
    }

    fn task_link(&self, id: &str, text: &str) -> Link {
        Link { text: text.to_owned(), path: self.names.task(id).unwrap_or_default().to_owned() }
    }

    /// The rows of a trial, in no particular order.
    fn rows_of(&self, trial: &TrialRecord) -> &[&'a Row] {
        self.rows.get(&trial.id()).map_or(&[], Vec::as_slice)
    }

    pub(super) fn overview(&self) -> Overview {
        overview::overview(self)
    }

    pub(super) fn analyses(&self) -> Analyses {
        let report = self.report;
        Analyses {
            families: families::view(&report.families, &report.mode_pairs),
            areas: areas::views(self),
            fronts: fronts::view(self),
            upstream: upstream::views(&report.upstream),
            tickets: tickets::view(&report.tickets),
            pretrainings: pretraining::views(&report.pretrainings),
            sizes: strata::tables(&report.sizes),
            classes: strata::tables(&report.classes),
            pairs: pairs::tables(&report.pairs),
            similarities: masks::similarities(&report.similarities),
            layers: masks::layers(&report.layers),
            perturbations: perturbation::tables(&report.perturbations),
            agreements: agreement::views(&report.agreements),
            beside: beside::views(&report.beside),
            published: published::tables(&report.published),
        }
    }

    /// Labels of methods with the paths of their pages.
    pub(super) fn methods(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.methods()
    }

    pub(super) fn method(&self, label: &str, path: &str) -> MethodPage {
        method::method_page(self, label, path)
    }

    /// Identifiers of tasks with the paths of their pages.
    pub(super) fn tasks(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.tasks()
    }

    pub(super) fn task(&self, id: &str, path: &str) -> TaskPage {
        task::task_page(self, id, path)
    }

    /// Trials that have pages.
    pub(super) fn trials(&self) -> Vec<&'a TrialRecord> {
        let mut records: Vec<(String, &TrialRecord)> =
            self.input.trials.trials.iter().map(|trial| (trial.id(), trial)).collect();
        records.sort_by(|a, b| a.0.cmp(&b.0));
        // A trial that two suites of one name have is one page.
        records.dedup_by(|a, b| a.0 == b.0);
        records.into_iter().map(|(_, trial)| trial).collect()
    }

    pub(super) fn trial(&self, trial: &TrialRecord) -> TrialPage {
        trial::trial_page(self, trial, self.rows_of(trial))
    }
}

/// Long analyses, on a page of their own.
#[derive(Serialize)]
pub(super) struct Analyses {
    families: FamiliesView,
    areas: Vec<AreasView>,
    fronts: FrontsView,
    upstream: Vec<UpstreamView>,
    tickets: TicketsView,
    pretrainings: Vec<PretrainingView>,
    sizes: Vec<StrataTableView>,
    classes: Vec<StrataTableView>,
    pairs: Vec<PairTableView>,
    similarities: Vec<MaskView>,
    layers: Vec<MaskView>,
    perturbations: Vec<PerturbationView>,
    agreements: Vec<AgreementView>,
    beside: Vec<BesideView>,
    published: Vec<PublishedView>,
}

/// The parts of the boards' keys that tell them apart.
fn tab_names(report: &Report) -> Vec<String> {
    let parts = |board: &Board| {
        let key = &board.key;
        [&key.suite, &key.track, &key.protocol, &key.regime, &key.granularity].map(|part| clean(part))
    };
    let all: Vec<[String; 5]> = report.boards.iter().map(parts).collect();
    all.iter()
        .map(|these| {
            let telling: Vec<&str> = (0..these.len())
                .filter(|part| all.iter().any(|others| others[*part] != these[*part]))
                .map(|part| these[part].as_str())
                .collect();
            if telling.is_empty() { these[3].clone() } else { telling.join(" · ") }
        })
        .collect()
}

fn control_note(control: Option<Control>) -> &'static str {
    match control {
        Some(Control::Baseline) => "baseline",
        Some(Control::DenseAsIs | Control::DenseTrained | Control::Scratch) => "control",
        None => "",
    }
}
