//! Classes by their frequency: who loses more, the common or the rare ones?
//!
//! arXiv 2012.04643 sorts classes by how often they occur in training; at 90 % sparsity rare classes drop far more than
//! common ones. Stores know how many objects the *test* split has of each class, so that is the frequency here: where
//! the splits of a task are alike, the orders are.

use super::{Column, Extent, Replicates, Stratum};
use crate::stats::correlation::spearman;
use crate::stats::{Over, Summary};

/// Of as many classes each has a column of its own; of more their thirds have.
const MOST_COLUMNS: usize = 12;
/// Of fewer classes a rank correlation says nothing.
const FEWEST_CLASSES: usize = 4;

/// The columns of a table of `classes`, which are sorted by frequency, and how many classes are in none.
///
/// Thirds are by the number of classes, the outer two equally large. Classes without objects have no score and are in none.
pub(super) fn columns(classes: &[Stratum]) -> (Vec<Column>, usize) {
    if classes.len() <= MOST_COLUMNS {
        return (Column::each(classes), 0);
    }
    // Sorted by frequency, those without objects are the last.
    let scored = classes.iter().take_while(|class| class.objects > 0).count();
    let outer = (scored + 1) / 3;
    let thirds =
        [("frequent", 0..outer), ("middle", outer..scored - outer), ("rare", scored - outer..scored)];
    let columns = thirds.into_iter().filter(|(_, places)| !places.is_empty()).map(|(name, places)| {
        let own = &classes[places.clone()];
        let names = own.iter().map(|class| class.name.clone()).collect();
        Column {
            stratum: Stratum {
                name: name.to_owned(),
                extent: Extent::Classes { classes: names },
                objects: own.iter().map(|class| class.objects).sum(),
            },
            members: places.collect(),
        }
    });
    (columns.collect(), classes.len() - scored)
}

/// [`super::StrataLine::frequency_correlation`] of a method, from what `dense-trained` and the method score on each of
/// `classes`.
pub(super) fn frequency_correlation(
    classes: &[Stratum],
    dense: &Replicates,
    pruned: &Replicates,
) -> Option<Summary> {
    let in_replicate = |(replicate, pruned): (&u32, &Vec<super::Precision>)| {
        let networks = dense.get(replicate)?.iter().zip(pruned);
        // The ranks of the logarithms are those of the numbers; none has no logarithm.
        let (objects, drops): (Vec<f64>, Vec<f64>) = classes
            .iter()
            .zip(networks)
            .filter(|(class, _)| class.objects > 0)
            .filter_map(|(class, (dense, pruned))| Some((class.objects as f64, dense.ap? - pruned.ap?)))
            .unzip();
        spearman(&objects, &drops).filter(|_| objects.len() >= FEWEST_CLASSES)
    };
    let correlations: Vec<f64> = pruned.iter().filter_map(in_replicate).collect();
    Summary::of(&correlations, Over::SeedsAtFixedTasks)
}

#[cfg(test)]
mod tests;
