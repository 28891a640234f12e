//! Pictures with detections, arranged: a row for each picture, a column for each network.

use serde::Serialize;

use super::super::figure::{self, Frame};
use crate::gallery::{DRAWN_FROM, MOST_DETECTIONS};
use crate::gallery::{Gallery, GalleryColumn, GalleryPicture, GalleryTrack, Verdict, judge};
use crate::text::{self, clean};

/// Networks beside the ground truth in one grid; more would be too small to see anything.
const ACROSS: usize = 7;

#[derive(Serialize)]
pub(super) struct GalleryView {
    title: String,
    problem: Option<String>,
    /// The pictures themselves, once.
    definitions: String,
    caption: String,
    key: Vec<(String, &'static str)>,
    tracks: Vec<TrackGrids>,
}

#[derive(Serialize)]
struct TrackGrids {
    track: String,
    first: Grid,
    /// The networks that do not fit beside the first ones.
    more: Vec<Grid>,
    left_out: String,
}

#[derive(Serialize)]
struct Grid {
    heads: Vec<Head>,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Head {
    method: String,
    note: String,
    /// Why there is nothing in the column, if there is nothing.
    problem: Option<String>,
}

#[derive(Serialize)]
struct Row {
    truth: Shot,
    cells: Vec<Option<Shot>>,
}

/// A picture with boxes and the words for it.
#[derive(Serialize)]
struct Shot {
    svg: String,
    words: String,
}

/// The galleries of a task.
pub(super) fn galleries(galleries: &[Gallery], task: &str) -> Vec<GalleryView> {
    let numbered = galleries.iter().enumerate();
    numbered
        .filter(|(_, gallery)| gallery.task == task)
        .map(|(number, gallery)| view(number, gallery))
        .collect()
}

fn view(number: usize, gallery: &Gallery) -> GalleryView {
    let parts = [&gallery.suite, &gallery.protocol, &gallery.regime, &gallery.task];
    let definitions: Vec<String> = gallery
        .pictures
        .iter()
        .enumerate()
        .map(|(place, picture)| frame(number, place, picture).definition(&picture.png))
        .collect();
    GalleryView {
        title: parts.map(|part| clean(part)).join(" · "),
        problem: gallery.problem.as_deref().map(clean),
        definitions: definitions.concat(),
        caption: caption(gallery),
        key: key(gallery),
        tracks: gallery.tracks.iter().map(|track| track_grids(number, gallery, track)).collect(),
    }
}

fn caption(gallery: &Gallery) -> String {
    let mut caption = format!(
        "{} of {} test pictures, evenly spaced from the first to the last, replicate 0. Every method is shown at its smallest \
         keep. Only detections with a score of at least {DRAWN_FROM} are drawn. One is a hit if it overlaps an object of \
         its class, which no surer one has found, by half or more (intersection over union).",
        gallery.pictures.len(),
        text::count(gallery.test_pictures as u64),
    );
    let columns = gallery.tracks.iter().flat_map(|track| &track.columns);
    if columns.flat_map(|column| &column.detections).any(|found| found.len() >= MOST_DETECTIONS) {
        caption.push_str(&format!(" Of a picture the {MOST_DETECTIONS} surest are drawn at most."));
    }
    caption
}

/// What the strokes mean.
fn key(gallery: &Gallery) -> Vec<(String, &'static str)> {
    let mut key = vec![
        (figure::swatch("hit"), "object, or hit"),
        (figure::swatch("alarm"), "false alarm"),
        (figure::swatch("miss"), "missed object"),
    ];
    if gallery.pictures.iter().flat_map(|picture| &picture.truths).any(|truth| !truth.counts()) {
        key.push((
            figure::swatch("excused"),
            "need not be found (difficult, or a crowd), and detections of it",
        ));
    }
    key
}

fn track_grids(number: usize, gallery: &Gallery, track: &GalleryTrack) -> TrackGrids {
    let mut grids = track.columns.chunks(ACROSS).map(|columns| grid(number, gallery, columns));
    let first = grids.next().unwrap_or_else(|| grid(number, gallery, &[]));
    let left_out: Vec<String> = track.columns.iter().skip(ACROSS).map(|it| clean(&it.method)).collect();
    TrackGrids { track: clean(&track.track), first, more: grids.collect(), left_out: left_out.join(", ") }
}

fn grid(number: usize, gallery: &Gallery, columns: &[GalleryColumn]) -> Grid {
    let heads = columns.iter().map(|column| Head {
        method: clean(&column.method),
        note: if column.keep < 1.0 { format!("keep {}", column.keep) } else { "control".to_owned() },
        problem: column.problem.as_deref().map(clean),
    });
    let rows = gallery.pictures.iter().enumerate().map(|(place, picture)| {
        let frame = frame(number, place, picture);
        let cells = columns.iter().map(|column| {
            column.detections.get(place).map(|_| shot(gallery, &frame, picture, column, place))
        });
        Row { truth: truth(gallery, &frame, picture), cells: cells.collect() }
    });
    Grid { heads: heads.collect(), rows: rows.collect() }
}

fn frame(gallery: usize, place: usize, picture: &GalleryPicture) -> Frame {
    Frame::new(format!("picture-{gallery}-{place}"), picture.width, picture.height)
}

fn truth(gallery: &Gallery, frame: &Frame, picture: &GalleryPicture) -> Shot {
    let objects = picture.truths.iter().filter(|truth| truth.counts()).count();
    let words = format!("{}, {}", clean(&picture.name), objects_word(objects));
    let mut drawing = frame.drawing(&format!("Ground truth of picture {words}"));
    for truth in &picture.truths {
        let name = class(gallery, truth.class);
        let (kind, note) = match (truth.crowd, truth.difficult) {
            (true, _) => ("excused", " (crowd)"),
            (_, true) => ("excused", " (difficult)"),
            _ => ("hit", ""),
        };
        drawing.rectangle(kind, truth.class, truth.corners, &format!("{name}{note}"), Some(&name));
    }
    Shot { svg: drawing.finish(), words }
}

fn shot(
    gallery: &Gallery,
    frame: &Frame,
    picture: &GalleryPicture,
    column: &GalleryColumn,
    place: usize,
) -> Shot {
    let detections = column.detections.get(place).map_or(&[][..], Vec::as_slice);
    let judgement = judge(&picture.truths, detections);
    let objects = picture.truths.iter().filter(|truth| truth.counts()).count();
    let alarms = judgement.count(Verdict::FalseAlarm);
    let hits = judgement.count(Verdict::Hit);
    let alarms = format!("{alarms} false alarm{}", if alarms == 1 { "" } else { "s" });
    let words = format!("{hits} of {objects} found, {alarms}");
    let label = format!(
        "{}: {hits} of {} found, {alarms} at score {DRAWN_FROM}",
        clean(&column.method),
        objects_word(objects)
    );
    let mut drawing = frame.drawing(&label);
    for (truth, found) in picture.truths.iter().zip(&judgement.found) {
        if truth.counts() && !found {
            let name = class(gallery, truth.class);
            drawing.rectangle("miss", truth.class, truth.corners, &format!("{name}: missed"), None);
        }
    }
    // The surest last, on top of the others.
    for (detection, verdict) in detections.iter().zip(&judgement.verdicts).rev() {
        let (kind, word) = match verdict {
            Verdict::Hit => ("hit", "hit"),
            Verdict::FalseAlarm => ("alarm", "false alarm"),
            Verdict::Excused => ("excused", "does not count"),
        };
        let name = class(gallery, detection.class);
        let score = format!("{:.2}", detection.score);
        let title = format!("{name} {score}: {word}");
        // There is little room: a score below one goes without its zero.
        let label = format!("{name} {}", score.strip_prefix('0').unwrap_or(&score));
        drawing.rectangle(kind, detection.class, detection.corners, &title, Some(&label));
    }
    Shot { svg: drawing.finish(), words }
}

fn objects_word(count: usize) -> String {
    format!("{count} object{}", if count == 1 { "" } else { "s" })
}

fn class(gallery: &Gallery, class: usize) -> String {
    gallery.classes.get(class).map_or_else(|| format!("class {class}"), |name| clean(name))
}
