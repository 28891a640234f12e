//! A suite with everything around it: its plan, plugins, checkpoints and data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secateur_network::Op;
use secateur_store::{
    Facts, InputFile, Interpreter, MethodAbout, ParamsQuestion, SuiteManifest, digest_declared, digest_file,
};
use secateur_suite::{
    DataSource, Environment, InputSource, LIBTORCH_VERSION, LayoutChoice, MethodEntry, NetworkSpec, Plan,
    PlanNode, PrecisionChoice, StageSpec, Suite, Surroundings, Upstream, error_at, expand, read_suite_with,
    seed_commitment, with_paths,
};

use crate::interpreter::{self, Found};
use crate::plugins::{PluginInfo, Plugins, refusals};
use crate::published;

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
        let checkpoint = |upstream: &Upstream| match &upstream.checkpoint {
            Some(checkpoint) => find_checkpoint(places, checkpoint, &suite.network.name),
            None => Ok(BTreeMap::new()),
        };
        let upstream = checkpoint(&suite.upstream)?;
        let mut pretrainings = BTreeMap::new();
        for (name, pretraining) in &suite.pretrainings {
            pretrainings.insert(name.clone(), checkpoint(pretraining)?);
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
        for (name, path) in upstream {
            outside.insert(format!("upstream {name}"), input(&path)?);
        }
        for (pretraining, files) in pretrainings {
            for (name, path) in files {
                outside.insert(format!("upstream {pretraining}/{name}"), input(&path)?);
            }
        }
        let mut plan = expand(&suite, &surroundings).map_err(|error| anyhow::anyhow!("{file}: {error}"))?;
        if private_task_seed.is_some() && !plan.nodes.iter().any(is_generated) {
            bail!("{file}: --task-seed draws the generated tasks anew, and the suite has none");
        }
        for (index, entry) in suite.methods.iter().enumerate() {
            for (name, path) in &entry.files {
                let key = format!("methods[{index}].files.{name}");
                let found = find_file(places, path)
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
                        if let std::collections::btree_map::Entry::Vacant(entry) = outside.entry(key) {
                            entry.insert(find_data(places, path)?);
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
        Ok(Self { suite, digest, plan, environment, private_task_seed, methods, outside, interpreters })
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

/// Whether the networks exist, and networks, tasks and recipes are all of classes or all of boxes.
fn check_networks(suite: &Suite) -> anyhow::Result<()> {
    let has_boxes = |task: &str| match suite.tasks.get(task) {
        Some(source) => source.format.has_boxes(),
        None => secateur_data::generated::detection_info(task).is_some(),
    };
    let mut recipes = Vec::new();
    let own = [("network".to_owned(), &suite.upstream)].into_iter();
    let others = suite.pretrainings.iter().map(|(name, it)| (format!("pretrainings.{name}"), it));
    for (key, pretraining) in own.chain(others) {
        let boxes = has_boxes(&pretraining.task);
        check_task(suite, &key, &suite.network, &pretraining.task, boxes)?;
        if boxes && pretraining.projection.is_some() {
            bail!("suite {}: {key}: training without labels is for pictures with one class each", suite.name);
        }
        let train = pretraining.train.iter().map(|train| &train.recipe);
        let trained = pretraining.trained.iter().map(|trained| &trained.recipe);
        recipes.extend(train.chain(trained).map(|name| (name, boxes)));
    }
    let upstream = has_boxes(&suite.upstream.task);
    if let Some((transfer, network)) = suite.transfer.as_ref().and_then(|it| Some((it, it.network.as_ref()?)))
    {
        for task in &transfer.tasks {
            check_task(suite, "transfer.network", network, task, has_boxes(task))?;
        }
    }
    recipes.extend(suite.direct.iter().map(|direct| (&direct.recipe, upstream)));
    for track in &suite.tracks {
        recipes.extend(track.recipe.iter().map(|name| (name, has_boxes(&suite.base(track).task))));
    }
    for (name, boxes) in recipes {
        check_recipe(suite, name, boxes)?;
    }
    for (transfer, full) in suite.transfer.iter().filter_map(|it| Some((it, it.full.as_ref()?))) {
        for task in &transfer.tasks {
            check_recipe(suite, full.task_recipes.get(task).unwrap_or(&full.recipe), has_boxes(task))?;
        }
    }
    Ok(())
}

/// Whether a network exists and answers as its task asks.
fn check_task(
    suite: &Suite,
    key: &str,
    network: &NetworkSpec,
    task: &str,
    has_boxes: bool,
) -> anyhow::Result<()> {
    let options = secateur_network::zoo::Options { width: Some(network.width), ..Default::default() };
    let built = secateur_network::zoo::build(&network.name, &options)
        .with_context(|| format!("suite {}: {key}.name", suite.name))?;
    if let Some(projection) = network.projection {
        built
            .projected(projection.hidden.map(|hidden| hidden as usize), projection.out as usize)
            .with_context(|| format!("suite {}: {key}.projection", suite.name))?;
    }
    let detects = matches!(built.node(built.output()).op, Op::BoxPredictions { .. });
    if has_boxes != detects {
        let (own, other) =
            if has_boxes { ("boxes", "scores classes") } else { ("classes", "predicts boxes") };
        bail!(
            "suite {}: {key}: task `{task}` has {own}, but network `{}` {other}; `secateur networks` lists detectors by \
             names with `ssd`",
            suite.name,
            network.name
        );
    }
    Ok(())
}

/// Whether a recipe's augmentation is for the kind of pictures it is used on.
fn check_recipe(suite: &Suite, name: &str, has_boxes: bool) -> anyhow::Result<()> {
    let recipe = &suite.recipes[name];
    if has_boxes && recipe.shift > 0 {
        bail!(
            "suite {}: recipes.{name}.shift is for pictures with one class; detectors have `crop`",
            suite.name
        );
    }
    if !has_boxes && (recipe.crop || recipe.expand > 0.0 || recipe.photometric) {
        bail!(
            "suite {}: recipes.{name} has `crop`, `expand` or `photometric`, which are for detection; pictures with one \
             class have `shift` and `flip`",
            suite.name
        );
    }
    Ok(())
}

fn input(path: &Path) -> anyhow::Result<InputFile> {
    let path = std::fs::canonicalize(path).with_context(|| format!("cannot read {}", path.display()))?;
    let digest = digest_file(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(InputFile { path, digest })
}

/// Files of an upstream checkpoint: a file is `end`; of a folder, `end`, `init` and `step-N`. What is no file may be the name of a
/// published checkpoint of the suite's network.
fn find_checkpoint(
    places: &Places<'_>,
    name: &str,
    network: &str,
) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let beside = places.suite.parent().unwrap_or(Path::new(".")).join(name);
    let below = places.data_root.map(|root| root.join(name));
    let path = if beside.exists() {
        beside
    } else if let Some(below) = below.filter(|path| path.exists()) {
        below
    } else if let Some(imported) = published::of_suite(places.data_root, name, network)? {
        imported
    } else {
        bail!(
            "there is no upstream checkpoint `{name}` beside {}{}",
            places.suite.display(),
            places.data_root.map_or_else(
                || "; if it lies in a data folder, name that with --data-root".to_owned(),
                |root| format!(" or below {}", root.display())
            )
        );
    };
    if path.is_file() {
        return Ok([("end".to_owned(), path)].into());
    }
    let mut files = BTreeMap::new();
    let entries = std::fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))?;
    for entry in entries {
        let entry = entry?.path();
        let stem = entry.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let kept = matches!(stem.as_str(), "end" | "init")
            || stem.strip_prefix("step-").is_some_and(|step| step.parse::<u64>().is_ok());
        if kept && entry.extension().is_some_and(|extension| extension == "safetensors") {
            files.insert(stem, entry);
        }
    }
    if !files.contains_key("end") {
        bail!("{} has no end.safetensors", path.display());
    }
    Ok(files)
}

/// A file or folder that a method entry declares: beside the suite, or below the data root.
fn find_file(places: &Places<'_>, name: &str) -> anyhow::Result<InputFile> {
    let beside = places.suite.parent().unwrap_or(Path::new(".")).join(name);
    let below = places.data_root.map(|root| root.join(name));
    let Some(path) = [Some(beside), below].into_iter().flatten().find(|path| path.exists()) else {
        let data = places.data_root.map(|root| format!(" or below {}", root.display()));
        bail!("there is no `{name}` beside {}{}", places.suite.display(), data.unwrap_or_default());
    };
    let digest = digest_declared(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let path = std::fs::canonicalize(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(InputFile { path, digest })
}

fn find_data(places: &Places<'_>, path: &str) -> anyhow::Result<InputFile> {
    let Some(root) = places.data_root else {
        bail!("the suite reads `{path}`; say where it lies with --data-root");
    };
    let path = root.join(path);
    if !path.exists() {
        bail!("there is no {}; the suite names it, and --data-root says where", path.display());
    }
    let digest = secateur_data::folder::digest_source(&path)?;
    let path = std::fs::canonicalize(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(InputFile { path, digest })
}
