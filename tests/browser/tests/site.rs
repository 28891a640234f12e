//! The site in a real browser: it works from a folder, asks for nothing, complains of nothing, and can be used with a mouse,
//! with a keyboard, on a phone, in the dark, and without its script.

use std::path::Path;

use anyhow::Result;
use secateur_browser::{Page, Screen, Session};
use secateur_reports::testing::{synthetic, synthetic_detection};
use secateur_reports::write_all;

/// A site of invented numbers with 1,224 scores, and a browser.
struct Site {
    folder: tempfile::TempDir,
    session: Session,
}

impl Site {
    fn new() -> Result<Option<Site>> {
        let Some(session) = Session::start()? else { return Ok(None) };
        let folder = tempfile::tempdir()?;
        write_all(&synthetic(1224), folder.path())?;
        Ok(Some(Site { folder, session }))
    }

    fn open(&self, path: &str) -> Result<Page> {
        self.session.open(self.folder.path(), path, Screen::default())
    }

    fn open_on(&self, path: &str, screen: Screen) -> Result<Page> {
        self.session.open(self.folder.path(), path, screen)
    }

    /// One page of each kind.
    fn kinds(&self) -> Result<Vec<String>> {
        let mut pages: Vec<String> =
            ["index.html", "analyses.html", "reading.html"].map(str::to_owned).to_vec();
        for folder in ["methods", "tasks", "trials"] {
            pages.push(first_page(self.folder.path(), folder)?);
        }
        Ok(pages)
    }
}

fn first_page(site: &Path, folder: &str) -> Result<String> {
    let mut names: Vec<String> = std::fs::read_dir(site.join(folder))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(format!("{folder}/{}", names[0]))
}

/// Methods of the visible rows of the visible board's leaderboard, in their order; `group` is a keep.
fn methods(page: &Page, group: &str) -> Result<Vec<String>> {
    page.texts(&format!(
        "[...document.querySelectorAll('.board:not([hidden]) .leaderboard tbody[data-group=\"{group}\"]:not([hidden]) \
         tr[data-row]:not([hidden])')].map((row) => row.dataset.method)"
    ))
}

/// Numbers of a column of the visible board's leaderboard at a keep, from top to the line below which nobody is ranked.
fn column(page: &Page, group: &str, of: &str) -> Result<Vec<Option<f64>>> {
    let texts = page.texts(&format!(
        "[...document.querySelectorAll('.board:not([hidden]) .leaderboard tbody[data-group=\"{group}\"]:not(.below) tr[data-row] \
         [data-of=\"{of}\"]')].map((it) => it.dataset.value)"
    ))?;
    Ok(texts.iter().map(|text| text.parse().ok()).collect())
}

/// Whether numbers do not fall, with what is absent at the end.
fn rises(values: &[Option<f64>]) -> bool {
    values.windows(2).all(|pair| match (pair[0], pair[1]) {
        (Some(a), Some(b)) => a <= b,
        (first, second) => first.is_some() || second.is_none(),
    })
}

fn falls(values: &[Option<f64>]) -> bool {
    let negated: Vec<Option<f64>> = values.iter().map(|value| value.map(|it| -it)).collect();
    rises(&negated)
}

#[test]
fn no_page_complains_or_asks_the_network_for_anything() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    for path in site.kinds()? {
        let page = site.open(&path)?;
        assert_eq!(page.problems(), Vec::<String>::new(), "{path}");
        let requests = page.requests();
        assert!(requests.len() >= 3, "the page, its style and its script: {requests:?}");
        assert!(
            requests.iter().all(|url| url.starts_with("file:") || url.starts_with("data:")),
            "{requests:?}"
        );
        // The policy of the page forbids what nobody has thought of, too.
        let blocked = page.value("fetch('https://example.org/').then(() => 'sent', () => 'blocked')")?;
        assert_eq!(blocked, "blocked");
        // The script has run: there are controls.
        assert_eq!(page.value("document.documentElement.classList.contains('script')")?, true);
    }
    Ok(())
}

#[test]
fn what_a_page_complains_of_and_asks_for_is_seen() -> Result<()> {
    let Some(session) = Session::start()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let page = "<script>console.error('broken'); missing();</script><img src=\"http://127.0.0.1:9/x.png\"><script src=\"gone.js\"></script>";
    std::fs::write(folder.path().join("index.html"), page)?;
    let page = session.open(folder.path(), "index.html", Screen::default())?;
    let problems = page.problems().join("\n");
    for part in ["broken", "missing", "gone.js"] {
        assert!(
            problems.contains(part) || page.requests().iter().any(|url| url.contains(part)),
            "{part}: {problems}"
        );
    }
    assert!(page.requests().iter().any(|url| url.starts_with("http:")), "{:?}", page.requests());
    Ok(())
}

#[test]
fn detectors_have_their_pages_too() -> Result<()> {
    let Some(session) = Session::start()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    write_all(&synthetic_detection(), folder.path())?;
    for path in ["index.html".to_owned(), "analyses.html".to_owned(), first_page(folder.path(), "tasks")?] {
        let page = session.open(folder.path(), &path, Screen::default())?;
        assert_eq!(page.problems(), Vec::<String>::new(), "{path}");
    }
    Ok(())
}

#[test]
fn every_column_sorts_both_ways_and_the_address_remembers() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let page = site.open("index.html")?;
    let head = |name: &str| format!(".board:not([hidden]) .leaderboard th[data-column=\"{name}\"]");
    // The best comes first: high means, low drops.
    for (name, of, first_rises) in
        [("mean", "mean", false), ("drop", "drop", true), ("rank", "rank", true), ("trials", "scored", false)]
    {
        // Tasks have drops and ranks of their own.
        let of = &format!("{of}\"]:not(.cell *)[data-of=\"{of}");
        for rising in [first_rises, !first_rises] {
            page.click(&format!("{} button", head(name)))?;
            let way = page.value(&format!("document.querySelector('{}').ariaSort", head(name)))?;
            assert_eq!(way, if rising { "ascending" } else { "descending" }, "{name}");
            for keep in ["0.2", "0.1", "0.05"] {
                let values = column(&page, keep, of)?;
                assert!(values.len() >= 4 && values.iter().any(Option::is_some), "{name} at {keep}");
                assert!(if rising { rises(&values) } else { falls(&values) }, "{name} at {keep}: {values:?}");
            }
        }
        assert_eq!(
            page.value("document.querySelectorAll('.board:not([hidden]) .leaderboard [aria-sort]').length")?,
            1
        );
    }
    page.click(&format!("{} button", head("method")))?;
    let names = methods(&page, "0.1")?;
    assert!(names.is_sorted(), "{names:?}");
    page.click(&format!("{} button", head("method")))?;
    let names = methods(&page, "0.1")?;
    assert!(names.iter().rev().is_sorted(), "{names:?}");
    // Another reader with the same address sees the same.
    let hash = page.value("location.hash")?;
    assert_eq!(hash, "#sort=method+down");
    let again = site.open("index.html#sort=method+down")?;
    assert_eq!(methods(&again, "0.1")?, names);
    Ok(())
}

#[test]
fn filters_hide_what_does_not_fit_and_the_address_remembers() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let page = site.open("index.html")?;
    let all = methods(&page, "0.1")?;
    assert!(all.contains(&"random".to_owned()) && all.contains(&"imp".to_owned()));
    page.click("form.filters input[name=find]")?;
    page.write("IMP")?;
    assert!(!methods(&page, "0.1")?.is_empty());
    assert!(methods(&page, "0.1")?.iter().all(|name| name.contains("imp")));
    assert_eq!(page.value("location.hash")?, "#find=IMP");
    let again = site.open("index.html#find=IMP")?;
    assert_eq!(methods(&again, "0.1")?, methods(&page, "0.1")?);
    // Curves stay; the counts below follow the filter.
    let rows = "[...document.querySelectorAll('.board:not([hidden]) .counts tr[data-row]:not([hidden])')].map((it) => it.dataset.method)";
    assert!(page.texts(rows)?.iter().all(|name| name.contains("imp")));
    page.write("no such method")?;
    assert_eq!(page.value("document.querySelector('.board:not([hidden]) .nothing').hidden")?, false);
    page.click("form.filters button[type=reset]")?;
    page.value("new Promise((done) => setTimeout(done, 50))")?;
    assert_eq!(methods(&page, "0.1")?, all);
    assert_eq!(page.value("document.querySelector('.board:not([hidden]) .nothing').hidden")?, true);

    page.click("form.filters input[name=controls]")?;
    let without = methods(&page, "0.1")?;
    assert!(
        !without.is_empty() && !without.iter().any(|name| ["random", "magnitude"].contains(&name.as_str()))
    );
    assert_eq!(
        page.value("document.querySelector('.board:not([hidden]) .leaderboard tbody.dense').hidden")?,
        true
    );

    let kept = site.open("index.html#keep=0.05&family=random&show=rank")?;
    assert_eq!(methods(&kept, "0.1")?, Vec::<String>::new());
    assert_eq!(methods(&kept, "0.05")?, ["random-layerwise", "random"]);
    assert_eq!(
        kept.value("document.querySelector('.board:not([hidden]) .leaderboard').dataset.show")?,
        "rank"
    );
    let shown =
        "getComputedStyle(document.querySelector('.board:not([hidden]) .leaderboard .v-rank')).display";
    assert_eq!(kept.value(shown)?, "block");
    Ok(())
}

#[test]
fn ties_are_told_by_the_criterion_that_was_chosen() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let page = site.open("index.html")?;
    let shown = |page: &Page| {
        page.texts(
            "[...document.querySelectorAll('.board:not([hidden]) tbody[data-group] .ties [data-of]')]\
             .filter((it) => it.checkVisibility()).map((it) => it.dataset.of + ' ' + it.textContent)",
        )
    };
    let rows = page
        .value("document.querySelectorAll('.board:not([hidden]) .leaderboard tbody[data-group] tr[data-row]').length")?;
    for (value, of) in [("welch", "group-welch"), ("least", "group-least"), ("overlap", "group-overlap")] {
        page.value(&format!(
            "(() => {{ const it = document.querySelector('form.filters [name=ties]'); it.value = '{value}'; \
             it.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
        ))?;
        let letters = shown(&page)?;
        assert_eq!(rows, letters.len(), "{value}");
        assert!(letters.iter().all(|it| it.starts_with(of)), "{letters:?}");
        assert!(letters.contains(&format!("{of} a")));
        // The words below the board say which one it is.
        let words = page.texts("[...document.querySelectorAll('.board:not([hidden]) .criteria span')].filter((it) => it.checkVisibility()).map((it) => it.className)")?;
        assert_eq!(words, [format!("c-{value}")]);
        assert_eq!(page.value("location.hash")?, format!("#ties={value}"));
    }
    assert_eq!(shown(&site.open("index.html#ties=overlap")?)?, shown(&page)?);
    // Without a script it is the first, and the others stand in the tables of the order.
    let still = site.open_on("index.html", Screen { script: false, ..Screen::default() })?;
    assert!(shown(&still)?.iter().all(|it| it.starts_with("group-paired ")));
    let all =
        "new Set([...document.querySelectorAll('.tests [data-of^=group]')].map((it) => it.dataset.of)).size";
    assert_eq!(still.value(all)?, 4);
    Ok(())
}

#[test]
fn sorting_leaves_those_that_are_not_ranked_below_the_line() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let page = site.open("index.html")?;
    let last = "[...document.querySelectorAll('.board:not([hidden]) tbody[data-group=\"0.05\"] tr[data-row]')].at(-1).dataset.method";
    for name in ["trials", "method", "trials"] {
        page.click(&format!(".board:not([hidden]) .leaderboard th[data-column=\"{name}\"] button"))?;
        assert_eq!(page.value(last)?, "imp-rewind-init", "{name}");
    }
    // A line of nobody goes with its rows.
    let line = "document.querySelector('.board:not([hidden]) .below .line').checkVisibility()";
    assert_eq!(page.value(line)?, true);
    page.click("form.filters input[name=find]")?;
    page.write("magnitude")?;
    assert_eq!(page.value(line)?, false);
    Ok(())
}

#[test]
fn fronts_are_shown_for_one_cost_or_all() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let page = site.open("analyses.html")?;
    let costs = |page: &Page| {
        page.texts("[...document.querySelectorAll('#fronts figure')].filter((it) => it.checkVisibility()).map((it) => it.dataset.cost)")
    };
    let all = costs(&page)?;
    assert!(all.len() >= 8 && all.contains(&"latency".to_owned()), "{all:?}");
    let choose = |value: &str| {
        page.value(&format!(
            "(() => {{ const it = document.querySelector('[data-fronts]'); it.value = '{value}'; \
             it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        ))
    };
    choose("latency")?;
    assert_eq!(costs(&page)?, ["latency", "latency"], "one for each board");
    assert_eq!(page.value("location.hash")?, "#cost=latency");
    assert_eq!(costs(&site.open("analyses.html#cost=latency")?)?, ["latency", "latency"]);
    assert_eq!(costs(&site.open("analyses.html#cost=nonsense")?)?, all);
    choose("")?;
    assert_eq!((costs(&page)?, page.value("location.hash")?), (all.clone(), "".into()));
    let still = site.open_on("analyses.html", Screen { script: false, ..Screen::default() })?;
    assert_eq!(costs(&still)?, all);
    assert_eq!(page.problems(), Vec::<String>::new());
    Ok(())
}

#[test]
fn boards_are_chosen_with_keys_and_by_address() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let page = site.open("index.html")?;
    let shown = "[...document.querySelectorAll('.board:not([hidden])')].map((it) => it.id)";
    assert_eq!(page.texts(shown)?, ["board-0"]);
    page.value("document.getElementById('tab-board-0').focus()")?;
    page.press("ArrowRight")?;
    assert_eq!(page.texts(shown)?, ["board-1"]);
    assert_eq!(page.value("document.activeElement.id")?, "tab-board-1");
    assert_eq!(page.value("document.activeElement.ariaSelected")?, "true");
    assert_eq!(page.value("location.hash")?, "#board=board-1");
    page.press("ArrowRight")?;
    assert_eq!(page.texts(shown)?, ["board-0"]);
    // The links of the short answers lead to their boards.
    page.click("#answers a[href='#board-1']")?;
    assert_eq!(page.texts(shown)?, ["board-1"]);
    assert_eq!(site.open("index.html#board=board-1")?.texts(shown)?, ["board-1"]);
    // An address that somebody has broken shows the first.
    assert_eq!(
        site.open("index.html#board=nonsense&axis=x&methods=%7B&sort=&keep=9")?.texts(shown)?,
        ["board-0"]
    );
    Ok(())
}

#[test]
fn curves_tell_their_values_hide_methods_and_move_to_other_axes() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let page = site.open("index.html")?;
    let board = ".board:not([hidden])";
    // The title goes to a tip, for the mouse and for the keyboard.
    page.value(&format!("document.querySelector('{board} .plot').scrollIntoView({{block: 'center'}})"))?;
    page.point_at(&format!("{board} .plot .point .mark"))?;
    let tip = page.value("document.querySelector('.tip').textContent")?;
    assert!(tip.as_str().is_some_and(|text| text.contains(", keep 0.2, sparsity 80.00 %: ")), "{tip}");
    assert_eq!(page.value("document.querySelector('.tip').hidden")?, false);
    page.value(&format!("document.querySelector('{board} .plot').focus()"))?;
    page.press("ArrowRight")?;
    let second = page.value("document.querySelector('.tip').textContent")?;
    assert!(second.as_str().is_some_and(|text| text.contains("keep 0.")), "{second}");
    page.press("ArrowRight")?;
    assert_ne!(page.value("document.querySelector('.tip').textContent")?, second);
    page.press("Escape")?;
    assert_eq!(page.value("document.querySelector('.tip').hidden")?, true);

    // A click on the legend hides a method in every plot, and a second one shows it again.
    let visible = |method: &str| -> Result<u64> {
        let expression = format!(
            "(() => {{ const style = document.querySelector('{board} [data-method=\"{method}\"][aria-pressed]').dataset.series; \
             return [...document.querySelectorAll(`{board} .plots .series[data-series=\"${{style}}\"]`)]\
             .filter((it) => getComputedStyle(it).display !== 'none').length; }})()"
        );
        Ok(page.value(&expression)?.as_u64().unwrap_or_default())
    };
    let plots = visible("imp")?;
    assert_eq!(plots, 13, "twelve tasks and the mean");
    page.click(&format!("{board} [data-method=imp][aria-pressed]"))?;
    assert_eq!((visible("imp")?, visible("magnitude")?), (0, 13));
    let hash = page.value("location.hash")?;
    assert!(hash.as_str().is_some_and(|hash| hash.starts_with("#methods=")), "{hash}");
    page.click(&format!("{board} [data-method=imp][aria-pressed]"))?;
    assert_eq!((visible("imp")?, page.value("location.hash")?), (plots, "".into()));

    // Other axes: labels change, points move sideways only, and sparsity comes back as it was drawn.
    let first = format!("document.querySelector('{board} .plots').innerHTML");
    let before = page.value(&first)?;
    let axes = page.texts(&format!(
        "[...document.querySelector('{board} [data-axis]').options].map((it) => it.value)"
    ))?;
    assert_eq!(axes, ["sparsity", "params", "macs", "latency", "cost"]);
    let choose = |axis: &str| {
        page.value(&format!(
            "(() => {{ const it = document.querySelector('{board} [data-axis]'); it.value = '{axis}'; \
             it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        ))
    };
    let places = |side: &str| {
        page.texts(&format!(
            "[...document.querySelectorAll('{board} .plot .series:not(.off) .point:not(.gone) .mark')]\
             .map((it) => it.getBoundingClientRect().{side}.toFixed(1))"
        ))
    };
    let (across, down) = (places("x")?, places("y")?);
    for (axis, words) in [("params", "non-zero parameters"), ("cost", "prune and recover stages, s")] {
        choose(axis)?;
        let label = page.value(&format!("document.querySelector('{board} .plot .x-axis').textContent"))?;
        assert!(label.as_str().is_some_and(|label| label.contains(words)), "{label}");
        assert_eq!(places("y")?, down, "{axis} moved points up or down");
        assert_ne!(places("x")?, across, "{axis} moved nothing");
        // Nothing leaves its plot.
        let outside = page.value(&format!(
            "[...document.querySelectorAll('{board} .plot')].filter((plot) => {{ const box = plot.getBoundingClientRect(); \
             return [...plot.querySelectorAll('.series:not(.off) .point:not(.gone) .mark')].some((it) => {{ \
             const mark = it.getBoundingClientRect(); return mark.left < box.left || mark.right > box.right; }}); }}).length"
        ))?;
        assert_eq!(outside, 0, "{axis}");
    }
    // With fewer parameters further to the right, the order of a method's points stays that of sparsity.
    choose("params")?;
    let order = page.value(&format!(
        "[...document.querySelectorAll('{board} figure.wide .series:not(.off)')].every((series) => {{ \
         const places = [...series.querySelectorAll('.mark')].map((it) => it.getBoundingClientRect().x); \
         return places.every((x, i) => i === 0 || x > places[i - 1]); }})"
    ))?;
    assert_eq!(order, true);
    choose("sparsity")?;
    assert_eq!(page.value(&first)?, before);
    assert_eq!(page.problems(), Vec::<String>::new());
    Ok(())
}

#[test]
fn nothing_is_wider_than_a_phone() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    for path in site.kinds()? {
        let page = site.open_on(&path, Screen { width: 360, height: 740, ..Screen::default() })?;
        let wide = page.value("document.documentElement.scrollWidth")?;
        let culprits = page.texts(
            "[...document.querySelectorAll('main *')].filter((it) => !it.closest('.scroll, pre, svg, .unseen, .skip') && \
             it.getBoundingClientRect().right > 361).map((it) => it.tagName + '.' + it.className + ' ' + it.textContent.slice(0, 40))",
        )?;
        assert_eq!(wide, 360, "{path}: {:?}", culprits.iter().take(5).collect::<Vec<_>>());
        assert_eq!(culprits, Vec::<String>::new(), "{path}");
    }
    Ok(())
}

#[test]
fn dark_is_dark_by_system_and_by_choice() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let light = "(() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number); return r + g + b > 384; })()";
    let page = site.open("index.html")?;
    assert_eq!(page.value(light)?, true);
    let dark = site.open_on("index.html", Screen { dark: true, ..Screen::default() })?;
    assert_eq!(dark.value(light)?, false);
    // System, light, dark, system: whatever the system wants.
    dark.click("[data-theme-button]")?;
    assert_eq!(dark.value(light)?, true);
    dark.click("[data-theme-button]")?;
    assert_eq!(dark.value(light)?, false);
    page.click("[data-theme-button]")?;
    page.click("[data-theme-button]")?;
    assert_eq!(page.value(light)?, false);
    // Other pages of the site follow.
    let other = site.open("reading.html")?;
    assert_eq!(other.value(light)?, false);
    Ok(())
}

/// The relative luminance contrast of WCAG 2 between each text and what lies behind it, where that is a plain colour.
const CONTRAST: &str = r"(() => {
  const parse = (text) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((it) => it / 255)
    .map((it) => it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4)
    .reduce((sum, it, place) => sum + it * [0.2126, 0.7152, 0.0722][place], 0);
  const over = (top, below) => top.slice(0, 3).map((it, place) => it * top[3] / 255 + below[place] * (1 - top[3] / 255)).concat(255);
  const behind = (element) => {
    if (!element) return [255, 255, 255, 255];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 255 ? own : over(own, behind(element.parentElement));
  };
  const poor = [];
  const walker = document.createTreeWalker(document.querySelector('body'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest('svg, script, .skip, .unseen, .tip, [hidden]') || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    let colour = parse(style.color);
    colour[3] *= Number(style.opacity);
    colour = over(colour, back);
    const [a, b] = [luminance(colour), luminance(back)].sort((a, b) => b - a);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) poor.push(contrast.toFixed(2) + ' ' + text.slice(0, 30) + ' in ' + element.tagName + '.' + element.className);
  }
  return [...new Set(poor)].slice(0, 10);
})()";

#[test]
fn text_can_be_read_in_both_themes() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    for dark in [false, true] {
        for path in site.kinds()? {
            let page = site.open_on(&path, Screen { dark, ..Screen::default() })?;
            assert_eq!(page.texts(CONTRAST)?, Vec::<String>::new(), "{path}, dark: {dark}");
        }
    }
    Ok(())
}

#[test]
fn everything_is_there_without_a_script() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let page = site.open_on("index.html", Screen { script: false, ..Screen::default() })?;
    assert_eq!(page.problems(), Vec::<String>::new());
    // Every board is there with all its rows and curves, and no control that would do nothing.
    assert_eq!(
        page.value("[...document.querySelectorAll('.board')].filter((it) => it.checkVisibility()).length")?,
        2
    );
    let rows = page.value("[...document.querySelectorAll('.leaderboard tr[data-row]')].filter((it) => it.checkVisibility()).length")?;
    let all = page.value("document.querySelectorAll('.leaderboard tr[data-row]').length")?;
    assert_eq!(rows, all);
    let idle = "[...document.querySelectorAll('button, input, select')].filter((it) => it.checkVisibility() && !it.closest('.legend')).length";
    assert_eq!(page.value(idle)?, 0);
    let points = "[...document.querySelectorAll('figure.wide .series:not(.off) .mark')].length";
    assert!(page.value(points)?.as_u64().is_some_and(|points| points > 20));
    assert!(
        page.value("document.querySelector('.point title').textContent")?
            .as_str()
            .is_some_and(|it| it.contains("keep"))
    );
    Ok(())
}

#[test]
fn a_keyboard_reaches_everything() -> Result<()> {
    let Some(site) = Site::new()? else { return Ok(()) };
    let page = site.open("index.html")?;
    page.press("Tab")?;
    assert_eq!(page.value("document.activeElement.className")?, "skip");
    page.press("Enter")?;
    page.press("Tab")?;
    assert_eq!(page.value("document.activeElement.closest('main') !== null")?, true);
    // Sorting by the keyboard alone.
    page.value("document.querySelector('.board:not([hidden]) th[data-column=drop] button').focus()")?;
    page.press("Enter")?;
    assert_eq!(
        page.value("document.querySelector('.board:not([hidden]) th[data-column=drop]').ariaSort")?,
        "ascending"
    );
    // What takes the focus shows it.
    let outline = page.value("getComputedStyle(document.activeElement).outlineStyle")?;
    assert_ne!(outline, "none");
    // Every control has a name, every table has heads with a scope, every picture a text.
    for path in site.kinds()? {
        let page = site.open(&path)?;
        let nameless = "[...document.querySelectorAll('button, a[href], input, select')]\
             .filter((it) => !(it.textContent.trim() || it.ariaLabel || it.labels?.length)).map((it) => it.outerHTML.slice(0, 90))";
        assert_eq!(page.texts(nameless)?, Vec::<String>::new(), "{path}");
        let heads =
            "[...document.querySelectorAll('th:not([scope])')].map((it) => it.outerHTML.slice(0, 90))";
        assert_eq!(page.texts(heads)?, Vec::<String>::new(), "{path}");
        let pictures = "[...document.querySelectorAll('svg:not([aria-hidden]):not([aria-label])')].map((it) => it.outerHTML.slice(0, 90))";
        assert_eq!(page.texts(pictures)?, Vec::<String>::new(), "{path}");
        assert_eq!(
            page.value("[document.querySelectorAll('main').length, document.querySelectorAll('h1').length]")?,
            serde_json::json!([1, 1])
        );
    }
    Ok(())
}
