use super::*;

fn truth(class: usize, corners: [f64; 4]) -> GalleryTruth {
    GalleryTruth { class, corners, difficult: false, crowd: false }
}

fn detection(class: usize, score: f64, corners: [f64; 4]) -> GalleryDetection {
    GalleryDetection { class, score, corners }
}

#[test]
fn an_object_is_found_once_and_by_its_own_class() {
    let square = [0.0, 0.0, 10.0, 10.0];
    let truths = [truth(0, square), truth(1, [50.0, 50.0, 60.0, 60.0])];
    let detections = [
        detection(1, 0.95, square),                  // the wrong class
        detection(0, 0.9, [0.0, 0.0, 10.0, 9.0]),    // overlaps by 0.9
        detection(0, 0.8, square),                   // better, but later: a duplicate
        detection(0, 0.7, [80.0, 80.0, 90.0, 90.0]), // where nothing is
    ];
    let judgement = judge(&truths, &detections);
    assert_eq!(
        judgement.verdicts,
        [Verdict::FalseAlarm, Verdict::Hit, Verdict::FalseAlarm, Verdict::FalseAlarm]
    );
    assert_eq!(judgement.found, [true, false]);
    assert_eq!((judgement.count(Verdict::Hit), judgement.count(Verdict::FalseAlarm)), (1, 3));
}

#[test]
fn half_of_the_union_is_enough_and_less_is_not() {
    let truths = [truth(0, [0.0, 0.0, 10.0, 10.0])];
    let verdict = |height: f64| judge(&truths, &[detection(0, 0.9, [0.0, 0.0, 10.0, height])]).verdicts[0];
    assert_eq!(verdict(5.0), Verdict::Hit);
    assert_eq!(verdict(4.99), Verdict::FalseAlarm);
}

#[test]
fn the_surest_detection_chooses_first() {
    // Two objects that overlap by a third. The surest detection overlaps the left one by 8/12, the right one by 7/13.
    let truths = [truth(0, [0.0, 0.0, 10.0, 10.0]), truth(0, [5.0, 0.0, 15.0, 10.0])];
    let middle = [2.0, 0.0, 12.0, 10.0];
    let left_is_taken = judge(&truths, &[detection(0, 0.8, truths[0].corners), detection(0, 0.9, middle)]);
    assert_eq!(left_is_taken.verdicts, [Verdict::FalseAlarm, Verdict::Hit]);
    assert_eq!(left_is_taken.found, [true, false]);
    // The other way round there is still an object for it.
    let right_is_free = judge(&truths, &[detection(0, 0.9, truths[0].corners), detection(0, 0.8, middle)]);
    assert_eq!(right_is_free.verdicts, [Verdict::Hit, Verdict::Hit]);
    assert_eq!(right_is_free.found, [true, true]);
}

#[test]
fn what_need_not_be_found_is_neither_hit_nor_false_alarm() {
    let difficult = GalleryTruth { difficult: true, ..truth(0, [0.0, 0.0, 10.0, 10.0]) };
    let crowd = GalleryTruth { crowd: true, ..truth(0, [100.0, 0.0, 200.0, 100.0]) };
    let detections = [
        detection(0, 0.9, difficult.corners),
        detection(0, 0.8, difficult.corners),
        // A hundredth of the crowd's area, but all of it in the crowd.
        detection(0, 0.7, [110.0, 10.0, 120.0, 20.0]),
        // Less than half of it in the crowd.
        detection(0, 0.6, [94.0, 10.0, 104.0, 20.0]),
        detection(1, 0.5, difficult.corners),
    ];
    let judgement = judge(&[difficult, crowd], &detections);
    assert_eq!(
        judgement.verdicts,
        [Verdict::Excused, Verdict::Excused, Verdict::Excused, Verdict::FalseAlarm, Verdict::FalseAlarm]
    );
    assert_eq!(judgement.found, [false, false]);
}

#[test]
fn an_object_that_counts_comes_before_one_that_does_not() {
    let counted = truth(0, [0.0, 0.0, 10.0, 8.0]);
    let difficult = GalleryTruth { difficult: true, ..truth(0, [0.0, 0.0, 10.0, 10.0]) };
    let judgement = judge(&[difficult, counted], &[detection(0, 0.9, [0.0, 0.0, 10.0, 10.0])]);
    assert_eq!(judgement.verdicts, [Verdict::Hit]);
    assert_eq!(judgement.found, [false, true]);
}

#[test]
fn pictures_are_spread_from_the_first_to_the_last() {
    assert_eq!(spread(500), [0, 99, 199, 299, 399, 499]);
    assert_eq!(spread(6), [0, 1, 2, 3, 4, 5]);
    assert_eq!(spread(2), [0, 1]);
    assert_eq!(spread(1), [0]);
    assert_eq!(spread(0), [0_usize; 0]);
}
