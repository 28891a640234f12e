//! Networks whose counts are known, from the zoo of `secateur-network`.

use std::collections::BTreeMap;

use secateur_network::{Convention, zoo};

use super::role::Role;
use super::sheet::Sheet;

/// What is known of a dense network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    /// Its name in the zoo.
    pub(crate) name: &'static str,
    /// Its parameters.
    pub(crate) params: u64,
    /// Its multiply-accumulates, by the convention `core`.
    pub(crate) macs: u64,
    /// Whether the table says that it is the network of that data set.
    pub(crate) is_sure: bool,
}

/// The known network of each row.
pub(crate) fn known(sheet: &Sheet) -> Vec<Option<Known>> {
    let network = sheet.first(Role::Network);
    let dataset = sheet.first(Role::Dataset);
    let title: Vec<String> = sheet.table.title.split_whitespace().map(squeezed).collect();
    let mut built: BTreeMap<(&'static str, usize), Option<Known>> = BTreeMap::new();
    // The heading speaks for rows that do not say more.
    let of_title = || title.iter().find_map(|word| named(word));
    let names: Vec<Option<&'static str>> = match network {
        Some(column) => (0..sheet.table.rows()).map(|row| name_of(sheet.table.cell(row, column))).collect(),
        None => vec![of_title(); sheet.table.rows()],
    };
    let header = sheet.columns.iter().map(|it| squeezed(&it.name)).collect::<Vec<_>>();
    let mentioned = header.iter().chain(&title).any(|word| word.starts_with("imagenet"));
    names
        .into_iter()
        .enumerate()
        .map(|(row, name)| {
            let name = name?;
            let is_cifar = matches!(name, "resnet8" | "resnet20" | "resnet56");
            let data =
                dataset.map(|column| squeezed(sheet.table.cell(row, column))).filter(|it| !it.is_empty());
            let (classes, is_sure) = match data.as_deref() {
                Some("cifar10") if is_cifar => (10, true),
                Some("cifar100") if is_cifar => (100, true),
                Some("imagenet" | "imagenet1k" | "ilsvrc" | "ilsvrc2012" | "ilsvrc12") if !is_cifar => {
                    (1000, true)
                }
                Some(_) => return None,
                None => (if is_cifar { 10 } else { 1000 }, mentioned && !is_cifar),
            };
            built
                .entry((name, classes))
                .or_insert_with(|| build(name, classes))
                .clone()
                .map(|known| Known { is_sure, ..known })
        })
        .collect()
}

fn build(name: &'static str, classes: usize) -> Option<Known> {
    let options = zoo::Options { classes: Some(classes), ..zoo::Options::default() };
    let network = zoo::build(name, &options).ok()?;
    let (params, macs) = (network.count_params(), network.macs(Convention::Core));
    Some(Known { name, params, macs, is_sure: false })
}

/// The network that a cell names, if it names it without any change such as another width.
fn name_of(cell: &str) -> Option<&'static str> {
    let (name, rest) = match cell.split_once('(') {
        Some((name, rest)) => (name, rest),
        None => (cell, ""),
    };
    // `0.5x`, `half width` and the like are other networks.
    let is_plain = !rest.contains(|c: char| c.is_ascii_digit()) && !rest.to_lowercase().contains("width");
    named(&squeezed(name)).filter(|_| is_plain)
}

fn named(squeezed: &str) -> Option<&'static str> {
    let classifiers = zoo::names().iter().filter(|name| !name.starts_with("ssd"));
    classifiers.copied().find(|name| self::squeezed(name) == squeezed)
}

/// A name in one spelling: `ResNet-50` as `resnet50`.
fn squeezed(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn networks_are_known_by_their_usual_spellings() {
        assert_eq!(name_of("ResNet-50"), Some("resnet50"));
        assert_eq!(name_of("MobileNetV2 (torchvision)"), Some("mobilenet_v2"));
        assert_eq!(name_of("VGG-16-BN"), Some("vgg16_bn"));
        assert_eq!(name_of("ResNet-50 (0.5x)"), None);
        assert_eq!(name_of("Wide ResNet-50"), None);
        assert_eq!(name_of("ResNet-50-FPN"), None);
    }
}
