//! Writes the generated tasks as raw files, to try recipes with other tools.
//!
//! `cargo run --release -p secateur-data --example dump -- FOLDER [SEED [TASK…]]` makes
//! `FOLDER/<task>/{train,validation,test}.{pixels,labels}` (u8 pictures, little-endian u16 labels) and `info.json`.

use std::path::PathBuf;
use std::{env, error::Error, fs};

use secateur_data::{Split, generated};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: dump FOLDER [SEED [TASK…]]")?);
    let seed = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let only: Vec<String> = arguments.collect();
    for entry in generated::catalogue() {
        let name = entry.id.trim_start_matches("generated/");
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        let task = generated::generate(entry.id, seed)?;
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("info.json"), serde_json::to_vec_pretty(&task.info)?)?;
        for split in Split::ALL {
            let pictures = task.split(split);
            fs::write(folder.join(format!("{}.pixels", split.name())), &pictures.pixels)?;
            let labels: Vec<u8> = pictures.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
            fs::write(folder.join(format!("{}.labels", split.name())), labels)?;
        }
    }
    Ok(())
}
