//! Draws the contact sheet of all generated tasks.
//!
//! `cargo run --release -p secateur-data --example contact_sheet -- docs/tasks.png`

use std::{env, error::Error, fs};

use secateur_data::{SheetOptions, contact_sheet, generated};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: contact_sheet FILE.png")?;
    let entries = generated::catalogue();
    let tasks =
        entries.iter().map(|entry| generated::generate(entry.id, 0)).collect::<Result<Vec<_>, _>>()?;
    let tasks: Vec<_> = tasks.iter().collect();
    fs::write(path, contact_sheet(&tasks, &SheetOptions::default())?)?;
    Ok(())
}
