//! Takes the pictures of the documentation: `cargo run -p secateur-browser --example screenshots -- SITE OUT`, where `SITE` is a
//! folder that `secateur report` has written.
#![expect(clippy::print_stdout, reason = "a command-line program prints")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use secateur_browser::{Screen, Session};

/// A picture: its name, the folder of its page, or the page itself, and the screen.
struct Picture {
    name: &'static str,
    page: &'static str,
    screen: Screen,
    /// What is done before, in JavaScript.
    before: &'static str,
}

const WIDE: Screen = Screen { width: 1280, height: 900, dark: false, script: true };

const PICTURES: [Picture; 8] = [
    Picture { name: "overview", page: "index.html", screen: WIDE, before: "" },
    Picture {
        name: "order",
        page: "index.html#keep=0.1",
        screen: WIDE,
        before: "document.querySelector('.order').open = true, document.querySelector('.order').scrollIntoView()",
    },
    Picture {
        name: "fronts",
        page: "analyses.html",
        screen: WIDE,
        before: "document.getElementById('fronts').scrollIntoView()",
    },
    Picture {
        name: "method",
        page: "methods/",
        screen: WIDE,
        before: "document.querySelector('.standing').scrollIntoView()",
    },
    Picture { name: "task", page: "tasks/", screen: WIDE, before: "" },
    Picture { name: "trial", page: "trials/", screen: WIDE, before: "" },
    Picture {
        name: "boards-dark",
        page: "index.html#keep=0.1",
        screen: Screen { dark: true, ..WIDE },
        before: "document.getElementById('boards').scrollIntoView()",
    },
    Picture {
        name: "phone",
        page: "index.html",
        screen: Screen { width: 360, height: 740, ..WIDE },
        before: "",
    },
];

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [site, out] = &arguments[..] else {
        anyhow::bail!("say the folder of a report, and the folder for the pictures");
    };
    std::fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let session =
        Session::start()?.context("no browser: install chromium, or name one in SECATEUR_BROWSER")?;
    for picture in PICTURES {
        let page = session.open(site, &page_of(site, picture.page)?, picture.screen)?;
        if !picture.before.is_empty() {
            page.value(&format!("{}, true", picture.before))?;
        }
        let path = out.join(format!("{}.png", picture.name));
        std::fs::write(&path, page.screenshot()?).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(())
}

/// A page itself, or of a folder the last one by name that is no control: the same in every run.
fn page_of(site: &Path, page: &str) -> Result<String> {
    if !page.ends_with('/') {
        return Ok(page.to_owned());
    }
    let folder = site.join(page);
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| !name.starts_with("dense-") && !name.starts_with("random"));
    names.sort();
    let name = names.get(names.len() / 2).with_context(|| format!("{} is empty", folder.display()))?;
    Ok(format!("{page}{name}"))
}
