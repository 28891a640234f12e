//! The site: pages that need nothing beside themselves but two files of this site, from a folder or from a server.
//!
//! Templates say how pages look, [`view`] what stands in them, [`plot`], [`scatter`], [`front`], [`critical`], [`heat`] and [`figure`] draw. Everything that comes
//! from a plugin, a suite or data (labels, parameters, details, names, logs) is escaped by the template engine, or by those
//! themselves, and every page forbids itself the network. Every page is complete without its script, which sorts, hides and
//! moves what is there.

mod critical;
mod figure;
mod front;
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
use serde::Serialize;

use super::write::ReportError;
use crate::Report;
use crate::row::ReportInput;
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
    let (context, renderer) = (Context::new(report, input), Renderer::new()?);
    let file = |path: &str, content: String| SiteFile { path: path.to_owned(), content };
    let mut files = vec![
        file("index.html", renderer.overview(&context)?),
        file("analyses.html", renderer.analyses(&context)?),
        file("reading.html", renderer.reading()?),
        file("assets/style.css", STYLE.to_owned()),
        file("assets/site.js", SCRIPTS.concat()),
    ];
    for page in context.methods() {
        let (path, title) = (page.path.clone(), page.title.clone());
        files.push(file(&path, renderer.below("method.html", "methods", &title, page)?));
    }
    for page in context.tasks() {
        let (path, title) = (page.path.clone(), page.title.clone());
        files.push(file(&path, renderer.below("task.html", "tasks", &title, page)?));
    }
    for page in context.trials() {
        let (path, title) = (page.path.clone(), page.title.clone());
        files.push(file(&path, renderer.below("trial.html", "trials", &title, page)?));
    }
    Ok(files)
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
        const TEMPLATES: [(&str, &str); 24] = [
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
