//! Suites of objects in boxes, from files in VOC's layout to the rows and pictures of the report.

use std::collections::BTreeMap;
use std::path::Path;

use secateur_checkpoint::{TensorData, Tensors, write_safetensors};

use crate::support::{Lab, Row, Said, Suite, noise};

const RUNGS: [&str; 4] = ["none", "roi-align", "contextual", "contextual-giou"];

/// A suite of a small detector on squares, in seconds.
fn suite(methods: &str) -> String {
    format!(
        "name: mini\n\
         seed: 7\n\
         network: {{name: ssd-small, width: 0.25}}\n\
         upstream: {{task: squares, train: {{recipe: base, length: 40it}}}}\n\
         tasks:\n  squares: {{format: voc, path: squares, metric: voc-ap50, side: 64, \
         detection: {{size_borders: [150, 300]}}}}\n\
         channels: {{name: within-blocks}}\n\
         recipes:\n  base: {{batch: 8, lr: 0.02, warmup: 0.1, flip: true, crop: true, expand: 2, photometric: true}}\n\
         keeps: [0.7, 0.5]\n\
         separate_keeps: true\n\
         tracks:\n  - {{name: equal-allowance, allowance: 560ex, recipe: base}}\n\
         methods:\n{methods}"
    )
}

fn run(lab: &Lab, text: &str, store: &str, more: &[&str]) -> Said {
    std::fs::write(lab.path("mini.yaml"), text).expect("a suite can be written");
    Said::of(&lab.command(store).args(more).output().expect("secateur starts"))
}

/// Photographs of 80x60 pixels with one to three squares of two colours, in VOC's layout; one object is difficult, one box
/// is empty.
fn write_squares(folder: &Path) {
    let make = |name: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(&path).expect("a folder can be made");
        path
    };
    let (annotations, pictures, lists) = (make("Annotations"), make("JPEGImages"), make("ImageSets/Main"));
    let mut number = 0;
    for (list, count) in [("train", 24), ("val", 8), ("test", 12)] {
        let mut names = String::new();
        for _ in 0..count {
            number += 1;
            let name = format!("{number:06}");
            let draw = |key: u64, below: u64| noise(number * 97 + key) % below;
            let mut picture = image::RgbImage::from_fn(80, 60, |x, y| {
                image::Rgb([90 + (noise(u64::from(x) << 20 | u64::from(y) << 40 | number) % 40) as u8; 3])
            });
            let mut objects = String::new();
            for index in 0..1 + draw(0, 3) {
                let side = 10 + draw(10 * index + 1, 14) as u32;
                let x = draw(10 * index + 2, u64::from(80 - side)) as u32;
                let y = draw(10 * index + 3, u64::from(60 - side)) as u32;
                let (class, colour) =
                    [("red", [220, 40, 40]), ("blue", [40, 40, 220])][draw(10 * index + 4, 2) as usize];
                for (row, column) in
                    (y..y + side).flat_map(|row| (x..x + side).map(move |column| (row, column)))
                {
                    picture.put_pixel(column, row, image::Rgb(colour));
                }
                let difficult = u8::from(number == 1 && index == 0);
                // Pixels are counted from 1, and the last one belongs to the box.
                objects.push_str(&format!(
                    "<object><name>{class}</name><difficult>{difficult}</difficult><bndbox><xmin>{}</xmin><ymin>{}</ymin>\
                     <xmax>{}</xmax><ymax>{}</ymax></bndbox></object>",
                    x + 1,
                    y + 1,
                    x + side,
                    y + side
                ));
            }
            if number == 2 {
                objects.push_str(
                    "<object><name>red</name><bndbox><xmin>9</xmin><ymin>9</ymin><xmax>5</xmax><ymax>20</ymax></bndbox></object>",
                );
            }
            let text = format!(
                "<annotation><size><width>80</width><height>60</height><depth>3</depth></size>{objects}</annotation>"
            );
            std::fs::write(annotations.join(format!("{name}.xml")), text).expect("written");
            picture.save(pictures.join(format!("{name}.jpg"))).expect("a picture can be written");
            names.push_str(&format!("{name}\n"));
        }
        std::fs::write(lists.join(format!("{list}.txt")), names).expect("written");
    }
}

fn lab() -> Lab {
    let lab = Lab::new();
    write_squares(&lab.path("squares"));
    lab
}

fn ladder() -> String {
    let rung = |name: &&str| {
        let params = format!("auxiliary: {name}, samples: 16, batch: 8, losses: 1, roi_size: 2");
        format!("  - {{label: {name}, method: org.secateur.lcp, params: {{{params}}}}}\n")
    };
    let greedy = "  - {label: greedy, method: org.secateur.lcp, params: {search: greedy, channels_at_a_time: 64, \
                  samples: 8, batch: 8, losses: 1, roi_size: 2, regions: truths, regression: auxiliary}}\n";
    RUNGS.iter().map(rung).collect::<String>() + greedy
}

#[test]
fn detectors_are_trained_pruned_and_scored_by_every_kind_of_method() {
    let lab = lab();
    let methods = "  - {label: random, method: org.secateur.channel-random, baseline: true}\n  \
        - {label: l1, method: org.secateur.channel-l1, baseline: true}\n  \
        - {label: taylor, method: org.secateur.channel-taylor}\n  \
        - {label: dcp, method: org.secateur.dcp}\n"
        .to_owned()
        + &ladder();
    // The one method that cannot do it makes the run end with 1.
    let text = suite(&methods) + "measure: true\nmeasure_batches: [1]\n";
    run(&lab, &text, "store", &["--jobs", "2"]).exits(1);
    let rows = lab.rows("store");
    let of = |method: &str| rows.iter().filter(|row| row["method"] == method).collect::<Vec<&Row>>();
    let number = |row: &Row, key: &str| row[key].parse::<f64>().unwrap_or_else(|_| panic!("{key}: {row:?}"));
    for row in rows.iter().filter(|row| row["method"] != "dcp") {
        assert_eq!((row["outcome"].as_str(), row["metric"].as_str()), ("ok", "voc-ap50"), "{row:?}");
        assert!((0.0..=1.0).contains(&number(row, "score")) && (0.0..=1.0).contains(&number(row, "ap50")));
        assert!(row["top1"].is_empty());
        assert_eq!(number(row, "test_pictures"), 12.0);
        if row["granularity"] == "channels" {
            let missed = (number(row, "achieved_count") - number(row, "target_count")).abs();
            assert!(missed / number(row, "prunable_total") < 0.02, "{row:?}");
            // Each keep has the whole allowance; what the method left of it was spent on recovery in whole batches.
            let spent = number(row, "method_samples") + number(row, "recover_samples");
            assert!((552.0..=560.0).contains(&spent), "{row:?}");
        }
    }
    // Rungs differ in their losses and in nothing that costs.
    for keep in ["0.7", "0.5"] {
        let spent = |method: &str| {
            let row = of(method).into_iter().find(|row| row["keep"] == keep).expect("a row");
            number(row, "method_samples")
        };
        let first = spent(RUNGS[0]);
        // A picture shows the heads the widths of their features, which is charged as a third of one.
        let same = RUNGS.iter().all(|rung| (0.0..=1.0).contains(&(spent(rung) - first)));
        assert!(first > 80.0 && same, "{:?}", RUNGS.map(spent));
    }
    for row in of("dcp") {
        assert_eq!(row["outcome"], "unsupported");
    }
    let stored = lab.object("store", "prune dcp at 0.5 (equal-allowance, replicate 0)");
    let detail = stored["detail"].as_str().expect("a reason");
    assert!(detail.contains("org.secateur.lcp") && detail.contains("roi-align"), "{detail}");

    // The loader said what it left out, and the difficult object is not asked for.
    let prepared = lab.object("store", "prepare squares");
    assert_eq!(prepared["facts"]["left_out"], 1);
    assert_eq!(prepared["facts"]["train"], 24);
    let dense = lab.object("store", "evaluate dense-trained (equal-allowance, replicate 0)");
    let detection = &dense["facts"]["detection"];
    let sizes: u64 =
        detection["sizes"].as_array().unwrap().iter().map(|size| size["objects"].as_u64().unwrap()).sum();
    let classes: u64 =
        detection["classes"].as_array().unwrap().iter().map(|class| class["objects"].as_u64().unwrap()).sum();
    let objects = detection["objects"].as_u64().unwrap();
    assert!(objects > 12 && sizes >= objects && classes == objects, "{detection}");
    assert_eq!(prepared["facts"]["objects"][2], objects);
    let found =
        lab.file("store", "evaluate dense-trained (equal-allowance, replicate 0)", "detections.safetensors");
    let found = secateur_checkpoint::read(&found).unwrap().tensors;
    assert_eq!(found["offsets"].shape, [13]);
    assert_eq!(found["boxes"].shape, [found["scores"].shape[0], 4]);
    let resampled: Vec<f64> =
        found["resampled"].bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let mean = resampled.iter().sum::<f64>() / resampled.len() as f64;
    let score = dense["facts"]["score"].as_f64().unwrap();
    assert!(resampled.len() == 1000 && (mean - score).abs() < 0.1, "{mean} {score}");

    // A detector is measured as a classifier is, and its compacted form has what was counted.
    let measured = lab.object("store", "measure l1 at 0.5 (equal-allowance, replicate 0)");
    let compacted =
        measured["facts"]["forms"].as_array().unwrap().iter().find(|form| form["form"] == "compacted");
    let row = of("l1").into_iter().find(|row| row["keep"] == "0.5").expect("a row");
    assert_eq!(compacted.unwrap()["params"].as_f64().unwrap(), number(row, "params_remaining"));

    // The report draws test pictures, and counts by size and by class.
    let read = |path: &str| std::fs::read_to_string(lab.path("store-report").join(path)).expect("a page");
    let drawn = read("tasks/squares.html");
    for words in ["ground truth", "data:image/png;base64,", "contextual-giou"] {
        assert!(drawn.contains(words), "{words}");
    }
    assert!(read("analyses.html").contains("Objects by size"));
    let sizes = std::fs::read_to_string(lab.path("store-report").join("sizes.csv")).expect("sizes.csv");
    assert!(sizes.lines().count() > 3 * rows.len() / 2, "{sizes}");
    let classes = std::fs::read_to_string(lab.path("store-report").join("classes.csv")).expect("classes.csv");
    let scored = rows.iter().filter(|row| row["outcome"] == "ok").count();
    let each = detection["classes"].as_array().unwrap().len();
    assert_eq!(classes.lines().count(), 1 + scored * each, "{classes}");
    // Every network is paired with every other at its keep: eight methods and dense-trained, at two keeps.
    let pairs =
        crate::support::table(&std::fs::read(lab.path("store-report").join("pairs.csv")).expect("pairs.csv"));
    assert_eq!(pairs.len(), 2 * (9 * 8 / 2));
    for pair in &pairs {
        let score = |method: &str| {
            let row =
                of(method).into_iter().find(|row| row["keep"] == pair["keep"] || method == "dense-trained");
            number(row.expect("a row"), "score")
        };
        let difference = score(&pair["method"]) - score(&pair["against"]);
        assert!((number(pair, "difference") - difference).abs() < 1e-6, "{pair:?}");
        assert!(
            number(pair, "low") <= number(pair, "high") && pair["interval_over"] == "pictures",
            "{pair:?}"
        );
    }
}

#[test]
fn the_number_of_jobs_changes_no_bit_of_a_detector() {
    let lab = lab();
    let methods = "  - {label: l1, method: org.secateur.channel-l1, baseline: true}\n".to_owned() + &ladder();
    run(&lab, &suite(&methods), "one", &["--jobs", "1", "--only", "keep=0.5"]).exits(0);
    run(&lab, &suite(&methods), "two", &["--jobs", "2", "--only", "keep=0.5"]).exits(0);
    assert_eq!(lab.results("one"), lab.results("two"));
}

#[test]
fn what_is_chosen_on_validation_never_meets_the_test_split() {
    let lab = lab();
    let methods = "  - {label: l1, method: org.secateur.channel-l1, baseline: true, replicates: 1}\n  \
        - {label: random, method: org.secateur.channel-random, baseline: true}\n";
    let text = suite(methods)
        .replace("keeps: [0.7, 0.5]", "keeps: [0.5]")
        .replace("seed: 7\n", "seed: 7\nreplicates: 2\n");
    run(&lab, &format!("{text}score_on: validation\n"), "store", &["--jobs", "2"]).exits(0);
    let rows = lab.rows("store");
    assert_eq!(rows.iter().filter(|row| row["method"] == "l1").count(), 1);
    assert_eq!(rows.iter().filter(|row| row["method"] == "random").count(), 2);
    for row in &rows {
        assert_eq!((row["protocol"].as_str(), row["test_pictures"].as_str()), ("validation", "8"), "{row:?}");
        // The number that training states of the same weights and pictures.
        if row["method"] == "random" && row["replicate"] == "0" {
            let recovered = lab.object("store", "recover random at 0.5 (equal-allowance, replicate 0)");
            let stated = recovered["facts"]["validation"].as_f64().unwrap();
            assert!((row["score"].parse::<f64>().unwrap() - stated).abs() < 1e-12);
        }
    }
    let stages = lab.objects("store");
    let evaluated: Vec<_> = stages.iter().filter(|stage| stage["kind"] == "evaluate").collect();
    assert!(!evaluated.is_empty() && evaluated.iter().all(|stage| stage["inputs"].get("test").is_none()));

    // The suite that is scored afterwards repeats nothing but the scoring.
    let said = run(&lab, &text, "store", &["--jobs", "2"]);
    said.exits(0);
    let scored = lab.objects("store").len() - stages.len();
    assert_eq!(scored, evaluated.len());
}

#[test]
fn a_detector_begins_from_a_backbone_where_names_and_shapes_agree() {
    let lab = lab();
    let write = |name: &str, shape: [usize; 4]| {
        let values = vec![0.125; shape.iter().product()];
        let tensor = TensorData::from_f32(shape.to_vec(), &values).expect("it fits");
        let tensors = Tensors::from([("conv1.weight".to_owned(), tensor)]);
        write_safetensors(&lab.path(name), &tensors, &BTreeMap::new()).expect("written");
    };
    write("stem.safetensors", [8, 3, 3, 3]);
    write("other.safetensors", [8, 3, 7, 7]);
    let text = |backbone: &str| {
        let train = format!("length: 1it, backbone: {backbone}.safetensors");
        suite("  []\n").replace("length: 40it", &train).replace("methods:\n  []", "methods: []")
    };
    run(&lab, &text("stem"), "store", &[]).exits(0);
    let init =
        secateur_checkpoint::read(&lab.file("store", "train upstream", "init.safetensors")).unwrap().tensors;
    let values = |name: &str| init[name].to_f32().unwrap();
    assert!(values("conv1.weight").iter().all(|value| *value == 0.125));
    assert!(values("layer1.0.conv1.weight").iter().any(|value| *value != 0.125));
    let said = run(&lab, &text("other"), "other-store", &[]);
    said.exits(1).names(&["has no parameter of ssd-small by name and shape"]);
    run(&lab, &text("nothing"), "third-store", &[]).exits(2).names(&["nothing.safetensors", "--data-root"]);
}

#[test]
fn classes_and_boxes_are_not_mixed_up() {
    let lab = lab();
    let refused = |text: &str, words: &[&str]| {
        run(&lab, text, "store", &[]).exits(2).names(words);
        assert!(!lab.path("store").exists());
    };
    let good = suite("  - {label: l1, method: org.secateur.channel-l1}\n");
    refused(&good.replace("ssd-small", "resnet8"), &["`squares` has boxes", "`resnet8` scores classes"]);
    refused(&good.replace("metric: voc-ap50", "metric: top1"), &["tasks.squares.metric", "voc-ap50"]);
    refused(&good.replace("side: 64, ", ""), &["tasks.squares.side", "squares of one size"]);
    refused(&good.replace("crop: true", "shift: 2"), &["recipes.base.shift", "`crop`"]);
    refused(&good.replace("expand: 2", "expand: 0.5"), &["recipes.base.expand", "0.5"]);
    refused(&good.replace("[150, 300]", "[300, 150]"), &["size_borders", "smaller one first"]);
    let transfer = format!("{good}transfer: {{tasks: [squares], linear: {{recipe: base, length: 2it}}}}\n");
    refused(&transfer, &["transfer to `squares` is not possible"]);
    let classes = Suite { set: "channels: {name: within-blocks}", keeps: "[0.5]", ..Suite::new(&[]) };
    refused(&classes.text().replace("resnet8", "ssd-small"), &["`stripes` has classes", "predicts boxes"]);
    refused(&classes.text().replace("shift: 1", "crop: true"), &["recipes.base", "for detection"]);

    // A method for boxes on a task of classes says so, and what to take.
    let lcp = Suite { methods: "  - {label: lcp, method: org.secateur.lcp}\n".to_owned(), ..classes };
    lab.run(&lcp, "store", &[]).exits(1);
    let row = lab.rows("store").into_iter().find(|row| row["method"] == "lcp").expect("a row");
    assert_eq!(row["outcome"], "unsupported");
    let stored = lab.object("store", "prune lcp (equal-allowance, replicate 0)");
    assert!(stored["detail"].as_str().expect("a reason").contains("no boxes"), "{stored}");
}

/// A classifier of stripes that is pruned and then becomes the backbone of a detector of squares.
const TICKETS: &str = "name: mini
seed: 7
network: {name: ssd-small-backbone, width: 0.25}
upstream: {task: stripes, train: {recipe: classes, length: 8it}}
tasks:
  stripes: {format: image-folder, path: stripes, validation_per_class: 2}
  squares: {format: voc, path: squares, metric: voc-ap50, side: 64, detection: {size_borders: [150, 300]}}
prunable: {name: convolutions, stem: true}
recipes:
  classes: {batch: 16, lr: 0.05, flip: true}
  boxes: {batch: 8, lr: 0.02, warmup: 0.1, flip: true, crop: true}
keeps: [0.2]
tracks:
  - {name: no-training, allowance: 0ex}
controls: [dense-as-is, scratch]
methods:
  - {label: magnitude, method: org.secateur.magnitude, baseline: true}
evaluate: false
transfer:
  tasks: [squares]
  network: {name: ssd-small, width: 0.25}
  full: {recipe: boxes, length: 12it}
";

#[test]
fn a_ticket_of_a_classifier_is_trained_as_the_backbone_of_a_detector() {
    let lab = lab();
    run(&lab, TICKETS, "store", &["--jobs", "2"]).exits(0);
    let rows = lab.rows("store");
    let scored: BTreeMap<&str, &str> =
        rows.iter().map(|row| (row["method"].as_str(), row["score"].as_str())).collect();
    assert_eq!(scored.keys().copied().collect::<Vec<_>>(), ["dense-as-is", "magnitude", "scratch"]);
    for row in &rows {
        assert_eq!((row["outcome"].as_str(), row["protocol"].as_str()), ("ok", "transfer"), "{row:?}");
        assert_eq!((row["metric"].as_str(), row["test_pictures"].as_str()), ("voc-ap50", "12"), "{row:?}");
        assert!(row["ap_small"].parse::<f64>().is_ok(), "{row:?}");
    }
    // All three begin elsewhere. The audit of masks is part of the stage: none of the removed weights has come back.
    let label = |method: &str| format!("full transfer of {method} (no-training, replicate 0) to squares");
    let stored = lab.object("store", &label("magnitude at 0.2"));
    assert_eq!((&stored["facts"]["leaked"], &stored["facts"]["steps"]), (&0.into(), &12.into()));
    let log =
        std::fs::read_to_string(lab.file("store", &label("magnitude at 0.2"), "log.txt")).expect("a log");
    // Twenty convolutions, and twenty normalizations with scale and shift.
    assert!(log.contains("taken=60"), "{log}");
    let losses: std::collections::BTreeSet<String> = ["magnitude at 0.2", "dense-as-is", "scratch"]
        .map(|method| lab.object("store", &label(method))["facts"]["loss"].to_string())
        .into();
    assert_eq!(losses.len(), 3);

    // A mask without a place in the detector would make the detector denser than it is said to be.
    let other = TICKETS
        .replace("ssd-small, width: 0.25", "ssd-small, width: 0.5")
        .replace("[dense-as-is, scratch]", "[scratch]");
    run(&lab, &other, "other", &[]).exits(1);
    let row = lab.rows("other").into_iter().find(|row| row["method"] == "magnitude").expect("a row");
    assert_eq!(row["outcome"], "failed");
    // Linear transfer into another network is refused before anything runs, and so is a classifier for boxes.
    let refused = |text: &str, words: &[&str]| {
        run(&lab, text, "refused", &[]).exits(2).names(words);
    };
    refused(&TICKETS.replace("  full:", "  linear:"), &["linear transfer to `squares` is not possible"]);
    refused(
        &TICKETS.replace("name: ssd-small, width", "name: resnet8, width"),
        &["transfer.network", "`squares` has boxes"],
    );
    refused(
        &TICKETS
            .replace("12it", "12it, task_recipes: {squares: classes}")
            .replace("flip: true}", "shift: 1}"),
        &["recipes.classes.shift"],
    );
}
