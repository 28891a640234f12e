//! Which boxes of a data set are taken, and a report on those that are not.

/// How far in pixels a box may stick out of its picture. Annotators' tools count from 0 or from 1 and round; what is
/// further outside is a mistake.
const SLACK: f64 = 1.0;

/// How many cases a report names.
const NAMED: usize = 5;

/// Boxes that were not taken as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// Number of boxes.
    pub count: usize,
    /// The first few: file, object and coordinates as written there.
    pub first: Vec<String>,
}

impl Cases {
    fn add(&mut self, case: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(case());
        }
    }
}

/// What happened while a data set was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of pictures in the task.
    pub pictures: usize,
    /// Number of objects in the task.
    pub objects: usize,
    /// Number of pictures in which there is no object.
    pub without_objects: usize,
    /// Number of pictures with one gray channel, which was repeated.
    pub gray: usize,
    /// Boxes that stick out of their picture by at most a pixel, and were cut at its edge.
    pub clipped: Cases,
    /// Boxes without area, or with edges the wrong way round; left out.
    pub empty: Cases,
    /// Boxes that stick out of their picture by more than a pixel; left out.
    pub outside: Cases,
    /// Objects without a box, or whose box lacks an edge; left out.
    pub incomplete: Cases,
}

impl Report {
    /// Notes an object without a whole box.
    pub(super) fn incomplete(&mut self, case: impl FnOnce() -> String) {
        self.incomplete.add(case);
    }

    /// The box as it is taken, or `None` if it is left out. `case` names it.
    pub(super) fn take(
        &mut self,
        corners: [f64; 4],
        size: [u32; 2],
        case: impl FnOnce() -> String,
    ) -> Option<[f64; 4]> {
        let [left, top, right, bottom] = corners;
        if right <= left || bottom <= top {
            self.empty.add(case);
            return None;
        }
        let [width, height] = size.map(f64::from);
        let cut = [left.max(0.0), top.max(0.0), right.min(width), bottom.min(height)];
        if cut == corners {
            return Some(corners);
        }
        let beyond = corners.iter().zip(cut).any(|(edge, cut)| (edge - cut).abs() > SLACK);
        if beyond || cut[2] <= cut[0] || cut[3] <= cut[1] {
            self.outside.add(case);
            return None;
        }
        self.clipped.add(case);
        Some(cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_taken_cut_or_left_out() {
        let mut report = Report::default();
        let mut take = |corners| report.take(corners, [100, 50], || format!("{corners:?}"));
        assert_eq!(take([0.0, 0.0, 100.0, 50.0]), Some([0.0, 0.0, 100.0, 50.0]));
        assert_eq!(take([-1.0, 2.0, 9.0, 51.0]), Some([0.0, 2.0, 9.0, 50.0]));
        assert_eq!(take([-0.5, 0.0, 100.25, 9.0]), Some([0.0, 0.0, 100.0, 9.0]));
        for outside in [[-1.01, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 51.5], [100.0, 0.0, 101.0, 9.0]] {
            assert_eq!(take(outside), None);
        }
        for empty in [[5.0, 5.0, 5.0, 9.0], [5.0, 9.0, 7.0, 8.0], [400.0, 0.0, 300.0, 9.0]] {
            assert_eq!(take(empty), None);
        }
        assert_eq!((report.clipped.count, report.outside.count, report.empty.count), (2, 3, 3));
        assert_eq!(report.clipped.first, ["[-1.0, 2.0, 9.0, 51.0]", "[-0.5, 0.0, 100.25, 9.0]"]);
    }

    #[test]
    fn only_the_first_cases_are_named() {
        let mut report = Report::default();
        for k in 0..100 {
            report.incomplete(|| k.to_string());
        }
        assert_eq!(
            report.incomplete,
            Cases { count: 100, first: ["0", "1", "2", "3", "4"].map(str::to_owned).to_vec() }
        );
    }
}
