//! Whether the parts of a task fit together.

use std::collections::HashSet;

use crate::detection::{DetectionData, DetectionInfo, Object, Scenes};
use crate::task::Outline;
use crate::{DataError, Pictures, Split, TaskData, TaskInfo};

impl TaskData {
    /// Checks that pixels, labels, shapes, classes and normalization fit together.
    ///
    /// # Errors
    /// [`DataError::Inconsistent`] names the split and what does not fit.
    pub fn check(&self) -> Result<(), DataError> {
        check_info(&self.info)?;
        for split in Split::ALL {
            check_pictures(&self.info, split, self.split(split))?;
            if self.split(split).shape != self.train.shape {
                let problem = format!(
                    "{} pictures have the shape {:?}, training pictures {:?}",
                    split.name(),
                    self.split(split).shape,
                    self.train.shape
                );
                return Err(DataError::Inconsistent { id: self.info.id.clone(), problem });
            }
        }
        Ok(())
    }
}

impl DetectionData {
    /// Checks that pixels, objects, shapes, classes and normalization fit together, and that boxes lie inside their
    /// pictures.
    ///
    /// # Errors
    /// [`DataError::Inconsistent`] names the split and what does not fit.
    pub fn check(&self) -> Result<(), DataError> {
        check_detection_info(&self.info)?;
        for split in Split::ALL {
            check_scenes(&self.info, split, self.split(split))?;
            if self.split(split).shape != self.train.shape {
                let (is, expected) = (self.split(split).shape, self.train.shape);
                let problem = format!(
                    "{} pictures have the shape {is:?}, training pictures {expected:?}",
                    split.name()
                );
                return Err(DataError::Inconsistent { id: self.info.id.clone(), problem });
            }
        }
        Ok(())
    }
}

pub(crate) fn check_info(info: &TaskInfo) -> Result<(), DataError> {
    check_outline(&info.outline())
}

pub(crate) fn check_detection_info(info: &DetectionInfo) -> Result<(), DataError> {
    check_outline(&info.outline())?;
    let [small, large] = info.size_borders;
    if 0.0 < small && small < large && large.is_finite() {
        Ok(())
    } else {
        let problem =
            format!("sizes divided at areas of {small} and {large}; they must be positive and ascend");
        Err(DataError::Inconsistent { id: info.id.clone(), problem })
    }
}

fn check_outline(info: &Outline<'_>) -> Result<(), DataError> {
    let complain = |problem: String| Err(DataError::Inconsistent { id: info.id.to_owned(), problem });
    if info.classes.is_empty() || info.classes.len() > usize::from(u16::MAX) {
        return complain(format!("{} classes; between 1 and 65535 are possible", info.classes.len()));
    }
    if info.mean.len() != info.std.len() {
        return complain(format!("{} means but {} deviations", info.mean.len(), info.std.len()));
    }
    if let Some(bad) = info.std.iter().find(|value| !(value.is_finite() && **value > 0.0)) {
        return complain(format!("a standard deviation of {bad}; it must be positive"));
    }
    if let Some(bad) = info.mean.iter().find(|value| !value.is_finite()) {
        return complain(format!("a mean of {bad}"));
    }
    Ok(())
}

pub(crate) fn check_pictures(info: &TaskInfo, split: Split, pictures: &Pictures) -> Result<(), DataError> {
    let complain = |problem: String| {
        Err(DataError::Inconsistent { id: info.id.clone(), problem: format!("{} {problem}", split.name()) })
    };
    if values(&pictures.shape, pictures.len()) != Some(pictures.pixels.len()) {
        return complain(format!(
            "has {} values for {} pictures of shape {:?}",
            pictures.pixels.len(),
            pictures.len(),
            pictures.shape
        ));
    }
    if !pictures.is_empty() && pictures.shape[0] != info.mean.len() {
        return complain(format!("has {} channels but {} means", pictures.shape[0], info.mean.len()));
    }
    let classes = info.classes.len();
    match pictures.labels.iter().position(|label| usize::from(*label) >= classes) {
        Some(at) => complain(format!("picture {at} has label {} of {classes} classes", pictures.labels[at])),
        None => Ok(()),
    }
}

/// Values of so many pictures of a shape, if a number holds them.
fn values(shape: &[usize], count: usize) -> Option<usize> {
    shape.iter().try_fold(count, |product, &side| product.checked_mul(side))
}

pub(crate) fn check_scenes(info: &DetectionInfo, split: Split, scenes: &Scenes) -> Result<(), DataError> {
    match scenes_problem(info.classes.len(), info.mean.len(), scenes) {
        None => Ok(()),
        Some(problem) => {
            let problem = format!("{}: {problem}", split.name());
            Err(DataError::Inconsistent { id: info.id.clone(), problem })
        }
    }
}

/// What does not fit together in the pictures of a split, if anything.
pub(crate) fn scenes_problem(classes: usize, channels: usize, scenes: &Scenes) -> Option<String> {
    let Scenes { shape, pixels, names, sizes, offsets, objects } = scenes;
    let count = scenes.len();
    if values(shape, count) != Some(pixels.len()) {
        return Some(format!("{} values for {count} pictures of shape {shape:?}", pixels.len()));
    }
    if count > 0 && shape[0] != channels {
        return Some(format!("{} channels but {channels} means", shape[0]));
    }
    if sizes.len() != count {
        return Some(format!("{} sizes of {count} pictures", sizes.len()));
    }
    let found = objects.len();
    if offsets.len() != count + 1 || offsets[0] != 0 || offsets[count] != found || !offsets.is_sorted() {
        return Some(format!(
            "{} offsets that do not divide {found} objects among {count} pictures",
            offsets.len()
        ));
    }
    let lengths = [objects.boxes.len(), objects.areas.len(), objects.difficult.len(), objects.crowd.len()];
    if lengths.iter().any(|length| *length != found) {
        return Some(format!("{found} classes of objects but {lengths:?} boxes, areas and flags"));
    }
    let mut seen = HashSet::new();
    if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Some(format!("two pictures are called `{name}`"));
    }
    (0..count).find_map(|picture| {
        let [width, height] = sizes[picture].map(f64::from);
        scenes.objects_of(picture).find_map(|object| {
            let Object { class, corners: [left, top, right, bottom], area, .. } = object;
            let inside = 0.0 <= left && left < right && right <= width;
            if !(inside && 0.0 <= top && top < bottom && bottom <= height) {
                let corners = object.corners;
                return Some(format!(
                    "`{}` of {width}x{height} pixels has the box {corners:?}",
                    names[picture]
                ));
            }
            if usize::from(class) >= classes {
                return Some(format!("`{}` has an object of class {class} of {classes}", names[picture]));
            }
            let known = area.is_finite() && area > 0.0;
            (!known).then(|| format!("`{}` has an object with an area of {area}", names[picture]))
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::generated;
    use crate::testing::detection_task;

    #[test]
    fn damage_is_named() {
        let task = generated::generate_first("generated/counts", 1, 16, 3).unwrap();
        task.check().unwrap();

        let mut bad = task.clone();
        bad.validation.labels[1] = 6;
        assert!(
            bad.check().unwrap_err().to_string().contains("validation picture 1 has label 6 of 6 classes")
        );
        let mut bad = task.clone();
        bad.test.pixels.pop();
        assert!(bad.check().unwrap_err().to_string().contains("test has 2303 values for 3 pictures"));
        let mut bad = task;
        bad.info.std[0] = 0.0;
        assert!(bad.check().is_err());
    }
    #[test]
    fn damage_to_scenes_is_named() {
        let whole = detection_task();
        whole.check().unwrap();
        let complaint = |damage: &dyn Fn(&mut crate::detection::DetectionData)| {
            let mut task = whole.clone();
            damage(&mut task);
            task.check().unwrap_err().to_string()
        };
        let expect = |damage: &dyn Fn(&mut crate::detection::DetectionData), expected: &str| {
            let text = complaint(damage);
            assert!(text.contains(expected), "{text}");
        };
        expect(&|task| task.train.objects.classes[1] = 2, "train: `a` has an object of class 2 of 2");
        expect(
            &|task| task.train.objects.boxes[0][2] = 20.5,
            "train: `a` of 20x10 pixels has the box [2.5, 1.0, 20.5",
        );
        expect(
            &|task| task.train.objects.boxes[1] = [0.0, 0.0, 0.0, 1.0],
            "has the box [0.0, 0.0, 0.0, 1.0]",
        );
        expect(&|task| task.train.objects.boxes[1][1] = f64::NAN, "has the box [0.0, NaN");
        expect(&|task| task.train.objects.areas[2] = 0.0, "train: `c` has an object with an area of 0");
        expect(&|task| task.train.names[2] = "a".to_owned(), "two pictures are called `a`");
        expect(&|task| task.train.offsets[1] = 4, "4 offsets that do not divide 3 objects among 3 pictures");
        expect(&|task| task.train.offsets.truncate(3), "3 offsets that do not divide");
        expect(&|task| task.train.objects.crowd.truncate(1), "3 classes of objects but [3, 3, 3, 1] boxes");
        expect(&|task| task.train.sizes.truncate(1), "1 sizes of 3 pictures");
        expect(&|task| task.test.pixels.truncate(1), "test: 1 values for 1 pictures of shape [3, 2, 2]");
        expect(&|task| task.validation.shape = [3, 2, 3], "validation pictures have the shape [3, 2, 3]");
        expect(&|task| task.info.size_borders = [9.0, 9.0], "sizes divided at areas of 9 and 9");
        expect(&|task| task.info.mean = vec![0.5], "1 means but 3 deviations");
        expect(&|task| task.info.classes.clear(), "0 classes");
    }
}
