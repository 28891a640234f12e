//! Forwarding of `tracing` events to the host's log.
//!
//! A plugin has its own copy of `tracing`, so the host's subscriber does not see its events.

use std::cell::Cell;
use std::fmt::Write;
use std::sync::OnceLock;

use secateur_abi as abi;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

thread_local! {
    /// Whether this thread is telling the host something. A plugin that is linked into its host (a test) shares
    /// `tracing` with it, so that what the host logs comes here again.
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

static TABLE: OnceLock<&'static abi::ExtLog> = OnceLock::new();

/// Forwards this plugin's events to the host from now on.
///
/// # Safety
/// The host must be valid for as long as the process lives.
pub(crate) unsafe fn forward_to(host: *const abi::Host) {
    // SAFETY: the caller's promise; the table is static.
    let table =
        unsafe { ((*host).get_extension)(host, abi::EXT_LOG.as_ptr()).cast::<abi::ExtLog>().as_ref() };
    if let Some(table) = table
        && TABLE.set(table).is_ok()
    {
        // A plugin that has set a subscriber of its own keeps it.
        let _ = tracing::subscriber::set_global_default(Forward);
    }
}

struct Forward;

fn code(level: Level) -> i32 {
    match level {
        Level::ERROR => abi::LOG_ERROR,
        Level::WARN => abi::LOG_WARN,
        Level::INFO => abi::LOG_INFO,
        Level::DEBUG => abi::LOG_DEBUG,
        Level::TRACE => abi::LOG_TRACE,
    }
}

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        TABLE.get().is_some_and(|table| code(*metadata.level()) >= table.max_level as i32)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let Some(table) = TABLE.get() else { return };
        if TELLING.replace(true) {
            return;
        }
        let mut texts = Texts::default();
        event.record(&mut texts);
        let fields = serde_json::Value::Object(texts.fields).to_string();
        let target = abi::Str::new(event.metadata().target());
        // SAFETY: the host's own function, which is thread-safe; the texts outlive the call.
        unsafe {
            (table.log)(
                code(*event.metadata().level()),
                target,
                abi::Str::new(&texts.message),
                abi::Str::new(&fields),
            );
        }
        TELLING.set(false);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Texts {
    message: String,
    fields: serde_json::Map<String, serde_json::Value>,
}

impl Visit for Texts {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(text, "{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.fields.insert(field.name().to_owned(), text.into());
        }
    }
}
