//! What a plugin's tables say of its methods, and what is wrong with it.

use std::collections::BTreeSet;
use std::ffi::{CStr, c_char};

use secateur_abi as abi;

use crate::loader::{extensions, text};

/// A rule for the description of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescriptorRule {
    /// There are methods, and their tables are there and large enough.
    Tables,
    /// Identifiers look like `org.example.magnitude`.
    IdWellFormed,
    /// No identifier occurs twice.
    IdsUnique,
    /// Only flags that the contract knows are set, and one of them says what is pruned.
    FlagsKnown,
    /// The schema of the parameters is JSON, and describes an object.
    SchemaParses,
    /// Every host extension that a method cannot do without is one that this host has.
    RequiredExtensionsKnown,
    /// Texts are there and are UTF-8.
    StringsUtf8,
}

/// Something that is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptorProblem {
    /// The rule that is broken.
    pub rule: DescriptorRule,
    /// What is wrong, and what to do where that is not plain.
    pub text: String,
}

/// All that is wrong with the methods of a table, in their order.
pub(crate) fn problems(entry: &'static abi::Entry) -> Vec<DescriptorProblem> {
    let mut found = Vec::new();
    if entry.methods.is_null() || entry.method_count == 0 {
        let text = "it has no methods".to_owned();
        return vec![DescriptorProblem { rule: DescriptorRule::Tables, text }];
    }
    let mut ids = BTreeSet::new();
    for index in 0..entry.method_count as usize {
        // SAFETY: the plugin says that the table has `method_count` entries.
        let method = unsafe { *entry.methods.add(index) };
        if let Err(text) = check_tables(index, method) {
            found.push(DescriptorProblem { rule: DescriptorRule::Tables, text });
            continue;
        }
        // SAFETY: just checked, and it is static.
        let method: &'static abi::MethodDesc = unsafe { &*method };
        found.extend(of_method(index, method, &mut ids));
    }
    found
}

/// That everything a description points to is there.
fn check_tables(index: usize, method: *const abi::MethodDesc) -> Result<(), String> {
    if method.is_null() || !method.is_aligned() {
        return Err(format!("the description of method {index} is missing"));
    }
    // SAFETY: not null and aligned; the size is checked before any other field is read.
    let size = unsafe { (*method).struct_size } as usize;
    if size < size_of::<abi::MethodDesc>() {
        return Err(format!("the description of method {index} has {size} bytes, fewer than ABI 1.0's"));
    }
    // SAFETY: as above, and it is static.
    let method: &'static abi::MethodDesc = unsafe { &*method };
    let id = text(method.id).unwrap_or_default();
    if method.vtable.is_null() || !method.vtable.is_aligned() {
        return Err(format!("method `{id}` has no functions"));
    }
    // SAFETY: not null and aligned.
    let size = unsafe { (*method.vtable).struct_size } as usize;
    if size < size_of::<abi::MethodVtable>() {
        return Err(format!("the functions of method `{id}` take {size} bytes, fewer than ABI 1.0's"));
    }
    // The Rust types say that these are there; a careless C plugin may disagree.
    for offset in [
        std::mem::offset_of!(abi::MethodVtable, create),
        std::mem::offset_of!(abi::MethodVtable, destroy),
        std::mem::offset_of!(abi::MethodVtable, prune),
    ] {
        // SAFETY: the table is large enough, and a function pointer may be read as a number.
        if unsafe { method.vtable.byte_add(offset).cast::<usize>().read() } == 0 {
            return Err(format!("method `{id}` lacks one of create, destroy and prune"));
        }
    }
    Ok(())
}

fn of_method(
    index: usize,
    method: &'static abi::MethodDesc,
    ids: &mut BTreeSet<String>,
) -> Vec<DescriptorProblem> {
    let mut found = Vec::new();
    let mut tell = |rule, text: String| found.push(DescriptorProblem { rule, text });
    let Some(id) = text(method.id).filter(|id| !id.is_empty()) else {
        let (rule, what) = if is_utf8(method.id) {
            (DescriptorRule::IdWellFormed, "no identifier")
        } else {
            (DescriptorRule::StringsUtf8, "an identifier that is not UTF-8")
        };
        tell(rule, format!("method {index} has {what}"));
        return found;
    };
    if !is_well_formed(&id) {
        tell(
            DescriptorRule::IdWellFormed,
            format!(
                "method {index} is called `{id}`; an identifier has at least two parts of letters, digits, `-` and `_` \
                 with dots between them, like `org.example.magnitude`"
            ),
        );
    }
    if !ids.insert(id.clone()) {
        tell(DescriptorRule::IdsUnique, format!("two methods are called `{id}`"));
    }
    if method.flags & !abi::METHOD_KNOWN_FLAGS != 0 {
        tell(
            DescriptorRule::FlagsKnown,
            format!("method `{id}` has unknown flags {:#x}", method.flags & !abi::METHOD_KNOWN_FLAGS),
        );
    }
    if method.flags & (abi::METHOD_WEIGHT | abi::METHOD_CHANNEL) == 0 {
        tell(
            DescriptorRule::FlagsKnown,
            format!("method `{id}` prunes neither weights nor channels; set one of the two flags"),
        );
    }
    for (name, pointer, wanted) in [
        ("name", method.name, true),
        ("version", method.version, true),
        ("summary", method.summary, true),
        ("citation", method.citation, false),
        ("schema of parameters", method.params_schema, true),
    ] {
        if pointer.is_null() && wanted {
            tell(DescriptorRule::StringsUtf8, format!("method `{id}` has no {name}"));
        } else if !is_utf8(pointer) {
            tell(DescriptorRule::StringsUtf8, format!("the {name} of method `{id}` is not UTF-8"));
        }
    }
    let schema = text(method.params_schema).unwrap_or_default();
    match serde_json::from_str::<serde_json::Value>(&schema) {
        Err(error) => tell(
            DescriptorRule::SchemaParses,
            format!("the parameter schema of method `{id}` is not JSON: {error}"),
        ),
        Ok(value) if !value.is_object() => tell(
            DescriptorRule::SchemaParses,
            format!("the parameter schema of method `{id}` is no JSON Schema: it is not an object"),
        ),
        Ok(_) => {}
    }
    for extension in extensions(method) {
        if !crate::method::OFFERED.iter().any(|offered| offered.to_str() == Ok(&extension)) {
            tell(
                DescriptorRule::RequiredExtensionsKnown,
                format!(
                    "method `{id}` needs the host extension `{extension}`, which this host does not have"
                ),
            );
        }
    }
    found
}

fn is_well_formed(id: &str) -> bool {
    let good = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    id.contains('.') && id.split('.').all(good)
}

/// Whether a C string is UTF-8; a null pointer has nothing that is not.
fn is_utf8(pointer: *const c_char) -> bool {
    // SAFETY: not null; the contract says that these strings are NUL-terminated and static.
    pointer.is_null() || unsafe { CStr::from_ptr(pointer) }.to_str().is_ok()
}
