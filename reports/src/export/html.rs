//! stub
use super::write::ReportError;
use crate::{Provenance, Report};
/// stub
pub fn index_html(_: &Report, _: &Provenance) -> Result<String, ReportError> {
    Ok(String::new())
}
