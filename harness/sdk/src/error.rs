//! Errors of a method.

use secateur_abi as abi;

/// Result of a method.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure it is; the trial's outcome follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Bad argument or parameter.
    Invalid,
    /// This network, granularity or budget cannot be handled.
    Unsupported,
    /// The budget cannot be met.
    Infeasible,
    /// libtorch failed.
    Torch,
    /// The host asked to stop.
    Cancelled,
    /// The allowance is spent.
    Exhausted,
    /// A hook panicked; return at once.
    Panicked,
    /// Any other failure.
    Internal,
}

/// An error of a method: a kind and a message for people.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// What was wrong, where, and what to do.
    pub message: String,
}

impl Error {
    /// An error of any kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// A bad parameter.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// Something this method cannot handle.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    pub(crate) fn status(&self) -> abi::Status {
        match self.kind {
            ErrorKind::Invalid => abi::E_INVALID,
            ErrorKind::Unsupported => abi::E_UNSUPPORTED,
            ErrorKind::Infeasible => abi::E_INFEASIBLE,
            ErrorKind::Torch => abi::E_TORCH,
            ErrorKind::Cancelled => abi::E_CANCELLED,
            ErrorKind::Exhausted => abi::E_EXHAUSTED,
            ErrorKind::Panicked => abi::E_PANIC,
            ErrorKind::Internal => abi::E_INTERNAL,
        }
    }

    pub(crate) fn of_status(status: abi::Status, message: String) -> Self {
        let kind = match status {
            abi::E_INVALID => ErrorKind::Invalid,
            abi::E_UNSUPPORTED => ErrorKind::Unsupported,
            abi::E_INFEASIBLE => ErrorKind::Infeasible,
            abi::E_TORCH => ErrorKind::Torch,
            abi::E_CANCELLED => ErrorKind::Cancelled,
            abi::E_EXHAUSTED => ErrorKind::Exhausted,
            abi::E_PANIC => ErrorKind::Panicked,
            _ => ErrorKind::Internal,
        };
        Self { kind, message }
    }
}

impl From<tch::TchError> for Error {
    fn from(error: tch::TchError) -> Self {
        Self::new(ErrorKind::Torch, error.to_string())
    }
}
