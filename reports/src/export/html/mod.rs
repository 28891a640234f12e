//! `index.html`: one page that needs nothing beside itself.
//!
//! The template says how a page looks, [`view`] what stands in it, [`plot`], [`scatter`], [`heat`] and [`figure`] draw. Everything that comes
//! from a plugin, a suite or data (labels, parameters, details, names) is escaped by the template engine, or by those
//! themselves, and the page forbids itself the network.

mod figure;
mod heat;
mod plot;
mod scatter;
mod series;
mod view;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, context};

use super::write::ReportError;
use crate::Report;
use crate::row::Provenance;

/// `index.html`, with its styles, scripts and plots inside.
pub fn index_html(report: &Report, provenance: &Provenance) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?,
    );
    // The extension turns on escaping.
    environment.add_template("page.html", include_str!("page.html"))?;
    environment.add_template("board.html", include_str!("board.html"))?;
    environment.add_template("tickets.html", include_str!("tickets.html"))?;
    environment.add_template("pairs.html", include_str!("pairs.html"))?;
    environment.add_template("detection.html", include_str!("detection.html"))?;
    environment.add_template("families.html", include_str!("families.html"))?;
    environment.add_template("upstream.html", include_str!("upstream.html"))?;
    environment.add_template("agreement.html", include_str!("agreement.html"))?;
    environment.add_template("masks.html", include_str!("masks.html"))?;
    environment.add_template("perturbation.html", include_str!("perturbation.html"))?;
    environment.add_template("published.html", include_str!("published.html"))?;
    let template = environment.get_template("page.html")?;
    Ok(template.render(context! {
        page => Serde(view::page(report, provenance)),
        style => include_str!("style.css"),
        script => include_str!("page.js"),
    })?)
}

#[cfg(test)]
mod tests;
