//! The command line as a contract: commands, known numbers, exit codes.

use crate::support::run;

#[test]
fn help_names_every_command_and_every_command_has_help() {
    let help = run(&["--help"]).exits(0).out;
    for command in [
        "run",
        "plan",
        "report",
        "nightly",
        "compare",
        "lint-board",
        "show",
        "store",
        "methods",
        "tasks",
        "data",
        "networks",
        "plugin",
        "weights",
    ] {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(&format!("{command} "))),
            "{command}: {help}"
        );
        let own = run(&[command, "--help"]).exits(0).out;
        assert!(own.contains("Usage: secateur") && own.contains(command), "{own}");
    }
    for option in ["--store", "--plugin", "--jobs", "--device", "--only", "--data-root", "--retry"] {
        assert!(run(&["run", "--help"]).exits(0).out.contains(option), "{option}");
    }
    for option in ["--store", "--out", "--suite"] {
        assert!(run(&["report", "--help"]).exits(0).out.contains(option), "{option}");
    }
    assert!(run(&["plugin", "--help"]).exits(0).out.contains("inspect"));
    assert!(run(&["networks", "--help"]).exits(0).out.contains("show"));
    assert!(run(&["--version"]).exits(0).out.starts_with("secateur 0."));
}

#[test]
fn wrong_usage_exits_with_2() {
    run(&[]).exits(2);
    run(&["rum"]).exits(2).names(&["rum", "run"]);
    run(&["run"]).exits(2).names(&["SUITE", "--store"]);
    run(&["run", "x.yaml", "--store", "s", "--jops", "1"]).exits(2).names(&["--jops", "--jobs"]);
}

#[test]
fn half_of_a_network_is_shown_group_by_group() {
    let said = run(&["networks", "show", "resnet18", "--keep", "0.5", "--scope", "uniform"]).exits(0);
    for line in ["layer4.0.conv2", "goes through sums", "3055880", "487202536"] {
        assert!(said.out.contains(line), "no `{line}` in\n{}", said.out);
    }
    let said =
        run(&["networks", "show", "resnet18", "--keep", "0.5", "--budget", "params", "--json"]).exits(0);
    let value: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    // Nearer than half of the costliest channel: of 512 inputs and outputs of 3x3 kernels, through four layers.
    let missed = value["remains"]["params"].as_u64().unwrap().abs_diff(11_689_512 / 2);
    assert!(missed < 20_000, "{missed}");
    run(&["networks", "show", "resnet18", "--keep", "1.5"]).exits(2).names(&["1.5", "fraction that remains"]);
    run(&["networks", "show", "resnet18", "--scope", "uniform"]).exits(2).names(&["--keep"]);
}

/// Parameters, multiply-accumulates without and with biases, norms and activations, and convolution and fully
/// connected weights of torchvision's networks at 224 x 224 pixels and 1000 classes.
#[test]
fn networks_have_their_published_sizes() {
    let known: [(&str, u64, u64, u64, u64); 5] = [
        ("resnet18", 11_689_512, 1_814_073_344, 1_822_177_768, 11_678_912),
        ("resnet34", 21_797_672, 3_663_761_408, 3_675_629_032, 21_779_648),
        ("resnet50", 25_557_032, 4_089_184_256, 4_121_925_096, 25_502_912),
        ("mobilenet_v2", 3_504_872, 300_774_272, 320_237_288, 3_469_760),
        ("vgg16_bn", 138_365_992, 15_470_264_320, 15_530_618_344, 138_344_128),
    ];
    for (name, params, core, tp, weights) in known {
        let said = run(&["networks", "show", name, "--json"]).exits(0);
        let network: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
        assert_eq!(network["params"], params, "{name}");
        assert_eq!(network["macs"]["core/1"], core, "{name}");
        assert_eq!(network["macs"]["tp/1"], tp, "{name}");
        assert_eq!(network["conv_fc_weights"], weights, "{name}");
        // The whole is the sum of its parts.
        let sum = |read: fn(&serde_json::Value) -> u64| -> u64 {
            network["nodes"].as_array().expect("nodes").iter().map(read).sum()
        };
        assert_eq!(sum(|node| node["params"].as_u64().expect("a number")), params, "{name}");
        assert_eq!(sum(|node| node["macs"]["core/1"].as_u64().expect("a number")), core, "{name}");
    }
}

#[test]
fn lists_are_there_for_people_and_for_machines() {
    for command in ["networks", "tasks"] {
        assert!(run(&[command]).exits(0).out.lines().count() > 5, "{command}");
        let said = run(&[command, "--json"]).exits(0);
        let list: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
        assert!(list.as_array().is_some_and(|list| list.len() > 5), "{command}");
    }
    let schema: serde_json::Value = serde_json::from_str(&run(&["schema"]).exits(0).out).expect("JSON");
    assert!(schema["properties"]["keeps"].is_object());
    run(&["networks", "show", "resnet5"]).exits(2).names(&["resnet5", "resnet50"]);
}
