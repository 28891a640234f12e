//! Pictures with objects in boxes.

use std::ops::Range;

/// One object of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object {
    /// Class, an index into the task's class names.
    pub class: u16,
    /// Left, top, right and bottom edge in pixels of the original picture; see [`Scenes`].
    pub corners: [f64; 4],
    /// Area in square pixels of the original picture: the one a data set states (in COCO that of the segment, which
    /// is smaller than the box), else that of the box.
    pub area: f64,
    /// Hard to recognize: VOC neither asks for such objects nor counts them against a detector.
    pub difficult: bool,
    /// A box around a crowd of objects (COCO), which takes any number of detections without counting them.
    pub crowd: bool,
}

impl Object {
    /// An ordinary object with the area of its box.
    #[must_use]
    pub fn new(class: u16, corners: [f64; 4]) -> Self {
        Self { class, corners, area: area(corners), difficult: false, crowd: false }
    }
}

/// Area of a box.
pub(crate) fn area([left, top, right, bottom]: [f64; 4]) -> f64 {
    (right - left) * (bottom - top)
}

/// Objects in flat arrays of one length, those of a picture one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects {
    /// Class of each object.
    pub classes: Vec<u16>,
    /// Left, top, right and bottom edge of each object; see [`Scenes`].
    pub boxes: Vec<[f64; 4]>,
    /// Area of each object; see [`Object::area`].
    pub areas: Vec<f64>,
    /// Which objects are hard to recognize.
    pub difficult: Vec<bool>,
    /// Which boxes hold a crowd.
    pub crowd: Vec<bool>,
}

impl Objects {
    /// Number of objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is no object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Adds an object at the end.
    pub fn push(&mut self, object: Object) {
        self.classes.push(object.class);
        self.boxes.push(object.corners);
        self.areas.push(object.area);
        self.difficult.push(object.difficult);
        self.crowd.push(object.crowd);
    }

    /// The object at `index`, or `None` if there are not so many.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Object> {
        Some(Object {
            class: *self.classes.get(index)?,
            corners: *self.boxes.get(index)?,
            area: *self.areas.get(index)?,
            difficult: *self.difficult.get(index)?,
            crowd: *self.crowd.get(index)?,
        })
    }
}

/// Pictures with objects in boxes, all pictures warped to one packed size.
///
/// Boxes stay in the coordinates of the original pictures: `[left, top, right, bottom]` in pixels, continuous, from
/// 0, half-open, so that a box around a whole picture is `[0, 0, width, height]`. A detector such as SSD warps its
/// input to a square anyway. What is lost by warping first is detail of pictures larger than the packed size; what
/// depends on true proportions, as the aspect ratios of crops do, is worked out with the original sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenes {
    /// Channels, height and width of each packed picture.
    pub shape: [usize; 3],
    /// Values, `[count, channels, height, width]`, outermost dimension first.
    pub pixels: Vec<u8>,
    /// Name of each picture, by which predictions refer to it: its file's name without ending (VOC), its file's name
    /// (COCO), or its number (generated tasks). No two pictures of a split have one name.
    pub names: Vec<String>,
    /// Width and height of each original picture in pixels.
    pub sizes: Vec<[u32; 2]>,
    /// Where the objects of each picture begin, and at the end their number, `[count + 1]`.
    pub offsets: Vec<usize>,
    /// The objects of all pictures.
    pub objects: Objects,
}

impl Scenes {
    /// No pictures, of the given channels, height and width.
    #[must_use]
    pub fn empty(shape: [usize; 3]) -> Self {
        Self {
            shape,
            pixels: Vec::new(),
            names: Vec::new(),
            sizes: Vec::new(),
            offsets: vec![0],
            objects: Objects::default(),
        }
    }

    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no picture.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Where the objects of a picture stand in [`Scenes::objects`]; nowhere if there is no such picture.
    #[must_use]
    pub fn range(&self, picture: usize) -> Range<usize> {
        match (self.offsets.get(picture), self.offsets.get(picture + 1)) {
            (Some(start), Some(end)) => *start..*end,
            _ => 0..0,
        }
    }

    /// The objects of a picture.
    pub fn objects_of(&self, picture: usize) -> impl Iterator<Item = Object> + '_ {
        self.range(picture).filter_map(|index| self.objects.get(index))
    }

    /// Adds a picture with its objects, but not its pixels.
    pub(crate) fn push(&mut self, name: String, size: [u32; 2], objects: impl IntoIterator<Item = Object>) {
        self.names.push(name);
        self.sizes.push(size);
        for object in objects {
            self.objects.push(object);
        }
        self.offsets.push(self.objects.len());
    }
}
