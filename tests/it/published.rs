//! A published network on photographs, through the programs: imported by name, named by a suite, prepared, evaluated.

use std::path::{Path, PathBuf};

use secateur_checkpoint::{Published, read};

use crate::support::{Lab, Said, secateur, workspace};

const NAME: &str = "mobilenet_v2-imagenet1k-v1";

const SUITE: &str = "name: mini
seed: 7
network: {name: mobilenet_v2}
upstream: {task: photographs, checkpoint: mobilenet_v2-imagenet1k-v1}
tasks:
  photographs:
    {format: image-folder, path: photographs, side: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
prunable: {name: convolutions}
recipes:
  base: {batch: 16, lr: 0.05}
keeps: [0.5]
tracks:
  - {name: no-training, allowance: 0ex}
controls: [dense-as-is]
methods: []
";

/// Number and label of a picture: `imagenet_03_990.jpg`.
fn number(path: &Path) -> Option<(usize, usize)> {
    let name = path.file_name()?.to_str()?.strip_prefix("imagenet_")?.strip_suffix(".jpg")?;
    let (number, label) = name.split_once('_')?;
    Some((number.parse().ok()?, label.parse().ok()?))
}

/// Puts the pictures into the test split of an image folder whose classes are ImageNet's in the order of their labels. Returns
/// the pictures' numbers in the folder's order.
fn arrange(pictures: &[PathBuf], root: &Path) -> Vec<usize> {
    for class in 0..1000 {
        let folder = root.join(format!("train/{class:04}"));
        std::fs::create_dir_all(&folder).expect("made");
        image::RgbImage::new(1, 1).save(folder.join("black.png")).expect("written");
    }
    let mut order: Vec<(String, usize)> = Vec::new();
    for path in pictures {
        let (number, label) = number(path).expect("a picture with its label");
        let name = format!("test/{label:04}/{number:02}.jpg");
        std::fs::create_dir_all(root.join(&name).parent().expect("a folder")).expect("made");
        std::fs::copy(path, root.join(&name)).expect("copied");
        order.push((name, number));
    }
    order.sort();
    order.into_iter().map(|(_, number)| number).collect()
}

#[test]
fn a_published_network_is_imported_by_name_and_classifies_photographs() {
    let Some(folder) = std::env::var_os("SECATEUR_PUBLISHED").map(PathBuf::from) else {
        eprintln!("left out: SECATEUR_PUBLISHED names no folder of published files");
        return;
    };
    let published = Published::named(NAME).expect("known");
    let entries = std::fs::read_dir(&folder).expect("a folder");
    let mut pictures: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    pictures.retain(|path| number(path).is_some());
    if !folder.join(published.file).exists() || pictures.len() != 20 {
        eprintln!("left out: {} lacks {} or the 20 pictures", folder.display(), published.file);
        return;
    }
    let lab = Lab::new();
    std::fs::copy(folder.join(published.file), lab.path(published.file)).expect("copied");
    let order = arrange(&pictures, &lab.path("photographs"));
    let import = secateur().args(["weights", "import", NAME, "--data-root"]).arg(lab.path(".")).output();
    Said::of(&import.expect("secateur starts")).exits(0);
    let run = |text: &str, store: &str| {
        std::fs::write(lab.path("mini.yaml"), text).expect("written");
        let mut command = secateur();
        command.arg("run").arg(lab.path("mini.yaml")).arg("--store").arg(lab.path(store)).arg("--quiet");
        command.arg("--data-root").arg(lab.path("."));
        Said::of(&command.output().expect("secateur starts"))
    };
    let golden = workspace().join("tests/golden/mobilenet-v2/expected.safetensors");
    let golden = read(&golden).expect("readable").tensors;
    let cut = &golden["predictions_224"].bytes;
    let cut: Vec<i64> = cut.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
    let logits = &golden["logits"].bytes;
    let logits: Vec<f32> = logits.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let best =
        |row: &[f32]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).expect("classes") as i64;
    let usual: Vec<i64> = logits.chunks_exact(1000).map(best).collect();
    // Packed as pixels, the shorter side is 224; as files, it is 256, and the middle is seen.
    for (store, packed, expected) in [("pixels", "pixels", cut), ("files", "files", usual)] {
        run(&SUITE.replace("side: 224,", &format!("side: 224, packed: {packed},")), store).exits(0);
        let rows = lab.rows(store);
        let row = rows.iter().find(|row| row["method"] == "dense-as-is").expect("a row");
        assert_eq!((row["outcome"].as_str(), row["test_pictures"].as_str()), ("ok", "20"), "{row:?}");
        assert!(row["top1"].parse::<f64>().expect("a number") >= 18.0 / 20.0, "{row:?}");
        // Each answer is torchvision's.
        let mut stages = lab.objects(store).into_iter();
        let stage = stages.find(|object| object["kind"] == "evaluate").expect("scored");
        let found = lab.file(store, stage["label"].as_str().expect("a label"), "predictions.safetensors");
        let found = &read(&found).expect("readable").tensors["predictions"].bytes;
        let found: Vec<i32> =
            found.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect();
        let expected: Vec<i32> = order.iter().map(|number| expected[*number] as i32).collect();
        assert_eq!(found, expected, "{packed}");
    }

    // What lies in its place and is of another network is told before anything is scored.
    let imported = lab.path(&format!("checkpoints/{NAME}.safetensors"));
    std::fs::copy(lab.path("given.safetensors"), imported).expect("copied");
    run(SUITE, "other").exits(1);
    let rows = lab.rows("other");
    assert!(rows.iter().all(|row| row["outcome"] == "failed"), "{rows:?}");
    assert!(rows[0]["outcome_detail"].contains("does not fit the network"), "{rows:?}");
}
