//! Log lines of plugins.

use secateur_abi as abi;

use crate::callback::string;

/// The table of `secateur.host.log/1`.
pub(crate) static LOG: abi::ExtLog =
    abi::ExtLog { struct_size: size_of::<abi::ExtLog>() as u32, max_level: abi::LOG_INFO as u32, log };

unsafe extern "C" fn log(level: i32, target: abi::Str, message: abi::Str, fields: abi::Str) {
    // SAFETY: the texts are valid for this call, by contract.
    let texts = unsafe { (string(target), string(message), string(fields)) };
    let (Ok(target), Ok(message), Ok(fields)) = texts else { return };
    // Control characters could forge log lines or drive a terminal.
    let clean = |text: String| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let (target, message, fields) = (clean(target), clean(message), clean(fields));
    match level {
        abi::LOG_ERROR => tracing::error!(target: "plugin", "{target}: {message} {fields}"),
        abi::LOG_WARN => tracing::warn!(target: "plugin", "{target}: {message} {fields}"),
        abi::LOG_INFO => tracing::info!(target: "plugin", "{target}: {message} {fields}"),
        _ => tracing::debug!(target: "plugin", "{target}: {message} {fields}"),
    }
}
