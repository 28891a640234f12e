//! Detection: torchvision's loss, gradient and detections; views and colours of training; scoring.

use secateur_data::detection::{DetectionInfo, DetectionMetric, Object, Scenes};
use secateur_data::generated;
use secateur_engine::detection::{DetectionRules, Detections, Detector, SceneSet, detect, metric};
use secateur_engine::{
    Augmentation, Batches, Draw, Error, Examples, Model, NoHooks, Options, Pass, Position, Sgd, Streams,
    Trainer,
};
use secateur_network::{BoxMap, Builder, Network, Op, Window, zoo};
use secateur_suite::Recipe;
use serde_json::Value;
use tch::{Device, Kind, Tensor};

use crate::support::{Golden, alone, golden_json};

/// A network of nothing but predictors, with the default boxes of the golden file: average pools make the maps, so that
/// their shapes fit; what it predicts does not matter.
fn predictor(golden: &Value) -> Network {
    let side = golden["side"].as_f64().unwrap();
    let labels = golden["classes"].as_u64().unwrap() as usize + 1;
    let mut builder = Builder::new("predictor", [3, side as usize, side as usize]);
    let (mut maps, mut answers) = (Vec::new(), Vec::new());
    for (index, map) in golden["maps"].as_array().unwrap().iter().enumerate() {
        let number = |key: &str| map[key].as_f64().unwrap();
        let ratios = map["ratios"].as_array().unwrap().iter().map(|ratio| ratio.as_f64().unwrap());
        let map = BoxMap {
            step: number("step"),
            scale: number("scale"),
            next_scale: number("next_scale"),
            aspect_ratios: ratios.collect(),
        };
        let window = Window::square(map.step as usize, map.step as usize, 0);
        let pooled = builder.push(&format!("pool.{index}"), Op::AvgPool2d { window }, &[builder.input()]);
        for (name, numbers) in [("loc", 4), ("conf", labels)] {
            let op = Op::Conv2d {
                in_channels: 3,
                out_channels: map.kinds() * numbers,
                window: Window::square(1, 1, 0),
                groups: 1,
                bias: true,
            };
            answers.push(builder.push(&format!("{name}.{index}"), op, &[pooled]));
        }
        maps.push(map);
    }
    builder.push("boxes", Op::BoxPredictions { labels, side, maps }, &answers);
    builder.finish().unwrap()
}

/// The largest difference between two tensors.
fn difference(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    if a.numel() == 0 { 0.0 } else { (a - b).abs().max().double_value(&[]) }
}

#[test]
fn loss_and_gradient_are_torchvisions() {
    let _alone = alone();
    let (golden, tensors) = (golden_json("detection.json"), Golden::read("detection.safetensors"));
    let detector = Detector::of(&predictor(&golden), Device::Cpu).unwrap();
    let output = tensors.get("output").set_requires_grad(true);
    let target = tensors.get("target");
    let loss = detector.loss(&output, &target, 5, 0.0).unwrap();
    let expected = golden["localization"].as_f64().unwrap() + golden["classification"].as_f64().unwrap();
    assert!((loss.double_value(&[]) / expected - 1.0).abs() < 1e-6, "{loss:?} instead of {expected}");
    let gradient = Tensor::run_backward(&[&loss], &[&output], false, false).remove(0);
    assert!(difference(&gradient, &tensors.get("gradient")) < 1e-7);
    // Which picture's rows come first does not matter.
    let turned = Tensor::cat(&[target.narrow(0, 5, 1), target.narrow(0, 0, 5)], 0);
    let turned = detector.loss(&output, &turned, 5, 0.0).unwrap();
    assert!((turned.double_value(&[]) / expected - 1.0).abs() < 1e-6);
    // What a GPU is told instead of asking: any bound on the objects of a picture gives the same.
    let bound = detector.loss(&output, &target, 40, 0.0).unwrap();
    assert_eq!(loss.double_value(&[]), bound.double_value(&[]));
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is left out says why")]
fn loss_and_detections_on_a_gpu_are_those_on_a_cpu() {
    if !tch::Cuda::is_available() {
        eprintln!("left out: there is no CUDA device");
        return;
    }
    let (golden, tensors) = (golden_json("detection.json"), Golden::read("detection.safetensors"));
    let network = predictor(&golden);
    let pictures = golden["pictures"].as_u64().unwrap() as usize;
    let scenes = scenes(golden["side"].as_u64().unwrap() as usize, [64, 64], &vec![&[][..]; pictures]);
    let on = |device: Device| {
        let detector = Detector::of(&network, device).unwrap();
        let output = tensors.get("output").to_device(device).set_requires_grad(true);
        let loss = detector.loss(&output, &tensors.get("target").to_device(device), 5, 0.0).unwrap();
        let gradient = Tensor::run_backward(&[&loss], &[&output], false, false).remove(0);
        let set = SceneSet::new(&scenes, &info(3), &network, device).unwrap();
        let mut found = Detections::default();
        found.add(&set, &output.detach(), 0, &DetectionRules::default()).unwrap();
        (loss.to_device(Device::Cpu), gradient.to_device(Device::Cpu), found)
    };
    let (cpu, gpu) = (on(Device::Cpu), on(Device::Cuda(0)));
    assert!(difference(&cpu.0, &gpu.0) < 1e-4 && difference(&cpu.1, &gpu.1) < 1e-6);
    assert_eq!(cpu.2.offsets, gpu.2.offsets);
}

#[test]
fn default_boxes_and_what_they_stand_for_are_torchvisions() {
    let (golden, tensors) = (golden_json("detection.json"), Golden::read("detection.safetensors"));
    let detector = Detector::of(&predictor(&golden), Device::Cpu).unwrap();
    let (output, target) = (tensors.get("output"), tensors.get("target"));
    let found = detector.matched(&target, 5, Some(&output)).unwrap();
    let counts: Vec<i64> =
        golden["matched"].as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect();
    let pictures = Vec::<i64>::try_from(&found.pictures).unwrap();
    for (picture, count) in counts.iter().enumerate() {
        assert_eq!(pictures.iter().filter(|at| **at == picture as i64).count() as i64, *count);
    }
    let corners = tensors.get("corners");
    for row in 0..pictures.len() as i64 {
        let distance = (&corners - found.defaults.get(row)).abs().sum_dim_intlist(1, false, Kind::Float);
        assert!(distance.min().double_value(&[]) < 1e-3, "row {row} is no default box");
        let own =
            (target.narrow(1, 2, 4) - found.truths.get(row)).abs().sum_dim_intlist(1, false, Kind::Float);
        let object = own.argmin(0, false).int64_value(&[]);
        assert!(own.min().double_value(&[]) < 1e-3, "row {row} is no object");
        assert_eq!(target.double_value(&[object, 0]) as i64, pictures[row as usize]);
        assert_eq!(target.double_value(&[object, 1]) as i64, found.classes.int64_value(&[row]));
    }
    // Predicted boxes are decoded from the rows of the output that belong to these default boxes.
    let [offsets, _] = detector.split(&output).unwrap();
    let all = detector.decode(&offsets).unwrap();
    let predicted = found.predicted.unwrap();
    for (row, picture) in pictures.iter().enumerate() {
        let distance =
            (all.get(*picture) - predicted.get(row as i64)).abs().sum_dim_intlist(1, false, Kind::Float);
        let place = distance.argmin(0, false);
        assert_eq!(distance.min().double_value(&[]), 0.0);
        assert!(difference(&corners.get(place.int64_value(&[])), &found.defaults.get(row as i64)) < 1e-3);
    }
    assert!(detector.matched(&target, 5, None).unwrap().predicted.is_none());
    let nothing = detector.matched(&target.narrow(0, 0, 0), 5, None).unwrap();
    assert_eq!(nothing.defaults.size(), [0, 4]);
    assert!(matches!(detector.loss(&output.narrow(1, 1, 20), &target, 5, 0.0), Err(Error::Shape { .. })));
    assert!(matches!(detector.loss(&output, &target.narrow(1, 0, 5), 5, 0.0), Err(Error::Shape { .. })));
}

#[test]
fn a_batch_without_objects_has_no_loss_and_no_gradient() {
    let golden = golden_json("detection.json");
    let detector = Detector::of(&predictor(&golden), Device::Cpu).unwrap();
    let numbers = 4 + detector.labels();
    let output =
        Tensor::randn([2, detector.boxes(), numbers], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    let nothing = Tensor::zeros([0, 6], (Kind::Float, Device::Cpu));
    let loss = detector.loss(&output, &nothing, 3, 0.0).unwrap();
    let gradient = Tensor::run_backward(&[&loss], &[&output], false, false).remove(0);
    assert_eq!((loss.double_value(&[]), gradient.abs().max().double_value(&[])), (0.0, 0.0));
}

/// What a task with pictures of that side is.
fn info(classes: usize) -> DetectionInfo {
    DetectionInfo {
        id: "test/boxes".to_owned(),
        title: "Boxes".to_owned(),
        summary: "Boxes.".to_owned(),
        version: 1,
        classes: (0..classes).map(|class| format!("class {class}")).collect(),
        metric: DetectionMetric::VocAp50,
        size_borders: [100.0, 400.0],
        mean: vec![0.5; 3],
        std: vec![0.25; 3],
    }
}

/// Pictures of noise with the given original size and objects.
fn scenes(side: usize, size: [u32; 2], objects: &[&[Object]]) -> Scenes {
    let mut scenes = Scenes::empty([3, side, side]);
    for (index, objects) in objects.iter().enumerate() {
        scenes.names.push(format!("{index}"));
        scenes.sizes.push(size);
        objects.iter().for_each(|object| scenes.objects.push(*object));
        scenes.offsets.push(scenes.objects.len());
    }
    let length = objects.len() * 3 * side * side;
    scenes.pixels =
        (0..length).map(|index| ((index as u32).wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    scenes
}

#[test]
fn detections_are_torchvisions() {
    let _alone = alone();
    let (golden, tensors) = (golden_json("detection.json"), Golden::read("detection.safetensors"));
    let network = predictor(&golden);
    let side = golden["side"].as_f64().unwrap();
    let pictures = golden["pictures"].as_u64().unwrap() as usize;
    // Pictures twice as wide and three times as high as the network's input: boxes must come back in their pixels.
    let size = [2 * side as u32, 3 * side as u32];
    let scenes = scenes(side as usize, size, &vec![&[][..]; pictures]);
    let set = SceneSet::new(&scenes, &info(3), &network, Device::Cpu).unwrap();
    let mut found = Detections::default();
    found.add(&set, &tensors.get("output"), 0, &DetectionRules::default()).unwrap();
    assert_eq!(found.pictures(), pictures);
    let mut limited = 0;
    for picture in 0..pictures {
        let range = found.offsets[picture]..found.offsets[picture + 1];
        let expected = golden["found"][picture].as_u64().unwrap() as usize;
        assert_eq!(range.len(), expected, "picture {picture}");
        limited += usize::from(expected == 200);
        let (scores, boxes, labels) = (
            tensors.get(&format!("scores.{picture}")),
            tensors.get(&format!("boxes.{picture}")),
            tensors.get(&format!("labels.{picture}")),
        );
        for (row, index) in range.enumerate() {
            let row = row as i64;
            assert!((f64::from(found.scores[index]) - scores.double_value(&[row])).abs() < 1e-6);
            assert_eq!(
                f64::from(found.classes[index]) + 1.0,
                labels.double_value(&[row]),
                "picture {picture}, {row}"
            );
            for (edge, factor) in [2.0, 3.0, 2.0, 3.0].into_iter().enumerate() {
                let expected = factor * boxes.double_value(&[row, edge as i64]);
                assert!((f64::from(found.boxes[index][edge]) - expected).abs() < 1e-3);
            }
        }
    }
    assert!(limited > 0 && limited < pictures, "both the limit and fewer detections are covered");
}

/// A small detector and a set of generated pictures for it.
fn figures(count: usize) -> (SceneSet, std::sync::Arc<Network>) {
    let task = generated::generate_detection_first("generated/figures", 3, 64, count).unwrap();
    let options =
        zoo::Options { width: Some(0.25), classes: Some(task.info.classes.len()), input: Some([3, 64, 64]) };
    let network = std::sync::Arc::new(zoo::build("ssd-small", &options).unwrap());
    (SceneSet::new(&task.train, &task.info, &network, Device::Cpu).unwrap(), network)
}

#[test]
fn a_view_of_the_whole_picture_is_the_picture() {
    let (set, _) = figures(6);
    let plain = set.gather(&[4, 1]).unwrap();
    // An expansion of 1 is drawn, but changes nothing, so that the path of views is taken.
    let augmentation = Augmentation { expand: 1.0, ..Augmentation::default() };
    let draw = Draw { indices: &[4, 1], augmentation, streams: Streams::new(0), batch: 3 };
    let seen = set.draw(&draw).unwrap();
    assert!(difference(&plain.0, &seen.0) < 1e-4);
    assert!(difference(&plain.1, &seen.1) < 1e-4);
    assert_eq!(plain.1.size()[1], 6);
}

#[test]
fn views_and_boxes_move_together() {
    // One bright square on black; wherever a view puts it, its box must be around it.
    let side = 64;
    let object = Object::new(0, [40.0, 24.0, 72.0, 60.0]);
    let mut scenes = scenes(side, [128, 96], &[&[object]]);
    for (index, value) in scenes.pixels.iter_mut().enumerate() {
        let (x, y) = (index % side, index / side % side);
        // The packed square: 40..72 of 128 is 20..36 of 64, and 24..60 of 96 is 16..40 of 64.
        *value = if (20..36).contains(&x) && (16..40).contains(&y) { 255 } else { 0 };
    }
    let golden = golden_json("detection.json");
    let set = SceneSet::new(&scenes, &info(3), &predictor(&golden), Device::Cpu).unwrap();
    let augmentation = Augmentation { crop: true, expand: 3.0, flip: true, ..Augmentation::default() };
    let (mut moved, mut mirrored) = (0, 0);
    for batch in 0..60 {
        let draw = Draw { indices: &[0], augmentation, streams: Streams::new(9), batch };
        let (picture, target) = set.draw(&draw).unwrap();
        assert_eq!(target.size(), [1, 6]);
        // White is 2, the filling 0, black -2.
        let bright = picture.get(0).get(0).gt(1.0);
        let edges: Vec<f64> = (2..6).map(|column| target.double_value(&[0, column])).collect();
        for (axis, low, high) in [(0, edges[0], edges[2]), (1, edges[1], edges[3])] {
            let places = bright.any_dim(axis, false).nonzero().view([-1]);
            if places.numel() == 0 {
                // Too thin to be seen at the edge of a view.
                assert!(high - low < 3.0);
                continue;
            }
            let (first, last) = (places.min().double_value(&[]), places.max().double_value(&[]) + 1.0);
            assert!(
                (first - low).abs() < 1.5 && (last - high).abs() < 1.5,
                "{low}..{high} is seen at {first}..{last}"
            );
        }
        moved += usize::from((edges[0] - 20.0).abs() > 1.0);
        mirrored += usize::from((edges[0] - 28.0).abs() < 1e-3 && (edges[2] - 44.0).abs() < 1e-3);
        let again = set.draw(&draw).unwrap();
        assert_eq!(difference(&picture, &again.0), 0.0);
    }
    assert!(moved > 40 && mirrored > 0, "{moved} {mirrored}");
}

#[test]
fn crowds_are_not_learned_and_difficult_objects_are() {
    let objects = [
        Object { crowd: true, ..Object::new(2, [0.0, 0.0, 60.0, 60.0]) },
        Object { difficult: true, ..Object::new(1, [8.0, 8.0, 24.0, 24.0]) },
        Object::new(0, [30.0, 30.0, 50.0, 50.0]),
    ];
    let golden = golden_json("detection.json");
    let scenes = scenes(64, [64, 64], &[&objects, &[]]);
    let set = SceneSet::new(&scenes, &info(3), &predictor(&golden), Device::Cpu).unwrap();
    let (_, target) = set.gather(&[1, 0]).unwrap();
    let expected = [1.0, 1.0, 8.0, 8.0, 24.0, 24.0, 1.0, 0.0, 30.0, 30.0, 50.0, 50.0].map(|value: f32| value);
    assert_eq!(Vec::<f32>::try_from(target.view([-1])).unwrap(), expected);
    assert_eq!(set.truths().len(), 3);
    assert_eq!(set.classes_of_pictures().unwrap(), vec![vec![0, 1], vec![]]);
    assert!(set.gather(&[2]).is_err());
}

#[test]
fn networks_recipes_and_tasks_that_do_not_go_together_are_refused() {
    let (set, network) = figures(4);
    let task = generated::generate_detection_first("generated/figures", 3, 64, 4).unwrap();
    let classifier =
        zoo::build("resnet8", &zoo::Options { input: Some([3, 64, 64]), ..Default::default() }).unwrap();
    let error = SceneSet::new(&task.train, &task.info, &classifier, Device::Cpu).unwrap_err();
    assert!(error.to_string().contains("resnet8 predicts no boxes"), "{error}");
    let other = zoo::Options { width: Some(0.25), classes: Some(2), input: Some([3, 64, 64]) };
    let error =
        SceneSet::new(&task.train, &task.info, &zoo::build("ssd-small", &other).unwrap(), Device::Cpu);
    assert!(error.unwrap_err().to_string().contains("6 classes"));
    let other = zoo::Options { width: Some(0.25), classes: Some(6), input: Some([3, 96, 96]) };
    assert!(
        SceneSet::new(&task.train, &task.info, &zoo::build("ssd-small", &other).unwrap(), Device::Cpu)
            .is_err()
    );
    let shift = Augmentation { shift: 2, ..Augmentation::default() };
    assert!(Batches::new(&set, Streams::new(0), 2, shift).unwrap_err().to_string().contains("`shift`"));
    let crop = Augmentation { crop: true, ..Augmentation::default() };
    let error = Batches::new(&crate::support::small_set(8), Streams::new(0), 2, crop).unwrap_err();
    assert!(error.to_string().contains("for detection"), "{error}");
    let empty = SceneSet::new(&Scenes::empty([3, 64, 64]), &task.info, &network, Device::Cpu).unwrap();
    let model = Model::new(network, Options::default(), &Streams::new(0)).unwrap();
    assert!(detect(&model, &empty, &DetectionRules::default()).is_err());
}

#[test]
fn detections_of_all_objects_are_perfect_and_swapped_classes_are_not() {
    let (set, _) = figures(20);
    let found = |swap: u32| {
        let mut found = Detections::default();
        for picture in 0..set.len() {
            for truth in set.truths().iter().filter(|truth| truth.image as usize == picture) {
                let bbox = truth.bbox;
                found.classes.push((truth.class + swap) % 6);
                found.scores.push(0.9);
                found.boxes.push([bbox.x1, bbox.y1, bbox.x2, bbox.y2].map(|edge| edge as f32));
            }
            found.offsets.push(found.classes.len());
        }
        found
    };
    assert_eq!(metric(&set, &found(0)).unwrap(), 1.0);
    assert!(metric(&set, &found(1)).unwrap() < 0.1);
}

#[test]
fn a_detector_learns_and_training_repeats_to_the_bit() {
    let _alone = alone();
    let (set, network) = figures(48);
    let recipe = Recipe { flip: true, photometric: true, warmup: 0.1, ..Recipe::new(8, 0.02) };
    let train = || {
        let model = Model::new(network.clone(), Options::default(), &Streams::new(1)).unwrap();
        let sgd = Sgd::new(&recipe, model.params().len());
        let trainer =
            Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(2) };
        let first = trainer.train(Position::start(60), 6, &[], &mut NoHooks).unwrap();
        let at = Position { batch: 6, schedule_step: 6, ..Position::start(60) };
        let last = trainer.train(at, 54, &[], &mut NoHooks).unwrap();
        (first.loss, last.loss, set.score(&model).unwrap(), model)
    };
    let (first, last, score, model) = train();
    assert!(last < 0.75 * first, "{first} {last}");
    let (input, _) = set.gather(&[0]).unwrap();
    let output = model.forward(&input, &Pass::default()).unwrap();
    assert_eq!(output.size(), [1, set.detector().boxes(), 4 + set.detector().labels()]);
    let again = train();
    assert_eq!((first, last, score), (again.0, again.1, again.2));
}
