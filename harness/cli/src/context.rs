//! A suite with everything around it: its plan, plugins, checkpoints and data.

mod inputs;
mod networks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secateur_store::{Facts, InputFile, Interpreter, MethodAbout, ParamsQuestion, SuiteManifest};
use secateur_suite::{
    DataSource, Environment, InputSource, LIBTORCH_VERSION, LayoutChoice, MethodEntry, Plan, PlanNode,
    PrecisionChoice, StageSpec, Suite, Surroundings, error_at, expand, read_suite_with, seed_commitment,
    with_paths,
};

use self::inputs::Missing;
use self::networks::check_networks;
use crate::digests::Digests;
use crate::interpreter::{self, Found};
use crate::plugins::{PluginInfo, Plugins, refusals};

/// What a suite needs from outside.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) suite: Suite,
    pub(crate) digest: String,
    pub(crate) plan: Plan,
    pub(crate) environment: Environment,
    /// The commitment to the seed of the generated tasks, if it is a private one.
    private_task_seed: Option<String>,
    /// What plugins say of the methods, by identifier.
    methods: BTreeMap<String, MethodAbout>,
    /// Inputs from outside the store, by what they are.
    outside: BTreeMap<String, InputFile>,
    /// Interpreters that methods run on, by what names them.
    interpreters: BTreeMap<String, Found>,
    /// What a plan goes on without: checkpoints and data that are not there, and why.
    missing: BTreeMap<String, String>,
}

/// Where to look.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    pub(crate) suite: &'a Path,
    pub(crate) data_root: Option<&'a Path>,
    pub(crate) plugins: &'a [PathBuf],
    pub(crate) device_class: &'a str,
    /// A seed of the generated tasks in the place of the suite's.
    pub(crate) task_seed: Option<u64>,
    /// Whether checkpoints and data may be missing, as nothing is run.
    pub(crate) may_lack: bool,
    /// Whether data and checkpoints are read though they look as they did when their digests were last computed.
    pub(crate) verify_data: bool,
}

impl Context {
    /// Reads a suite, expands it, and finds what it needs. There may be a rotating replicate, whose number depends on the suite.
    pub(crate) fn load(
        places: &Places<'_>,
        rotating: impl FnOnce(&Suite) -> anyhow::Result<Option<u32>>,
    ) -> anyhow::Result<Self> {
        let file = places.suite.display().to_string();
        let (mut suite, text) = read_suite(places.suite)?;
        let private_task_seed = places.task_seed.map(|seed| draw_anew(&mut suite, seed));
        check_networks(&suite)?;
        if suite.precision == PrecisionChoice::Tf32 && places.device_class != "cuda" {
            let message =
                "tf32 is arithmetic of NVIDIA's GPUs; write `f32`, or run it with `--device cuda:0`";
            return Err(error_at(&file, &text, "precision", message).into());
        }
        for (name, task) in &suite.tasks {
            if let Some(official) = &task.official
                && let Err(error) = secateur_data::official::entry(&official.set)
            {
                let key = format!("tasks.{name}.official.set");
                return Err(error_at(&file, &text, &key, &error.to_string()).into());
            }
        }
        let mut outside = BTreeMap::new();
        let mut missing = Missing::new(places.may_lack);
        let digests = Digests::of_user(places.verify_data);
        let network = &suite.network;
        let upstream = inputs::checkpoint(places, "upstream", &suite.upstream, network, &mut missing)?;
        let mut pretrainings = BTreeMap::new();
        for (name, pretraining) in &suite.pretrainings {
            let key = format!("pretrainings.{name}");
            let files = inputs::checkpoint(places, &key, pretraining, network, &mut missing)?;
            pretrainings.insert(name.clone(), files);
        }
        let surroundings = Surroundings {
            generated: secateur_data::generated::catalogue()
                .iter()
                .map(|entry| entry.id.to_owned())
                .filter(|id| id != "generated/upstream")
                .collect(),
            generator_version: secateur_data::generated::VERSION,
            loader_version: secateur_data::folder::VERSION,
            official_loader_version: secateur_data::official::VERSION,
            generated_detection: secateur_data::generated::detection_catalogue()
                .iter()
                .map(|entry| entry.id.to_owned())
                .collect(),
            detection_generator_version: secateur_data::generated::DETECTION_VERSION,
            detection_loader_version: secateur_data::detection::VERSION,
            upstream: upstream.keys().cloned().collect(),
            pretrainings: pretrainings
                .iter()
                .map(|(name, files)| (name.clone(), files.keys().cloned().collect()))
                .collect(),
            rotating: rotating(&suite)?,
        };
        let own = upstream.into_iter().map(|(name, path)| (format!("upstream {name}"), path));
        let others = pretrainings.into_iter().flat_map(|(pretraining, files)| {
            files.into_iter().map(move |(name, path)| (format!("upstream {pretraining}/{name}"), path))
        });
        for (key, path) in own.chain(others) {
            if let Some(path) = path {
                outside.insert(key, inputs::input(&path, &digests)?);
            }
        }
        let mut plan = expand(&suite, &surroundings).map_err(|error| anyhow::anyhow!("{file}: {error}"))?;
        if private_task_seed.is_some() && !plan.nodes.iter().any(is_generated) {
            bail!("{file}: --task-seed draws the generated tasks anew, and the suite has none");
        }
        for (index, entry) in suite.methods.iter().enumerate() {
            for (name, path) in &entry.files {
                let key = format!("methods[{index}].files.{name}");
                let found = inputs::find_file(places, path)
                    .map_err(|error| error_at(&file, &text, &key, &format!("{error:#}")))?;
                outside.insert(format!("file {path}"), found);
            }
        }
        let mut plugins = None;
        let mut methods = BTreeMap::new();
        for node in &plan.nodes {
            for source in node.inputs.values() {
                match source {
                    InputSource::Plugin(method) => {
                        let key = format!("plugin {method}");
                        if let std::collections::btree_map::Entry::Vacant(entry) = outside.entry(key) {
                            let plugins = match &plugins {
                                Some(plugins) => plugins,
                                None => plugins.insert(Plugins::find(places.plugins)?),
                            };
                            let info = plugins.with_method(method).with_context(|| file.clone())?;
                            methods.extend(plugins.method(method).map(|it| (method.clone(), it.about())));
                            entry.insert(InputFile { path: info.path.clone(), digest: info.sha256.clone() });
                        }
                    }
                    InputSource::Data(path) => {
                        let key = format!("data {path}");
                        if let std::collections::btree_map::Entry::Vacant(entry) = outside.entry(key)
                            && let Some(found) = inputs::find_data(places, path, &mut missing, &digests)?
                        {
                            entry.insert(found);
                        }
                    }
                    InputSource::Output { .. }
                    | InputSource::Upstream(_)
                    | InputSource::Pretraining { .. }
                    | InputSource::File(_)
                    | InputSource::Interpreter(_) => {}
                }
            }
        }
        let mut interpreters = BTreeMap::new();
        if let Some(plugins) = &plugins {
            find_interpreters(places, plugins, &mut plan, &mut outside, &mut interpreters)
                .with_context(|| file.clone())?;
            check_params(
                &file,
                &text,
                &suite,
                plugins,
                &Outside { files: &outside, interpreters: &interpreters },
            )?;
        }
        let environment = Environment {
            threads: suite.threads,
            device_class: places.device_class.to_owned(),
            precision: match suite.precision {
                PrecisionChoice::F32 => "f32".to_owned(),
                PrecisionChoice::Tf32 => "tf32".to_owned(),
                PrecisionChoice::Bf16 => "bf16".to_owned(),
            },
            layout: match suite.layout {
                LayoutChoice::Contiguous => "contiguous".to_owned(),
                LayoutChoice::ChannelsLast => "channels-last".to_owned(),
            },
            libtorch: LIBTORCH_VERSION.to_owned(),
        };
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        let missing = missing.into_reasons();
        Ok(Self {
            suite,
            digest,
            plan,
            environment,
            private_task_seed,
            methods,
            outside,
            interpreters,
            missing,
        })
    }

    /// An input that does not come from the store.
    pub(crate) fn outside(&self, source: &InputSource) -> Option<&InputFile> {
        let key = match source {
            InputSource::Output { .. } => return None,
            InputSource::Upstream(name) => format!("upstream {name}"),
            InputSource::Pretraining { pretraining, file } => format!("upstream {pretraining}/{file}"),
            InputSource::Data(path) => format!("data {path}"),
            InputSource::Plugin(method) => format!("plugin {method}"),
            InputSource::File(path) => format!("file {path}"),
            InputSource::Interpreter(name) => format!("interpreter {name}"),
        };
        self.outside.get(&key)
    }

    /// Checkpoints and data that are not there, as the suite names them, and why. Only a plan goes on without them.
    pub(crate) fn missing(&self) -> &BTreeMap<String, String> {
        &self.missing
    }

    /// The interpreter that a stage's method runs on.
    pub(crate) fn interpreter(&self, node: &PlanNode) -> Option<&Interpreter> {
        match node.inputs.get("interpreter") {
            Some(InputSource::Interpreter(name)) => {
                self.interpreters.get(name).map(|found| &found.interpreter)
            }
            _ => None,
        }
    }

    /// Everything that can change a number but the random streams and the machine, by name.
    pub(crate) fn facts(&self) -> Facts {
        let environment = &self.environment;
        let mut facts = Facts::from([
            ("harness version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("harness result version".to_owned(), secateur_suite::RESULT_VERSION.to_string()),
            ("suite file".to_owned(), self.digest.clone()),
            ("libtorch".to_owned(), environment.libtorch.clone()),
            ("device".to_owned(), environment.device_class.clone()),
            ("threads".to_owned(), environment.threads.to_string()),
            ("precision".to_owned(), environment.precision.clone()),
            ("layout".to_owned(), environment.layout.clone()),
        ]);
        facts.extend(self.private_task_seed.iter().map(|it| ("task seed".to_owned(), it.clone())));
        facts.extend(self.outside.iter().map(|(key, file)| (key.clone(), file.digest.clone())));
        facts
    }

    /// A manifest without trials yet.
    pub(crate) fn empty_manifest(&self) -> SuiteManifest {
        let upstream = self.outside.iter().filter_map(|(key, file)| {
            key.strip_prefix("upstream ").map(|name| (name.to_owned(), file.digest.clone()))
        });
        SuiteManifest {
            schema: secateur_store::SCHEMA,
            suite: self.suite.clone(),
            suite_digest: self.digest.clone(),
            environment: self.environment.clone(),
            upstream: upstream.collect(),
            private_task_seed: self.private_task_seed.clone(),
            methods: self.methods.clone(),
            trials: Vec::new(),
            shared: Vec::new(),
        }
    }
}

/// Gives a suite another seed of the generated tasks, and a name of its own, so that its results stand beside those of the suite
/// that everybody knows. Returns the commitment to the seed.
pub(crate) fn draw_anew(suite: &mut Suite, seed: u64) -> String {
    let commitment = seed_commitment(seed);
    suite.generator_seed = seed;
    suite.name = format!("{}-private-{}", suite.name, &commitment[..8]);
    commitment
}

fn is_generated(node: &PlanNode) -> bool {
    matches!(&node.spec, StageSpec::Prepare(prepare) if matches!(prepare.source, DataSource::Generated { .. }))
}

/// A suite file with the files that it names, and its text.
pub(crate) fn read_suite(path: &Path) -> anyhow::Result<(Suite, String)> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read suite {file}"))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let load = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let suite = read_suite_with(&file, &text, &load)?;
    Ok((suite, text))
}

/// What parameters name that is not in the suite.
struct Outside<'a> {
    files: &'a BTreeMap<String, InputFile>,
    interpreters: &'a BTreeMap<String, Found>,
}

impl Outside<'_> {
    /// The question whether a method takes the parameters of an entry.
    fn question(&self, plugins: &Plugins, entry: &MethodEntry) -> anyhow::Result<ParamsQuestion> {
        let (mut digests, mut readable) = (Vec::new(), Vec::new());
        let mut paths = BTreeMap::new();
        for (name, path) in &entry.files {
            if let Some(file) = self.files.get(&format!("file {path}")) {
                paths.insert(name.clone(), file.path.clone());
                readable.push(file.path.clone());
                digests.push(file.digest.clone());
            }
        }
        let params = secateur_suite::to_json(&entry.params).map_err(anyhow::Error::msg)?;
        let params = if params.is_null() { serde_json::json!({}) } else { params };
        let mut params = with_paths(&params, &paths).map_err(anyhow::Error::msg)?;
        if let Some(parameter) = plugins.method(&entry.method).and_then(interpreter::parameter) {
            let found = self.interpreters.get(&interpreter::named(&params, parameter));
            if let (Some(found), Some(params)) = (found, params.as_object_mut()) {
                let program = found.interpreter.program.to_string_lossy();
                params.insert(parameter.to_owned(), program.into());
                digests.push(found.digest.clone());
                readable.extend(found.readable());
            }
        }
        Ok(ParamsQuestion { method: entry.method.clone(), params, digests, readable })
    }
}

/// Finds the interpreters that methods of the plan run on, and enters them as inputs of their stages.
fn find_interpreters(
    places: &Places<'_>,
    plugins: &Plugins,
    plan: &mut Plan,
    outside: &mut BTreeMap<String, InputFile>,
    interpreters: &mut BTreeMap<String, Found>,
) -> anyhow::Result<()> {
    let folder = places.suite.parent().unwrap_or(Path::new("."));
    let mut private = vec![places.suite, Path::new(".")];
    private.extend(places.data_root);
    for node in &mut plan.nodes {
        let StageSpec::Prune(spec) = &node.spec else { continue };
        let Some(parameter) = plugins.method(&spec.method).and_then(interpreter::parameter) else { continue };
        let name = interpreter::named(&spec.params, parameter);
        if !interpreters.contains_key(&name) {
            let found = interpreter::ask(&name, parameter, folder, &private)?;
            let program = found.interpreter.program.clone();
            let input = InputFile { path: program, digest: found.digest.clone() };
            outside.insert(format!("interpreter {name}"), input);
            interpreters.insert(name.clone(), found);
        }
        node.inputs.insert("interpreter".to_owned(), InputSource::Interpreter(name));
    }
    Ok(())
}

/// Asks the plugins whether they take the parameters of the suite's methods, before anything runs.
fn check_params(
    file: &str,
    text: &str,
    suite: &Suite,
    plugins: &Plugins,
    outside: &Outside<'_>,
) -> anyhow::Result<()> {
    let mut by_plugin: BTreeMap<&Path, (&PluginInfo, Vec<usize>)> = BTreeMap::new();
    for (index, entry) in suite.methods.iter().enumerate() {
        let info = plugins.with_method(&entry.method).with_context(|| file.to_owned())?;
        by_plugin.entry(&info.path).or_insert_with(|| (info, Vec::new())).1.push(index);
    }
    let mut refused: BTreeMap<usize, String> = BTreeMap::new();
    for (info, entries) in by_plugin.into_values() {
        let questions = entries.iter().map(|index| outside.question(plugins, &suite.methods[*index]));
        let questions = questions.collect::<anyhow::Result<Vec<_>>>()?;
        let answers = entries.into_iter().zip(refusals(info, &questions)?);
        refused.extend(answers.filter_map(|(index, answer)| Some((index, answer?))));
    }
    match refused.first_key_value() {
        None => Ok(()),
        Some((index, reason)) => {
            Err(error_at(file, text, &format!("methods[{index}].params"), reason).into())
        }
    }
}
