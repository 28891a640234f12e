//! Interpreters that methods run on, in processes that plugins start.
//!
//! Such a program may lie anywhere (a virtual environment, a version manager's folder), where a contained worker could not read
//! it, and what is installed in it changes results. So the parent asks it, before anything runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use secateur_store::Interpreter;
use serde::Deserialize;

use crate::family;
use crate::plugins::MethodInfo;

/// What a plugin writes beside a parameter in its schema, with the value `python`: the parameter names an interpreter.
const MARK: &str = "x-secateur-interpreter";
/// Names the interpreter where a suite does not.
const VARIABLE: &str = "SECATEUR_PYTHON";

/// Tells where Python lies and what is installed in it. Nothing is imported that is not part of Python.
const QUESTION: &str = "
import importlib.metadata, json, os, platform, sys
packages = set()
for distribution in importlib.metadata.distributions():
    name = distribution.metadata['Name']
    if name:
        packages.add('%s==%s' % (name.lower(), distribution.version))
folders = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix] + [path for path in sys.path if path]
print(json.dumps({
    'program': sys.executable,
    'version': '%s %s' % (platform.python_implementation(), platform.python_version()),
    'folders': [os.path.abspath(folder) for folder in folders],
    'packages': sorted(packages),
}))
";

/// What an interpreter says of itself.
#[derive(Debug, Deserialize)]
struct Answer {
    program: PathBuf,
    version: String,
    folders: Vec<PathBuf>,
    packages: Vec<String>,
}

/// An interpreter that answered.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) interpreter: Interpreter,
    /// Digest of its version and of the names and versions of what is installed in it.
    pub(crate) digest: String,
}

impl Found {
    /// What it consists of: the program and its folders.
    pub(crate) fn readable(&self) -> Vec<PathBuf> {
        let mut paths = self.interpreter.folders.clone();
        paths.push(self.interpreter.program.clone());
        paths
    }
}

/// The parameter of a method that names an interpreter.
pub(crate) fn parameter(method: &MethodInfo) -> Option<&str> {
    let properties = method.params_schema.get("properties")?.as_object()?;
    let marked = properties.iter().find(|(_, schema)| schema.get(MARK).is_some_and(|mark| mark == "python"));
    marked.map(|(name, _)| name.as_str())
}

/// What names the interpreter of an entry: its parameter, the environment, or `python3`.
pub(crate) fn named(params: &serde_json::Value, parameter: &str) -> String {
    let own = params.get(parameter).and_then(serde_json::Value::as_str).map(str::to_owned);
    own.or_else(|| std::env::var(VARIABLE).ok().filter(|name| !name.is_empty()))
        .unwrap_or_else(|| "python3".to_owned())
}

/// Asks an interpreter where it lies. A name with a slash is a path, relative to the suite's folder if it is there. No folder
/// belongs to it that one of `private` lies in: who has `PYTHONPATH=.` does not mean the test pictures.
pub(crate) fn ask(name: &str, parameter: &str, folder: &Path, private: &[&Path]) -> anyhow::Result<Found> {
    let beside = folder.join(name);
    let program = if name.contains('/') && beside.exists() { beside } else { PathBuf::from(name) };
    let help = format!("install Python 3.8 or newer, or name another one in {VARIABLE} or `{parameter}`");
    let output = family::output(Command::new(&program).args(["-B", "-c", QUESTION]));
    let output = output.with_context(|| format!("cannot start the interpreter `{name}`; {help}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        bail!("the interpreter `{name}` does not say where it lies ({}): {last}; {help}", output.status);
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the interpreter `{name}` does not answer as Python does; {help}"))?;
    let private: Vec<PathBuf> = private.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let mut folders: Vec<PathBuf> =
        answer.folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
    folders.retain(|folder| !private.iter().any(|path| path.starts_with(folder)));
    folders.sort();
    folders.dedup();
    let text = format!("{}\n{}", answer.version, answer.packages.join("\n"));
    Ok(Found {
        interpreter: Interpreter { param: parameter.to_owned(), program: answer.program, folders },
        digest: blake3::hash(text.as_bytes()).to_hex().to_string(),
    })
}
