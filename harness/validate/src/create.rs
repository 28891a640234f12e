//! Level 3: instances come and go, and wrong parameters are refused.

use std::time::{Duration, Instant};

use secateur_abi as abi;
use secateur_host::{MethodFailure, allocated_bytes, check_params, unknown_extension_is_null};
use secateur_store::{Check, Verdict};
use serde_json::{Value, json};

use crate::attempt::{Subject, word};
use crate::schema;

/// Instances before and while memory is watched.
const WARM_UP: usize = 100;
const INSTANCES: usize = 1000;
/// Where each instance is a process of its own, a thousand take a minute: after this time as many as there were are enough, and
/// never fewer than `FEW`.
const ENOUGH: Duration = Duration::from_secs(15);
const FEW: usize = 100;
/// Bytes that may be left behind by all of them.
const LEFT: u64 = 16 << 10;
/// A parameter that nobody has.
const UNKNOWN: &str = "parameter_of_the_validator";

pub(crate) fn check(subject: &Subject<'_>, check: Check) -> anyhow::Result<Verdict> {
    Ok(match check {
        Check::SchemaAcceptsDefaults => defaults(subject),
        Check::CreateDestroy1000 => thousand(subject),
        Check::UnknownKeyRejected => unknown_key(subject),
        Check::WrongTypeRejected => wrong_types(subject),
        Check::TruncatedJson => truncated(subject),
        _ => match unknown_extension_is_null(subject.plugin, &subject.info.id, &subject.params.to_string()) {
            Err(failure) => refused(&failure),
            Ok(true) => Verdict::passed(),
            Ok(false) => Verdict::failed(
                "`get_extension` answers an identifier that it cannot know with a pointer; answer NULL",
            ),
        },
    })
}

fn create(subject: &Subject<'_>, params: &str) -> Result<(), MethodFailure> {
    check_params(subject.plugin, &subject.info.id, params)
}

fn refused(failure: &MethodFailure) -> Verdict {
    Verdict::failed(format!(
        "it makes no instance of these parameters ({}: {}); give others with --params",
        word(failure.status),
        failure.message
    ))
}

/// The parameters with one more.
fn with(subject: &Subject<'_>, name: &str, value: Value) -> Value {
    let mut params = subject.params.as_object().cloned().unwrap_or_default();
    params.insert(name.to_owned(), value);
    Value::Object(params)
}

fn defaults(subject: &Subject<'_>) -> Verdict {
    let root = &subject.info.params_schema;
    if let Some(missing) =
        schema::required(root).iter().find(|name| subject.params.get(name.as_str()).is_none())
    {
        return Verdict::skipped(format!("the parameter `{missing}` has no default; give it with --params"));
    }
    if let Err(failure) = create(subject, &subject.params.to_string()) {
        return refused(&failure);
    }
    for (name, property) in schema::properties(root) {
        let default = &property["default"];
        if default.is_null() || subject.params.get(&name).is_some() {
            continue;
        }
        if let Err(failure) = create(subject, &with(subject, &name, default.clone()).to_string()) {
            return Verdict::failed(format!(
                "the default of `{name}` in the schema, {default}, is refused when it is written out: {}",
                failure.message
            ));
        }
    }
    Verdict::passed()
}

fn thousand(subject: &Subject<'_>) -> Verdict {
    let params = subject.params.to_string();
    if let Err(failure) = (0..WARM_UP).try_for_each(|_| create(subject, &params)) {
        return refused(&failure);
    }
    let before = allocated_bytes();
    let start = Instant::now();
    let mut made = 0;
    while made < INSTANCES && (made < FEW || start.elapsed() < ENOUGH) {
        if let Err(failure) = create(subject, &params) {
            return refused(&failure);
        }
        made += 1;
    }
    let (Some(before), Some(after)) = (before, allocated_bytes()) else {
        return Verdict::skipped("this system does not tell how much memory is in use");
    };
    let left = after.saturating_sub(before);
    if left > LEFT {
        return Verdict::failed(format!(
            "{made} instances left {left} bytes behind, {} each; free in `destroy` what `create` allocates",
            left / made as u64
        ));
    }
    let text = if made < INSTANCES {
        format!("{made} instances, as many as {} s allow", ENOUGH.as_secs())
    } else {
        String::new()
    };
    Verdict { text, ..Verdict::passed() }
}

/// What is wrong with how a wrong parameter was received.
fn complaint(result: Result<(), MethodFailure>, name: &str, what: &str) -> Option<String> {
    match result {
        Ok(()) => Some(format!(
            "{what} is taken; a misspelt parameter would go unnoticed (in Rust: `deny_unknown_fields`)"
        )),
        Err(failure) if failure.status != abi::E_INVALID => {
            Some(format!("{what} ends as {} and not as invalid: {}", word(failure.status), failure.message))
        }
        Err(failure) if !failure.message.contains(name) => {
            Some(format!("the message for {what} does not name it: {}", failure.message))
        }
        Err(_) => None,
    }
}

fn unknown_key(subject: &Subject<'_>) -> Verdict {
    let params = with(subject, UNKNOWN, json!(1)).to_string();
    complaint(create(subject, &params), UNKNOWN, &format!("the unknown parameter `{UNKNOWN}`"))
        .map_or_else(Verdict::passed, Verdict::failed)
}

fn wrong_types(subject: &Subject<'_>) -> Verdict {
    let root = &subject.info.params_schema;
    let mut tried = 0;
    for (name, property) in schema::properties(root) {
        let Some(wrong) = schema::wrong_value(root, &property) else { continue };
        tried += 1;
        let params = with(subject, &name, wrong.clone()).to_string();
        if let Some(complaint) = complaint(create(subject, &params), &name, &format!("`{name}: {wrong}`")) {
            return Verdict::failed(complaint);
        }
    }
    if tried == 0 { Verdict::skipped("it has no parameters of a known kind") } else { Verdict::passed() }
}

fn truncated(subject: &Subject<'_>) -> Verdict {
    for text in ["{\"", "{", "[1, 2", "nul", "{\"a\": 1}}", "\u{0}", "[]", "7"] {
        match create(subject, text) {
            Ok(()) => {
                return Verdict::failed(format!(
                    "the parameters {text:?} are taken; they are no JSON object"
                ));
            }
            Err(failure) if failure.status == abi::E_PANIC => {
                return Verdict::failed(format!(
                    "the parameters {text:?} make it panic: {}",
                    failure.message
                ));
            }
            Err(_) => {}
        }
    }
    Verdict::passed()
}
