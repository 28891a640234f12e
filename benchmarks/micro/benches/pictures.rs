//! From a file's bytes to what a network is given.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use secateur_micro::photographs;
use secateur_pictures::{
    Decoder, Draw, Interpolation, Loader, LoaderOptions, Normalisation, Pick, Picture, Pixel, Raster, Recipe,
    Source, Viewer,
};

const PICTURES: usize = 16;
/// Files in memory.
struct Photographs(Vec<Vec<u8>>);

impl Source for Photographs {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn label(&self, _: usize) -> u32 {
        0
    }

    fn name(&self, index: usize) -> String {
        format!("number {index}")
    }

    fn read(&self, index: usize, bytes: &mut Vec<u8>) -> std::io::Result<()> {
        bytes.extend(&self.0[index]);
        Ok(())
    }
}

/// One thread, pictures of 500x375 to 224. `pytorch/pictures.py` does the same with torchvision, and takes turns with
/// the example `throughput` of `secateur-pictures`, which is to be trusted more on a busy machine.
fn pictures(criterion: &mut Criterion) {
    let source = Photographs(photographs(PICTURES));
    let files = source.0.clone();
    let mut group = criterion.benchmark_group("pictures");
    group.sample_size(20).throughput(Throughput::Elements(PICTURES as u64));

    let (mut decoder, mut raster) = (Decoder::new(), Raster::default());
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for file in &files {
                decoder.decode(file, &mut raster).expect("it is a whole JPEG");
            }
        });
    });

    let published = Recipe::published(224, Interpolation::Bilinear);
    let normalisation = Normalisation::new(published.mean, published.std);
    let mut viewer = Viewer::new();
    let mut numbers = vec![0.0_f32; 3 * 224 * 224];
    for (name, views) in [
        ("test", vec![published.test.clone()]),
        ("train", published.train.clone()),
        ("simclr", Recipe::simclr(224, Interpolation::Bilinear).train),
        ("moco-v2", Recipe::moco_v2(224, Interpolation::Bilinear).train),
    ] {
        let mut epoch = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                epoch += 1;
                for (index, file) in files.iter().enumerate() {
                    let draw = Draw { seed: 1, epoch, index: index as u64 };
                    viewer
                        .make(Picture::Encoded(file), &views, draw, |_, view| {
                            f32::write(view.planes(), &normalisation, &mut numbers);
                        })
                        .expect("it is a whole JPEG");
                }
            });
        });
    }

    let source: Arc<dyn Source> = Arc::new(source);
    for threads in [1, 2] {
        let options = LoaderOptions {
            views: published.train.clone(),
            normalisation: normalisation.clone(),
            seed: 1,
            batch: 4,
            threads,
            in_flight: 3,
        };
        group.bench_function(format!("loader/{threads}"), |bencher| {
            bencher.iter_batched(
                || {
                    let picks = Pick::of_epoch(0, 0..PICTURES);
                    Loader::<f32>::new(source.clone(), picks, options.clone()).expect("the options fit")
                },
                |mut loader| while loader.next_batch().expect("all are whole JPEGs").is_some() {},
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, pictures);
criterion_main!(benches);
