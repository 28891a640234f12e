//! Networks as graphs: layers, shapes, parameters and multiply-accumulates, without libtorch.
//!
//! A [`Network`] is a list of named nodes in topological order. Parameter names are torchvision's, so
//! that its checkpoints load unchanged.

pub mod channels;
mod cost;
mod graph;
mod projection;
mod shapes;
pub mod zoo;

pub use cost::{Convention, FUNCTIONAL};
pub use graph::{
    Attribute, BoxMap, BufferSpec, Builder, GraphError, Network, Node, NodeId, Op, ParamId, ParamRole,
    ParamSpec, Window,
};
pub use projection::PROJECTION;
