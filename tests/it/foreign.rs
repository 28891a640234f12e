//! Plugins in C and C++: the headers, the examples, and what becomes of exceptions.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{GIVEN, Lab, MAGNITUDE, Said, Suite, run, workspace};

/// The folder with libtorch's headers and libraries.
fn libtorch() -> PathBuf {
    std::env::var_os("LIBTORCH").map_or_else(|| workspace().join(".libtorch"), PathBuf::from)
}

/// Runs a compiler, warnings being errors; false if there is none.
#[track_caller]
fn compile(compiler: &str, standard: &str, source: &Path, more: &[&std::ffi::OsStr]) -> bool {
    let output = Command::new(compiler)
        .args([standard, "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I"])
        .arg(workspace().join("harness/abi/include"))
        .arg("-isystem")
        .arg(libtorch().join("include"))
        .arg(source)
        .args(more)
        .output();
    match output {
        Err(error) => {
            eprintln!("left out: {compiler} does not start: {error}");
            false
        }
        Ok(output) => {
            Said::of(&output).exits(0);
            true
        }
    }
}

/// Builds a plugin from one file; `None` without a compiler.
#[track_caller]
fn plugin(source: &Path, library: PathBuf) -> Option<PathBuf> {
    let (out, shared) = ("-o".as_ref(), "-shared".as_ref());
    let built = if source.extension().is_some_and(|extension| extension == "c") {
        compile("cc", "-std=c11", source, &[shared, out, library.as_os_str()])
    } else {
        let lib = libtorch().join("lib");
        let links = ["-L".as_ref(), lib.as_os_str(), "-ltorch_cpu".as_ref(), "-lc10".as_ref()];
        let all = [&[shared, out, library.as_os_str()][..], &links].concat();
        compile("c++", "-std=c++17", source, &all)
    };
    built.then_some(library)
}

#[test]
fn the_headers_are_c11_and_cpp17_without_a_warning() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let method = "struct Method {\n  static constexpr const char *id = \"a\", *name = \"a\", *version = \"1\", *summary = \"a\";\n  \
        static constexpr const char *citation = nullptr, *params_schema = secateur::no_parameters;\n  \
        static constexpr uint32_t flags = SECATEUR_METHOD_WEIGHT;\n  explicit Method(secateur::Parameters &) {}\n  \
        void prune(secateur::Run &run, const secateur::Request &) { secateur::Hooks hooks; run.train({}, &hooks); }\n};\n\
        SECATEUR_EXPORT_PLUGIN(Method)\n";
    let c = "const secateur_entry *secateur_plugin_entry(void);\n".to_owned();
    // Each header twice: it must bear that.
    for (compiler, standard, file, define, header, text) in [
        ("cc", "-std=c11", "plugin.c", "", "secateur_plugin.h", c.clone()),
        ("c++", "-std=c++17", "plugin.cpp", "", "secateur_plugin.h", format!("extern \"C\" {c}")),
        ("c++", "-std=c++17", "torch.cpp", "", "secateur_plugin.hpp", method.to_owned()),
        (
            "c++",
            "-std=c++17",
            "free.cpp",
            "#define SECATEUR_WITHOUT_LIBTORCH\n",
            "secateur_plugin.hpp",
            method.to_owned(),
        ),
    ] {
        let source = folder.path().join(file);
        let text = format!("{define}#include \"{header}\"\n#include \"{header}\"\n{text}");
        std::fs::write(&source, text).expect("written");
        compile(compiler, standard, &source, &["-fsyntax-only".as_ref()]);
    }
}

/// Digests of what a method's `prune` stage handed in.
#[track_caller]
fn keeps(lab: &Lab, store: &str, label: &str) -> Vec<(String, Value)> {
    let object = lab.object(store, &format!("prune {label} (no-training, replicate 0)"));
    assert_eq!(object["outcome"], "ok", "{label}: {}", object["detail"]);
    let outputs = object["outputs"].as_object().expect("outputs");
    let kept: Vec<(String, Value)> = outputs
        .iter()
        .filter(|(name, _)| name.starts_with("keep-"))
        .map(|(name, output)| (name.clone(), output["digest"].clone()))
        .collect();
    assert_eq!(kept.len(), 2, "{label}: {outputs:?}");
    kept
}

#[test]
fn magnitude_in_c_and_in_cpp_keeps_the_weights_that_it_keeps_in_rust() {
    let lab = Lab::new();
    let sources = ["plugins/c-example/magnitude.c", "plugins/cpp-example/magnitude.cpp"];
    let mut arguments = Vec::new();
    for source in sources {
        let source = workspace().join(source);
        let name = source.extension().expect("an ending").to_string_lossy().into_owned();
        let Some(library) = plugin(&source, lab.path(&format!("lib{name}-magnitude.so"))) else { return };
        let library = library.display().to_string();
        let said = run(&["plugin", "inspect", &library]).exits(0);
        for word in [format!("org.secateur.example.{name}-magnitude"), "scope:".to_owned()] {
            assert!(said.out.contains(&word), "no `{word}` in\n{}", said.out);
        }
        arguments.extend(["--plugin".to_owned(), library]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let entry = |label: &str, method: &str, scope: &str| {
        format!("  - {{label: {label}-{scope}, method: {method}, params: {{scope: {scope}}}}}\n")
    };
    let mut methods = format!("{MAGNITUDE}  - {{label: c, method: org.secateur.example.c-magnitude}}\n");
    for scope in ["uniform", "erk", "global"] {
        methods += &entry("rust", "org.secateur.magnitude", scope);
        methods += &entry("c", "org.secateur.example.c-magnitude", scope);
        methods += &entry("cpp", "org.secateur.example.cpp-magnitude", scope);
    }
    lab.run(&Suite::untrained(&[&methods]), "store", &arguments).exits(0);
    for scope in ["uniform", "erk", "global"] {
        let rust = keeps(&lab, "store", &format!("rust-{scope}"));
        assert_eq!(keeps(&lab, "store", &format!("c-{scope}")), rust, "{scope}");
        assert_eq!(keeps(&lab, "store", &format!("cpp-{scope}")), rust, "{scope}");
    }
    assert_eq!(keeps(&lab, "store", "c"), keeps(&lab, "store", "rust-global"));
    assert_ne!(keeps(&lab, "store", "c-erk"), keeps(&lab, "store", "c-global"));

    // Parameters are refused by their names, before anything runs.
    for method in ["c", "cpp"] {
        for (params, words) in [
            ("scpoe: erk", ["unknown parameter", "scpoe"]),
            ("scope: erkk", ["scope", "erkk"]),
            ("scope: 3", ["scope", "is not a text"]),
            ("scope: erk, \"sc\\\"ope\": [1, {a: null}]", ["unknown parameter", "sc"]),
        ] {
            let methods = format!(
                "  - {{label: x, method: org.secateur.example.{method}-magnitude, params: {{{params}}}}}\n"
            );
            let said = lab.run(&Suite::untrained(&[&methods]), "refused", &arguments);
            said.exits(2).names(&words).names(&[&format!("{method}-magnitude")]);
        }
        // They prune no channels, and say so.
        let methods = format!("  - {{label: x, method: org.secateur.example.{method}-magnitude}}\n");
        let set = "channels: {name: within-blocks, budget: channels}";
        let suite = Suite { set, ..Suite::untrained(&[&methods]) };
        let store = format!("channels-{method}");
        lab.run(&suite, &store, &arguments).exits(1);
        let rows = lab.rows(&store);
        assert!(rows.iter().any(|row| row["method"] == "x" && row["outcome"] == "unsupported"), "{rows:?}");
    }
    assert!(!lab.path("refused").exists());
}

/// Methods that throw, and one that reads parameters of each kind and answers with what it has read.
const THROWS: &str = r#"
#include "secateur_plugin.hpp"
namespace {
struct Base {
  static constexpr const char *version = "1", *summary = "For a test.", *citation = nullptr, *params_schema = "{}";
  static constexpr uint32_t flags = SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_TRAINS;
  explicit Base(secateur::Parameters &) {}
};
struct Torch : Base {
  static constexpr const char *id = "org.example.torch", *name = "Torch";
  using Base::Base;
  void prune(secateur::Run &, const secateur::Request &) { at::ones({2}).add(at::ones({3})); }
};
struct Standard : Base {
  static constexpr const char *id = "org.example.standard", *name = "Standard";
  using Base::Base;
  void prune(secateur::Run &, const secateur::Request &) { std::string("short").at(99); }
};
struct Anything : Base {
  static constexpr const char *id = "org.example.anything", *name = "Anything";
  using Base::Base;
  void prune(secateur::Run &, const secateur::Request &) { throw 7; }
};
struct Refused : Base {
  static constexpr const char *id = "org.example.refused", *name = "Refused";
  using Base::Base;
  void prune(secateur::Run &run, const secateur::Request &) { run.weight(12345); }
};
struct InHook : Base, secateur::Hooks {
  static constexpr const char *id = "org.example.in-hook", *name = "InHook";
  using Base::Base;
  secateur_status after_step(secateur::Run &, uint64_t step) override {
    if (step == 2) throw secateur::Error::infeasible("the third step is one too many");
    return SECATEUR_OK;
  }
  void prune(secateur::Run &run, const secateur::Request &) {
    secateur::TrainOptions options;
    options.steps = 5;
    run.train(options, this);
  }
};
struct Reads {
  static constexpr const char *id = "org.example.reads", *name = "Reads", *version = "1", *summary = "For a test.";
  static constexpr const char *citation = nullptr, *params_schema = "{}";
  static constexpr uint32_t flags = SECATEUR_METHOD_WEIGHT;
  explicit Reads(secateur::Parameters &parameters) {
    std::ostringstream found;
    found << parameters.number("number", 0.5) << "|" << parameters.whole("whole", 7) << "|" << parameters.truth("truth", true) << "|"
          << parameters.word("word", "none");
    text = found.str();
  }
  void prune(secateur::Run &, const secateur::Request &) { throw secateur::Error::unsupported("read " + text); }
  std::string text;
};
}  // namespace
SECATEUR_EXPORT_PLUGIN(Torch, Standard, Anything, Refused, InHook, Reads)
"#;

#[test]
fn what_is_thrown_in_cpp_becomes_an_outcome_with_a_reason() {
    let lab = Lab::new();
    let source = lab.path("throws.cpp");
    std::fs::write(&source, THROWS).expect("written");
    let Some(library) = plugin(&source, lab.path("libthrows.so")) else { return };
    let library = library.display().to_string();
    let cases: [(&str, &str, &str, &str); 7] = [
        ("torch", "", "failed", "The size of tensor a (2) must match the size of tensor b (3)"),
        ("standard", "", "failed", "basic_string::at"),
        ("anything", "", "panicked", "something was thrown that is no std::exception"),
        ("refused", "", "invalid", "no parameter 12345"),
        ("in-hook", "", "infeasible", "the third step is one too many"),
        ("reads", "", "unsupported", "read 0.5|7|1|none"),
        (
            "reads",
            r#"number: -2.5e-1, whole: 4096, truth: false, word: "Gr\u00f6\u00dfe \"\U0001F600\"\t""#,
            "unsupported",
            "read -0.25|4096|0|Größe \"😀\"",
        ),
    ];
    let methods: Vec<String> = cases
        .iter()
        .enumerate()
        .map(|(index, (id, params, _, _))| {
            format!("  - {{label: case-{index}, method: org.example.{id}, params: {{{params}}}}}\n")
        })
        .collect();
    let suite = Suite { upstream: GIVEN, ..Suite::new(&[MAGNITUDE, &methods.concat()]) };
    lab.run(&suite, "store", &["--plugin", &library]).exits(1);
    let rows = lab.rows("store");
    for (index, (id, _, outcome, reason)) in cases.iter().enumerate() {
        let own: Vec<_> = rows.iter().filter(|row| row["method"] == format!("case-{index}")).collect();
        assert_eq!(own.len(), 2, "{id}");
        for row in own {
            assert_eq!(row["outcome"], *outcome, "{id}: {row:?}");
            assert!(
                row["outcome_detail"].contains(reason),
                "{id}: no `{reason}` in {}",
                row["outcome_detail"]
            );
        }
    }
    for (params, words) in [
        ("number: fast", &["`number` is not a number"][..]),
        ("whole: 1.5", &["`whole` is 1.5, which is no whole number"]),
        ("whole: -1", &["`whole` is -1"]),
        ("truth: 1", &["`truth` is not true or false"]),
        ("word: [a, {b: [c]}]", &["`word` is not a text"]),
        ("wrod: a", &["unknown parameter `wrod`", "number, truth, whole, word"]),
    ] {
        let entry = format!("  - {{label: x, method: org.example.reads, params: {{{params}}}}}\n");
        let said = lab.run(&Suite::untrained(&[&entry]), "refused", &["--plugin", &library]);
        said.exits(2).names(words).names(&["parameters of org.example.reads"]);
    }
    assert!(!lab.path("refused").exists());
}
