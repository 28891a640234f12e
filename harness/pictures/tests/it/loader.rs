//! Batches: the same for any number of threads, in order, bounded, with errors where they belong.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use secateur_pictures::{
    CacheError, Cached, Interpolation, LoadError, Loader, LoaderOptions, Normalisation, Pick, Pixel, Recipe,
    Source,
};

use crate::golden::Golden;

/// Files of the golden values, over and over, some of them broken.
struct Files {
    files: Vec<(String, Vec<u8>)>,
    count: usize,
    broken: Vec<usize>,
    missing: Vec<usize>,
    panics: Option<usize>,
    reads: AtomicUsize,
}

impl Files {
    fn new(count: usize) -> Self {
        let golden = Golden::read("decode.safetensors");
        let names = golden.names("");
        let names = names.iter().filter_map(|name| name.strip_suffix("/file"));
        let files = names.map(|name| (name.to_string(), golden.bytes(&format!("{name}/file")))).collect();
        Self { files, count, broken: vec![], missing: vec![], panics: None, reads: AtomicUsize::new(0) }
    }
}

impl Source for Files {
    fn len(&self) -> usize {
        self.count
    }

    fn label(&self, index: usize) -> u32 {
        index as u32 % 7
    }

    fn name(&self, index: usize) -> String {
        format!("{index}-{}", self.files[index % self.files.len()].0)
    }

    fn read(&self, index: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        assert!(self.panics != Some(index), "asked for the picture that panics");
        if self.missing.contains(&index) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let file = &self.files[index % self.files.len()].1;
        let length = if self.broken.contains(&index) { file.len() / 3 } else { file.len() };
        bytes.extend(&file[..length]);
        Ok(())
    }
}

fn options(threads: usize) -> LoaderOptions {
    let recipe = Recipe::moco_v2(20, Interpolation::Bilinear);
    LoaderOptions {
        views: recipe.train,
        normalisation: Normalisation::new(recipe.mean, recipe.std),
        seed: 5,
        batch: 8,
        threads,
        in_flight: 3,
    }
}

/// Numbers, classes and pixels.
type Copied<P> = (Vec<usize>, Vec<u32>, Vec<P>);

/// All batches.
fn epoch<P: Pixel>(
    source: Arc<dyn Source>,
    order: Vec<usize>,
    options: LoaderOptions,
) -> Result<Vec<Copied<P>>, LoadError> {
    let mut loader = Loader::<P>::new(source, Pick::of_epoch(2, order), options)?;
    let mut batches = Vec::new();
    while let Some(batch) = loader.next_batch()? {
        assert_eq!(batch.side, 20);
        let views: Vec<P> = (0..2).flat_map(|view| batch.view(view).unwrap().iter().copied()).collect();
        assert!(batch.view(2).is_none());
        assert_eq!(views.len(), batch.pixels().len());
        batches.push((batch.picks.iter().map(|pick| pick.index).collect(), batch.labels.to_vec(), views));
    }
    Ok(batches)
}

fn order(count: usize) -> Vec<usize> {
    (0..count).map(|place| place * 29 % count).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let one = epoch::<u8>(Arc::new(Files::new(45)), order(45), options(1)).unwrap();
    assert_eq!(one.len(), 6);
    assert_eq!(one[5].0.len(), 5);
    let numbers: Vec<usize> = one.iter().flat_map(|batch| batch.0.clone()).collect();
    assert_eq!(numbers, order(45));
    assert!(
        one.iter().all(|batch| batch
            .0
            .iter()
            .zip(&batch.1)
            .all(|(index, label)| *index as u32 % 7 == *label))
    );
    for threads in [2, 7] {
        assert_eq!(epoch::<u8>(Arc::new(Files::new(45)), order(45), options(threads)).unwrap(), one);
    }
}

#[test]
fn a_picture_does_not_depend_on_where_it_stands() {
    let one = epoch::<u8>(Arc::new(Files::new(16)), (0..16).collect(), options(2)).unwrap();
    let other = epoch::<u8>(Arc::new(Files::new(16)), (0..16).rev().collect(), options(2)).unwrap();
    let length = 3 * 20 * 20;
    // Picture 3 is fourth of the first batch, and fifth of the second when they come from behind.
    for view in 0..2 {
        let place = |row: usize| (view * 8 + row) * length..(view * 8 + row + 1) * length;
        assert_eq!(one[0].2[place(3)], other[1].2[place(4)]);
    }
    // The epoch counts, and one batch may have pictures of two of them.
    let picks = [Pick::of_epoch(3, 0..4), Pick::of_epoch(2, 4..8)].concat();
    let mut next = Loader::<u8>::new(Arc::new(Files::new(16)), picks, options(2)).unwrap();
    let mixed = next.next_batch().unwrap().unwrap();
    for (row, same) in (0..8).map(|row| (row, row >= 4)) {
        let place = row * length..(row + 1) * length;
        assert_eq!(mixed.pixels()[place.clone()] == one[0].2[place], same, "picture {row}");
    }
}

#[test]
fn floats_are_normalised_bytes() {
    let bytes = epoch::<u8>(Arc::new(Files::new(9)), order(9), options(2)).unwrap();
    let floats = epoch::<f32>(Arc::new(Files::new(9)), order(9), options(2)).unwrap();
    let (mean, std) = ([0.485_f32, 0.456, 0.406], [0.229_f32, 0.224, 0.225]);
    for (bytes, floats) in bytes.iter().zip(&floats) {
        for (place, (byte, float)) in bytes.2.iter().zip(&floats.2).enumerate() {
            let channel = place / 400 % 3;
            assert_eq!(*float, (f32::from(*byte) / 255.0 - mean[channel]) / std[channel]);
        }
    }
}

#[test]
fn the_first_error_ends_the_epoch_and_says_where() {
    for threads in [1, 7] {
        let mut files = Files::new(40);
        files.broken = vec![21, 19];
        files.missing = vec![30];
        let mut loader =
            Loader::<u8>::new(Arc::new(files), Pick::of_epoch(2, 0..40), options(threads)).unwrap();
        assert!(loader.next_batch().unwrap().is_some());
        assert!(loader.next_batch().unwrap().is_some());
        let error = loader.next_batch().unwrap_err();
        assert!(matches!(error, LoadError::Picture { .. }));
        assert!(error.to_string().contains("19-"), "{error}");
        assert!(loader.next_batch().unwrap().is_none());
    }
    let mut files = Files::new(3);
    files.missing = vec![1];
    let error = epoch::<u8>(Arc::new(files), (0..3).collect(), options(2)).unwrap_err();
    assert!(matches!(&error, LoadError::Read { name, .. } if name.starts_with("1-")), "{error}");
}

#[test]
fn threads_do_not_run_ahead_for_ever() {
    let files = Arc::new(Files::new(400));
    let source: Arc<dyn Source> = files.clone();
    let mut loader = Loader::<u8>::new(source, Pick::of_epoch(0, order(400)), options(7)).unwrap();
    loader.next_batch().unwrap().unwrap();
    thread::sleep(Duration::from_millis(300));
    // Three batches of eight are in memory, one of them lent.
    assert_eq!(files.reads.load(Ordering::SeqCst), 24);
    loader.next_batch().unwrap().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(files.reads.load(Ordering::SeqCst), 32);
    assert!(loader.waited() > Duration::ZERO);
    drop(loader);
    // All threads were joined: nobody else has the source.
    assert_eq!(Arc::strong_count(&files), 1);
}

#[test]
fn a_thread_that_panics_is_an_error() {
    let mut files = Files::new(40);
    files.panics = Some(11);
    let error = epoch::<u8>(Arc::new(files), (0..40).collect(), options(2)).unwrap_err();
    assert!(matches!(error, LoadError::Panicked), "{error}");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let message = |order: Vec<usize>, options: LoaderOptions| {
        Loader::<u8>::new(Arc::new(Files::new(4)), Pick::of_epoch(0, order), options)
            .err()
            .unwrap()
            .to_string()
    };
    assert!(message(vec![0], LoaderOptions { batch: 0, ..options(1) }).contains("`batch` is 0"));
    assert!(message(vec![0], options(0)).contains("`threads` is 0"));
    assert!(message(vec![0], LoaderOptions { in_flight: 1, ..options(1) }).contains("`in_flight` is 1"));
    assert!(message(vec![4], options(1)).contains("picture 4, but there are 4"));
    assert!(message(vec![0], LoaderOptions { views: vec![], ..options(1) }).contains("no view"));
    assert_eq!(epoch::<u8>(Arc::new(Files::new(4)), vec![], options(3)).unwrap().len(), 0);
}

#[test]
fn cached_pictures_give_the_same_batches_and_are_read_once() {
    let files = Arc::new(Files::new(30));
    let source: Arc<dyn Source> = files.clone();
    let fresh = epoch::<u8>(source.clone(), order(30), options(2)).unwrap();
    let cached = Arc::new(Cached::new(source, 1 << 20, 3).unwrap());
    let reads = files.reads.load(Ordering::SeqCst);
    assert_eq!(reads, 60);
    assert_eq!(epoch::<u8>(cached, order(30), options(2)).unwrap(), fresh);
    assert_eq!(files.reads.load(Ordering::SeqCst), reads);
}

#[test]
fn what_is_too_large_or_broken_is_not_cached() {
    let error = Cached::new(Arc::new(Files::new(60)), 50_000, 2).err().unwrap();
    assert!(matches!(error, CacheError::TooLarge { budget_bytes: 50_000 }), "{error}");
    let mut files = Files::new(30);
    files.broken = vec![17];
    let error = Cached::new(Arc::new(files), 1 << 20, 2).err().unwrap();
    assert!(error.to_string().contains("17-"), "{error}");
}
