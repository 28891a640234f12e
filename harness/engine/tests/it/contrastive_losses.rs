//! Contrastive losses as the papers have them, and how often views find each other.

use secateur_engine::Error;
use secateur_engine::contrast::{info_nce, nt_xent, retrieved};
use tch::{Device, Kind, Tensor};

use crate::support::{Golden, assert_close};

const GOLDEN: &str = "../../../../tests/golden/contrast/golden.safetensors";

fn number(golden: &Golden, name: &str) -> f64 {
    golden.get(name).double_value(&[])
}

#[test]
fn nt_xent_is_equation_1_and_so_is_its_gradient() {
    let golden = Golden::read(GOLDEN);
    for case in ["two", "five", "sixteen", "warm"] {
        let get = |name: &str| golden.get(&format!("nt-xent/{case}/{name}"));
        let temperature = number(&golden, &format!("nt-xent/{case}/temperature"));
        let views = get("views").set_requires_grad(true);
        let loss = nt_xent(&views, temperature).unwrap();
        assert_close(&loss, &get("loss"), 1e-5, &format!("{case}: loss"));
        let gradient = Tensor::run_backward(&[&loss], &[&views], false, false).remove(0);
        assert_close(&gradient, &get("gradient"), 1e-4, &format!("{case}: gradient"));
        // Half of the views that find their other view are what counts.
        let found = retrieved(&views).unwrap().double_value(&[]);
        assert_eq!(2.0 * found, number(&golden, &format!("nt-xent/{case}/retrieved")), "{case}");
        // Neither the length of a view nor a turn of them all says anything.
        let turned = (&views.detach() * 7.5).flip([1]);
        assert_close(&nt_xent(&turned, temperature).unwrap(), &loss.detach(), 1e-5, case);
    }
}

#[test]
fn info_nce_is_equation_1_and_so_is_its_gradient() {
    let golden = Golden::read(GOLDEN);
    for case in ["one", "four", "cool"] {
        let get = |name: &str| golden.get(&format!("info-nce/{case}/{name}"));
        let temperature = number(&golden, &format!("info-nce/{case}/temperature"));
        let (queries, keys, queue) = (get("queries").set_requires_grad(true), get("keys"), get("queue"));
        let loss = info_nce(&queries, &keys, &queue, temperature).unwrap();
        assert_close(&loss, &get("loss"), 1e-5, &format!("{case}: loss"));
        let gradient = Tensor::run_backward(&[&loss], &[&queries], false, false).remove(0);
        assert_close(&gradient, &get("gradient"), 1e-4, &format!("{case}: gradient"));
    }
}

#[test]
fn losses_of_indifferent_views_are_those_of_guessing() {
    // All other views are equally near, so that each is as likely as the right one.
    let same_views = Tensor::ones([8, 3], (Kind::Float, Device::Cpu));
    let loss = nt_xent(&same_views, 0.1).unwrap().double_value(&[]);
    assert!((loss - 7_f64.ln()).abs() < 1e-6, "{loss}");
    let keys = Tensor::from_slice(&[1.0_f32, 0.0]).repeat([4, 1]);
    let loss = info_nce(&keys, &keys, &keys.repeat([3, 1]), 0.1).unwrap().double_value(&[]);
    assert!((loss - 13_f64.ln()).abs() < 1e-6, "{loss}");
    // A network that says nothing is no reason to divide by zero.
    assert!(nt_xent(&same_views.zeros_like(), 0.1).unwrap().double_value(&[]).is_finite());
}

#[test]
fn views_are_retrieved_by_their_nearest_neighbours_alone() {
    let views = |degrees: &[f64]| {
        let rows: Vec<f32> = degrees
            .iter()
            .flat_map(|angle| [angle.to_radians().cos() as f32, angle.to_radians().sin() as f32])
            .collect();
        Tensor::from_slice(&rows).view([-1, 2])
    };
    let found = |degrees: &[f64]| retrieved(&views(degrees)).unwrap().double_value(&[]);
    // Three pictures far apart, whose second views lie 5 degrees beside their first ones.
    assert_eq!(found(&[0.0, 90.0, 200.0, 5.0, 95.0, 205.0]), 3.0);
    // The second views of two pictures have changed places.
    assert_eq!(found(&[0.0, 90.0, 200.0, 95.0, 5.0, 205.0]), 1.0);
    // 40 is nearest to 30, which is nearest to 25: of the second picture one view finds the other.
    assert_eq!(found(&[0.0, 40.0, 25.0, 2.0, 30.0, 24.0]), 2.5);
    // Two neighbours at the same distance: none of them is the nearest.
    assert_eq!(retrieved(&Tensor::ones([6, 2], (Kind::Float, Device::Cpu))).unwrap().double_value(&[]), 0.0);
    let odd = retrieved(&Tensor::ones([5, 2], (Kind::Float, Device::Cpu))).unwrap_err();
    assert!(matches!(&odd, Error::Data(text) if text.contains("two views of each picture")), "{odd}");
}
