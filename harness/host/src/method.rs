//! Running a method.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::OnceLock;

use secateur_abi as abi;
use secateur_network::channels::Budget;

use crate::callback::Sink;
use crate::loader::Plugin;
use crate::prunable::Removable;
use crate::session::Session;
use crate::torch::{torch_abi_version, torch_version};

/// Host extensions that this host offers for every task.
pub(crate) const OFFERED: [&CStr; 7] = [
    abi::EXT_LOG,
    abi::EXT_RUN,
    abi::EXT_GRAPH,
    abi::EXT_MODEL,
    abi::EXT_CALIBRATION,
    abi::EXT_PLAN,
    abi::EXT_TRAIN,
];

thread_local! {
    /// A host extension that is not offered for now, see [`without_extension`].
    static HIDDEN: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a body on a host that lacks an extension, as an older one may: for the validator.
pub fn without_extension<T>(id: &str, body: impl FnOnce() -> T) -> T {
    struct Shown;
    impl Drop for Shown {
        fn drop(&mut self) {
            HIDDEN.with_borrow_mut(|hidden| *hidden = None);
        }
    }
    HIDDEN.with_borrow_mut(|hidden| *hidden = Some(id.to_owned()));
    let _shown = Shown;
    body()
}

/// Identifiers of the host extensions that are offered for every task.
#[must_use]
pub fn offered_extensions() -> Vec<String> {
    OFFERED.iter().map(|id| id.to_string_lossy().into_owned()).collect()
}

unsafe extern "C" fn get_extension(_: *const abi::Host, id: *const c_char) -> *const c_void {
    if id.is_null() {
        return std::ptr::null();
    }
    // SAFETY: not null; a NUL-terminated string by contract.
    let id = unsafe { CStr::from_ptr(id) };
    if HIDDEN.with_borrow(|hidden| hidden.as_deref() == id.to_str().ok() && hidden.is_some()) {
        std::ptr::null()
    } else if id == abi::EXT_LOG {
        (&raw const crate::log::LOG).cast()
    } else if id == abi::EXT_RUN {
        (&raw const crate::run::RUN).cast()
    } else if id == abi::EXT_GRAPH {
        (&raw const crate::graph::GRAPH).cast()
    } else if id == abi::EXT_MODEL {
        (&raw const crate::model::MODEL).cast()
    } else if id == abi::EXT_CALIBRATION {
        (&raw const crate::calibration::CALIBRATION).cast()
    } else if id == abi::EXT_PLAN {
        (&raw const crate::plan::PLAN).cast()
    } else if id == abi::EXT_TRAIN {
        (&raw const crate::train::TRAIN).cast()
    } else if id == abi::EXT_BOXES && crate::boxes::is_offered() {
        (&raw const crate::boxes::BOXES).cast()
    } else {
        std::ptr::null()
    }
}

/// The host table, shared by all plugins of the process.
pub(crate) fn host() -> &'static abi::Host {
    struct Table(abi::Host);
    // SAFETY: the table is never written after it is made, and its pointers are to leaked or static texts.
    unsafe impl Send for Table {}
    // SAFETY: as above.
    unsafe impl Sync for Table {}
    static HOST: OnceLock<Table> = OnceLock::new();
    &HOST
        .get_or_init(|| {
            let version = std::ffi::CString::new(torch_version()).unwrap_or_default();
            Table(abi::Host {
                struct_size: size_of::<abi::Host>() as u32,
                abi_major: abi::MAJOR,
                abi_minor: abi::MINOR,
                torch_abi_version: torch_abi_version(),
                torch_version: version.into_raw(),
                name: c"secateur".as_ptr(),
                version: concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast(),
                get_extension,
            })
        })
        .0
}

/// How a method failed. What it had emitted before stays valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MethodFailure {
    /// The contract's status.
    pub status: abi::Status,
    /// The method's own message.
    pub message: String,
}

/// Creates an instance of a method with its parameters (a JSON object) and destroys it again: what a method refuses of its
/// parameters, it refuses there. No session is needed, and nothing of a network is seen.
///
/// # Errors
/// Returns the status and the message with which the method refused.
pub fn check_params(plugin: &Plugin, id: &str, params: &str) -> Result<(), MethodFailure> {
    let (vtable, instance) = create(plugin, id, params, |create| create())?;
    // SAFETY: the instance came from `create` and is used no more.
    unsafe { (vtable.destroy)(instance) };
    Ok(())
}

/// Whether an instance of a method answers an unknown extension with null, as it must. A method without the function has no
/// extensions.
///
/// # Errors
/// Returns why there is no instance.
pub fn unknown_extension_is_null(plugin: &Plugin, id: &str, params: &str) -> Result<bool, MethodFailure> {
    let (vtable, instance) = create(plugin, id, params, |create| create())?;
    let unknown = CString::new("org.secateur.validator.no-such-extension/1").unwrap_or_default();
    let is_null = vtable.get_extension.is_none_or(|get_extension| {
        // SAFETY: the instance is alive, and the text outlives the call.
        unsafe { get_extension(instance, unknown.as_ptr()) }.is_null()
    });
    // SAFETY: the instance came from `create` and is used no more.
    unsafe { (vtable.destroy)(instance) };
    Ok(is_null)
}

/// An instance of a method, made by a call that `enter` may prepare.
fn create(
    plugin: &Plugin,
    id: &str,
    params: &str,
    enter: impl FnOnce(&mut dyn FnMut() -> abi::Status) -> abi::Status,
) -> Result<(&'static abi::MethodVtable, *mut abi::Method), MethodFailure> {
    let fail = |status, message: String| Err(MethodFailure { status, message });
    let Some(method) = plugin.method(id) else {
        return fail(abi::E_UNSUPPORTED, format!("plugin {} has no method `{id}`", plugin.path().display()));
    };
    if let Err(error) = plugin.init(host()) {
        return fail(abi::E_INTERNAL, error.to_string());
    }
    // SAFETY: checked at load; static.
    let vtable = unsafe { &*method.vtable };
    let mut instance: *mut abi::Method = std::ptr::null_mut();
    let sink = Sink::default();
    let error_sink = sink.as_abi();
    let status = enter(&mut || {
        // SAFETY: the function has the contract's type; everything lent outlives the call.
        unsafe { (vtable.create)(host(), abi::Str::new(params), &raw mut instance, &raw const error_sink) }
    });
    if status < 0 {
        return fail(status, sink.message(status));
    }
    if instance.is_null() {
        return fail(abi::E_INTERNAL, "the method made no instance and reported no error".to_owned());
    }
    Ok((vtable, instance))
}

/// Creates an instance of a method with its parameters (a JSON object), lets it answer all targets of the session,
/// and destroys it.
///
/// # Errors
/// Returns the status and the message with which the method failed. Targets that were not emitted by a method that
/// reports success are the caller's to notice.
pub fn run_method(
    plugin: &Plugin,
    id: &str,
    params: &str,
    session: &Session<'_>,
) -> Result<(), MethodFailure> {
    if let Some(method) = plugin.method(id) {
        session.flags.set(method.flags);
    }
    let _boxes = crate::boxes::Offer::enter(session.setup.train.has_boxes());
    let fail = |status, message: String| Err(MethodFailure { status, message });
    let (vtable, instance) = create(plugin, id, params, |create| session.enter_plugin("create", create))?;
    let sink = Sink::default();
    let error_sink = sink.as_abi();
    let targets = &session.setup.targets;
    let (granularity, budget_metric) = match &session.setup.removable {
        Removable::Weights(_) | Removable::Patterned { .. } => (abi::GRANULARITY_WEIGHT, abi::BUDGET_WEIGHTS),
        Removable::Channels(channels) => {
            let budget = match channels.budget {
                Budget::Params => abi::BUDGET_PARAMS,
                Budget::Macs => abi::BUDGET_MACS,
                Budget::Channels => abi::BUDGET_CHANNELS,
            };
            (abi::GRANULARITY_CHANNEL, budget)
        }
    };
    let request = abi::Request {
        struct_size: size_of::<abi::Request>() as u32,
        granularity,
        budget_metric,
        n_targets: targets.len() as u32,
        targets: targets.as_ptr(),
        seed: session.setup.streams.seed("method", 0),
    };
    let ctx = std::ptr::from_ref(session).cast_mut().cast::<abi::Ctx>();
    let status = session.enter_plugin("prune", || {
        // SAFETY: as above; the session stays where it is and is only reached through shared references.
        unsafe { (vtable.prune)(instance, ctx, &raw const request, &raw const error_sink) }
    });
    // After a panic the instance is poisoned, and nothing may be called on it, not even `destroy`. A method cannot
    // make up for a hook's panic by reporting success.
    if let Some(panic) = session.panic() {
        return fail(abi::E_PANIC, panic);
    }
    if status != abi::E_PANIC {
        // SAFETY: the instance came from `create` and is used no more.
        session.enter_plugin("destroy", || unsafe { (vtable.destroy)(instance) });
    }
    if status < 0 {
        return fail(status, sink.message(status));
    }
    Ok(())
}
