use serde_json::json;

use super::*;

impl Rates {
    /// Speeds of which only these are known.
    pub(in super::super) fn committed(text: &str) -> Self {
        Self { stored: BTreeMap::new(), committed: read(text).unwrap(), layout: "channels-last".to_owned() }
    }
}

fn kind(network: &str, side: u32) -> Kind {
    Kind { network: network.to_owned(), width: "1".to_owned(), side, views: false }
}

fn environment() -> Environment {
    serde_json::from_value(json!({
        "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
    }))
    .unwrap()
}

#[test]
fn the_committed_measurements_are_of_machines_and_days() {
    let lines = read(MEASURED).unwrap();
    assert!(!lines.is_empty());
    for line in lines {
        let built = secateur_network::zoo::build(&line.network, &secateur_network::zoo::Options::default());
        assert!(built.is_ok(), "{line:?}");
        let date: Vec<&str> = line.date.split('-').collect();
        assert!(date.len() == 3 && date.iter().all(|part| part.parse::<u32>().is_ok()), "{line:?}");
        assert!(
            !line.machine.is_empty() && !line.how.is_empty() && (1..=2).contains(&line.views),
            "{line:?}"
        );
        assert!(["cpu", "cuda"].contains(&line.device_class.as_str()), "{line:?}");
    }
    let error = read("network,width\nresnet50,1\n").unwrap_err().to_string();
    assert!(error.contains("missing field"), "{error}");
}

#[test]
fn the_nearest_batch_of_the_right_kind_is_taken() {
    let rates = Rates::committed(
        "network,width,side,views,batch,device_class,threads,precision,layout,step_seconds,machine,date,how\n\
         resnet50,1,224,1,8,cpu,1,f32,channels-last,2,here,2026-11-28,by hand\n\
         resnet50,1,224,1,64,cpu,1,f32,channels-last,32,here,2026-11-28,by hand\n\
         resnet50,1,224,2,64,cpu,1,f32,channels-last,64,here,2026-11-28,by hand\n",
    );
    let speed = |batch| rates.rate(&kind("resnet50", 224), batch).unwrap().pictures_per_second;
    assert_eq!((speed(1), speed(8), speed(16), speed(32), speed(256)), (4.0, 4.0, 4.0, 2.0, 2.0));
    let views = Kind { views: true, ..kind("resnet50", 224) };
    assert_eq!(rates.rate(&views, 8).unwrap().pictures_per_second, 1.0);
    let source = rates.rate(&kind("resnet50", 224), 8).unwrap().source;
    assert_eq!(source, "measured 2026-11-28 on here (benchmarks/step-times.csv)");
    // Who lays out numbers otherwise is told so, and takes a measurement of the own layout first, if there is one.
    let mut contiguous = Rates { layout: "contiguous".to_owned(), ..rates };
    let source = contiguous.rate(&kind("resnet50", 224), 8).unwrap().source;
    assert_eq!(source, "measured 2026-11-28 on here with layout channels-last (benchmarks/step-times.csv)");
    contiguous.committed[1].layout = "contiguous".to_owned();
    let rate = contiguous.rate(&kind("resnet50", 224), 8).unwrap();
    assert_eq!(
        (rate.pictures_per_second, rate.source.as_str()),
        (2.0, "measured 2026-11-28 on here (benchmarks/step-times.csv)")
    );
    let rates = contiguous;
    assert_eq!(rates.rate(&kind("resnet50", 32), 8), None);
    assert_eq!(rates.rate(&kind("resnet18", 224), 8), None);
}

/// Stores a stage with its order.
fn store_stage(store: &Store, spec: serde_json::Value, more: serde_json::Value) {
    let identity = more["identity"].as_str().unwrap().to_owned();
    let work = store.begin(&identity).unwrap();
    let order = json!({
        "identity": identity, "label": "", "spec": spec, "environment": environment(), "device": "cpu", "inputs": {},
        "work_dir": "", "limit_seconds": 1,
    });
    work.write("order.json", order.to_string().as_bytes()).unwrap();
    let mut result = json!({
        "schema": secateur_store::SCHEMA, "kind": spec["kind"], "label": "", "outcome": "ok", "detail": "", "outputs": {},
        "inputs": {"trainval": "aa"}, "facts": null, "cost": {"seconds": 10.0, "peak_bytes": 1, "finished": "", "attempt": 1},
        "environment": environment(), "harness": "0.1.0",
        "machine": {"processor": "", "cores": 1, "memory_bytes": 1, "system": "", "device": "cpu"},
    });
    for (key, value) in more.as_object().unwrap() {
        result[key] = value.clone();
    }
    store.commit(work, &serde_json::from_value(result).unwrap()).unwrap();
}

#[test]
fn what_a_store_has_run_tells_the_speed_of_its_like() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&folder.path().join("store")).unwrap();
    let prepare = json!({"kind": "prepare", "task": "t", "source": {"generated": {"seed": 1, "version": 1}}});
    let pack = json!({"trainval": {"path": "trainval", "digest": "aa"}});
    store_stage(&store, prepare, json!({"identity": "a".repeat(40), "outputs": pack}));
    let recipe = json!({"batch": 50, "lr": 0.1});
    let train = json!({"kind": "train", "network": {"name": "resnet8"}, "recipe": recipe, "length": "20it", "keep_steps": [], "seed": 1});
    let facts = json!({"steps": 20, "loss": 1.0, "validation": null});
    // 1,000 pictures in 10 seconds and again in 30; the others are of an attempt that went on, and of another machine's kind.
    for (letter, seconds, attempt, device) in
        [("b", 10.0, 1, "cpu"), ("c", 30.0, 1, "cpu"), ("d", 1.0, 2, "cpu"), ("e", 1.0, 1, "cuda")]
    {
        let mut own = serde_json::to_value(environment()).unwrap();
        own["device_class"] = device.into();
        let cost = json!({"seconds": seconds, "peak_bytes": 1, "finished": "", "attempt": attempt});
        let more = json!({"identity": letter.repeat(40), "facts": facts, "cost": cost, "environment": own});
        store_stage(&store, train.clone(), more);
    }
    let rates = Rates::of(&store, &environment()).unwrap();
    let rate = rates.rate(&kind("resnet8", 32), 64).unwrap();
    assert_eq!((rate.pictures_per_second, rate.source.as_str()), (50.0, "by what is stored"));
    assert_eq!(rates.rate(&kind("resnet8", 64), 64), None);
}
