//! The plugin's tables, and the guard around every function that the host calls.

use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null;

use secateur_abi as abi;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::method::{Granularity, PruneMethod};
use crate::run::{Request, Run, Tables, text};

/// libtorch's version that tch 0.24 is built against; tch checks it exactly.
const TORCH_ABI: u64 = 2 << 56 | 11 << 48;

thread_local! {
    /// Place and text of the last panic on this thread, from the hook.
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
    /// Whether this thread is in a function of a method, where panics are kept for the host.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a body that the host called: panics become `E_PANIC` with their place, errors go into the sink.
///
/// # Safety
/// `err` must be null or valid.
pub(crate) unsafe fn guard(
    err: *const abi::ErrorSink,
    body: impl FnOnce() -> Result<abi::Status>,
) -> abi::Status {
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(body));
    GUARDED.set(outer);
    let result = result.unwrap_or_else(|panic| {
        // A panic payload whose destructor panics must not get a second chance.
        std::mem::forget(panic);
        let place = LAST_PANIC.with_borrow_mut(std::mem::take);
        Err(Error::new(ErrorKind::Panicked, if place.is_empty() { "panicked".to_owned() } else { place }))
    });
    match result {
        Ok(status) => status,
        Err(error) => {
            let status = error.status();
            // SAFETY: the caller's promise; the texts outlive the call.
            unsafe {
                if let Some(sink) = err.as_ref() {
                    (sink.set)(sink.ctx, status, abi::Str::new(&error.message), abi::Str::new(""));
                }
            }
            status
        }
    }
}

/// What the host calls an instance: the method and the host's tables.
struct Instance<M> {
    method: M,
    tables: Tables,
}

/// Functions of a method for the contract.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<M>(std::marker::PhantomData<M>);

impl<M: PruneMethod> Exported<M> {
    unsafe extern "C" fn create(
        host: *const abi::Host,
        config: abi::Str,
        out: *mut *mut abi::Method,
        err: *const abi::ErrorSink,
    ) -> abi::Status {
        // SAFETY: the host lends valid pointers, by contract, and lives as long as the process.
        unsafe {
            guard(err, || {
                let config = parameters(text(config)).map_err(|message| {
                    Error::invalid(format!("parameters of {}: {message}", M::ID.to_string_lossy()))
                })?;
                let instance = Instance { method: M::create(config)?, tables: Tables::of(host)? };
                out.write(Box::into_raw(Box::new(instance)).cast());
                Ok(abi::OK)
            })
        }
    }

    unsafe extern "C" fn destroy(method: *mut abi::Method) {
        // SAFETY: the pointer came from `create` and is used no more.
        unsafe {
            guard(null(), || {
                drop(Box::from_raw(method.cast::<Instance<M>>()));
                Ok(abi::OK)
            });
        }
    }

    unsafe extern "C" fn prune(
        method: *mut abi::Method,
        ctx: *mut abi::Ctx,
        request: *const abi::Request,
        err: *const abi::ErrorSink,
    ) -> abi::Status {
        // SAFETY: the pointer came from `create`; the host enters an instance once at a time.
        unsafe {
            guard(err, || {
                let instance = &mut *method.cast::<Instance<M>>();
                let request = &*request;
                if request.granularity != granularity(M::GRANULARITY) {
                    let message = format!("{} does not prune at this granularity", M::ID.to_string_lossy());
                    return Err(Error::unsupported(message));
                }
                let run = Run::new(ctx, instance.tables);
                instance.method.prune(&run, &Request::new(request))?;
                Ok(abi::OK)
            })
        }
    }

    /// The description of the method; leaked, because the host keeps it as long as the process lives.
    pub fn describe() -> *const abi::MethodDesc {
        let schema = schemars::schema_for!(M::Config).to_value().to_string();
        let vtable = Box::leak(Box::new(abi::MethodVtable {
            struct_size: size_of::<abi::MethodVtable>() as u32,
            reserved: 0,
            create: Self::create,
            destroy: Self::destroy,
            prune: Self::prune,
            get_extension: None,
        }));
        let required: [*const c_char; 4] =
            [abi::EXT_GRAPH.as_ptr(), abi::EXT_MODEL.as_ptr(), abi::EXT_PLAN.as_ptr(), null()];
        let kind = match M::GRANULARITY {
            Granularity::Weight => abi::METHOD_WEIGHT,
            Granularity::Channel => abi::METHOD_CHANNEL,
        };
        Box::leak(Box::new(abi::MethodDesc {
            struct_size: size_of::<abi::MethodDesc>() as u32,
            flags: kind | M::FLAGS.0,
            id: M::ID.as_ptr(),
            name: M::NAME.as_ptr(),
            version: M::VERSION.as_ptr(),
            summary: M::SUMMARY.as_ptr(),
            citation: M::CITATION.map_or(null(), |text| text.as_ptr()),
            // JSON has no NUL bytes.
            params_schema: CString::new(schema).unwrap_or_default().into_raw(),
            required_extensions: Box::leak(Box::new(required)).as_ptr(),
            vtable,
        }))
    }
}

/// Reads parameters, which are a JSON object or nothing. What is wrong is told with the name of the parameter: a position in
/// the text would say nothing to those who wrote a suite. Values are read before they are given their types, because from
/// text `serde_json` says no more of a number in place of a name than "expected value".
fn parameters<C: DeserializeOwned>(json: &str) -> std::result::Result<C, String> {
    let json = if json.is_empty() { "{}" } else { json };
    let value: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if !value.is_object() {
        // serde would read a list as a structure, value by value.
        return Err(format!("they are a JSON object, not {value}"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        let named = path == "." || message.contains(&format!("`{path}`"));
        if named { message } else { format!("{path}: {message}") }
    })
}

fn granularity(granularity: Granularity) -> u32 {
    match granularity {
        Granularity::Weight => abi::GRANULARITY_WEIGHT,
        Granularity::Channel => abi::GRANULARITY_CHANNEL,
    }
}

/// A method as the export macro lists it.
#[doc(hidden)]
pub type Registration = fn() -> *const abi::MethodDesc;

/// An entry that may be shared between threads: it is never written after it was made.
#[doc(hidden)]
#[derive(Debug)]
pub struct SharedEntry(pub *const abi::Entry);

// SAFETY: the table and all it points to are leaked and never written.
unsafe impl Send for SharedEntry {}
// SAFETY: as above.
unsafe impl Sync for SharedEntry {}

/// Makes the plugin's entry table. It starts no thread and does not touch libtorch.
#[doc(hidden)]
pub fn build_entry(methods: &[Registration], source_rev: Option<&'static std::ffi::CStr>) -> SharedEntry {
    let build = Box::leak(Box::new(abi::BuildInfo {
        struct_size: size_of::<abi::BuildInfo>() as u32,
        flags: abi::BUILD_LINKS_LIBTORCH | abi::BUILD_UNWINDS,
        torch_abi_version: TORCH_ABI,
        torch_version: c"2.11.0".as_ptr(),
        compiler: concat!(env!("SECATEUR_RUSTC"), "\0").as_ptr().cast(),
        target: concat!(env!("SECATEUR_TARGET"), "\0").as_ptr().cast(),
        sdk_version: concat!("secateur-sdk ", env!("CARGO_PKG_VERSION"), " / tch 0.24.0\0").as_ptr().cast(),
        source_rev: source_rev.map_or(null(), |text| text.as_ptr()),
    }));
    let methods: Vec<*const abi::MethodDesc> = methods.iter().map(|describe| describe()).collect();
    let methods = Box::leak(methods.into_boxed_slice());
    SharedEntry(Box::leak(Box::new(abi::Entry {
        magic: abi::MAGIC,
        struct_size: size_of::<abi::Entry>() as u32,
        abi_major: abi::MAJOR,
        abi_minor: abi::MINOR,
        abi_min_minor: 0,
        reserved0: 0,
        reserved1: 0,
        build,
        method_count: methods.len() as u32,
        reserved2: 0,
        methods: methods.as_ptr(),
        init: Some(init),
    })))
}

unsafe extern "C" fn init(host: *const abi::Host, err: *const abi::ErrorSink) -> abi::Status {
    // SAFETY: the host lends valid pointers, by contract, and lives as long as the process.
    unsafe {
        guard(err, || {
            // Panics outside of methods, in threads of the plugin's own or in its tests, are told as usual.
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if GUARDED.get() {
                    LAST_PANIC.with_borrow_mut(|slot| *slot = info.to_string().replace('\n', " "));
                } else {
                    usual(info);
                }
            }));
            crate::log::forward_to(host);
            Ok(abi::OK)
        })
    }
}

/// Exports methods: `export_plugin!(Magnitude, Random);`. Once per library, and nothing may come after it.
#[macro_export]
macro_rules! export_plugin {
    ($($method:ty),+ $(,)?) => {
        #[cfg(not(panic = "unwind"))]
        compile_error!("a Secateur plugin needs `panic = \"unwind\"`: panics are caught at its border");

        /// The one symbol of a plugin.
        // SAFETY: the name is the contract's, and a library has one.
        #[unsafe(no_mangle)]
        #[allow(unsafe_code)]
        pub extern "C" fn secateur_plugin_entry() -> *const $crate::secateur_abi::Entry {
            static ENTRY: ::std::sync::OnceLock<$crate::SharedEntry> = ::std::sync::OnceLock::new();
            let methods: &[$crate::Registration] = &[$($crate::Exported::<$method>::describe),+];
            ENTRY.get_or_init(|| $crate::build_entry(methods, None)).0
        }
    };
}
