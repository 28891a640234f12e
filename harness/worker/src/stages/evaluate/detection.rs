//! Scores of a detector.

use std::collections::BTreeMap;

use secateur_checkpoint::{Dtype, TensorData, write_safetensors};
use secateur_data::detection::DetectionInfo;
use secateur_engine::Examples;
use secateur_engine::detection::{
    DetectionRules, Detections, SceneSet, VOC_OVERLAP, detect, metric, resampled,
};
use secateur_metrics::detection::{
    AreaRange, CocoMatches, CocoSettings, Extent, Grouped, LARGEST_AREA, VocInterpolation, VocMatches,
};
use secateur_store::{ClassFacts, DetectionFacts, ScoreFacts, SizeFacts};

use crate::order::Order;
use crate::stages::Ended;
use crate::stages::evaluate::Training;

/// Splits that are drawn from the test split, for intervals over pictures.
const RESAMPLES: u64 = 1000;

pub(in crate::stages) fn run(
    order: &Order,
    info: &DetectionInfo,
    model: &secateur_engine::Model,
    test: &SceneSet,
    training: Training,
) -> anyhow::Result<Ended> {
    let found = detect(model, test, &DetectionRules::default())?;
    write(order, &found, &resampled(test, &found, RESAMPLES)?)?;
    let facts = ScoreFacts {
        task: info.id.clone(),
        task_version: info.version,
        metric: info.metric.name().to_owned(),
        score: metric(test, &found)?,
        top1: None,
        mean_per_class: None,
        detection: Some(describe(info, test, &found)?),
        loss: found.loss,
        pictures: test.len() as u64,
        classes: info.classes.len() as u64,
        validation: training.validated,
        steps: training.steps,
        leaked: training.leaked,
    };
    Ok(Ended::ok(facts)?.with("predictions", "detections.safetensors"))
}

/// All numbers of the metrics of COCO and VOC.
fn describe(info: &DetectionInfo, test: &SceneSet, found: &Detections) -> anyhow::Result<DetectionFacts> {
    let list = found.list();
    let extent = Extent { images: test.len(), classes: info.classes.len() };
    let grouped = Grouped::new(extent, test.truths(), &list)?;
    let [small, medium] = info.size_borders;
    let areas = vec![
        AreaRange::new("small", 0.0, small),
        AreaRange::new("medium", small, medium),
        AreaRange::new("large", medium, LARGEST_AREA),
    ];
    let coco = CocoMatches::new(&grouped, CocoSettings::with_areas(areas.clone()))?;
    let table = coco.accumulate(None)?;
    let scores = table.scores();
    let classes = 0..info.classes.len();
    let wanted = |area: usize| classes.clone().map(|class| table.wanted(class, area)).sum::<u64>();
    // Areas are counted from that of all sizes, thresholds from an overlap of 0.5.
    let sizes = areas.iter().zip(1..).map(|(range, area)| SizeFacts {
        name: range.name.clone(),
        from: range.from,
        to: (range.to < LARGEST_AREA).then_some(range.to),
        objects: wanted(area),
        ap: table.mean_precision(area, None),
        ap50: table.mean_precision(area, Some(0)),
    });
    let sizes = sizes.collect();
    let by_class = info.classes.iter().enumerate().map(|(class, name)| ClassFacts {
        name: name.clone(),
        objects: table.wanted(class, 0),
        ap: scores.classes[class].ap,
        ap50: scores.classes[class].ap50,
    });
    let by_class = by_class.collect();
    let voc = VocMatches::new(&grouped, VOC_OVERLAP)?;
    Ok(DetectionFacts {
        ap: scores.ap,
        ap50: scores.ap50,
        ar: scores.recalls.last().and_then(|recall| recall.ar),
        voc_ap50: voc.accumulate(VocInterpolation::AllPoints, None)?.map,
        voc07_ap50: voc.accumulate(VocInterpolation::ElevenPoints, None)?.map,
        objects: wanted(0),
        detections: list.len() as u64,
        sizes,
        classes: by_class,
    })
}

/// Writes detections: `offsets` i64 `[pictures + 1]`, `classes` i32, `scores` f32 and `boxes` f32 `[k, 4]`, corners in
/// pixels of the original pictures, those of a picture by falling score. And `resampled` f64: the task's own metric on
/// pictures drawn with replacement, the same draws for every network.
fn write(order: &Order, found: &Detections, resampled: &[f64]) -> anyhow::Result<()> {
    let count = found.classes.len();
    let offsets = found.offsets.iter().flat_map(|offset| (*offset as i64).to_le_bytes()).collect();
    let classes = found.classes.iter().flat_map(|class| (*class as i32).to_le_bytes()).collect();
    let scores = found.scores.iter().flat_map(|score| score.to_le_bytes()).collect();
    let boxes = found.boxes.iter().flatten().flat_map(|edge| edge.to_le_bytes()).collect();
    let metrics = resampled.iter().flat_map(|value| value.to_le_bytes()).collect();
    let tensors = BTreeMap::from([
        ("resampled".to_owned(), TensorData::new(Dtype::F64, vec![resampled.len()], metrics)?),
        ("offsets".to_owned(), TensorData::new(Dtype::I64, vec![found.offsets.len()], offsets)?),
        ("classes".to_owned(), TensorData::new(Dtype::I32, vec![count], classes)?),
        ("scores".to_owned(), TensorData::new(Dtype::F32, vec![count], scores)?),
        ("boxes".to_owned(), TensorData::new(Dtype::F32, vec![count, 4], boxes)?),
    ]);
    write_safetensors(&order.output("detections.safetensors"), &tensors, &BTreeMap::new())?;
    Ok(())
}
