//! Turns pictures into numbers on demand, so that it can take turns with torchvision on a busy machine.
//!
//! `throughput FOLDER (decode|resize|normalise|test|train|simclr|moco-v2|loader)`: reads a number of pictures from each line of
//! the standard input, makes so many on one thread from the JPEGs of the folder, and prints how many a second, by the clock and by
//! processor time. `benchmarks/micro/pytorch/pictures.py` makes such a folder and does the same with torchvision.

#![expect(clippy::print_stdout, reason = "this example prints figures")]

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use rustix::time::{ClockId, clock_gettime};
use secateur_pictures::{
    Decoder, Draw, Interpolation, Loader, LoaderOptions, Normalisation, Part, Pick, Picture, Pixel, Raster,
    Recipe, Region, Resizer, Resizing, Source, View, Viewer, center, resized,
};

/// Files in memory, over and over.
struct Files {
    files: Vec<Vec<u8>>,
    count: usize,
}

impl Source for Files {
    fn len(&self) -> usize {
        self.count
    }

    fn label(&self, _: usize) -> u32 {
        0
    }

    fn name(&self, index: usize) -> String {
        format!("number {index}")
    }

    fn read(&self, index: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.extend(&self.files[index % self.files.len()]);
        Ok(())
    }
}

/// One kind of work on a number of pictures.
struct Work {
    files: Vec<Vec<u8>>,
    kind: String,
    recipe: Recipe,
    normalisation: Normalisation,
    decoder: Decoder,
    resizer: Resizer,
    viewer: Viewer,
    raster: Raster,
    small: Raster,
    numbers: Vec<f32>,
    done: u64,
}

impl Work {
    fn run(&mut self, count: usize) -> Result<(), Box<dyn Error>> {
        match self.kind.as_str() {
            "simclr" => self.views(&Recipe::simclr(224, Interpolation::Bilinear).train, count),
            "moco-v2" => self.views(&Recipe::moco_v2(224, Interpolation::Bilinear).train, count),
            "test" => {
                let view = self.recipe.test.clone();
                self.views(std::slice::from_ref(&view), count)
            }
            "train" => self.views(&self.recipe.train.clone(), count),
            "loader" => self.load(count),
            "decode" | "resize" | "normalise" => (0..count).try_for_each(|index| self.stage(index)),
            other => Err(format!("{other} is no kind of work: see the head of this file").into()),
        }
    }

    fn stage(&mut self, index: usize) -> Result<(), Box<dyn Error>> {
        if self.kind == "decode" || self.raster.bytes() == 0 {
            self.decoder.decode(&self.files[index % self.files.len()], &mut self.raster)?;
        }
        if self.kind == "resize" || self.small.bytes() == 0 {
            let size = resized(self.raster.width(), self.raster.height(), 256);
            let window = center(size.0, size.1, 224).unwrap_or(Region::whole(size.0, size.1));
            let resizing = Resizing { size, window, interpolation: Interpolation::Bilinear };
            self.resizer.resize(Part::whole(&self.raster), &resizing, &mut self.small);
        }
        if self.kind == "normalise" {
            f32::write(self.small.planes(), &self.normalisation, &mut self.numbers);
        }
        Ok(())
    }

    fn views(&mut self, views: &[View], count: usize) -> Result<(), Box<dyn Error>> {
        for _ in 0..count {
            let file = &self.files[self.done as usize % self.files.len()];
            let draw = Draw { seed: 1, epoch: 0, index: self.done };
            self.viewer.make(Picture::Encoded(file), views, draw, |_, view| {
                f32::write(view.planes(), &self.normalisation, &mut self.numbers);
            })?;
            self.done += 1;
        }
        Ok(())
    }

    fn load(&mut self, count: usize) -> Result<(), Box<dyn Error>> {
        let options = LoaderOptions {
            views: self.recipe.train.clone(),
            normalisation: self.normalisation.clone(),
            seed: 1,
            batch: 32,
            threads: 1,
            in_flight: 3,
        };
        let picks = Pick::of_epoch(self.done, 0..count);
        self.done += 1;
        let source = Arc::new(Files { files: self.files.clone(), count });
        let mut loader = Loader::<f32>::new(source, picks, options)?;
        while loader.next_batch()?.is_some() {}
        Ok(())
    }
}

fn jpegs(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jpg"));
    paths.sort();
    paths.iter().map(fs::read).collect()
}

/// Processor time of this process, in seconds.
fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, kind] = arguments.as_slice() else {
        return Err("give a folder of JPEGs and a kind of work".into());
    };
    let files = jpegs(Path::new(folder))?;
    if files.is_empty() {
        return Err(format!("{folder} has no JPEGs").into());
    }
    let recipe = Recipe::published(224, Interpolation::Bilinear);
    let mut work = Work {
        files,
        kind: kind.clone(),
        normalisation: Normalisation::new(recipe.mean, recipe.std),
        recipe,
        decoder: Decoder::new(),
        resizer: Resizer::default(),
        viewer: Viewer::new(),
        raster: Raster::default(),
        small: Raster::default(),
        numbers: vec![0.0; 3 * 224 * 224],
        done: 0,
    };
    for line in io::stdin().lines() {
        let count: usize = line?.trim().parse()?;
        let (clock, processor) = (Instant::now(), processor_seconds());
        work.run(count)?;
        let rate = |seconds: f64| count as f64 / seconds;
        let (clock, processor) = (clock.elapsed().as_secs_f64(), processor_seconds() - processor);
        println!("{} {}", rate(clock), rate(processor));
        io::stdout().flush()?;
    }
    Ok(())
}
