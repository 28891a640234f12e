//! Tells the SDK which compiler and target it is built with, for the plugin's build description.

fn main() {
    println!("cargo:rerun-if-env-changed=RUSTC");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = std::process::Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    println!("cargo:rustc-env=SECATEUR_RUSTC={}", version.trim());
    println!("cargo:rustc-env=SECATEUR_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
