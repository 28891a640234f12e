//! Finding plugins. This program never opens one: a worker inspects it, and what it says is cached by content.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use secateur_store::ParamsQuestion;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::worker::Worker;

/// How long a plugin is waited for that looks at parameters.
const PATIENCE: Duration = Duration::from_secs(30);

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
    let output = Worker::find()?
        .command()
        .arg("--inspect")
        .arg(&path)
        .output()
        .with_context(|| format!("cannot inspect plugin `{}`", path.display()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let text = text.trim().trim_start_matches("error: ");
        match output.status.code() {
            Some(_) => bail!("{text}"),
            None => {
                // Remembered until the file changes, so that not every command runs into it again.
                if let Some(file) = quarantine {
                    let _ = file.parent().map(std::fs::create_dir_all);
                    let _ = secateur_store::write_atomic(&file, output.status.to_string().as_bytes());
                }
                bail!(
                    "cannot load plugin `{}`: it crashed while it was loaded ({})",
                    path.display(),
                    output.status
                )
            }
        }
    }
    let info: PluginInfo =
        serde_json::from_slice(&output.stdout).context("the worker's answer is not JSON")?;
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
    let mut child = Worker::find()?
        .command()
        .arg("--check")
        .arg(&info.path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot ask plugin `{}`", info.path.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Who ends without listening gives no answer below.
        let _ = serde_json::to_writer(&mut stdin, &list);
    }
    let Some(stdout) = answer_in_time(child) else { return Ok(refusals) };
    let Ok(answers) = serde_json::from_slice::<Vec<Option<String>>>(&stdout) else { return Ok(refusals) };
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

/// What a process writes until it ends; `None`, and it is killed, if that takes longer than a method may look at its parameters.
fn answer_in_time(mut child: Child) -> Option<Vec<u8>> {
    let mut stdout = child.stdout.take()?;
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).map(|_| bytes)
    });
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().ok()?.is_none() {
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    reader.join().ok()?.ok()
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
