//! `secateur.host.graph/1`.

use secateur_abi as abi;
use secateur_network::{Network, Op, ParamId, ParamRole};

use crate::callback::answer;
use crate::session::Session;

pub(crate) static GRAPH: abi::ExtGraph = abi::ExtGraph {
    struct_size: size_of::<abi::ExtGraph>() as u32,
    reserved: 0,
    node_count,
    node,
    param_count,
    param,
    group_count,
    group,
};

/// The network in the contract's form. The pointers within point into the tables themselves, which never move.
#[derive(Debug)]
pub(crate) struct GraphTables {
    nodes: Vec<abi::Node>,
    params: Vec<abi::Param>,
    _names: Vec<Box<str>>,
    _shapes: Vec<Box<[i64]>>,
    _indices: Vec<Box<[u32]>>,
}

impl GraphTables {
    pub(crate) fn new(network: &Network, prunable: &[ParamId]) -> Self {
        let mut names: Vec<Box<str>> = Vec::new();
        let mut keep_name = |name: &str| -> abi::Str {
            let name: Box<str> = name.into();
            let text = abi::Str::new(&name);
            names.push(name);
            text
        };
        let mut shapes = Vec::new();
        let head = network.head();
        let params = network
            .params()
            .iter()
            .map(|spec| {
                let mut flags = 0;
                if prunable.contains(&spec.id) {
                    flags |= abi::PARAM_PRUNABLE;
                }
                if matches!(spec.role, ParamRole::Bias | ParamRole::NormBias) {
                    flags |= abi::PARAM_BIAS;
                }
                if matches!(spec.role, ParamRole::NormWeight | ParamRole::NormBias) {
                    flags |= abi::PARAM_NORM;
                }
                if Some(spec.node) == head {
                    flags |= abi::PARAM_HEAD;
                }
                let shape: Box<[i64]> = spec.shape.iter().map(|size| *size as i64).collect();
                let param = abi::Param {
                    struct_size: size_of::<abi::Param>() as u32,
                    id: spec.id.0,
                    name: keep_name(&spec.name),
                    flags,
                    ndim: shape.len() as u32,
                    shape: shape.as_ptr(),
                };
                shapes.push(shape);
                param
            })
            .collect();
        let mut indices = Vec::new();
        let nodes = network
            .nodes()
            .iter()
            .enumerate()
            .map(|(id, node)| {
                let params: Box<[u32]> = node.params.iter().map(|param| param.0).collect();
                let groups = match node.op {
                    Op::Conv2d { groups, .. } | Op::ConvTranspose2d { groups, .. } => groups as u32,
                    _ => 1,
                };
                let entry = abi::Node {
                    struct_size: size_of::<abi::Node>() as u32,
                    id: id as u32,
                    name: keep_name(&node.name),
                    op: abi::Str::new(op_name(&node.op)),
                    n_params: params.len() as u32,
                    groups,
                    params: params.as_ptr(),
                };
                indices.push(params);
                entry
            })
            .collect();
        Self { nodes, params, _names: names, _shapes: shapes, _indices: indices }
    }
}

/// Name of an operation in the contract.
fn op_name(op: &Op) -> &'static str {
    match op {
        Op::Input => "input",
        Op::Conv2d { .. } => "conv2d",
        Op::ConvTranspose2d { .. } => "conv_transpose2d",
        Op::BatchNorm2d { .. } => "batch_norm",
        Op::Linear { .. } => "linear",
        Op::Relu => "relu",
        Op::Relu6 => "relu6",
        Op::Hardswish => "hardswish",
        Op::MaxPool2d { .. } => "max_pool2d",
        Op::AvgPool2d { .. } => "avg_pool2d",
        Op::AdaptiveAvgPool2d { .. } => "adaptive_avg_pool2d",
        Op::Add => "add",
        Op::Concat => "concat",
        Op::Flatten => "flatten",
        Op::Upsample { .. } => "upsample",
        Op::Dropout { .. } => "dropout",
        _ => "other",
    }
}

/// Looks something up; null where there is nothing.
///
/// # Safety
/// As [`answer`].
unsafe fn look_up<T>(ctx: *mut abi::Ctx, find: impl FnOnce(&Session<'_>) -> Option<*const T>) -> *const T {
    let mut found = std::ptr::null();
    // SAFETY: the caller's promise.
    let _ = unsafe {
        answer(ctx, std::ptr::null(), |session| {
            found = find(session).unwrap_or(std::ptr::null());
            Ok(abi::OK)
        })
    };
    found
}

unsafe extern "C" fn node_count(ctx: *mut abi::Ctx) -> u32 {
    let mut count = 0;
    // SAFETY: run-thread, by contract.
    let _ = unsafe {
        answer(ctx, std::ptr::null(), |session| {
            count = session.graph.nodes.len() as u32;
            Ok(abi::OK)
        })
    };
    count
}

unsafe extern "C" fn node(ctx: *mut abi::Ctx, index: u32) -> *const abi::Node {
    // SAFETY: run-thread, by contract.
    unsafe { look_up(ctx, |session| session.graph.nodes.get(index as usize).map(std::ptr::from_ref)) }
}

unsafe extern "C" fn param_count(ctx: *mut abi::Ctx) -> u32 {
    let mut count = 0;
    // SAFETY: run-thread, by contract.
    let _ = unsafe {
        answer(ctx, std::ptr::null(), |session| {
            count = session.graph.params.len() as u32;
            Ok(abi::OK)
        })
    };
    count
}

unsafe extern "C" fn param(ctx: *mut abi::Ctx, index: u32) -> *const abi::Param {
    // SAFETY: run-thread, by contract.
    unsafe { look_up(ctx, |session| session.graph.params.get(index as usize).map(std::ptr::from_ref)) }
}

/// Channel groups are not computed yet, so there are none, and channel methods answer `unsupported`.
unsafe extern "C" fn group_count(_: *mut abi::Ctx) -> u32 {
    0
}

unsafe extern "C" fn group(_: *mut abi::Ctx, _: u32) -> *const abi::Group {
    std::ptr::null()
}
