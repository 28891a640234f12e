//! What networks that are trained without labels end in.

use crate::graph::{Builder, GraphError, Network, NodeId, Op};

/// Names of a projection's nodes: fully connected, ReLU, fully connected.
pub const PROJECTION: [&str; 3] = ["projection.0", "projection.1", "projection.2"];

impl Network {
    /// The network with a projection of its features in place of its classifier: `W2 relu(W1 x + b1) + b2`, whose nodes have
    /// the names [`PROJECTION`]. `hidden` is the length of `b1` (absent: as many as there are features), `out` that of `b2`.
    ///
    /// This is the head of MoCo v2 (arXiv 2003.04297, section 2), and that of SimCLR's paper (arXiv 2002.05709, section 2.1)
    /// with biases; SimCLR's code normalizes batches between its layers, which is not done here.
    ///
    /// # Errors
    /// Returns [`GraphError::BadOption`] if a length is zero, or the network does not end in a classifier: a detector, or a
    /// network that has a projection already.
    pub fn projected(&self, hidden: Option<usize>, out: usize) -> Result<Self, GraphError> {
        let bad = |reason: &str| GraphError::BadOption {
            network: self.name().to_owned(),
            option: "projection",
            reason: reason.to_owned(),
        };
        if hidden == Some(0) || out == 0 {
            return Err(bad("has a layer of no numbers, but each needs at least one"));
        }
        let last = NodeId(self.nodes().len() as u32 - 1);
        let Op::Linear { in_features, .. } = self.node(last).op else {
            return Err(bad("stands in place of a classifier, and this network does not end in one"));
        };
        if self.projection().is_some() || self.outputs() != [last] {
            return Err(bad("stands in place of a classifier, and this network does not end in one"));
        }
        let mut builder = Builder::new(self.name(), self.input());
        for (index, node) in self.nodes().iter().enumerate().take(last.index()).skip(1) {
            let owner = self.owner(NodeId(index as u32));
            if owner.index() == index {
                builder.push(&node.name, node.op.clone(), &node.inputs);
            } else {
                builder.push_again(&node.name, owner, &node.inputs);
            }
        }
        let hidden = hidden.unwrap_or(in_features);
        let first = Op::Linear { in_features, out_features: hidden, bias: true };
        let second = Op::Linear { in_features: hidden, out_features: out, bias: true };
        let mut node = self.node(last).inputs[0];
        for (name, op) in PROJECTION.into_iter().zip([first, Op::Relu, second]) {
            node = builder.push(name, op, &[node]);
        }
        builder.finish()
    }

    /// The fully connected layers of the projection that the network ends in, if it ends in one.
    #[must_use]
    pub fn projection(&self) -> Option<[NodeId; 2]> {
        Some([self.find(PROJECTION[0])?, self.find(PROJECTION[2])?])
    }
}
