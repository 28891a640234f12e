//! Tables of functions that the host offers to a running method.
//!
//! Unless a function is marked thread-safe it belongs to the run-thread: the one thread that entered `prune`.

use core::ffi::{CStr, c_void};

use crate::{Ctx, ErrorSink, Status, Str, TensorHandle};

/// Log extension.
pub const EXT_LOG: &CStr = c"secateur.host.log/1";
/// Run extension.
pub const EXT_RUN: &CStr = c"secateur.host.run/1";
/// Graph extension.
pub const EXT_GRAPH: &CStr = c"secateur.host.graph/1";
/// Model extension.
pub const EXT_MODEL: &CStr = c"secateur.host.model/1";
/// Calibration extension.
pub const EXT_CALIBRATION: &CStr = c"secateur.host.calibration/1";
/// Boxes extension, on tasks with boxes only.
pub const EXT_BOXES: &CStr = c"secateur.host.boxes/1";
/// Plan extension.
pub const EXT_PLAN: &CStr = c"secateur.host.plan/1";
/// Train extension.
pub const EXT_TRAIN: &CStr = c"secateur.host.train/1";

/// Levels of [`ExtLog`], most verbose first.
pub const LOG_TRACE: i32 = 0;
/// Debugging.
pub const LOG_DEBUG: i32 = 1;
/// Information.
pub const LOG_INFO: i32 = 2;
/// Warnings.
pub const LOG_WARN: i32 = 3;
/// Errors.
pub const LOG_ERROR: i32 = 4;

/// Log lines of a plugin go into the stage's log.
#[repr(C)]
#[derive(Debug)]
pub struct ExtLog {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// The most verbose level that is on.
    pub max_level: u32,
    /// Level, target, message, fields as a JSON object. Thread-safe.
    pub log: unsafe extern "C" fn(i32, Str, Str, Str),
}

/// What the suite allows this stage, and what is left.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowance {
    /// Set by the caller to its capacity, lowered by the callee to what it wrote.
    pub struct_size: u32,
    /// Pictures in a training batch.
    pub batch: u32,
    /// Training samples in all; forward-only samples count a third.
    pub total_samples: u64,
    /// Training samples left.
    pub left_samples: u64,
    /// Training steps in one pass over the training split.
    pub steps_per_epoch: u64,
    /// Seconds left before the stage's time limit; infinite without one.
    pub left_seconds: f64,
}

/// The run as a whole.
#[repr(C)]
#[derive(Debug)]
pub struct ExtRun {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Non-zero once the host asked to stop. Thread-safe and cheap.
    pub cancelled: unsafe extern "C" fn(*mut Ctx) -> i32,
    /// Tells how far the method is.
    pub progress: unsafe extern "C" fn(*mut Ctx, u64, u64, Str),
    /// A seed for the label; the same label gives the same seed.
    pub seed: unsafe extern "C" fn(*mut Ctx, Str) -> u64,
    /// Fills the allowance.
    pub allowance: unsafe extern "C" fn(*mut Ctx, *mut Allowance, *const ErrorSink) -> Status,
}

/// In the suite's prunable set.
pub const PARAM_PRUNABLE: u32 = 1 << 0;
/// A bias.
pub const PARAM_BIAS: u32 = 1 << 1;
/// Of a normalization.
pub const PARAM_NORM: u32 = 1 << 2;
/// Of the classifier.
pub const PARAM_HEAD: u32 = 1 << 3;

/// A parameter of the network.
#[repr(C)]
#[derive(Debug)]
pub struct Param {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Index.
    pub id: u32,
    /// For example "layer1.0.conv2.weight".
    pub name: Str,
    /// `PARAM_*` bits.
    pub flags: u32,
    /// Number of dimensions.
    pub ndim: u32,
    /// Shape, `ndim` entries.
    pub shape: *const i64,
}

/// Output channels of the parameter.
pub const SIDE_OUT: u32 = 0;
/// Input channels of the parameter.
pub const SIDE_IN: u32 = 1;

/// One member of a channel group.
#[repr(C)]
#[derive(Debug)]
pub struct Member {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// The parameter.
    pub param: u32,
    /// The dimension.
    pub dim: u32,
    /// `SIDE_*`.
    pub side: u32,
    /// Entries of `index` for each unit.
    pub width: u32,
    /// Zero.
    pub reserved: u32,
    /// Indices along `dim`, `units * width` entries: removing unit u removes
    /// `index[u*width .. (u+1)*width]`, leaving out entries of -1.
    pub index: *const i64,
}

/// Touches the network's input or output: keep all units.
pub const GROUP_PROTECTED: u32 = 1 << 0;
/// The channels of the group go through a sum, as those between residual blocks do.
pub const GROUP_SUMMED: u32 = 1 << 1;

/// Channels of several layers that live or die together.
#[repr(C)]
#[derive(Debug)]
pub struct Group {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Index.
    pub id: u32,
    /// Number of units.
    pub units: u32,
    /// At least so many units must stay.
    pub min_keep: u32,
    /// The number of units that stay must be a multiple of this.
    pub align: u32,
    /// `GROUP_*` bits.
    pub flags: u32,
    /// Number of members.
    pub n_members: u32,
    /// Zero.
    pub reserved: u32,
    /// The members.
    pub members: *const *const Member,
    /// Name of the first layer that makes its channels, for example `layer1.0.conv1`.
    pub name: Str,
}

/// A node of the network's graph.
#[repr(C)]
#[derive(Debug)]
pub struct Node {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Index.
    pub id: u32,
    /// For example "layer1.0.conv2".
    pub name: Str,
    /// For example "conv2d", "linear", "batch_norm".
    pub op: Str,
    /// Number of parameters.
    pub n_params: u32,
    /// Groups of a convolution, else 1.
    pub groups: u32,
    /// Indices of its parameters.
    pub params: *const u32,
}

/// The network as a graph. Returned pointers live until `prune` returns; null for an index out of range.
#[repr(C)]
#[derive(Debug)]
pub struct ExtGraph {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Number of nodes.
    pub node_count: unsafe extern "C" fn(*mut Ctx) -> u32,
    /// A node, in topological order.
    pub node: unsafe extern "C" fn(*mut Ctx, u32) -> *const Node,
    /// Number of parameters.
    pub param_count: unsafe extern "C" fn(*mut Ctx) -> u32,
    /// A parameter.
    pub param: unsafe extern "C" fn(*mut Ctx, u32) -> *const Param,
    /// Number of channel groups.
    pub group_count: unsafe extern "C" fn(*mut Ctx) -> u32,
    /// A channel group.
    pub group: unsafe extern "C" fn(*mut Ctx, u32) -> *const Group,
}

/// The network's tensors. Handles that come out belong to the caller.
#[repr(C)]
#[derive(Debug)]
pub struct ExtModel {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// An alias of the live parameter.
    pub param: unsafe extern "C" fn(*mut Ctx, u32, *mut TensorHandle, *const ErrorSink) -> Status,
    /// Its gradient; null if there is none.
    pub grad: unsafe extern "C" fn(*mut Ctx, u32, *mut TensorHandle, *const ErrorSink) -> Status,
    /// The value at "start", at a name given to `save`, or at what the upstream kept ("init", "step:500").
    pub at: unsafe extern "C" fn(*mut Ctx, u32, Str, *mut TensorHandle, *const ErrorSink) -> Status,
}

/// Capture a node's input.
pub const CAPTURE_INPUT: u32 = 1;
/// Capture a node's output.
pub const CAPTURE_OUTPUT: u32 = 2;
/// Capture the gradient of a node's output.
pub const CAPTURE_OUTPUT_GRAD: u32 = 4;
/// Batch norm and dropout in training mode; the default is evaluation mode.
pub const FWD_TRAIN: u32 = 1;
/// Record no graph; the default records one.
pub const FWD_NO_GRAD: u32 = 2;
/// Apply the plan made so far; the default is the network as it stands.
pub const FWD_PLANNED: u32 = 4;
/// The network at the checkpoint saved as `reference`; without one, the untouched network the trial started from.
pub const FWD_REFERENCE: u32 = 8;
/// Training split.
pub const SPLIT_TRAIN: u32 = 0;
/// Validation split. There is no third one.
pub const SPLIT_VALIDATION: u32 = 1;

/// Pictures, forward and backward passes, outside of training. All samples are metered.
#[repr(C)]
#[derive(Debug)]
pub struct ExtCalibration {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Starts over: split, batch size, pictures per class (0: as they come).
    pub rewind: unsafe extern "C" fn(*mut Ctx, u32, u32, u32, *const ErrorSink) -> Status,
    /// The next batch: input f32 `[n, c, h, w]` and target, classes i64 `[n]` or objects f32 `[m, 6]`; `DONE` at the end.
    pub next:
        unsafe extern "C" fn(*mut Ctx, *mut TensorHandle, *mut TensorHandle, *const ErrorSink) -> Status,
    /// Runs the network on a borrowed input; `FWD_*` bits. The output is f32 `[n, classes]` or, of a detector,
    /// `[n, boxes, 4 + labels]`: offsets, then scores with the background first.
    pub forward:
        unsafe extern "C" fn(*mut Ctx, TensorHandle, u32, *mut TensorHandle, *const ErrorSink) -> Status,
    /// The task's loss of borrowed output and target, a scalar.
    pub loss: unsafe extern "C" fn(
        *mut Ctx,
        TensorHandle,
        TensorHandle,
        *mut TensorHandle,
        *const ErrorSink,
    ) -> Status,
    /// Adds to the gradients.
    pub backward: unsafe extern "C" fn(*mut Ctx, TensorHandle, *const ErrorSink) -> Status,
    /// Clears the gradients.
    pub zero_grad: unsafe extern "C" fn(*mut Ctx, *const ErrorSink) -> Status,
    /// From now on keep what `CAPTURE_*` says of a node at each forward pass.
    pub capture: unsafe extern "C" fn(*mut Ctx, u32, u32, *const ErrorSink) -> Status,
    /// What the last forward pass (and backward pass) left there.
    pub captured: unsafe extern "C" fn(*mut Ctx, u32, u32, *mut TensorHandle, *const ErrorSink) -> Status,
    /// Runs up to and including one node.
    pub forward_to:
        unsafe extern "C" fn(*mut Ctx, TensorHandle, u32, u32, *mut TensorHandle, *const ErrorSink) -> Status,
}

/// The default boxes that are matched to an object. On tasks with boxes only; elsewhere `get_extension` answers null.
#[repr(C)]
#[derive(Debug)]
pub struct ExtBoxes {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// A row for each default box that stands for an object of a borrowed target: index of the picture i64 `[n]`, default
    /// boxes, predicted boxes (differentiable; null where the borrowed output is null) and the objects' boxes f32
    /// `[n, 4]`, classes i64 `[n]` without the background. The output is the network's for the target's pictures.
    pub matched: unsafe extern "C" fn(
        *mut Ctx,
        TensorHandle,
        TensorHandle,
        *mut TensorHandle,
        *mut TensorHandle,
        *mut TensorHandle,
        *mut TensorHandle,
        *mut TensorHandle,
        *const ErrorSink,
    ) -> Status,
}

/// Scores of all prunable weights compete.
pub const SCOPE_GLOBAL: u32 = 0;
/// Every parameter keeps the same fraction.
pub const SCOPE_UNIFORM: u32 = 1;
/// Erdos-Renyi-kernel densities per parameter.
pub const SCOPE_ERK: u32 = 2;
/// Channel groups of one shape compete among themselves.
pub const SCOPE_ISOMORPHIC: u32 = 3;

/// What the plan so far would cost, as fractions of the dense network.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanCost {
    /// Set by the caller to its capacity, lowered by the callee to what it wrote.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Prunable weights.
    pub weights: f64,
    /// Parameters.
    pub params: f64,
    /// Multiply-accumulates.
    pub macs: f64,
    /// Channels.
    pub channels: f64,
}

/// The plan: masks and kept units.
#[repr(C)]
#[derive(Debug)]
pub struct ExtPlan {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// One byte per unit, 0 or 1; checked at once against `min_keep`, `align` and `GROUP_PROTECTED`.
    pub keep_units: unsafe extern "C" fn(*mut Ctx, u32, *const u8, usize, *const ErrorSink) -> Status,
    /// Borrowed bool tensor of the parameter's shape, true where the weight stays; null lifts the mask.
    pub mask_param: unsafe extern "C" fn(*mut Ctx, u32, TensorHandle, *const ErrorSink) -> Status,
    /// The mask as it stands, a bool tensor owned by the caller; null if the parameter has none.
    pub mask: unsafe extern "C" fn(*mut Ctx, u32, *mut TensorHandle, *const ErrorSink) -> Status,
    /// Scores of a group's units, kept in the report and used by `select`.
    pub scores: unsafe extern "C" fn(*mut Ctx, u32, *const f64, usize, *const ErrorSink) -> Status,
    /// The host keeps exactly `count` units or weights, highest scores first, ties broken by index.
    pub select: unsafe extern "C" fn(*mut Ctx, u32, u64, *const ErrorSink) -> Status,
    /// Borrowed scores of single weights, of the parameter's shape.
    pub weight_scores: unsafe extern "C" fn(*mut Ctx, u32, TensorHandle, *const ErrorSink) -> Status,
    /// Fills the cost of the plan so far.
    pub cost: unsafe extern "C" fn(*mut Ctx, *mut PlanCost, *const ErrorSink) -> Status,
    /// Network and plan as they stand are the answer to `targets[i]`.
    pub emit: unsafe extern "C" fn(*mut Ctx, u32, *const ErrorSink) -> Status,
    /// The units of a group as the plan stands, one byte each, 0 or 1; the caller's list has as many entries as units.
    pub kept_units: unsafe extern "C" fn(*mut Ctx, u32, *mut u8, usize, *const ErrorSink) -> Status,
}

/// Hooks into training. They get `data`, never the instance. Any may be absent.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TrainHooks {
    /// Size of this structure as the plugin knows it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// What the forward pass uses in place of a parameter; differentiable.
    pub effective_weight: Option<
        unsafe extern "C" fn(
            *mut c_void,
            *mut Ctx,
            u32,
            TensorHandle,
            *mut TensorHandle,
            *const ErrorSink,
        ) -> Status,
    >,
    /// A scalar that the host adds to the loss and frees; null for none.
    pub extra_loss: Option<
        unsafe extern "C" fn(*mut c_void, *mut Ctx, u64, *mut TensorHandle, *const ErrorSink) -> Status,
    >,
    /// Gradients are dense: before masking and weight decay. May answer [`crate::SKIP_STEP`].
    pub after_backward: Option<unsafe extern "C" fn(*mut c_void, *mut Ctx, u64, *const ErrorSink) -> Status>,
    /// After the optimizer's step, before masks are applied. May answer [`crate::STOP_TRAINING`].
    pub after_step: Option<unsafe extern "C" fn(*mut c_void, *mut Ctx, u64, *const ErrorSink) -> Status>,
}

/// Begin the learning-rate schedule anew for this call.
pub const TRAIN_RESTART_SCHEDULE: u32 = 1;
/// Forget the optimizer's state first.
pub const TRAIN_RESET_OPTIMIZER: u32 = 2;

/// What `train` is asked for.
#[repr(C)]
#[derive(Debug)]
pub struct TrainRequest {
    /// Size of this structure as the plugin knows it.
    pub struct_size: u32,
    /// `TRAIN_*` bits.
    pub flags: u32,
    /// Steps to train.
    pub steps: u64,
    /// Factor on the recipe's learning rate.
    pub lr_scale: f64,
    /// Hooks, or null.
    pub hooks: *const TrainHooks,
    /// Passed to the hooks.
    pub hooks_data: *mut c_void,
    /// Parameters with an effective weight.
    pub effective_params: *const u32,
    /// Number of them.
    pub n_effective_params: u64,
    /// Leaf tensors of the method that the host's optimizer trains too.
    pub extra_params: *const TensorHandle,
    /// Number of them.
    pub n_extra_params: u64,
    /// Weight decay of the extra parameters.
    pub extra_weight_decay: f64,
}

/// What `train` did.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct TrainResult {
    /// Set by the caller to its capacity, lowered by the callee to what it wrote.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Steps trained.
    pub steps: u64,
    /// Mean training loss of the call.
    pub loss: f64,
    /// Fraction of right answers on the training batches of the call.
    pub metric: f64,
}

/// Training with the suite's recipe. Every sample counts against the allowance.
#[repr(C)]
#[derive(Debug)]
pub struct ExtTrain {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Trains with the plan's masks; blocks.
    pub train:
        unsafe extern "C" fn(*mut Ctx, *const TrainRequest, *mut TrainResult, *const ErrorSink) -> Status,
    /// In hooks: the batch of this step.
    pub step_batch:
        unsafe extern "C" fn(*mut Ctx, *mut TensorHandle, *mut TensorHandle, *const ErrorSink) -> Status,
    /// Forgets the momentum where the borrowed bool mask is true.
    pub reset_optimizer: unsafe extern "C" fn(*mut Ctx, u32, TensorHandle, *const ErrorSink) -> Status,
    /// Metric and mean loss on the validation split.
    pub evaluate: unsafe extern "C" fn(*mut Ctx, *mut f64, *mut f64, *const ErrorSink) -> Status,
    /// Re-estimates the batch-norm statistics on that many training pictures.
    pub recalibrate: unsafe extern "C" fn(*mut Ctx, u64, *const ErrorSink) -> Status,
    /// Keeps weights, statistics and optimizer state under a name.
    pub save: unsafe extern "C" fn(*mut Ctx, Str, *const ErrorSink) -> Status,
    /// Sets the network back to "start", a saved name, or what the upstream kept. Masks stay.
    pub rewind_to: unsafe extern "C" fn(*mut Ctx, Str, *const ErrorSink) -> Status,
}
