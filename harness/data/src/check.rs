//! Whether the parts of a task fit together.

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

pub(crate) fn check_info(info: &TaskInfo) -> Result<(), DataError> {
    let complain = |problem: String| Err(DataError::Inconsistent { id: info.id.clone(), problem });
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
    let size: usize = pictures.shape.iter().product();
    if pictures.pixels.len() != size * pictures.len() {
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

#[cfg(test)]
mod tests {
    use crate::generated;

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
}
