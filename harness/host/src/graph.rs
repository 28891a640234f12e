//! `secateur.host.graph/1`.

use secateur_abi as abi;
use secateur_network::channels::{Group, NOWHERE, Side, TensorId};
use secateur_network::{Network, Op, ParamRole};

use crate::callback::answer;
use crate::prunable::Removable;
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
    groups: Vec<abi::Group>,
    _members: Vec<Members>,
    _names: Vec<Box<str>>,
    _shapes: Vec<Box<[i64]>>,
    _indices: Vec<Box<[u32]>>,
}

impl GraphTables {
    pub(crate) fn new(network: &Network, removable: &Removable) -> Self {
        let prunable = removable.params();
        let mut names: Vec<Box<str>> = Vec::new();
        let mut keep_name = |name: &str| -> abi::Str {
            let name: Box<str> = name.into();
            let text = abi::Str::new(&name);
            names.push(name);
            text
        };
        let mut shapes = Vec::new();
        let heads = network.heads();
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
                if heads.contains(&spec.node) {
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
        let mut members = Vec::new();
        let mut groups = Vec::new();
        if let Removable::Channels(channels) = removable {
            for (index, group) in channels.groups.all().iter().enumerate() {
                let own = Members::new(group);
                let mut flags = 0;
                if !channels.eligible[index] {
                    flags |= abi::GROUP_PROTECTED;
                }
                if group.summed {
                    flags |= abi::GROUP_SUMMED;
                }
                groups.push(abi::Group {
                    struct_size: size_of::<abi::Group>() as u32,
                    id: index as u32,
                    units: group.units as u32,
                    min_keep: channels.min_keep as u32,
                    align: channels.align as u32,
                    flags,
                    n_members: own.pointers.len() as u32,
                    reserved: 0,
                    members: own.pointers.as_ptr(),
                    name: keep_name(&group.name),
                });
                members.push(own);
            }
        }
        Self { nodes, params, groups, _members: members, _names: names, _shapes: shapes, _indices: indices }
    }
}

/// The members of one group in the contract's form, with the lists that they point to. Statistics are the host's own
/// business and no members there.
#[derive(Debug)]
struct Members {
    pointers: Box<[*const abi::Member]>,
    _members: Box<[abi::Member]>,
    _indices: Vec<Box<[i64]>>,
}

impl Members {
    fn new(group: &Group) -> Self {
        let mut indices = Vec::new();
        let members: Box<[abi::Member]> = group
            .members
            .iter()
            .filter_map(|member| {
                let TensorId::Param(param) = member.tensor else { return None };
                let index: Box<[i64]> = member
                    .index
                    .iter()
                    .map(|place| if *place == NOWHERE { -1 } else { i64::from(*place) })
                    .collect();
                let entry = abi::Member {
                    struct_size: size_of::<abi::Member>() as u32,
                    param: param.0,
                    dim: member.dim as u32,
                    side: match member.side {
                        Side::Out => abi::SIDE_OUT,
                        Side::In => abi::SIDE_IN,
                    },
                    width: member.width as u32,
                    reserved: 0,
                    index: index.as_ptr(),
                };
                indices.push(index);
                Some(entry)
            })
            .collect();
        let pointers = members.iter().map(std::ptr::from_ref).collect();
        Self { pointers, _members: members, _indices: indices }
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
        Op::BoxPredictions { .. } => "box_predictions",
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

/// In suites that remove weights there are no groups.
unsafe extern "C" fn group_count(ctx: *mut abi::Ctx) -> u32 {
    let mut count = 0;
    // SAFETY: run-thread, by contract.
    let _ = unsafe {
        answer(ctx, std::ptr::null(), |session| {
            count = session.graph.groups.len() as u32;
            Ok(abi::OK)
        })
    };
    count
}

unsafe extern "C" fn group(ctx: *mut abi::Ctx, index: u32) -> *const abi::Group {
    // SAFETY: run-thread, by contract.
    unsafe { look_up(ctx, |session| session.graph.groups.get(index as usize).map(std::ptr::from_ref)) }
}
