//! Finding plugins. This program never opens one: a worker inspects it, and what it says is cached by content.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use secateur_store::{MethodAbout, ParamsQuestion};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::question::{Ended, Question};
use crate::worker::Worker;

/// Names how many seconds a plugin may take to load, or to look at parameters; whole ones.
const VARIABLE: &str = "SECATEUR_LOAD_SECONDS";

/// How long a plugin is waited for that is loaded, or looks at parameters.
fn patience() -> anyhow::Result<Duration> {
    let Some(text) = std::env::var_os(VARIABLE) else { return Ok(Duration::from_secs(30)) };
    let seconds = text.to_str().and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
    let seconds = seconds
        .with_context(|| format!("{VARIABLE} is a number of seconds, such as 120, and not {text:?}"))?;
    Ok(Duration::from_secs(seconds))
}

/// What a plugin says of itself, as the worker prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PluginInfo {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    pub(crate) abi: String,
    pub(crate) torch: Option<String>,
    pub(crate) compiler: String,
    pub(crate) target: String,
    pub(crate) sdk: String,
    pub(crate) source: Option<String>,
    pub(crate) methods: Vec<MethodInfo>,
}

/// What a method says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MethodInfo {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) citation: Option<String>,
    pub(crate) flags: Vec<String>,
    pub(crate) params_schema: serde_json::Value,
    pub(crate) required_extensions: Vec<String>,
}

impl MethodInfo {
    /// What reports tell of it.
    pub(crate) fn about(&self) -> MethodAbout {
        MethodAbout {
            name: self.name.clone(),
            version: self.version.clone(),
            summary: self.summary.clone(),
            citation: self.citation.clone().unwrap_or_default(),
        }
    }
}

/// The plugins at hand.
#[derive(Debug, Default)]
pub(crate) struct Plugins {
    pub(crate) infos: Vec<PluginInfo>,
}

impl Plugins {
    /// Inspects the plugins that were named, or, if none was, those in `SECATEUR_PLUGIN_PATH`, in this program's own
    /// folder and its `plugins/`, and in the user's data folder. A named plugin that does not load is an error; of
    /// the others, what is no plugin is passed over.
    pub(crate) fn find(named: &[PathBuf]) -> anyhow::Result<Self> {
        let mut plugins = Self::default();
        if named.is_empty() {
            for folder in folders() {
                for path in libraries(&folder) {
                    match inspect(&path) {
                        Ok(info) => plugins.infos.push(info),
                        Err(error) => eprintln!("warning: passed over: {error:#}"),
                    }
                }
            }
        }
        for path in named {
            plugins.infos.push(inspect(path)?);
        }
        plugins.infos.sort_by(|a, b| a.path.cmp(&b.path));
        let mut contents = std::collections::BTreeSet::new();
        plugins.infos.retain(|info| contents.insert(info.sha256.clone()));
        let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
        for info in &plugins.infos {
            for method in &info.methods {
                if let Some(other) = seen.insert(&method.id, &info.path) {
                    bail!(
                        "method `{}` is in two plugins, {} and {}; name the one you mean with --plugin",
                        method.id,
                        other.display(),
                        info.path.display()
                    );
                }
            }
        }
        Ok(plugins)
    }

    /// The plugin that has a method.
    pub(crate) fn with_method(&self, id: &str) -> anyhow::Result<&PluginInfo> {
        let found = self.infos.iter().find(|info| info.methods.iter().any(|method| method.id == id));
        found.with_context(|| {
            let known: Vec<&str> = self.method_ids().collect();
            match secateur_suite::nearest(id, known.iter().copied()) {
                Some(near) => format!("no plugin has the method `{id}`; did you mean `{near}`?"),
                None if known.is_empty() => {
                    format!("no plugin has the method `{id}`; name one with --plugin, or build them")
                }
                None => format!("no plugin has the method `{id}`; there are {}", known.join(", ")),
            }
        })
    }

    /// A method by its identifier.
    pub(crate) fn method(&self, id: &str) -> Option<&MethodInfo> {
        self.infos.iter().flat_map(|info| &info.methods).find(|method| method.id == id)
    }

    fn method_ids(&self) -> impl Iterator<Item = &str> {
        self.infos.iter().flat_map(|info| &info.methods).map(|method| method.id.as_str())
    }
}

/// Where plugins are looked for that nobody named.
pub(crate) fn folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(path) = std::env::var_os("SECATEUR_PLUGIN_PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    if let Some(own) = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)) {
        folders.push(own.join("plugins"));
        folders.push(own.join("../plugins"));
        folders.push(own);
    }
    if let Some(data) = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
    {
        folders.push(data.join("secateur/plugins"));
    }
    folders
}

fn libraries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
        .unwrap_or_default();
    paths.retain(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("libsecateur_") && (name.ends_with(".so") || name.ends_with(".dylib"))
    });
    paths.sort();
    paths
}

/// sha256 of a file in hexadecimal.
fn sha256(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read plugin {}", path.display()))?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What a plugin says of itself, from the cache or from a worker.
pub(crate) fn inspect(path: &Path) -> anyhow::Result<PluginInfo> {
    let path =
        std::fs::canonicalize(path).with_context(|| format!("cannot load plugin `{}`", path.display()))?;
    let sha256 = sha256(&path)?;
    let cached = cache_file(&sha256, &Worker::fingerprint());
    if let Some(info) = cached.as_ref().and_then(|file| read_cached(file)) {
        return Ok(PluginInfo { path, ..info });
    }
    let quarantine = cached.as_ref().map(|file| file.with_extension("crashed"));
    if let Some((file, how)) =
        quarantine.as_ref().and_then(|file| Some((file, std::fs::read_to_string(file).ok()?)))
    {
        bail!(
            "cannot load plugin `{}`: it crashed when it was last loaded ({how})\n  help: another build of it is tried again, and so \
             is this one without {}",
            path.display(),
            file.display()
        );
    }
    let limit = patience()?;
    let question = Question { mode: "--inspect", path: &path, input: String::new(), environment: &[], limit };
    let answer = question.ask(&Worker::find()?)?;
    let remember = |how: &str| {
        // Until the file changes, so that not every command runs into it again.
        if let Some(file) = &quarantine {
            let _ = file.parent().map(std::fs::create_dir_all);
            let _ = secateur_store::write_atomic(file, how.as_bytes());
        }
    };
    match answer.ended {
        Ended::Exited(0) => {}
        Ended::Exited(_) => bail!("{}", answer.error()),
        Ended::Signal(_) | Ended::TimedOut => {
            let how = answer.ended.describe(limit);
            remember(&how);
            let what = if answer.ended == Ended::TimedOut { "did not come back" } else { "crashed" };
            bail!("cannot load plugin `{}`: it {what} while it was loaded ({how})", path.display());
        }
    }
    let info: PluginInfo = serde_json::from_str(&answer.line).with_context(|| {
        format!(
            "plugin `{}` ended the process, or printed over its description, while it was loaded",
            path.display()
        )
    })?;
    if let Some(file) = cached {
        // The cache only saves time; what cannot be cached is asked for again.
        let _ = file.parent().map(std::fs::create_dir_all);
        if let Ok(text) = serde_json::to_vec(&info) {
            let _ = secateur_store::write_atomic(&file, &text);
        }
    }
    Ok(info)
}

/// Why a plugin refuses parameters of its methods, for each question; `None` where it takes them, and where it cannot be asked: the
/// stage will tell. Parameters that were taken once are not asked for again.
pub(crate) fn refusals(
    info: &PluginInfo,
    questions: &[ParamsQuestion],
) -> anyhow::Result<Vec<Option<String>>> {
    let worker = Worker::fingerprint();
    let taken = |question: &ParamsQuestion| {
        let text = format!("{} {} {:?}", question.method, question.params, question.digests);
        cache_file(&info.sha256, &format!("{worker}-{}", blake3::hash(text.as_bytes()).to_hex()))
    };
    let asked: Vec<usize> = (0..questions.len())
        .filter(|index| !taken(&questions[*index]).is_some_and(|file| file.exists()))
        .collect();
    let mut refusals = vec![None; questions.len()];
    if asked.is_empty() {
        return Ok(refusals);
    }
    let list: Vec<&ParamsQuestion> = asked.iter().map(|index| &questions[*index]).collect();
    let input = serde_json::to_string(&list).context("parameters cannot be written as JSON")?;
    let question =
        Question { mode: "--check", path: &info.path, input, environment: &[], limit: patience()? };
    let answer = question.ask(&Worker::find()?)?;
    let answers = match answer.ended {
        Ended::Exited(0) => serde_json::from_str::<Vec<Option<String>>>(&answer.line).unwrap_or_default(),
        _ => Vec::new(),
    };
    for (index, answer) in asked.into_iter().zip(answers) {
        if let (None, Some(file)) = (&answer, taken(&questions[index])) {
            // The cache only saves time.
            let _ = file.parent().map(std::fs::create_dir_all);
            let _ = secateur_store::write_atomic(&file, b"taken");
        }
        refusals[index] = answer;
    }
    Ok(refusals)
}

/// A plugin that one worker refuses another may take, so what is cached belongs to both.
fn cache_file(sha256: &str, worker: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    Some(cache.join("secateur/plugins").join(format!("{sha256}-{worker}.json")))
}

fn read_cached(file: &Path) -> Option<PluginInfo> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    const INFO: &str = r#"{"path": "/a/libm.so", "sha256": "ab", "abi": "1.3", "torch": "2.11.0", "compiler": "rustc", "target": "x",
        "sdk": "0.1.0", "source": null, "methods": [{"id": "org.m", "name": "M", "version": "1", "summary": "s", "citation": null,
        "flags": ["weights"], "params_schema": {"type": "object", "properties": {"rate": {"type": "number"}}},
        "required_extensions": []}]}"#;

    /// What a plugin says of itself, as it stands in the cache.
    fn cached(bytes: &[u8]) -> Option<PluginInfo> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("info.json");
        std::fs::write(&file, bytes).unwrap();
        read_cached(&file)
    }

    proptest! {
        #[test]
        fn a_changed_description_is_read_or_passed_over(
            at in any::<Index>(), length in 0_usize..40, new in prop::collection::vec(any::<u8>(), 0..40)
        ) {
            let mut bytes = INFO.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes.splice(at..(at + length).min(INFO.len()), new);
            // What was read can be written and is read again as it is: a plugin that is inspected once is so each time.
            if let Some(info) = cached(&bytes) {
                let text = serde_json::to_vec(&info).unwrap();
                prop_assert_eq!(serde_json::to_vec(&cached(&text).unwrap()).unwrap(), text);
            }
        }
    }

    #[test]
    fn a_deep_schema_is_passed_over() {
        assert_eq!(cached(INFO.as_bytes()).unwrap().methods[0].id, "org.m");
        for depth in [200, 200_000] {
            let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
            assert!(cached(INFO.replace("\"number\"", &deep).as_bytes()).is_none());
        }
    }
}
