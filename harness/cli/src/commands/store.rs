//! `secateur store`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use secateur_store::{Disposable, Inventory, Item, Store};

use super::run::lock;

/// Arguments of `store`.
#[derive(Args, Debug)]
pub(crate) struct StoreCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Remove what can be made again.
    ///
    /// Results, logs, masks, predictions and test splits stay, so every report stays as it is. What is removed is made again when a
    /// later run needs it. Kinds go in this order, the oldest of a kind first: `leftovers` (files that nothing reads), `features`
    /// (of linear transfer), `unused` (outputs of stages that no suite of the store has any more), `checkpoints` (weights after
    /// recovery), `packs` (training splits), `upstream` (trained upstream networks), `stopped` (work that a stopped run would go on
    /// with).
    Gc(Gc),
}

#[derive(Args, Debug)]
struct Gc {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// Remove no more than it takes to bring the store to this size, for example 20GiB, of any kind but `stopped`.
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    max_size: Option<u64>,
    /// Remove only what was made more than this many days ago.
    #[arg(long, value_name = "DAYS")]
    older_than: Option<f64>,
    /// Only this kind; may be repeated. Without it and without --max-size: leftovers, features, unused and checkpoints.
    #[arg(long = "what", value_name = "KIND", value_parser = kind)]
    what: Vec<Disposable>,
    /// Say what would be removed, and remove nothing.
    #[arg(long)]
    dry_run: bool,
    /// For machines.
    #[arg(long)]
    json: bool,
}

impl StoreCommand {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let Command::Gc(gc) = self.command;
        gc.run()
    }
}

/// Files of a kind.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    items: usize,
    bytes: u64,
}

impl Sum {
    fn add(&mut self, item: &Item) {
        self.items += 1;
        self.bytes += item.bytes;
    }
}

impl Gc {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let store = Store::open(&self.store)?;
        let lock = lock(&store)?;
        let inventory = store.inventory(&lock)?;
        let chosen = self.choose(&inventory, SystemTime::now());
        if !self.dry_run {
            for item in &chosen {
                store.remove_item(&lock, item)?;
            }
        }
        let left = inventory.bytes() - chosen.iter().map(|item| item.bytes).sum::<u64>();
        self.print(&inventory, &chosen, left);
        let too_large = self.max_size.is_some_and(|most| left > most);
        Ok(ExitCode::from(u8::from(too_large)))
    }

    /// What goes.
    fn choose<'a>(&self, inventory: &'a Inventory, now: SystemTime) -> Vec<&'a Item> {
        let kinds = match (self.what.as_slice(), self.max_size) {
            ([], None) => {
                vec![Disposable::Leftovers, Disposable::Features, Disposable::Unused, Disposable::Checkpoints]
            }
            // Hours of work are given up only if somebody says so.
            ([], Some(_)) => {
                Disposable::ALL.into_iter().filter(|kind| *kind != Disposable::Stopped).collect()
            }
            (kinds, _) => kinds.to_vec(),
        };
        let youngest = self.older_than.and_then(|days| {
            let age = Duration::try_from_secs_f64(days.max(0.0) * 86_400.0).ok()?;
            now.checked_sub(age)
        });
        let mut left = inventory.bytes();
        let mut chosen = Vec::new();
        for item in &inventory.items {
            if self.max_size.is_some_and(|most| left <= most) {
                break;
            }
            let is_old = self.older_than.is_none() || youngest.is_some_and(|youngest| item.made <= youngest);
            if kinds.contains(&item.what) && is_old {
                left -= item.bytes;
                chosen.push(item);
            }
        }
        chosen
    }

    fn print(&self, inventory: &Inventory, chosen: &[&Item], left: u64) {
        let mut all: BTreeMap<Disposable, Sum> = BTreeMap::new();
        let mut gone: BTreeMap<Disposable, Sum> = BTreeMap::new();
        inventory.items.iter().for_each(|item| all.entry(item.what).or_default().add(item));
        chosen.iter().for_each(|item| gone.entry(item.what).or_default().add(item));
        let of = |sums: &BTreeMap<Disposable, Sum>, kind| sums.get(&kind).copied().unwrap_or_default();
        if self.json {
            let kinds: BTreeMap<&str, _> = Disposable::ALL
                .into_iter()
                .map(|kind| {
                    let (all, gone) = (of(&all, kind), of(&gone, kind));
                    let value = serde_json::json!({
                        "items": all.items, "bytes": all.bytes,
                        "removed_items": gone.items, "removed_bytes": gone.bytes,
                    });
                    (kind.word(), value)
                })
                .collect();
            let value = serde_json::json!({
                "dry_run": self.dry_run, "bytes_before": inventory.bytes(), "bytes_after": left,
                "kept_bytes": inventory.kept_bytes, "kinds": kinds,
            });
            println!("{value:#}");
            return;
        }
        let verb = if self.dry_run { "would go" } else { "removed" };
        println!("{:<12} {:>8} {:>10}   {verb}", "kind", "stages", "size");
        for kind in Disposable::ALL {
            let (all, gone) = (of(&all, kind), of(&gone, kind));
            let what = match gone.items {
                0 => "–".to_owned(),
                items if items == all.items => "all".to_owned(),
                items => format!("{items}, {}", size(gone.bytes)),
            };
            println!("{:<12} {:>8} {:>10}   {what}", kind.word(), all.items, size(all.bytes));
        }
        println!("{:<12} {:>8} {:>10}", "what stays", "", size(inventory.kept_bytes));
        let would = if self.dry_run { "would be" } else { "is now" };
        println!("the store had {} and {would} at {}", size(inventory.bytes()), size(left));
        if let Some(most) = self.max_size
            && left > most
        {
            println!(
                "that is more than {}: nothing else of these kinds and this age can go without changing reports",
                size(most)
            );
        }
    }
}

fn kind(text: &str) -> Result<Disposable, String> {
    Disposable::ALL
        .into_iter()
        .find(|kind| kind.word() == text)
        .ok_or_else(|| format!("the kinds are {}", Disposable::ALL.map(Disposable::word).join(", ")))
}

/// A number of bytes: `800MB`, `20GiB`, `1.5T`, or a plain number.
fn bytes(text: &str) -> Result<u64, String> {
    let advice = "write a size such as 800MB, 20GiB or 1.5TiB";
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..split].parse().map_err(|_| advice.to_owned())?;
    let unit = match text[split..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024_f64.powi(2),
        "gib" => 1024_f64.powi(3),
        "tib" => 1024_f64.powi(4),
        _ => return Err(advice.to_owned()),
    };
    let bytes = number * unit;
    if bytes < 1e18 { Ok(bytes as u64) } else { Err(advice.to_owned()) }
}

/// A size for people, in binary units.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::{bytes, size};

    #[test]
    fn sizes_are_read_in_decimal_and_binary_units() {
        assert_eq!(bytes("20GiB"), Ok(20 << 30));
        assert_eq!(bytes("800MB"), Ok(800_000_000));
        assert_eq!(bytes("1.5 kib"), Ok(1536));
        assert_eq!(bytes("17"), Ok(17));
        for wrong in ["", "GiB", "-3G", "3 apples", "1e3", "99999999999T", "."] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_written_with_one_digit() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(1 << 20), "1.0 MiB");
        assert_eq!(size((1 << 20) - 1), "1.0 MiB");
        assert_eq!(size(5 << 40), "5.0 TiB");
    }
}
