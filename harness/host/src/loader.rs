//! Opening a plugin, step by step, with a readable error at each.

use std::collections::BTreeSet;
use std::ffi::{CStr, c_char};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libloading::os::unix::Library;
use secateur_abi as abi;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::callback::Sink;
use crate::torch::{loaded_libraries, torch_abi_version, version_text};

/// How far loading came. The steps are taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoadStep {
    /// The file is read.
    File,
    /// The dynamic linker opens it with all its symbols.
    Open,
    /// The entry function is found.
    Entry,
    /// The table that it returns has the magic number and sizes of the contract.
    Table,
    /// The table's ABI version is one that this host has.
    Abi,
    /// The libtorch that it was built for is the one that runs.
    Torch,
    /// There is one libtorch in the process.
    OneTorch,
    /// The methods are described as the contract says.
    Methods,
    /// The plugin's own initialization.
    Init,
}

/// Why a plugin cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot load plugin `{}`: {reason}", path.display())]
pub struct LoadError {
    /// The library.
    pub path: PathBuf,
    /// The step that failed.
    pub step: LoadStep,
    /// What is wrong, and what to do.
    pub reason: String,
}

/// An open plugin. It stays open until the process ends.
#[derive(Debug)]
pub struct Plugin {
    path: PathBuf,
    sha256: String,
    entry: &'static abi::Entry,
    initialized: OnceLock<Result<(), String>>,
}

/// What a plugin says of itself, for other processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// The library.
    pub path: PathBuf,
    /// sha256 of the library.
    pub sha256: String,
    /// ABI version it was compiled against.
    pub abi: String,
    /// libtorch it was compiled against, if any.
    pub torch: Option<String>,
    /// Compiler.
    pub compiler: String,
    /// Target.
    pub target: String,
    /// SDK.
    pub sdk: String,
    /// Source revision, if known.
    pub source: Option<String>,
    /// Whether its panics or exceptions stop at its border, as it says.
    #[serde(default)]
    pub unwinds: bool,
    /// Its methods.
    pub methods: Vec<MethodInfo>,
}

/// What a method says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodInfo {
    /// Identifier.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Version.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// DOI or arXiv identifier.
    pub citation: Option<String>,
    /// What it prunes and needs, in words.
    pub flags: Vec<String>,
    /// JSON Schema of its parameters.
    pub params_schema: serde_json::Value,
    /// Host extensions it cannot do without.
    pub required_extensions: Vec<String>,
}

const FLAG_NAMES: [(u32, &str); 7] = [
    (abi::METHOD_WEIGHT, "weights"),
    (abi::METHOD_CHANNEL, "channels"),
    (abi::METHOD_NEEDS_DATA, "needs-data"),
    (abi::METHOD_NEEDS_GRAD, "needs-gradients"),
    (abi::METHOD_TRAINS, "trains"),
    (abi::METHOD_MUTATES_WEIGHTS, "writes-weights"),
    (abi::METHOD_DETERMINISTIC, "deterministic"),
];

/// An error with all its causes; libloading keeps the linker's own words in the last one.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Plugin {
    /// Opens a plugin and checks everything that can be checked before a method runs.
    ///
    /// # Errors
    /// Says which check failed, and what to do.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let plugin = Self::open(path)?;
        plugin.check_methods()?;
        Ok(plugin)
    }

    /// Opens a plugin and checks its table, but not yet the descriptions of its methods.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let (path, sha256) = read(path)?;
        let fail = |step| {
            let path = path.clone();
            move |reason: String| LoadError { path: path.clone(), step, reason }
        };
        let entry = open_library(&path)?;
        // SAFETY: the function takes nothing and returns a pointer; the checks below come before any use.
        let pointer = unsafe { entry() };
        let entry = check_entry(pointer).map_err(|(step, reason)| fail(step)(reason))?;
        let plugin = Self { path: path.clone(), sha256, entry, initialized: OnceLock::new() };
        plugin.check_torch().map_err(fail(LoadStep::Torch))?;
        one_torch().map_err(fail(LoadStep::OneTorch))?;
        Ok(plugin)
    }

    /// A plugin that is linked into this program, for benches and a plugin's own tests: checked as any other from its entry function on.
    ///
    /// # Errors
    /// Says which check failed.
    #[doc(hidden)]
    pub fn in_process(entry: extern "C" fn() -> *const abi::Entry) -> Result<Self, LoadError> {
        let path = PathBuf::from("in-process");
        let entry =
            check_entry(entry()).map_err(|(step, reason)| LoadError { path: path.clone(), step, reason })?;
        let plugin = Self { path: path.clone(), sha256: String::new(), entry, initialized: OnceLock::new() };
        plugin.check_torch().map_err(|reason| LoadError { path, step: LoadStep::Torch, reason })?;
        plugin.check_methods()?;
        Ok(plugin)
    }

    /// The library.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// sha256 of the library.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    pub(crate) fn entry(&self) -> &'static abi::Entry {
        self.entry
    }

    /// The description of a method.
    pub(crate) fn method(&self, id: &str) -> Option<&'static abi::MethodDesc> {
        self.methods().into_iter().find(|method| text(method.id).as_deref() == Some(id))
    }

    fn methods(&self) -> Vec<&'static abi::MethodDesc> {
        // SAFETY: `check_methods` has seen that the table and each description are there; they are static.
        (0..self.entry.method_count as usize)
            .map(|index| unsafe { &**self.entry.methods.add(index) })
            .collect()
    }

    fn check_torch(&self) -> Result<(), String> {
        // SAFETY: checked to be non-null by `check_entry`; static.
        let build = unsafe { &*self.entry.build };
        let running = torch_abi_version();
        let (links, shim) =
            (build.flags & abi::BUILD_LINKS_LIBTORCH != 0, build.flags & abi::BUILD_STABLE_SHIM != 0);
        let fits = if links {
            build.torch_abi_version >> 40 == running >> 40
        } else {
            !shim || build.torch_abi_version <= running
        };
        if !fits {
            let compiler = text(build.compiler).unwrap_or_default();
            let package = self.path.file_stem().map(|stem| stem.to_string_lossy().replace('_', "-"));
            let help = match package {
                Some(package) if compiler.starts_with("rustc") => {
                    format!(": cargo build --release -p {}", package.trim_start_matches("lib"))
                }
                _ => String::new(),
            };
            return Err(format!(
                "it was built for another libtorch\n  plugin   {} (torch ABI {:#018x}, {}, {})\n  host     {}\n  \
                 help: rebuild it against this libtorch{help}",
                text(build.torch_version).unwrap_or_else(|| version_text(build.torch_abi_version)),
                build.torch_abi_version,
                text(build.sdk_version).unwrap_or_default(),
                compiler,
                version_text(running),
            ));
        }
        Ok(())
    }

    fn check_methods(&self) -> Result<(), LoadError> {
        match crate::descriptor::problems(self.entry).into_iter().next() {
            None => Ok(()),
            Some(problem) => {
                Err(LoadError { path: self.path.clone(), step: LoadStep::Methods, reason: problem.text })
            }
        }
    }

    /// Calls the plugin's `init`, once for this plugin, however often it is asked for.
    ///
    /// # Errors
    /// Returns the plugin's own message.
    pub fn init(&self, host: &'static abi::Host) -> Result<(), LoadError> {
        let done = self.initialized.get_or_init(|| {
            let Some(init) = self.entry().init else { return Ok(()) };
            let sink = Sink::default();
            // SAFETY: the function has the contract's type; host and sink outlive the call.
            let status = unsafe { init(host, &sink.as_abi()) };
            if status < 0 {
                Err(format!("its initialization failed: {}", sink.message(status)))
            } else {
                Ok(())
            }
        });
        done.clone().map_err(|reason| LoadError { path: self.path.clone(), step: LoadStep::Init, reason })
    }

    /// What the plugin says of itself.
    #[must_use]
    pub fn info(&self) -> PluginInfo {
        // SAFETY: checked to be non-null by `check_entry`; static.
        let build = unsafe { &*self.entry.build };
        PluginInfo {
            path: self.path.clone(),
            sha256: self.sha256.clone(),
            abi: format!("{}.{}", self.entry.abi_major, self.entry.abi_minor),
            torch: text(build.torch_version),
            compiler: text(build.compiler).unwrap_or_default(),
            target: text(build.target).unwrap_or_default(),
            sdk: text(build.sdk_version).unwrap_or_default(),
            source: text(build.source_rev),
            unwinds: build.flags & abi::BUILD_UNWINDS != 0,
            methods: self.methods().into_iter().map(method_info).collect(),
        }
    }
}

fn method_info(method: &'static abi::MethodDesc) -> MethodInfo {
    let flags = FLAG_NAMES.iter().filter(|(flag, _)| method.flags & flag != 0);
    MethodInfo {
        id: text(method.id).unwrap_or_default(),
        name: text(method.name).unwrap_or_default(),
        version: text(method.version).unwrap_or_default(),
        summary: text(method.summary).unwrap_or_default(),
        citation: text(method.citation),
        flags: flags.map(|(_, name)| (*name).to_owned()).collect(),
        params_schema: text(method.params_schema)
            .and_then(|schema| serde_json::from_str(&schema).ok())
            .unwrap_or_default(),
        required_extensions: extensions(method),
    }
}

pub(crate) fn extensions(method: &abi::MethodDesc) -> Vec<String> {
    let mut names = Vec::new();
    if method.required_extensions.is_null() {
        return names;
    }
    for index in 0.. {
        // SAFETY: the list is null-terminated by contract.
        match text(unsafe { *method.required_extensions.add(index) }) {
            Some(name) => names.push(name),
            None => break,
        }
    }
    names
}

/// The place and the sha256 of a file that looks like a dynamic library.
fn read(path: &Path) -> Result<(PathBuf, String), LoadError> {
    let fail = |reason: String| LoadError { path: path.to_owned(), step: LoadStep::File, reason };
    let found = std::fs::canonicalize(path).map_err(|error| fail(error.to_string()))?;
    let bytes = std::fs::read(&found).map_err(|error| fail(error.to_string()))?;
    if !bytes.starts_with(b"\x7fELF") && cfg!(target_os = "linux") {
        return Err(fail("it is not a dynamic library (no ELF header)".to_owned()));
    }
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((found, sha256))
}

/// Opens a library for good and finds its entry function.
pub(crate) fn open_library(path: &Path) -> Result<abi::EntryFn, LoadError> {
    let fail = |step, reason: String| LoadError { path: path.to_owned(), step, reason };
    // Missing symbols must show here (NOW), a plugin's symbols must not reach others (LOCAL), and a library
    // that used thread-locals must never be unloaded (NODELETE).
    #[cfg(target_os = "linux")]
    let flags = libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_NODELETE;
    #[cfg(not(target_os = "linux"))]
    let flags = libc::RTLD_NOW | libc::RTLD_LOCAL;
    // SAFETY: opening runs the library's initializers. This is a worker process made for that; the library
    // stays open for good.
    let library =
        unsafe { Library::open(Some(path), flags) }.map_err(|error| fail(LoadStep::Open, chain(&error)))?;
    // SAFETY: the symbol's name is the contract's, and so is its type.
    let entry = unsafe { library.get::<abi::EntryFn>(abi::ENTRY_SYMBOL) }.map(|symbol| *symbol);
    std::mem::forget(library);
    entry.map_err(|_| {
        let symbol = abi::ENTRY_SYMBOL.to_string_lossy();
        fail(
            LoadStep::Entry,
            format!("it exports no `{symbol}`; a Secateur plugin ends with `export_plugin!(…)`"),
        )
    })
}

/// That there is no second libtorch in the process.
fn one_torch() -> Result<(), String> {
    let copies: BTreeSet<PathBuf> = loaded_libraries()
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name == "libtorch_cpu.so"))
        .collect();
    if copies.len() > 1 {
        return Err(format!("it brings a second libtorch into the process: {copies:?}"));
    }
    Ok(())
}

fn check_entry(pointer: *const abi::Entry) -> Result<&'static abi::Entry, (LoadStep, String)> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err((LoadStep::Table, "its entry function returns no table".to_owned()));
    }
    // SAFETY: not null and aligned. The offsets of these five fields never move, in any major version.
    let (magic, size, major, minor, minimum) = unsafe {
        (
            (*pointer).magic,
            (*pointer).struct_size as usize,
            (*pointer).abi_major,
            (*pointer).abi_minor,
            (*pointer).abi_min_minor,
        )
    };
    if magic != abi::MAGIC {
        let reason = format!("its table begins with {magic:#018x}, which is not Secateur's magic number");
        return Err((LoadStep::Table, reason));
    }
    if major != abi::MAJOR {
        let reason = format!(
            "it was built for plugin ABI {major}.{minor}, this host has {}.{}\n  help: rebuild it with this version's SDK",
            abi::MAJOR,
            abi::MINOR
        );
        return Err((LoadStep::Abi, reason));
    }
    if minimum > abi::MINOR {
        let reason = format!(
            "it needs plugin ABI 1.{minimum}, this host has {}.{}\n  help: update Secateur",
            abi::MAJOR,
            abi::MINOR
        );
        return Err((LoadStep::Abi, reason));
    }
    if size < size_of::<abi::Entry>() {
        let reason = format!("its table has {size} bytes, fewer than ABI 1.0's {}", size_of::<abi::Entry>());
        return Err((LoadStep::Table, reason));
    }
    // SAFETY: the size is that of our structure at least, and the table is static by contract.
    let entry: &'static abi::Entry = unsafe { &*pointer };
    if entry.build.is_null() || !entry.build.is_aligned() {
        return Err((LoadStep::Table, "it does not say how it was built".to_owned()));
    }
    // SAFETY: not null and aligned.
    if (unsafe { (*entry.build).struct_size } as usize) < size_of::<abi::BuildInfo>() {
        return Err((LoadStep::Table, "its build description is shorter than ABI 1.0's".to_owned()));
    }
    Ok(entry)
}

/// A C string of the plugin; `None` if it is null or not UTF-8.
pub(crate) fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: not null; the contract says that these strings are NUL-terminated and static.
    unsafe { CStr::from_ptr(pointer) }.to_str().ok().map(str::to_owned)
}
