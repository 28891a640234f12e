//! Whether there is a C++ compiler, which torch-sys needs for its C++ half.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// Checks that the C++ compiler that the build will use can be started.
pub(crate) fn check() -> Result<()> {
    let chosen = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    // CXX may hold a wrapper and arguments: `ccache g++`.
    let program = chosen.split_whitespace().next().unwrap_or("c++");
    let starts = |program: &str| {
        let status =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if starts(program) {
        return Ok(());
    }
    if let Some(other) = ["g++", "clang++"].into_iter().find(|other| starts(other)) {
        bail!(
            "the C++ compiler `{program}` cannot be started, but `{other}` can; run `export CXX={other}` first"
        );
    }
    bail!(
        "a C++ compiler is needed to build tch, and `{program}` cannot be started; install one (Debian and Ubuntu: \
         `apt-get install g++`, Fedora: `dnf install gcc-c++`, macOS: `xcode-select --install`)"
    )
}
