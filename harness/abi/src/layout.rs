//! The layouts that the header asserts, asserted of the mirror. The numbers hold on every 64-bit target.

use core::mem::{offset_of, size_of};

macro_rules! layout {
    ($($name:ident: $size:literal { $($field:ident: $offset:literal),* $(,)? })*) => {
        $(
            const _: () = assert!(size_of::<crate::$name>() == $size, concat!("size of ", stringify!($name)));
            $(const _: () = assert!(
                offset_of!(crate::$name, $field) == $offset,
                concat!("offset of ", stringify!($name), ".", stringify!($field)),
            );)*
        )*
    };
}

#[cfg(target_pointer_width = "64")]
layout! {
    Str: 16 { ptr: 0, len: 8 }
    ErrorSink: 16 { ctx: 0, set: 8 }
    BuildInfo: 56 { struct_size: 0, flags: 4, torch_abi_version: 8, torch_version: 16, compiler: 24, target: 32, sdk_version: 40, source_rev: 48 }
    Host: 48 { struct_size: 0, abi_major: 4, abi_minor: 6, torch_abi_version: 8, torch_version: 16, name: 24, version: 32, get_extension: 40 }
    Target: 24 { keep: 0, count: 8, tolerance: 16 }
    Request: 32 { struct_size: 0, granularity: 4, budget_metric: 8, n_targets: 12, targets: 16, seed: 24 }
    MethodVtable: 40 { struct_size: 0, reserved: 4, create: 8, destroy: 16, prune: 24, get_extension: 32 }
    MethodDesc: 72 { struct_size: 0, flags: 4, id: 8, name: 16, version: 24, summary: 32, citation: 40, params_schema: 48, required_extensions: 56, vtable: 64 }
    Entry: 56 { magic: 0, struct_size: 8, abi_major: 12, abi_minor: 14, abi_min_minor: 16, reserved0: 18, reserved1: 20, build: 24, method_count: 32, reserved2: 36, methods: 40, init: 48 }
    ExtLog: 16 { struct_size: 0, max_level: 4, log: 8 }
    Allowance: 40 { struct_size: 0, batch: 4, total_samples: 8, left_samples: 16, steps_per_epoch: 24, left_seconds: 32 }
    ExtRun: 40 { struct_size: 0, reserved: 4, cancelled: 8, progress: 16, seed: 24, allowance: 32 }
    Param: 40 { struct_size: 0, id: 4, name: 8, flags: 24, ndim: 28, shape: 32 }
    Member: 32 { struct_size: 0, param: 4, dim: 8, side: 12, width: 16, reserved: 20, index: 24 }
    Group: 56 { struct_size: 0, id: 4, units: 8, min_keep: 12, align: 16, flags: 20, n_members: 24, reserved: 28, members: 32, name: 40 }
    Node: 56 { struct_size: 0, id: 4, name: 8, op: 24, n_params: 40, groups: 44, params: 48 }
    ExtGraph: 56 { struct_size: 0, reserved: 4, node_count: 8, node: 16, param_count: 24, param: 32, group_count: 40, group: 48 }
    ExtModel: 32 { struct_size: 0, reserved: 4, param: 8, grad: 16, at: 24 }
    ExtCalibration: 80 { struct_size: 0, reserved: 4, rewind: 8, next: 16, forward: 24, loss: 32, backward: 40, zero_grad: 48, capture: 56, captured: 64, forward_to: 72 }
    ExtBoxes: 16 { struct_size: 0, reserved: 4, matched: 8 }
    PlanCost: 40 { struct_size: 0, reserved: 4, weights: 8, params: 16, macs: 24, channels: 32 }
    ExtPlan: 80 { struct_size: 0, reserved: 4, keep_units: 8, mask_param: 16, mask: 24, scores: 32, select: 40, weight_scores: 48, cost: 56, emit: 64, kept_units: 72 }
    TrainHooks: 40 { struct_size: 0, reserved: 4, effective_weight: 8, extra_loss: 16, after_backward: 24, after_step: 32 }
    TrainRequest: 80 { struct_size: 0, flags: 4, steps: 8, lr_scale: 16, hooks: 24, hooks_data: 32, effective_params: 40, n_effective_params: 48, extra_params: 56, n_extra_params: 64, extra_weight_decay: 72 }
    TrainResult: 32 { struct_size: 0, reserved: 4, steps: 8, loss: 16, metric: 24 }
    ExtTrain: 64 { struct_size: 0, reserved: 4, train: 8, step_batch: 16, reset_optimizer: 24, evaluate: 32, recalibrate: 40, save: 48, rewind_to: 56 }
}
