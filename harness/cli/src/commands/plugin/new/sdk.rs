//! Where a crate finds the SDK.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Where a crate finds the SDK.
pub(super) enum Sdk {
    /// A checkout of Secateur.
    Checkout { root: PathBuf, named: bool },
    /// A git repository.
    Git { url: String, revision: Option<String> },
}

impl Sdk {
    pub(super) fn find(named: Option<&str>, checkout: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(named) = named else {
            let root = checkout.context(
                "this program does not lie in a checkout of Secateur, and the one it was built from is gone; say with --sdk where the \
                 SDK is: a checkout, or the URL of a git repository",
            )?;
            return Ok(Self::Checkout { root, named: false });
        };
        let path = Path::new(named);
        if !path.exists() && (named.contains("://") || named.starts_with("git@")) {
            let (url, revision) = match named.split_once('#') {
                Some((url, revision)) => (url.to_owned(), Some(revision.to_owned())),
                None => (named.to_owned(), None),
            };
            return Ok(Self::Git { url, revision });
        }
        let path = std::fs::canonicalize(path)
            .with_context(|| format!("--sdk {named} is neither a folder nor the URL of a git repository"))?;
        // The checkout, or the SDK's own folder in it.
        let root = path.ancestors().take(3).find(|folder| folder.join("harness/sdk/Cargo.toml").is_file());
        let root = root.with_context(|| {
            format!(
                "--sdk {named} is no checkout of Secateur: there is no {}",
                path.join("harness/sdk/Cargo.toml").display()
            )
        })?;
        Ok(Self::Checkout { root: root.to_owned(), named: true })
    }

    /// The dependency, and a comment that says where it comes from.
    pub(super) fn dependency(&self) -> (String, String) {
        match self {
            Self::Checkout { root, named } => {
                let path = root.join("harness/sdk");
                let origin = if *named {
                    "The SDK of the checkout that --sdk named."
                } else {
                    "The SDK of the checkout that `secateur` was built from."
                };
                let comment = format!(
                    "{origin} For another one, or on another machine, write its path, or `git = \"URL\", rev = \"...\"`."
                );
                (format!("path = {}", toml(&path.display().to_string())), comment)
            }
            Self::Git { url, revision } => {
                let mut dependency = format!("git = {}", toml(url));
                if let Some(revision) = revision {
                    dependency.push_str(&format!(", rev = {}", toml(revision)));
                }
                (
                    dependency,
                    "The SDK of the repository that --sdk named; Cargo.lock holds its revision.".to_owned(),
                )
            }
        }
    }
}

/// The checkout of Secateur that this program lies in, or else was built from.
pub(super) fn checkout() -> Option<PathBuf> {
    let is_one = |folder: &Path| folder.join("harness/sdk/Cargo.toml").is_file();
    let exe = std::env::current_exe().ok().and_then(|exe| std::fs::canonicalize(exe).ok());
    let around =
        exe.as_deref().and_then(|exe| exe.ancestors().find(|folder| is_one(folder)).map(Path::to_owned));
    let built_from = || Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_owned);
    around.or_else(|| built_from().filter(|folder| is_one(folder)))
}

/// A crate with a workspace of its own would break that of the checkout.
pub(super) fn refuse_inside_of_a_checkout(folder: &Path) -> anyhow::Result<()> {
    let absolute =
        std::path::absolute(folder).with_context(|| format!("`{}` is no folder", folder.display()))?;
    if let Some(root) = absolute.ancestors().find(|folder| folder.join("harness/sdk/Cargo.toml").is_file()) {
        bail!(
            "{} lies in the checkout {}; take a folder outside of it with --path, or make a crate of the workspace, as \
             docs/adding-a-method.md says",
            folder.display(),
            root.display()
        );
    }
    Ok(())
}

/// A text between quotation marks of TOML.
pub(super) fn toml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
