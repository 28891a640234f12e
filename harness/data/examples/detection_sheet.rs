//! Draws a sheet of detection tasks: the generated ones, or one in the layout of VOC.
//!
//! `cargo run --release -p secateur-data --example detection_sheet -- docs/detection.png [VOC-FOLDER-OR-TAR]`

use std::path::Path;
use std::{env, error::Error, fs};

use secateur_data::detection::{Options, voc};
use secateur_data::{DetectionSheetOptions, detection_sheet, generated};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: detection_sheet FILE.png [VOC-FOLDER-OR-TAR]")?;
    let tasks = match env::args().nth(2) {
        Some(source) => vec![voc::load(Path::new(&source), &Options::voc("voc/example"), None)?.0],
        None => generated::detection_catalogue()
            .iter()
            .map(|entry| generated::generate_detection(entry.id, 0))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let tasks: Vec<_> = tasks.iter().collect();
    fs::write(path, detection_sheet(&tasks, &DetectionSheetOptions::default())?)?;
    Ok(())
}
