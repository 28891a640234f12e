//! A synthetic report of a detection suite: real pictures of a generated task, invented detections.

use secateur_data::detection::DetectionData;
use secateur_data::generated::generate_detection_first;
use secateur_store::{ClassFacts, DetectionFacts, SizeFacts};

use super::{Sample, noise, provenance, sample};
use crate::gallery::{
    Gallery, GalleryColumn, GalleryDetection, GalleryPicture, GalleryTrack, GalleryTruth, base64, picture_png,
};
use crate::pairs::Resampled;
use crate::row::{Control, ReportInput, Row};
use crate::strata;

const TASK: &str = "generated/figures";
const KEEPS: [f64; 2] = [0.5, 0.25];
/// Small, medium and large: how many objects there are, and how much harder than large ones they are to find.
const SIZES: [(&str, u64, f64); 3] = [("small", 431, 0.32), ("medium", 612, 0.12), ("large", 187, 0.0)];
/// Classes of the task with invented frequencies, as many objects as by size.
const CLASSES: [(&str, u64); 6] =
    [("arrow", 230), ("crescent", 90), ("cross", 140), ("heart", 300), ("ring", 420), ("star-5", 50)];

/// Label, identifier, control, and the average precision at a keep of 0.5.
const METHODS: [(&str, &str, Option<Control>, f64); 10] = [
    ("dense-as-is", "", Some(Control::DenseAsIs), 0.71),
    ("dense-trained", "", Some(Control::DenseTrained), 0.72),
    ("random", "org.secateur.random", Some(Control::Baseline), 0.44),
    ("l1", "org.secateur.channel-l1", Some(Control::Baseline), 0.58),
    ("fpgm", "org.secateur.fpgm", None, 0.60),
    ("taylor", "org.secateur.taylor", None, 0.63),
    ("network-slimming", "org.secateur.network-slimming", None, 0.61),
    ("hrank", "org.secateur.hrank", None, 0.57),
    ("dcp", "org.secateur.dcp", None, 0.64),
    ("localization-aware", "org.secateur.localization-aware", None, 0.66),
];

/// Facts of a detector whose average precision on large objects is `large`.
#[must_use]
pub fn detection_facts(large: f64) -> DetectionFacts {
    let ap50 = |ap: f64| (ap + 0.22).min(1.0);
    let borders = [0.0, 221.0, 829.0];
    let sizes: Vec<SizeFacts> = SIZES
        .iter()
        .enumerate()
        .map(|(place, (name, objects, harder))| SizeFacts {
            name: (*name).to_owned(),
            from: borders[place],
            to: borders.get(place + 1).copied(),
            objects: *objects,
            ap: Some((large - harder).max(0.0)),
            ap50: Some(ap50((large - harder).max(0.0))),
        })
        .collect();
    let objects: u64 = sizes.iter().map(|size| size.objects).sum();
    let ap = large - 0.16;
    let classes = CLASSES.iter().zip(0..).map(|((name, objects), place)| {
        // What a network loses it loses of rare classes first.
        let rare = 1.0 - *objects as f64 / 420.0;
        let own = ap - 0.5 * (0.72 - large) * rare + 0.08 * (noise(&[71, large.to_bits(), place]) - 0.5);
        let own = own.clamp(0.0, 1.0);
        ClassFacts { name: (*name).to_owned(), objects: *objects, ap: Some(own), ap50: Some(ap50(own)) }
    });
    let classes = classes.collect();
    DetectionFacts {
        ap: Some(ap),
        ap50: Some(ap50(ap)),
        ar: Some(ap + 0.08),
        voc_ap50: Some(ap50(ap) + 0.004),
        voc07_ap50: Some(ap50(ap) - 0.003),
        objects,
        detections: objects * 3,
        sizes,
        classes,
    }
}

/// A row with the scores of a detector.
#[must_use]
pub fn detection_sample(one: &Sample, facts: &DetectionFacts) -> Row {
    let mut row = sample(&Sample { score: facts.voc_ap50, ..*one });
    row.suite = "figures-detect".to_owned();
    row.protocol = "direct".to_owned();
    row.regime = "none".to_owned();
    row.granularity = if one.keep < 1.0 { "channels" } else { "dense" }.to_owned();
    row.metric = "voc-ap50".to_owned();
    row.top1 = None;
    (row.ap, row.ap50, row.ar) = (facts.ap, facts.ap50, facts.ar);
    let ap_of = |size: &str| facts.sizes.iter().find(|it| it.name == size)?.ap;
    (row.ap_small, row.ap_medium, row.ap_large) = (ap_of("small"), ap_of("medium"), ap_of("large"));
    row.stage = format!("evaluate-{}-{}-{}", one.method, one.keep, one.replicate);
    row
}

/// Draws from the pictures of the task.
const DRAWS: u64 = 1000;

/// What the network of `row` scores on draws: what the draw does to all networks, and what it does to this one.
fn drawn(row: &Row, method: u64) -> Resampled {
    let score = row.score.unwrap_or_default();
    let own = |draw: u64| noise(&[67, method, row.keep.to_bits(), u64::from(row.replicate), draw]) - 0.5;
    // Few pictures make a draw without an object likely; here two in a thousand.
    let value =
        |draw: u64| (draw % 500 != 7).then(|| score + 0.06 * (noise(&[61, draw]) - 0.5) + 0.03 * own(draw));
    // One file was collected, and one method was run in its first replicate before there were draws.
    let lacking =
        (row.method == "fpgm" && row.replicate == 2) || (row.method == "hrank" && row.replicate > 0);
    Resampled {
        suite: row.suite.clone(),
        track: row.track.clone(),
        protocol: row.protocol.clone(),
        regime: row.regime.clone(),
        task: row.task.clone(),
        method: row.method.clone(),
        control: row.control,
        keep: row.keep,
        replicate: row.replicate,
        score,
        values: if lacking { Vec::new() } else { (0..DRAWS).map(value).collect() },
    }
}

/// A report of ten detectors in three replicates, with pictures. Always the same.
#[must_use]
pub fn synthetic_detection() -> ReportInput {
    let mut input = ReportInput { provenance: provenance(), ..ReportInput::default() };
    for (place, (method, id, control, best)) in METHODS.into_iter().enumerate() {
        let keeps: &[f64] = if id.is_empty() { &[1.0] } else { &KEEPS };
        for &keep in keeps {
            for replicate in 0..3 {
                let wobble = 0.02 * noise(&[23, place as u64, keep.to_bits(), u64::from(replicate)]);
                let large = best + wobble - if keep < 0.4 { 0.2 * (1.1 - best) } else { 0.0 };
                let facts = detection_facts(large);
                let one = Sample { method, control, keep, task: TASK, replicate, score: None };
                let row = Row { method_id: id.to_owned(), ..detection_sample(&one, &facts) };
                input.strata.extend(strata::scores(&row, &facts));
                input.resampled.push(drawn(&row, place as u64));
                input.rows.push(row);
            }
        }
    }
    input.galleries.extend(generate_detection_first(TASK, 7, 96, 24).ok().map(|task| gallery(&task)));
    input
}

fn gallery(task: &DetectionData) -> Gallery {
    let scenes = &task.test;
    let values = scenes.shape.iter().product::<usize>();
    let pictures: Vec<GalleryPicture> = (0..scenes.len())
        .step_by(4)
        .map(|index| GalleryPicture {
            index,
            name: scenes.names[index].clone(),
            width: scenes.sizes[index][0],
            height: scenes.sizes[index][1],
            png: picture_png(scenes.shape, &scenes.pixels[index * values..(index + 1) * values])
                .map_or(String::new(), |bytes| base64(&bytes)),
            truths: scenes
                .objects_of(index)
                .enumerate()
                .map(|(place, object)| GalleryTruth {
                    class: usize::from(object.class),
                    corners: object.corners,
                    // One object of the task that need not be found, for the generator makes none.
                    difficult: index == 8 && place == 0,
                    crowd: false,
                })
                .collect(),
        })
        .collect();
    let columns =
        METHODS.iter().enumerate().skip(1).map(|(place, (method, id, control, best))| GalleryColumn {
            method: (*method).to_owned(),
            control: *control,
            keep: if id.is_empty() { 1.0 } else { 0.25 },
            detections: match *method {
                "hrank" => Vec::new(),
                _ => pictures.iter().map(|picture| imagined(picture, place as u64, *best)).collect(),
            },
            problem: (*method == "hrank").then(|| "No detections: timeout.".to_owned()),
        });
    Gallery {
        suite: "figures-detect".to_owned(),
        protocol: "direct".to_owned(),
        regime: "none".to_owned(),
        task: TASK.to_owned(),
        classes: task.info.classes.clone(),
        test_pictures: scenes.len(),
        tracks: vec![GalleryTrack { track: "short".to_owned(), columns: columns.collect() }],
        pictures,
        problem: None,
    }
}

/// What a detector of that quality might see: objects a little beside their places, some not, and things that are not.
fn imagined(picture: &GalleryPicture, method: u64, quality: f64) -> Vec<GalleryDetection> {
    let mut found = Vec::new();
    for (place, truth) in picture.truths.iter().enumerate() {
        let chance = |purpose: u64| noise(&[purpose, method, picture.index as u64, place as u64]);
        let [left, top, right, bottom] = truth.corners;
        let shift = |purpose: u64, extent: f64| (chance(purpose) - 0.5) * 0.25 * extent;
        let (across, down) = (shift(31, right - left), shift(37, bottom - top));
        let seen = [left + across, top + down, right + across, bottom + down];
        if chance(41) < quality + 0.2 {
            let class = if chance(43) < 0.08 { 0 } else { truth.class };
            found.push(GalleryDetection { class, score: 0.45 + 0.54 * chance(47), corners: seen });
        }
        if chance(53) > quality + 0.15 {
            let corners = [top, left, top + right - left, left + bottom - top];
            found.push(GalleryDetection { class: truth.class, score: 0.42 + 0.2 * chance(59), corners });
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}
