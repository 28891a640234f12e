//! What of a network is pruned, in which order, and where auxiliary losses stand.

use secateur_sdk::prelude::*;

/// A convolution that reads a group's channels.
pub(crate) struct Reader<'a> {
    /// The convolution.
    pub(crate) node: u32,
    /// Its weight.
    pub(crate) weight: Param<'a>,
    /// What it has of the group: input channels of each unit.
    pub(crate) member: secateur_sdk::Member<'a>,
}

/// A group whose channels are selected by the layers that read them, as DCP does it.
pub(crate) struct Layer<'a> {
    /// The channels.
    pub(crate) group: Group<'a>,
    /// The convolutions that read them: one in residual networks.
    pub(crate) readers: Vec<Reader<'a>>,
    /// The last of these convolutions in the network's order.
    pub(crate) last: u32,
}

/// The layers of a network whose input channels may go, in the network's order.
///
/// Groups that are read by fully connected layers, or through depthwise filters, are left whole: DCP selects input
/// channels of convolutions. The suite's set says whether residual streams belong to it; DCP itself prunes within blocks
/// only.
pub(crate) fn layers<'a>(run: &'a Run<'_>) -> Result<Vec<Layer<'a>>> {
    let mut layers = Vec::new();
    for group in run.groups() {
        let mut readers = Vec::new();
        let mut only_convolutions = true;
        for member in group.members().into_iter().filter(|member| member.side() == Side::In) {
            let weight = run.param(member.param())?;
            match run.owner(&weight) {
                Some(node) if weight.shape().len() == 4 && member.dim() == 1 => {
                    readers.push(Reader { node, weight, member });
                }
                _ => only_convolutions = false,
            }
        }
        let last = readers.iter().map(|reader| reader.node).max();
        if let (true, Some(last)) = (only_convolutions, last) {
            layers.push(Layer { group, readers, last });
        }
    }
    if layers.is_empty() {
        return Err(Error::unsupported("no convolution reads channels that may go"));
    }
    layers.sort_by_key(|layer| layer.last);
    Ok(layers)
}

/// The outputs of a network's residual blocks: sums, after the activation that follows.
fn blocks(run: &Run<'_>) -> Vec<u32> {
    let nodes = run.nodes();
    let mut blocks = Vec::new();
    for (index, (_, op)) in nodes.iter().enumerate() {
        if op == "add" {
            let activated = nodes.get(index + 1).is_some_and(|(_, op)| op.starts_with("relu"));
            blocks.push(index as u32 + u32::from(activated));
        }
    }
    blocks
}

/// The nodes behind which auxiliary losses stand: `losses` of them, evenly among the residual blocks, the last block
/// left out because the network's own loss follows it.
///
/// Positions as in the authors' code (`cal_pivot`): of `n` blocks in `losses + 1` segments, the blocks
/// `(n / segments + 1) * i` for `i` from 1 on.
pub(crate) fn pivots(run: &Run<'_>, losses: usize) -> Result<Vec<u32>> {
    let blocks = blocks(run);
    if losses > 0 && blocks.len() < 2 {
        return Err(Error::unsupported(
            "auxiliary losses stand behind residual blocks, and this network has none; set `losses` to 0",
        ));
    }
    Ok(positions(blocks.len(), losses).into_iter().map(|block| blocks[block]).collect())
}

fn positions(blocks: usize, losses: usize) -> Vec<usize> {
    if losses == 0 {
        return Vec::new();
    }
    let stride = blocks / (losses + 1) + 1;
    let mut positions: Vec<usize> = (1..=losses).map(|i| (stride * i).min(blocks - 1)).collect();
    positions.dedup();
    positions.retain(|position| position + 1 < blocks);
    positions
}

#[cfg(test)]
mod tests {
    use super::positions;

    #[test]
    fn losses_stand_where_the_authors_code_puts_them() {
        // ResNet-56 has 27 blocks: three losses divide them into segments of 7.
        assert_eq!(positions(27, 3), [7, 14, 21]);
        // ResNet-50 has 16.
        assert_eq!(positions(16, 3), [5, 10]);
        assert_eq!(positions(9, 2), [4]);
        assert_eq!(positions(9, 0), [0_usize; 0]);
    }
}
