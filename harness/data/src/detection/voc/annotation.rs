//! One annotation file.

use roxmltree::{Document, Node};

/// What is used of an annotation file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Annotation {
    /// Width and height of the picture.
    pub(super) size: [u32; 2],
    pub(super) objects: Vec<Found>,
}

/// An object as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) name: String,
    /// Left, top, right and bottom as written; `None` if there is no box or an edge is missing or empty.
    pub(super) corners: Option<[f64; 4]>,
    pub(super) difficult: bool,
}

/// Parses an annotation. Only direct children count: a person's head and hands are `part`s inside of the object.
pub(super) fn parse(text: &str) -> Result<Annotation, String> {
    let document = Document::parse(text).map_err(|error| format!("not well-formed XML: {error}"))?;
    let root = document.root_element();
    let size = child(root, "size").ok_or("says nothing of the picture's size: there is no `size`")?;
    let size = [side(size, "width")?, side(size, "height")?];
    let objects = root.children().filter(|node| node.has_tag_name("object"));
    let objects = objects
        .enumerate()
        .map(|(index, node)| object(node).map_err(|problem| format!("object {}: {problem}", index + 1)));
    Ok(Annotation { size, objects: objects.collect::<Result<_, _>>()? })
}

fn object(node: Node<'_, '_>) -> Result<Found, String> {
    let name = value(node, "name").ok_or("has no name")?.to_owned();
    let difficult = match value(node, "difficult") {
        None | Some("0") => false,
        Some("1") => true,
        Some(other) => return Err(format!("`difficult` is `{other}` instead of 0 or 1")),
    };
    let corners = match child(node, "bndbox") {
        None => None,
        Some(bounds) => {
            let mut corners = [None; 4];
            for (corner, name) in corners.iter_mut().zip(["xmin", "ymin", "xmax", "ymax"]) {
                *corner = number(bounds, name)?;
            }
            match corners {
                [Some(left), Some(top), Some(right), Some(bottom)] => Some([left, top, right, bottom]),
                _ => None,
            }
        }
    };
    Ok(Found { name, corners, difficult })
}

/// A side of the picture in pixels.
fn side(size: Node<'_, '_>, name: &str) -> Result<u32, String> {
    let text = value(size, name).ok_or_else(|| format!("says nothing of the picture's {name}"))?;
    text.parse()
        .ok()
        .filter(|side| *side > 0)
        .ok_or_else(|| format!("the picture's {name} is `{text}` instead of a number of pixels"))
}

fn number(node: Node<'_, '_>, name: &str) -> Result<Option<f64>, String> {
    let Some(text) = value(node, name) else { return Ok(None) };
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        _ => Err(format!("`{name}` is `{text}` instead of a number")),
    }
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

/// The text of a child; `None` if it is missing or empty.
fn value<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim).filter(|text| !text.is_empty())
}
