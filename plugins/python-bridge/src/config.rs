//! The parameters of both methods.

use std::path::Path;

use secateur_sdk::prelude::*;

/// Which class, from which file, with which parameters, on which Python.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// The class: `module:Class`, or `Class` alone if `path` is a file.
    pub(crate) class: String,
    /// The Python file, or a folder in which the module is: `file:NAME`, with the file under `files` of the entry. Absent: the
    /// module is installed for the interpreter.
    #[serde(default)]
    pub(crate) path: Option<String>,
    /// Parameters of the class: keyword arguments of its `__init__`.
    #[serde(default)]
    pub(crate) params: serde_json::Map<String, serde_json::Value>,
    /// What tensors are in Python: `torch` or `numpy` arrays, or the bridge's own `plain` ones; `auto` takes the first of them
    /// that can be imported.
    #[serde(default)]
    pub(crate) arrays: Arrays,
    /// The interpreter: a name that is looked for in PATH, or a path. Absent: what SECATEUR_PYTHON names, or `python3`.
    #[serde(default)]
    #[schemars(extend("x-secateur-interpreter" = "python"))]
    pub(crate) python: Option<String>,
}

/// What tensors are in Python.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Arrays {
    /// The first of the others that can be imported.
    #[default]
    Auto,
    /// `torch.Tensor`.
    Torch,
    /// `numpy.ndarray`.
    Numpy,
    /// `secateur_bridge.Array`, which needs nothing but Python.
    Plain,
}

impl Config {
    /// Refuses what can be seen to be wrong without Python.
    pub(crate) fn check(&self) -> Result<()> {
        let (module, class) = match self.class.split_once(':') {
            Some((module, class)) => (Some(module), class),
            None => (None, self.class.as_str()),
        };
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.chars().all(|c| c == '_' || c.is_alphanumeric())
        };
        let modules = module.is_none_or(|module| module.split('.').all(is_name));
        if !(modules && class.split('.').all(is_name)) {
            let help = "write `module:Class`, for example `my_package.methods:Magnitude`";
            return Err(Error::invalid(format!("class is `{}`; {help}", self.class)));
        }
        let Some(path) = self.path.as_deref().map(Path::new) else {
            if module.is_none() {
                let help = "write `module:Class`, or say in which file it is with `path`";
                return Err(Error::invalid(format!("class is `{class}` without a module; {help}")));
            }
            return Ok(());
        };
        if !path.exists() {
            let help = "declare it under `files` of the entry, for example `files: {method: my_method.py}`, and write \
                        `path: \"file:method\"`";
            return Err(Error::invalid(format!(
                "path is `{}`, where no file is that can be read; {help}",
                path.display()
            )));
        }
        if path.is_dir() && module.is_none() {
            let help = "write `module:Class`";
            return Err(Error::invalid(format!(
                "class is `{class}` without a module, and path is a folder; {help}"
            )));
        }
        Ok(())
    }

    /// What the interpreter is called.
    pub(crate) fn interpreter(&self) -> String {
        let named = || std::env::var("SECATEUR_PYTHON").ok().filter(|name| !name.is_empty());
        self.python.clone().or_else(named).unwrap_or_else(|| "python3".to_owned())
    }
}
