//! Levels 1 and 2: the file, its table, and what it says of its methods.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use object::{Object, ObjectSymbol};
use secateur_host::{DescriptorRule, LoadError, LoadStep, Plugin, PluginInfo, call_entry};
use secateur_store::{Check, Verdict};

/// How long opening a library and asking it for its table may take, libtorch's own start left out.
const SCAN: Duration = Duration::from_millis(500);
/// Symbols that libraries built with tch export beside the entry, which are the same in all of them.
const KNOWN: [&str; 2] = ["secateur_plugin_entry", "bz_internal_error"];

pub(crate) fn check(path: &Path, check: Check) -> Verdict {
    match check {
        Check::RtldNow => loads(path, LoadStep::Open),
        Check::ExportsEntry => loads(path, LoadStep::Entry),
        Check::MagicAndSizes => loads(path, LoadStep::Table),
        Check::AbiVersion => loads(path, LoadStep::Abi),
        Check::TorchVersion => loads(path, LoadStep::Torch),
        Check::SingleLibtorch => loads(path, LoadStep::OneTorch),
        Check::ExportsOnlyKnownSymbols => exports(path),
        Check::EntryIsPure => pure_entry(path),
        Check::ScanTime => scan_time(path),
        Check::BuildInfoComplete => with_info(path, build_info),
        Check::Unwinds => with_info(path, |info| {
            if info.unwinds {
                return Verdict::passed();
            }
            Verdict::failed(
                "it does not say that it unwinds; build Rust with `panic = \"unwind\"`, or put a catch-all around every C++ \
                 function, and set SECATEUR_BUILD_UNWINDS",
            )
        }),
        Check::MethodTables => described(path, DescriptorRule::Tables),
        Check::IdWellFormed => described(path, DescriptorRule::IdWellFormed),
        Check::IdsUnique => described(path, DescriptorRule::IdsUnique),
        Check::FlagsKnown => described(path, DescriptorRule::FlagsKnown),
        Check::SchemaParses => described(path, DescriptorRule::SchemaParses),
        Check::RequiredExtensionsKnown => described(path, DescriptorRule::RequiredExtensionsKnown),
        Check::StringsUtf8 => described(path, DescriptorRule::StringsUtf8),
        _ => Verdict::skipped("it is no check of a library"),
    }
}

fn not_so_far(error: &LoadError) -> Verdict {
    let reason = error.reason.lines().next().unwrap_or_default();
    Verdict::skipped(format!("loading does not come so far: {reason}"))
}

/// Whether loading takes a step.
fn loads(path: &Path, step: LoadStep) -> Verdict {
    match Plugin::load(path) {
        Ok(_) => Verdict::passed(),
        Err(error) if error.step == step => Verdict::failed(error.reason),
        Err(error) if error.step > step => Verdict::passed(),
        // What is no library fails where the first step is looked at.
        Err(error) if step == LoadStep::Open => Verdict::failed(error.reason),
        Err(error) => not_so_far(&error),
    }
}

fn with_info(path: &Path, look: impl FnOnce(PluginInfo) -> Verdict) -> Verdict {
    match Plugin::load(path) {
        Ok(plugin) => look(plugin.info()),
        Err(error) => not_so_far(&error),
    }
}

fn described(path: &Path, rule: DescriptorRule) -> Verdict {
    match Plugin::descriptor_problems(path) {
        Err(error) => not_so_far(&error),
        Ok(problems) => {
            let own: Vec<String> = problems
                .into_iter()
                .filter(|problem| problem.rule == rule)
                .map(|problem| problem.text)
                .collect();
            if own.is_empty() { Verdict::passed() } else { Verdict::failed(own.join("; ")) }
        }
    }
}

fn exports(path: &Path) -> Verdict {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Verdict::failed(error.to_string()),
    };
    let file = match object::File::parse(&*bytes) {
        Ok(file) => file,
        Err(error) => return Verdict::skipped(format!("its symbols cannot be read: {error}")),
    };
    let foreign: BTreeSet<String> = file
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.is_global() && !symbol.is_weak())
        .filter_map(|symbol| symbol.name().ok().map(str::to_owned))
        .filter(|name| !KNOWN.contains(&name.as_str()) && !name.starts_with("tch_"))
        .collect();
    if foreign.is_empty() {
        return Verdict::passed();
    }
    let (count, first) = (foreign.len(), foreign.into_iter().take(5).collect::<Vec<_>>().join(", "));
    Verdict::warning(format!(
        "it exports {count} symbols beside its entry ({first}); hide them (`-fvisibility=hidden`), or another plugin may be given \
         them for its own"
    ))
}

fn pure_entry(path: &Path) -> Verdict {
    let facts = match call_entry(path) {
        Ok(facts) => facts,
        Err(error) => return not_so_far(&error),
    };
    let mut wrong = Vec::new();
    if !facts.same_pointer {
        wrong.push("a second call returns another table; make it once and keep it".to_owned());
    }
    if facts.threads_started > 0 {
        wrong.push(format!("it starts {} threads; start none before `prune`", facts.threads_started));
    }
    if facts.libraries_opened > 0 {
        wrong.push(format!("it opens {} libraries", facts.libraries_opened));
    }
    if wrong.is_empty() { Verdict::passed() } else { Verdict::failed(wrong.join("; ")) }
}

fn scan_time(path: &Path) -> Verdict {
    match call_entry(path) {
        Err(error) => not_so_far(&error),
        Ok(facts) if facts.time <= SCAN => Verdict::passed(),
        Ok(facts) => Verdict::failed(format!(
            "opening it and asking for its table takes {:.1} s; every `secateur run` waits for that. Do the work in `prune`",
            facts.time.as_secs_f64()
        )),
    }
}

fn build_info(info: PluginInfo) -> Verdict {
    let missing: Vec<&str> =
        [("compiler", &info.compiler), ("target", &info.target), ("SDK's version", &info.sdk)]
            .into_iter()
            .filter(|(_, text)| text.is_empty())
            .map(|(name, _)| name)
            .collect();
    if missing.is_empty() {
        return Verdict::passed();
    }
    Verdict::failed(format!(
        "its build description lacks the {}; a record of a result names what it was built with",
        missing.join(", the ")
    ))
}
