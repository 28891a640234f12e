//! How each set says what is what.

mod aircraft;
mod birdsnap;
mod caltech;
mod cars;
mod cifar;
mod cifar_pickles;
mod dtd;
mod flowers;
mod food;
mod idx;
mod imagenet;
mod lines;
mod pets;
mod sun;
mod svhn;

use super::draft::Format;

/// How a set is read; none for those of detection.
pub(super) fn format(id: &str) -> Option<&'static Format> {
    Some(match id {
        "aircraft" => &aircraft::FORMAT,
        "birdsnap" => &birdsnap::FORMAT,
        "caltech101" => &caltech::FORMAT_101,
        "caltech256" => &caltech::FORMAT_256,
        "cars" => &cars::FORMAT,
        "cifar10" => &cifar::FORMAT_10,
        "cifar100" => &cifar::FORMAT_100,
        "dtd" => &dtd::FORMAT,
        "flowers" => &flowers::FORMAT,
        "food101" => &food::FORMAT,
        "imagenet" => &imagenet::FORMAT,
        "pets" => &pets::FORMAT,
        "sun397" => &sun::FORMAT,
        "svhn" => &svhn::FORMAT,
        "mnist" | "fashion-mnist" => &idx::FORMAT,
        _ => return None,
    })
}
