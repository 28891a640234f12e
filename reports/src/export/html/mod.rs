//! The site: pages that need nothing beside themselves but two files of this site, from a folder or from a server.
//!
//! Templates say how pages look, [`view`] what stands in them, [`plot`], [`scatter`], [`front`], [`critical`], [`heat`] and [`figure`] draw. Everything that comes
//! from a plugin, a suite or data (labels, parameters, details, names, logs) is escaped by the template engine, or by those
//! themselves, and every page forbids itself the network. Every page is complete without its script, which sorts, hides and
//! moves what is there.

mod critical;
mod figure;
mod front;
mod grid;
mod heat;
mod labels;
mod names;
mod number;
mod plot;
mod reading;
mod scatter;
mod series;
mod view;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use rayon::prelude::*;
use serde::Serialize;

use super::write::ReportError;
use crate::Report;
use crate::row::ReportInput;
use crate::trials::TrialRecord;
use view::Context;

/// A file of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFile {
    /// Path from the report's folder, with forward slashes.
    pub path: String,
    /// Its content.
    pub content: String,
}

const STYLE: &str = include_str!("assets/style.css");
/// One script, in parts that are read one by one.
const SCRIPTS: [&str; 6] = [
    include_str!("assets/scripts/theme.js"),
    include_str!("assets/scripts/state.js"),
    include_str!("assets/scripts/tables.js"),
    include_str!("assets/scripts/boards.js"),
    include_str!("assets/scripts/curves.js"),
    include_str!("assets/scripts/fronts.js"),
];

/// Every page of the site with its style sheet and script; the overview is first.
///
/// # Errors
/// Fails if a template cannot be rendered, which is a fault of this crate.
pub fn site(report: &Report, input: &ReportInput) -> Result<Vec<SiteFile>, ReportError> {
    let site = Site::new(report, input)?;
    site.pages().par_iter().map(|page| site.render(page)).collect()
}

/// A site whose pages are rendered one by one: all of them may be more than fits into memory beside the rows.
pub(crate) struct Site<'a> {
    context: Context<'a>,
    renderer: Renderer,
}

/// A file of the site that is not rendered yet.
pub(crate) enum Page<'a> {
    Overview,
    Analyses,
    Reading,
    Style,
    Script,
    /// Label and path.
    Method(&'a str, &'a str),
    /// Identifier and path.
    Task(&'a str, &'a str),
    Trial(&'a TrialRecord),
}

impl<'a> Site<'a> {
    pub(crate) fn new(report: &'a Report, input: &'a ReportInput) -> Result<Site<'a>, ReportError> {
        Ok(Site { context: Context::new(report, input), renderer: Renderer::new()? })
    }

    /// All files; the overview is first.
    pub(crate) fn pages(&self) -> Vec<Page<'_>> {
        let mut pages = vec![Page::Overview, Page::Analyses, Page::Reading, Page::Style, Page::Script];
        pages.extend(self.context.methods().map(|(label, path)| Page::Method(label, path)));
        pages.extend(self.context.tasks().map(|(id, path)| Page::Task(id, path)));
        pages.extend(self.context.trials().into_iter().map(Page::Trial));
        pages
    }

    pub(crate) fn render(&self, page: &Page<'_>) -> Result<SiteFile, ReportError> {
        let (context, renderer) = (&self.context, &self.renderer);
        let file = |path: &str, content: String| Ok(SiteFile { path: path.to_owned(), content });
        match page {
            Page::Overview => file("index.html", renderer.overview(context)?),
            Page::Analyses => file("analyses.html", renderer.analyses(context)?),
            Page::Reading => file("reading.html", renderer.reading()?),
            Page::Style => file("assets/style.css", STYLE.to_owned()),
            Page::Script => file("assets/site.js", SCRIPTS.concat()),
            Page::Method(label, path) => {
                let page = context.method(label, path);
                let title = page.title.clone();
                file(path, renderer.below("method.html", "methods", &title, page)?)
            }
            Page::Task(id, path) => {
                let page = context.task(id, path);
                let title = page.title.clone();
                file(path, renderer.below("task.html", "tasks", &title, page)?)
            }
            Page::Trial(trial) => {
                let page = context.trial(trial);
                let (path, title) = (page.path.clone(), page.title.clone());
                file(&path, renderer.below("trial.html", "trials", &title, page)?)
            }
        }
    }
}

/// The overview alone.
///
/// # Errors
/// As [`site`].
pub fn index_html(report: &Report, input: &ReportInput) -> Result<String, ReportError> {
    Renderer::new()?.overview(&Context::new(report, input))
}

/// The page of analyses alone.
///
/// # Errors
/// As [`site`].
pub fn analyses_html(report: &Report, input: &ReportInput) -> Result<String, ReportError> {
    Renderer::new()?.analyses(&Context::new(report, input))
}

struct Renderer {
    environment: Environment<'static>,
}

impl Renderer {
    fn new() -> Result<Renderer, ReportError> {
        // The extension of their names turns on escaping.
        const TEMPLATES: [(&str, &str); 25] = [
            ("layout.html", include_str!("templates/layout.html")),
            ("macros.html", include_str!("templates/macros.html")),
            ("overview.html", include_str!("templates/overview.html")),
            ("answers.html", include_str!("templates/answers.html")),
            ("costs.html", include_str!("templates/costs.html")),
            ("gallery.html", include_str!("templates/gallery.html")),
            ("board.html", include_str!("templates/board.html")),
            ("order.html", include_str!("templates/order.html")),
            ("method.html", include_str!("templates/method.html")),
            ("task.html", include_str!("templates/task.html")),
            ("trial.html", include_str!("templates/trial.html")),
            ("reading.html", include_str!("templates/reading.html")),
            ("analyses.html", include_str!("templates/analyses.html")),
            ("tickets.html", include_str!("templates/tickets.html")),
            ("pretraining.html", include_str!("templates/pretraining.html")),
            ("pairs.html", include_str!("templates/pairs.html")),
            ("detection.html", include_str!("templates/detection.html")),
            ("families.html", include_str!("templates/families.html")),
            ("fronts.html", include_str!("templates/fronts.html")),
            ("areas.html", include_str!("templates/areas.html")),
            ("upstream.html", include_str!("templates/upstream.html")),
            ("agreement.html", include_str!("templates/agreement.html")),
            ("masks.html", include_str!("templates/masks.html")),
            ("perturbation.html", include_str!("templates/perturbation.html")),
            ("published.html", include_str!("templates/published.html")),
        ];
        let mut environment = Environment::new();
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .keep_trailing_newline(true)
                .build()?,
        );
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        Ok(Renderer { environment })
    }

    fn overview(&self, context: &Context<'_>) -> Result<String, ReportError> {
        let page = Serde(context.overview());
        self.render("overview.html", context! { page, root => "", section => "overview" })
    }

    fn analyses(&self, context: &Context<'_>) -> Result<String, ReportError> {
        let page = Serde(context.analyses());
        self.render(
            "analyses.html",
            context! { page, root => "", section => "analyses", title => "Analyses" },
        )
    }

    fn reading(&self) -> Result<String, ReportError> {
        let guide = reading::guide();
        self.render(
            "reading.html",
            context! { guide => Serde(guide), root => "", section => "reading", title => "How to read a report" },
        )
    }

    /// A page in a folder of the site.
    fn below(
        &self,
        template: &str,
        section: &str,
        title: &str,
        page: impl Serialize,
    ) -> Result<String, ReportError> {
        self.render(template, context! { page => Serde(page), title, section, root => Value::from_safe_string("../".to_owned()) })
    }

    fn render(&self, template: &str, context: Value) -> Result<String, ReportError> {
        Ok(self.environment.get_template(template)?.render(context)?)
    }
}

#[cfg(test)]
mod tests;
