use super::*;

const MEASURED: &str = "network,width,side,views,batch,device_class,threads,precision,layout,step_seconds,machine,date,how\n\
                        resnet50,1,224,1,10,cpu,1,f32,channels-last,2,here,2026-11-28,by hand\n";

fn kind(network: &str) -> Option<Kind> {
    Some(Kind { network: network.to_owned(), width: "1".to_owned(), side: 224, views: false })
}

fn work(trained: u64, seen: u64) -> Work {
    Work { trained: Some(trained), seen: Some(seen), batch: 10 }
}

fn bill(given: Option<f64>, works: impl IntoIterator<Item = (Option<Kind>, Work)>) -> Bill {
    let mut bill = Bill::new(Rates::committed(MEASURED), given);
    bill.extend(works);
    bill
}

#[test]
fn hours_follow_from_pictures_and_a_measured_speed() {
    // 180,000 pictures and a third of 54,000, at five a second: eleven hours.
    let bill = bill(None, [(kind("resnet50"), work(150_000, 54_000)), (kind("resnet50"), work(30_000, 0))]);
    assert_eq!(
        bill.lines("cpu"),
        [
            "resnet50 at 224 px: at most 180000 training pictures, and 54000 that are looked at",
            "  about 11.0 hours on cpu: 5.0 pictures a second, measured 2026-11-28 on here (benchmarks/step-times.csv)",
        ]
    );
    assert!((bill.json()[0]["hours"].as_f64().unwrap() - 11.0).abs() < 1e-9);
}

#[test]
fn without_a_measurement_there_are_no_hours_but_at_a_speed_that_is_given() {
    let works = || [(kind("resnet18"), work(180_000, 0))];
    let lines = bill(None, works()).lines("cuda");
    assert_eq!(lines.len(), 2);
    assert!(
        lines[1].contains("nobody has measured") && lines[1].contains("--pictures-per-second N"),
        "{lines:?}"
    );
    let told = bill(Some(50.0), works());
    assert_eq!(told.lines("cuda")[1..], ["  about 1.0 hours at 50 pictures a second on cuda"]);
    assert!(told.json()[0]["hours"].is_null());
}

#[test]
fn what_nobody_has_counted_is_said() {
    let unknown = Work { trained: None, seen: Some(9), batch: 10 };
    let lines = bill(None, [(kind("resnet50"), unknown), (None, work(8, 0))]).lines("cpu");
    assert!(lines[0].starts_with("pictures of sizes that their files say: at most 8 training"), "{lines:?}");
    assert!(lines[2].contains("resnet50 at 224 px: over 0 training pictures"), "{lines:?}");
    assert!(bill(None, [(kind("resnet50"), work(0, 0))]).lines("cpu").is_empty());
    // Of what is not counted at all there are no hours, neither at a measured nor at a given speed.
    let unknown = Work { trained: None, seen: None, batch: 10 };
    let bill_of = |given, works: &[Work]| bill(given, works.iter().map(|work| (kind("resnet50"), *work)));
    let all = bill_of(Some(50.0), &[unknown]);
    assert_eq!(all.lines("cpu").len(), 1, "{:?}", all.lines("cpu"));
    // Of 18,000 pictures at five a second, and an unknown number.
    let some = bill_of(Some(50.0), &[unknown, work(18_000, 0)]);
    let lines = some.lines("cpu");
    assert_eq!(lines[1], "  more than 6 minutes at 50 pictures a second on cpu");
    assert!(lines[2].starts_with("  more than 1.0 hours on cpu: 5.0 pictures a second"), "{lines:?}");
    for key in ["hours", "hours_at_given_speed"] {
        assert!(some.json()[0][key].is_null() && all.json()[0][key].is_null(), "{key}");
        assert!(bill_of(Some(50.0), &[work(18_000, 0)]).json()[0][key].is_number(), "{key}");
    }
}
