//! Contrastive pre-training: MoCo's memory, and sets that train like all others.

use std::sync::Arc;

use secateur_engine::contrast::{ContrastSet, Views};
use secateur_engine::{
    Augmentation, Batches, DeviceSet, Draw, Error, Examples, Model, NoHooks, Options, Pass, Position,
    Precision, Sgd, State, Streams, Trainer, recalibrate, to_tensor, to_tensor_data,
};
use secateur_network::{Builder, Network, Op, Window, zoo};
use secateur_suite::{Contrast, Recipe, Schedule};
use tch::{Device, Kind, Tensor};

use crate::support::{Golden, alone, assert_close, pictures, recipe, same, small_network, small_set, task};

const GOLDEN: &str = "../../../../tests/golden/contrast/golden.safetensors";
const SIMCLR: Contrast = Contrast::Simclr { temperature: 0.5 };
const MOCO: Contrast = Contrast::MocoV2 { temperature: 0.2, queue: 48, momentum: 0.9 };

fn number(golden: &Golden, name: &str) -> f64 {
    golden.get(name).double_value(&[])
}

/// A small network that ends in a projection.
fn projected() -> Arc<Network> {
    Arc::new(small_network().projected(None, 6).unwrap())
}

fn model(seed: u64) -> Model {
    Model::new(projected(), Options::default(), &Streams::new(seed)).unwrap()
}

fn contrastive(contrast: Contrast) -> Recipe {
    Recipe { contrast: Some(contrast), label_smoothing: 0.0, ..recipe() }
}

fn set<'m>(model: &'m Model, contrast: Contrast, pictures: usize) -> ContrastSet<'m> {
    ContrastSet::new(Box::new(small_set(pictures)), &contrastive(contrast), model, Streams::new(5)).unwrap()
}

/// Views that were made elsewhere: one batch after the other, whatever pictures are asked for.
#[derive(Debug)]
struct Given(Vec<Tensor>);

impl Views for Given {
    fn count(&self) -> usize {
        2 * self.0.len()
    }

    fn check(&self, _: &Augmentation) -> secateur_engine::Result<()> {
        Ok(())
    }

    fn views(&self, draw: &Draw<'_>) -> secateur_engine::Result<Tensor> {
        Ok(self.0[draw.batch as usize].shallow_clone())
    }
}

/// The network of the golden case `moco`.
fn moco_network() -> Arc<Network> {
    let mut builder = Builder::new("moco", [3, 2, 2]);
    let conv = Op::Conv2d {
        in_channels: 3,
        out_channels: 3,
        window: Window::square(1, 1, 0),
        groups: 1,
        bias: false,
    };
    let input = builder.input();
    let conv = builder.push("conv", conv, &[input]);
    let norm = builder.push("norm", Op::BatchNorm2d { channels: 3, eps: 1e-5, momentum: 0.1 }, &[conv]);
    let relu = builder.push("relu", Op::Relu, &[norm]);
    let pool = builder.push("pool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[relu]);
    let flat = builder.push("flatten", Op::Flatten, &[pool]);
    builder.push("fc", Op::Linear { in_features: 3, out_features: 2, bias: true }, &[flat]);
    Arc::new(builder.finish().unwrap().projected(Some(6), 3).unwrap())
}

#[test]
fn mocos_average_and_queue_follow_the_paper_step_by_step() {
    let _alone = alone();
    let golden = Golden::read(GOLDEN);
    let steps = 6;
    let recipe = Recipe {
        momentum: 0.9,
        schedule: Schedule::Constant,
        contrast: Some(Contrast::MocoV2 { temperature: 0.2, queue: 5, momentum: 0.8 }),
        ..Recipe::new(2, 0.5)
    };
    let options = Options { precision: Precision::F64, ..Options::default() };
    let model = Model::new(moco_network(), options, &Streams::new(0)).unwrap();
    for spec in model.network().params() {
        model.set_param(spec.id, &golden.get(&format!("moco/before/{}", spec.name))).unwrap();
    }
    let views = (0..steps).map(|step| golden.get(&format!("moco/{step}/views"))).collect();
    let set = ContrastSet::new(Box::new(Given(views)), &recipe, &model, Streams::new(0)).unwrap();
    let memory = set.memory().expect("MoCo remembers");
    // It begins as a copy of the network; only the queue is given.
    drop(set.gather(&[0, 1]).unwrap());
    let mut tensors = memory.to_tensors().unwrap();
    for spec in model.network().params() {
        let copy = to_tensor(&tensors[&format!("contrast.key.{}", spec.name)]).unwrap();
        assert!(same(&copy, model.param(spec.id)), "{}", spec.name);
    }
    tensors.insert("contrast.queue".to_owned(), to_tensor_data(&golden.get("moco/queue")).unwrap());
    memory.restore(&tensors).unwrap();

    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(0) };
    for step in 0..steps {
        let position = Position { batch: step, schedule_step: step, ..Position::start(steps) };
        let before = memory.to_tensors().unwrap();
        for spec in model.network().params() {
            let average = to_tensor(&before[&format!("contrast.key.{}", spec.name)]).unwrap();
            let expected = golden.get(&format!("moco/{step}/average-that-encoded/{}", spec.name));
            assert_close(&average, &expected, 1e-6, &format!("{step}: average of {}", spec.name));
        }
        let summary = trainer.train(position, 1, &[], &mut NoHooks).unwrap();
        let expected = number(&golden, &format!("moco/{step}/loss"));
        assert!((summary.loss - expected).abs() < 1e-6, "{step}: {} for {expected}", summary.loss);
        for spec in model.network().params() {
            let expected = golden.get(&format!("moco/{step}/query/{}", spec.name));
            assert_close(model.param(spec.id), &expected, 1e-6, &format!("{step}: {}", spec.name));
        }
        let after = memory.to_tensors().unwrap();
        let queue = to_tensor(&after["contrast.queue"]).unwrap();
        assert_close(&queue, &golden.get(&format!("moco/{step}/queue")), 1e-6, &format!("{step}: queue"));
        let next = to_tensor(&after["contrast.next"]).unwrap().int64_value(&[0]);
        assert_eq!(next, golden.get(&format!("moco/{step}/oldest")).int64_value(&[]), "{step}");
    }
}

#[test]
fn a_queue_begins_with_random_directions_of_its_stream() {
    let _alone = alone();
    let model = model(0);
    let queue = |seed| {
        let recipe = Recipe {
            contrast: Some(Contrast::MocoV2 { temperature: 0.2, queue: 4000, momentum: 0.9 }),
            ..recipe()
        };
        let set = ContrastSet::new(Box::new(small_set(8)), &recipe, &model, Streams::new(seed)).unwrap();
        drop(set.gather(&[0, 1]).unwrap());
        to_tensor(&set.memory().unwrap().to_tensors().unwrap()["contrast.queue"]).unwrap()
    };
    let directions = queue(0);
    assert!(same(&directions, &queue(0)));
    assert!(!same(&directions, &queue(1)));
    assert_eq!(directions.size(), [4000, 6]);
    let lengths = directions.norm_scalaropt_dim(2.0, [1_i64].as_slice(), false);
    assert_close(&lengths, &lengths.ones_like(), 1e-6, "lengths");
    // On a sphere in six dimensions each coordinate has mean 0 and mean square 1/6, its fourth power the mean 3 / (6 * 8); the
    // allowances are five standard deviations of means over 4000 directions.
    let means = directions.mean_dim([0_i64].as_slice(), false, Kind::Double);
    let squares = directions.square().mean_dim([0_i64].as_slice(), false, Kind::Double);
    let fourth = directions.pow_tensor_scalar(4).mean_dim([0_i64].as_slice(), false, Kind::Double);
    assert!(means.abs().max().double_value(&[]) < 5.0 * (1.0_f64 / 6.0 / 4000.0).sqrt(), "{means:?}");
    assert!((squares - 1.0 / 6.0).abs().max().double_value(&[]) < 5.0 * 0.186 / 4000_f64.sqrt());
    assert!((fourth - 3.0 / 48.0).abs().max().double_value(&[]) < 5.0 * 0.125 / 4000_f64.sqrt());
}

#[test]
fn batches_are_views_with_numbers_or_with_keys() {
    let _alone = alone();
    let model = model(0);
    let (simclr, moco) = (set(&model, SIMCLR, 40), set(&model, MOCO, 40));
    assert_eq!((simclr.len(), moco.len()), (40, 40));
    assert!(simclr.memory().is_none() && moco.memory().is_some());
    let augmentation = Augmentation::of(&recipe());
    let first =
        |set: &ContrastSet<'_>| Batches::new(set, Streams::new(3), 16, augmentation).unwrap().get(0).unwrap();
    let (views, numbers) = first(&simclr);
    assert_eq!((views.size(), numbers.size()), (vec![32, 3, 8, 8], vec![16]));
    let mut seen = Vec::<i64>::try_from(&numbers).unwrap();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 16);
    assert!(!same(&views.narrow(0, 0, 16), &views.narrow(0, 16, 16)), "both views are the same");
    // The same draw gives the same views to both, and keys of unit length that nothing is differentiated through.
    let (queries, keys) = first(&moco);
    assert!(same(&queries, &views.narrow(0, 0, 16)));
    assert_eq!(keys.size(), [16, 6]);
    assert!(!keys.requires_grad());
    let lengths = keys.norm_scalaropt_dim(2.0, [1_i64].as_slice(), false);
    assert_close(&lengths, &lengths.ones_like(), 1e-6, "lengths");
    // At first the encoder is the network, and making keys changes neither.
    let expected = model.forward(
        &views.narrow(0, 16, 16),
        &Pass { train: true, norm_momentum: Some(0.0), ..Pass::default() },
    );
    let expected = expected.unwrap();
    assert_close(
        &keys,
        &(&expected / expected.norm_scalaropt_dim(2.0, [1_i64].as_slice(), true)),
        1e-6,
        "keys",
    );
    assert!(same(&first(&moco).1, &keys));
    // Calibration sees the same views every time.
    assert!(same(&simclr.gather(&[3, 4]).unwrap().0, &simclr.gather(&[3, 4]).unwrap().0));
}

/// Calibration has libtorch's generators in a method's hands: where there is dropout, keys draw nothing from them.
#[test]
fn calibration_draws_nothing() {
    let _alone = alone();
    let options = zoo::Options { width: Some(0.25), classes: Some(4), input: Some([3, 32, 32]) };
    let network = zoo::build("mobilenet_v2", &options).unwrap().projected(None, 6).unwrap();
    assert!(network.nodes().iter().any(|node| matches!(node.op, Op::Dropout { .. })));
    let model = Model::new(Arc::new(network), Options::default(), &Streams::new(1)).unwrap();
    let pictures = pictures(20, [3, 32, 32], 4);
    let views = Box::new(DeviceSet::new(&pictures, &task(3, 4), Device::Cpu).unwrap());
    let data = ContrastSet::new(views, &contrastive(MOCO), &model, Streams::new(5)).unwrap();
    tch::manual_seed(3);
    let first = data.gather(&[1, 2, 3]).unwrap().1;
    let drawn = Tensor::rand([4], (Kind::Float, Device::Cpu));
    assert!(same(&first, &data.gather(&[1, 2, 3]).unwrap().1));
    tch::manual_seed(3);
    assert!(same(&drawn, &Tensor::rand([4], (Kind::Float, Device::Cpu))));
}

#[test]
fn what_a_trainer_sums_up_is_what_the_losses_say() {
    let _alone = alone();
    for contrast in [SIMCLR, MOCO] {
        let recipe = contrastive(contrast);
        let model = model(1);
        let data = set(&model, contrast, 40);
        let batches = Batches::new(&data, Streams::new(4), 16, Augmentation::of(&recipe)).unwrap();
        let (input, target) = batches.get(0).unwrap();
        let before = State::of(&model, None);
        let output = model.forward(&input, &Pass { train: true, ..Pass::default() }).unwrap();
        let loss = data.loss(&output, &target, 0.0).unwrap().double_value(&[]);
        let right = data.loss_and_right(&output, &target, 0.0).unwrap().1.double_value(&[]);
        before.restore(&model, None).unwrap();
        let sgd = Sgd::new(&recipe, model.params().len());
        let trainer =
            Trainer { model: &model, sgd: &sgd, data: &data, recipe: &recipe, streams: Streams::new(4) };
        let summary = trainer.train(Position::start(10), 1, &[], &mut NoHooks).unwrap();
        assert!((summary.loss - loss).abs() < 1e-6, "{contrast:?}");
        assert!((summary.accuracy - right / 16.0).abs() < 1e-12, "{contrast:?}");
    }
}

/// Pictures of one colour each, whose views are brighter or darker by far more than colours differ.
#[derive(Debug)]
struct Colours(Tensor);

impl Colours {
    fn new(count: i64) -> Self {
        Streams::new(0).seed_torch("colours", 0);
        Self(Tensor::randn([count, 3, 1, 1], (Kind::Float, Device::Cpu)))
    }
}

impl Views for Colours {
    fn count(&self) -> usize {
        self.0.size()[0] as usize
    }

    fn check(&self, _: &Augmentation) -> secateur_engine::Result<()> {
        Ok(())
    }

    fn views(&self, draw: &Draw<'_>) -> secateur_engine::Result<Tensor> {
        draw.streams.seed_torch("views", draw.batch);
        let count = 2 * draw.indices.len() as i64;
        let colours = self.0.index_select(0, &Tensor::from_slice(draw.indices)).repeat([2, 1, 8, 8]);
        let brightness = Tensor::randn([count, 1, 1, 1], (Kind::Float, Device::Cpu)) * 3.0;
        Ok(colours + brightness + Tensor::randn([count, 3, 8, 8], (Kind::Float, Device::Cpu)) * 0.1)
    }
}

#[test]
fn training_without_labels_learns_to_retrieve() {
    let _alone = alone();
    // An average that follows too fast loses what it should be an average of (arXiv 1911.05722, section 4.1).
    let slow = Contrast::MocoV2 { temperature: 0.2, queue: 64, momentum: 0.99 };
    for (contrast, lr, steps) in [(SIMCLR, 0.1, 150), (slow, 0.03, 300)] {
        let recipe = Recipe { lr, ..contrastive(contrast) };
        let model = model(2);
        let set = ContrastSet::new(Box::new(Colours::new(64)), &recipe, &model, Streams::new(5)).unwrap();
        let before = set.score(&model).unwrap();
        let sgd = Sgd::new(&recipe, model.params().len());
        let trainer =
            Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(4) };
        let summary = trainer.train(Position::start(steps), steps, &[], &mut NoHooks).unwrap();
        assert!((0.0..=1.0).contains(&summary.accuracy));
        let after = set.score(&model).unwrap();
        assert!(after.loss < before.loss, "{contrast:?}: {before:?} {after:?}");
        // Chance is one in 31.
        assert!(after.metric > before.metric + 0.2, "{contrast:?}: {before:?} {after:?}");
        assert_eq!(set.score(&model).unwrap(), after);
    }
}

#[test]
fn a_resumed_contrastive_training_ends_in_the_same_bits() {
    let _alone = alone();
    for contrast in [SIMCLR, MOCO] {
        let recipe = contrastive(contrast);
        let train = |model: &Model, set: &ContrastSet<'_>, sgd: &Sgd, from: u64, steps: u64| {
            let trainer = Trainer { model, sgd, data: set, recipe: &recipe, streams: Streams::new(3) };
            let position = Position { batch: from, schedule_step: from, ..Position::start(10) };
            trainer.train(position, steps, &[], &mut NoHooks).unwrap();
        };
        let everything = |model: &Model, set: &ContrastSet<'_>, sgd: &Sgd| {
            let mut tensors = State::of(model, Some(sgd)).to_tensors(model).unwrap();
            if let Some(memory) = set.memory() {
                tensors.extend(memory.to_tensors().unwrap());
            }
            tensors
        };
        let mask_a_half = |model: &Model| {
            let mask = model.param(model.network().params()[0].id).detach().gt(0.0);
            model.set_mask(model.network().params()[0].id, Some(&mask)).unwrap();
        };
        let whole = model(0);
        mask_a_half(&whole);
        let (whole_set, whole_sgd) = (set(&whole, contrast, 40), Sgd::new(&recipe, whole.params().len()));
        train(&whole, &whole_set, &whole_sgd, 0, 10);

        let first = model(0);
        mask_a_half(&first);
        let (first_set, first_sgd) = (set(&first, contrast, 40), Sgd::new(&recipe, first.params().len()));
        train(&first, &first_set, &first_sgd, 0, 4);
        let saved = everything(&first, &first_set, &first_sgd);

        let second = model(99);
        let (second_set, second_sgd) = (set(&second, contrast, 40), Sgd::new(&recipe, second.params().len()));
        State::from_tensors(&second, &saved).unwrap().restore(&second, Some(&second_sgd)).unwrap();
        if let Some(memory) = second_set.memory() {
            memory.restore(&saved).unwrap();
        }
        assert!(everything(&second, &second_set, &second_sgd) == saved, "{contrast:?}");
        train(&second, &second_set, &second_sgd, 4, 6);
        let expected = everything(&whole, &whole_set, &whole_sgd);
        let found = everything(&second, &second_set, &second_sgd);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (name, tensor) in &expected {
            assert!(&found[name] == tensor, "{contrast:?}: `{name}`");
        }
        assert_eq!(expected.contains_key("contrast.queue"), contrast == MOCO);
    }
}

#[test]
fn a_new_training_forgets_and_begins_from_the_weights_as_they_are() {
    let _alone = alone();
    let recipe = contrastive(MOCO);
    let model = model(0);
    let set = set(&model, MOCO, 40);
    let memory = set.memory().unwrap();
    assert!(memory.to_tensors().unwrap().is_empty(), "there was no batch yet");
    let start = State::of(&model, None);
    let train = || {
        let sgd = Sgd::new(&recipe, model.params().len());
        let trainer =
            Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(3) };
        trainer.train(Position::start(5), 5, &[], &mut NoHooks).unwrap();
        (State::of(&model, None).to_tensors(&model).unwrap(), memory.to_tensors().unwrap())
    };
    let first = train();
    start.restore(&model, None).unwrap();
    let remembering = train();
    assert!(remembering.0 != first.0, "the queue changes nothing");
    start.restore(&model, None).unwrap();
    memory.begin();
    assert!(train() == first);
    // An interrupted training that had no batch yet has nothing to restore.
    memory.restore(&start.to_tensors(&model).unwrap()).unwrap();
    assert!(memory.to_tensors().unwrap().is_empty());
}

#[test]
fn a_damaged_memory_is_refused_and_changes_nothing() {
    let _alone = alone();
    let model = model(0);
    let set = set(&model, MOCO, 40);
    let memory = set.memory().unwrap();
    drop(set.gather(&[0, 1]).unwrap());
    let good = memory.to_tensors().unwrap();
    let refused = |change: &dyn Fn(&mut secateur_checkpoint::Tensors)| {
        let mut bad = good.clone();
        change(&mut bad);
        let error = memory.restore(&bad).unwrap_err();
        assert!(memory.to_tensors().unwrap() == good);
        error
    };
    let lost = refused(&|tensors| drop(tensors.remove("contrast.queue")));
    assert!(matches!(&lost, Error::MissingTensor(name) if name == "contrast.queue"), "{lost}");
    let lost = refused(&|tensors| drop(tensors.remove("contrast.key.projection.0.bias")));
    assert!(
        matches!(&lost, Error::MissingTensor(name) if name == "contrast.key.projection.0.bias"),
        "{lost}"
    );
    let short = refused(&|tensors| {
        tensors.insert(
            "contrast.queue".to_owned(),
            to_tensor_data(&Tensor::zeros([47, 6], (Kind::Float, Device::Cpu))).unwrap(),
        );
    });
    assert!(matches!(&short, Error::Shape { .. }), "{short}");
    let outside = refused(&|tensors| {
        tensors.insert("contrast.next".to_owned(), to_tensor_data(&Tensor::from_slice(&[48_i64])).unwrap());
    });
    assert!(matches!(&outside, Error::Data(text) if text.contains("no place in a queue of 48")), "{outside}");
}

#[test]
fn an_average_of_masked_networks_is_masked() {
    let _alone = alone();
    let recipe = contrastive(MOCO);
    let model = model(0);
    let id = model.network().params()[0].id;
    let set = set(&model, MOCO, 40);
    // The mask comes after the set was made, as a method's does.
    let mask = model.param(id).detach().gt(0.0);
    model.set_mask(id, Some(&mask)).unwrap();
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(3) };
    trainer.train(Position::start(5), 5, &[], &mut NoHooks).unwrap();
    let name = format!("contrast.key.{}", model.network().params()[0].name);
    let average = to_tensor(&set.memory().unwrap().to_tensors().unwrap()[&name]).unwrap();
    assert_eq!((average * mask.logical_not()).abs().max().double_value(&[]), 0.0);
}

#[test]
fn sets_without_labels_calibrate_and_recalibrate() {
    let _alone = alone();
    let model = model(0);
    for contrast in [SIMCLR, MOCO] {
        let set = set(&model, contrast, 40);
        assert!(set.classes_of_pictures().unwrap().iter().all(|classes| classes == &[0]));
        assert_eq!(set.classes_of_pictures().unwrap().len(), 40);
        let before = State::of(&model, None).to_tensors(&model).unwrap();
        recalibrate(&model, &set, 40, &Streams::new(0)).unwrap();
        let after = State::of(&model, None).to_tensors(&model).unwrap();
        let changed: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
        assert!(!changed.is_empty() && changed.iter().all(|name| name.contains("running_")), "{changed:?}");
        // A criterion's gradients come from fixed views.
        let gradients = || {
            let (input, target) = set.gather(&[0, 7, 9]).unwrap();
            let output = model.forward(&input, &Pass::default()).unwrap();
            model.zero_grad();
            model.backward(&set.loss(&output, &target, 0.0).unwrap(), &[]).unwrap();
            model.grad(model.network().params()[0].id).unwrap()
        };
        assert!(gradients().abs().max().double_value(&[]) > 0.0);
        assert!(same(&gradients(), &gradients()));
    }
}

#[test]
fn objectives_and_networks_must_fit_together() {
    let _alone = alone();
    let (projected, classifier) = (model(0), crate::support::small_model(0));
    let made = |recipe: &Recipe, model| {
        ContrastSet::new(Box::new(small_set(8)), recipe, model, Streams::new(0))
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    let error = made(&contrastive(SIMCLR), &classifier);
    assert!(error.contains("ends in a classifier; give it a `projection`"), "{error}");
    let error = made(&recipe(), &projected);
    assert!(error.contains("the recipe has no `contrast`"), "{error}");
    let error = made(&Recipe { photometric: true, ..contrastive(SIMCLR) }, &projected);
    assert!(error.contains("`photometric`"), "{error}");
    // One picture cannot be told from others.
    let error = set(&projected, SIMCLR, 1).score(&projected).unwrap_err().to_string();
    assert!(error.contains("1 pictures are too few"), "{error}");
    // A batch that is not of this set.
    let simclr = set(&projected, SIMCLR, 8);
    let output = Tensor::zeros([6, 6], (Kind::Float, Device::Cpu));
    let error = simclr.loss(&output, &Tensor::zeros([2], (Kind::Int64, Device::Cpu)), 0.0).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    let moco = set(&projected, MOCO, 8);
    let keys = Tensor::zeros([2, 6], (Kind::Float, Device::Cpu));
    assert!(matches!(moco.loss(&output, &keys, 0.0), Err(Error::Shape { .. })));
    let memory = moco.memory().unwrap();
    assert!(matches!(
        memory.after_step(&Tensor::zeros([2, 5], (Kind::Float, Device::Cpu))),
        Err(Error::Shape { .. })
    ));
    assert!(matches!(
        memory.after_step(&Tensor::zeros([49, 6], (Kind::Float, Device::Cpu))),
        Err(Error::Shape { .. })
    ));
}
