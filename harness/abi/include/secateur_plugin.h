/* secateur_plugin.h - plugin ABI, major version 1. C11 / C++17, UTF-8 everywhere. */
#ifndef SECATEUR_PLUGIN_H
#define SECATEUR_PLUGIN_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SECATEUR_ABI_MAGIC UINT64_C(0x3142415441434553) /* "SECATAB1", little-endian */
#define SECATEUR_ABI_MAJOR 1
#define SECATEUR_ABI_MINOR 0
#define SECATEUR_ENTRY_SYMBOL "secateur_plugin_entry"
#if defined(_WIN32)
#define SECATEUR_EXPORT __declspec(dllexport)
#else
#define SECATEUR_EXPORT __attribute__((visibility("default")))
#endif

/* Borrowed, not NUL-terminated. Valid for the duration of the call. */
typedef struct secateur_str { const char *ptr; size_t len; } secateur_str;

/* Same pointer as AtenTensorHandle, at::Tensor* and torch-sys C_tensor*. */
typedef struct AtenTensorOpaque *secateur_tensor;

typedef int32_t secateur_status;
enum {
  SECATEUR_DONE = 1,           /* a sequence ended; not an error */
  SECATEUR_OK = 0,
  SECATEUR_E_INVALID = -1,     /* bad argument or config */
  SECATEUR_E_UNSUPPORTED = -2, /* this model, granularity or budget cannot be handled */
  SECATEUR_E_INFEASIBLE = -3,  /* the budget cannot be met */
  SECATEUR_E_TORCH = -4,       /* libtorch threw */
  SECATEUR_E_CANCELLED = -5,   /* the host asked to stop */
  SECATEUR_E_EXHAUSTED = -6,   /* the compute allowance is spent */
  SECATEUR_E_INTERNAL = -7,    /* any other failure */
  SECATEUR_E_PANIC = -8        /* unwound; the instance is poisoned */
};

/* Whoever fails calls `set` once, then returns a negative status. The receiver copies. */
typedef struct secateur_error_sink {
  void *ctx;
  void (*set)(void *ctx, secateur_status code, secateur_str message, secateur_str detail);
} secateur_error_sink;

typedef struct secateur_host secateur_host;     /* host services; lives as long as the process */
typedef struct secateur_ctx secateur_ctx;       /* one call into a method; dies when the call returns */
typedef struct secateur_method secateur_method; /* plugin-owned instance */

#define SECATEUR_BUILD_LINKS_LIBTORCH (1u << 0) /* uses the C++ API (or tch): exact version needed */
#define SECATEUR_BUILD_STABLE_SHIM (1u << 1)    /* uses only the aoti_torch_ and torch_ C shims */
#define SECATEUR_BUILD_UNWINDS (1u << 2)        /* Rust panic=unwind, C++ with a catch-all, or C, where nothing unwinds */
typedef struct secateur_build_info {
  uint32_t struct_size;
  uint32_t flags;
  uint64_t torch_abi_version; /* TORCH_ABI_VERSION at compile time; 0 if no libtorch */
  const char *torch_version;  /* "2.11.0+cpu", or NULL */
  const char *compiler;       /* "rustc 1.95.0 (59807616e 2026-04-14)" */
  const char *target;         /* "x86_64-unknown-linux-gnu" */
  const char *sdk_version;    /* "secateur-sdk 0.1.0 / tch 0.24.0" */
  const char *source_rev;     /* git describe, or NULL */
} secateur_build_info;

struct secateur_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint64_t torch_abi_version;
  const char *torch_version;
  const char *name;
  const char *version;
  /* NULL if the host does not have it. [thread-safe] */
  const void *(*get_extension)(const secateur_host *host, const char *id);
};

enum { SECATEUR_WEIGHT = 0, SECATEUR_CHANNEL = 1 };
enum { SECATEUR_BUDGET_WEIGHTS = 0 /* non-zero prunable weights */, SECATEUR_BUDGET_PARAMS = 1, SECATEUR_BUDGET_MACS = 2, SECATEUR_BUDGET_CHANNELS = 3 };
typedef struct secateur_target {
  double keep;            /* 0 < keep <= 1, of the dense network's budget metric */
  uint64_t count;         /* the integer to reach: round(keep * dense count); exact for WEIGHTS */
  uint64_t tolerance;     /* |achieved - count| must not exceed it; 0 for WEIGHTS */
} secateur_target;
typedef struct secateur_request {
  uint32_t struct_size;
  uint32_t granularity;   /* weights or channels */
  uint32_t budget_metric;
  uint32_t n_targets;
  const secateur_target *targets; /* keep descending: an iterative method passes them one after the other */
  uint64_t seed;          /* derived; see the rules */
} secateur_request;

typedef struct secateur_method_vtable {
  uint32_t struct_size;
  uint32_t reserved;
  secateur_status (*create)(const secateur_host *host, secateur_str config_json, secateur_method **out,
                         const secateur_error_sink *err);                       /* [run-thread] */
  void (*destroy)(secateur_method *self);                                       /* [run-thread] */
  secateur_status (*prune)(secateur_method *self, secateur_ctx *ctx, const secateur_request *req,
                        const secateur_error_sink *err);                        /* [run-thread] */
  const void *(*get_extension)(const secateur_method *self, const char *id);    /* [thread-safe] */
} secateur_method_vtable;

#define SECATEUR_METHOD_WEIGHT (1u << 0)
#define SECATEUR_METHOD_CHANNEL (1u << 1)
#define SECATEUR_METHOD_NEEDS_DATA (1u << 2)
#define SECATEUR_METHOD_NEEDS_GRAD (1u << 3)
#define SECATEUR_METHOD_TRAINS (1u << 4)
#define SECATEUR_METHOD_MUTATES_WEIGHTS (1u << 5)
#define SECATEUR_METHOD_DETERMINISTIC (1u << 6) /* the same seed gives the same plan */
typedef struct secateur_method_desc {
  uint32_t struct_size;
  uint32_t flags;
  const char *id;       /* "org.example.magnitude"; never reused for another method */
  const char *name;
  const char *version;
  const char *summary;
  const char *citation; /* DOI or arXiv id, or NULL */
  const char *params_schema;               /* JSON Schema of config_json */
  const char *const *required_extensions;  /* NULL-terminated */
  const secateur_method_vtable *vtable;
} secateur_method_desc;

typedef struct secateur_entry {
  uint64_t magic;       /* offsets 0, 8, 12, 14, 16 never move, in any major version */
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;   /* the minor it was compiled against */
  uint16_t abi_min_minor; /* the lowest host minor it works with */
  uint16_t reserved0;
  uint32_t reserved1;
  const secateur_build_info *build;
  uint32_t method_count;
  uint32_t reserved2;
  const secateur_method_desc *const *methods;
  /* Called once, before create. May be NULL. */
  secateur_status (*init)(const secateur_host *host, const secateur_error_sink *err);
} secateur_entry;

/* Must not start threads, touch libtorch or fail; returns the same pointer each time. */
typedef const secateur_entry *(*secateur_plugin_entry_fn)(void);

/* ---- host extensions ---------------------------------------------------- */
#define SECATEUR_EXT_LOG "secateur.host.log/1"
enum { SECATEUR_LOG_TRACE, SECATEUR_LOG_DEBUG, SECATEUR_LOG_INFO, SECATEUR_LOG_WARN, SECATEUR_LOG_ERROR };
typedef struct secateur_ext_log {
  uint32_t struct_size;
  uint32_t max_level;  /* the most verbose level that is on; skip formatting below it */
  void (*log)(int32_t level, secateur_str target, secateur_str message, secateur_str fields_json); /* [thread-safe] */
} secateur_ext_log;

#define SECATEUR_EXT_RUN "secateur.host.run/1"
/* What the suite allows this stage, and what is left: plan rounds and schedules from it. */
typedef struct secateur_allowance {
  uint32_t struct_size;
  uint32_t batch;
  uint64_t total_samples, left_samples; /* forward+backward training samples; forward-only ones count a third */
  uint64_t steps_per_epoch;
  double left_seconds;
} secateur_allowance;
typedef struct secateur_ext_run {
  uint32_t struct_size;
  uint32_t reserved;
  int32_t (*cancelled)(secateur_ctx *ctx);                                  /* [thread-safe] */
  void (*progress)(secateur_ctx *ctx, uint64_t done, uint64_t total, secateur_str what);
  uint64_t (*seed)(secateur_ctx *ctx, secateur_str label);                     /* same label, same seed */
  secateur_status (*allowance)(secateur_ctx *ctx, secateur_allowance *out, const secateur_error_sink *err);
} secateur_ext_run;

#define SECATEUR_EXT_GRAPH "secateur.host.graph/1"
#define SECATEUR_PARAM_PRUNABLE (1u << 0) /* in the suite's prunable set */
#define SECATEUR_PARAM_BIAS (1u << 1)
#define SECATEUR_PARAM_NORM (1u << 2)
#define SECATEUR_PARAM_HEAD (1u << 3)
typedef struct secateur_param {
  uint32_t struct_size;
  uint32_t id;
  secateur_str name;    /* "layer1.0.conv2.weight" */
  uint32_t flags;
  uint32_t ndim;
  const int64_t *shape;
} secateur_param;
enum { SECATEUR_SIDE_OUT = 0, SECATEUR_SIDE_IN = 1 };
/* Removing unit u removes index[u*width .. (u+1)*width] of `dim` of `param`; -1 there means nothing. */
typedef struct secateur_member {
  uint32_t struct_size;
  uint32_t param;
  uint32_t dim;
  uint32_t side;
  uint32_t width;
  uint32_t reserved;
  const int64_t *index; /* units * width entries */
} secateur_member;
#define SECATEUR_GROUP_PROTECTED (1u << 0) /* touches the model's input or output, or is not in the suite's set: keep all */
#define SECATEUR_GROUP_SUMMED (1u << 1)    /* its channels go through a sum, as those between residual blocks do */
typedef struct secateur_group {
  uint32_t struct_size;
  uint32_t id;
  uint32_t units;     /* channels, heads, ... that live or die together */
  uint32_t min_keep;
  uint32_t align;     /* keep a multiple of this */
  uint32_t flags;
  uint32_t n_members;
  uint32_t reserved;
  const secateur_member *const *members;
  secateur_str name;    /* of the first layer that makes its channels, "layer1.0.conv1" */
} secateur_group;
typedef struct secateur_node {
  uint32_t struct_size;
  uint32_t id;
  secateur_str name;    /* "layer1.0.conv2" */
  secateur_str op;      /* "conv2d", "linear", "batch_norm", "relu", "add", "concat", ...; "other" */
  uint32_t n_params;
  uint32_t groups;      /* convolution groups, attention heads; else 1 */
  const uint32_t *params;
} secateur_node;
typedef struct secateur_ext_graph {
  uint32_t struct_size;
  uint32_t reserved;
  uint32_t (*node_count)(secateur_ctx *ctx);
  const secateur_node *(*node)(secateur_ctx *ctx, uint32_t i);   /* topological order */
  uint32_t (*param_count)(secateur_ctx *ctx);
  const secateur_param *(*param)(secateur_ctx *ctx, uint32_t i);
  uint32_t (*group_count)(secateur_ctx *ctx);
  const secateur_group *(*group)(secateur_ctx *ctx, uint32_t i);
} secateur_ext_graph;

#define SECATEUR_EXT_MODEL "secateur.host.model/1"
typedef struct secateur_ext_model {
  uint32_t struct_size;
  uint32_t reserved;
  /* An alias of the live parameter, owned by the caller: free it. [run-thread] */
  secateur_status (*param)(secateur_ctx *ctx, uint32_t id, secateur_tensor *out, const secateur_error_sink *err);
  secateur_status (*grad)(secateur_ctx *ctx, uint32_t id, secateur_tensor *out, const secateur_error_sink *err);
  /* The value at "start", at a name given to train.save, or at what the upstream kept ("init", "step:500"). */
  secateur_status (*at)(secateur_ctx *ctx, uint32_t id, secateur_str checkpoint, secateur_tensor *out, const secateur_error_sink *err);
} secateur_ext_model;

#define SECATEUR_EXT_CALIB "secateur.host.calibration/1"
enum { SECATEUR_CAPTURE_INPUT = 1, SECATEUR_CAPTURE_OUTPUT = 2, SECATEUR_CAPTURE_OUTPUT_GRAD = 4 };
enum { SECATEUR_FWD_TRAIN = 1,   /* batch norm and dropout in training mode; default is eval mode */
       SECATEUR_FWD_NO_GRAD = 2, /* default records a graph */
       SECATEUR_FWD_PLANNED = 4, /* apply the plan made so far; default is the model as it stands */
       SECATEUR_FWD_REFERENCE = 8 /* the network at the checkpoint saved as "reference"; without one, the untouched network the trial started from; no masks (DCP's reconstruction target) */ };
enum { SECATEUR_SPLIT_TRAIN = 0, SECATEUR_SPLIT_VALIDATION = 1 }; /* there is no third one */
typedef struct secateur_ext_calibration {
  uint32_t struct_size;
  uint32_t reserved;
  /* Start over: split (training or validation), batch size, pictures per class (0 = as they come). */
  secateur_status (*rewind)(secateur_ctx *ctx, uint32_t split, uint32_t batch, uint32_t per_class, const secateur_error_sink *err);
  /* Classification target: i64 [n]. Detection target: f32 [m,6], a row per object: picture index in the batch, class (from 0,
     no background), x1, y1, x2, y2 in pixels of the network's input. */
  secateur_status (*next)(secateur_ctx *ctx, secateur_tensor *input, secateur_tensor *target, const secateur_error_sink *err);
  /* Classification output: f32 [n, classes]. Detection output: f32 [n, boxes, 4 + labels], for each default box its four offsets
     and then the scores of the labels, the background first. */
  secateur_status (*forward)(secateur_ctx *ctx, secateur_tensor input, uint32_t flags, secateur_tensor *output, const secateur_error_sink *err);
  secateur_status (*loss)(secateur_ctx *ctx, secateur_tensor output, secateur_tensor target, secateur_tensor *loss, const secateur_error_sink *err);
  secateur_status (*backward)(secateur_ctx *ctx, secateur_tensor loss, const secateur_error_sink *err); /* adds to grad */
  secateur_status (*zero_grad)(secateur_ctx *ctx, const secateur_error_sink *err);
  secateur_status (*capture)(secateur_ctx *ctx, uint32_t node, uint32_t what, const secateur_error_sink *err);
  secateur_status (*captured)(secateur_ctx *ctx, uint32_t node, uint32_t what, secateur_tensor *out, const secateur_error_sink *err);
  /* Run from the input up to and including `node` only. */
  secateur_status (*forward_to)(secateur_ctx *ctx, secateur_tensor input, uint32_t node, uint32_t flags, secateur_tensor *output, const secateur_error_sink *err);
} secateur_ext_calibration;

/* On tasks with boxes only; elsewhere get_extension answers NULL. */
#define SECATEUR_EXT_BOXES "secateur.host.boxes/1"
typedef struct secateur_ext_boxes {
  uint32_t struct_size;
  uint32_t reserved;
  /* The default boxes that stand for the objects of a batch, a row for each; n may be 0. Boxes are x1, y1, x2, y2 in pixels of the
     network's input. target: borrowed, as calibration.next or train.step_batch gives it. output: borrowed, the network's for the same
     pictures, or NULL. image: the picture's index in the batch, i64 [n]. defaults: default boxes, f32 [n,4]. predicted: what the
     output makes of them, decoded, f32 [n,4], differentiable; NULL without an output. truth: the objects' boxes, f32 [n,4]. label:
     the objects' classes, i64 [n], from 0, no background. What comes out belongs to the caller. [run-thread] */
  secateur_status (*matched)(secateur_ctx *ctx, secateur_tensor target, secateur_tensor output, secateur_tensor *image,
                             secateur_tensor *defaults, secateur_tensor *predicted, secateur_tensor *truth, secateur_tensor *label,
                             const secateur_error_sink *err);
} secateur_ext_boxes;

#define SECATEUR_EXT_PLAN "secateur.host.plan/1"
enum { SECATEUR_SCOPE_GLOBAL = 0, SECATEUR_SCOPE_UNIFORM = 1, SECATEUR_SCOPE_ERK = 2, SECATEUR_SCOPE_ISOMORPHIC = 3 };
typedef struct secateur_plan_cost { uint32_t struct_size; uint32_t reserved; double weights, params, macs, channels; } secateur_plan_cost;
typedef struct secateur_ext_plan {
  uint32_t struct_size;
  uint32_t reserved;
  /* keep: one byte per unit, 0 or 1. Checked against min_keep, align and PROTECTED at once. */
  secateur_status (*keep_units)(secateur_ctx *ctx, uint32_t group, const uint8_t *keep, size_t n, const secateur_error_sink *err);
  /* mask: bool tensor of the parameter's shape; borrowed. NULL lifts it (AC/DC). Also allowed in hooks (RigL). */
  secateur_status (*mask_param)(secateur_ctx *ctx, uint32_t param, secateur_tensor mask, const secateur_error_sink *err);
  /* The mask as it stands, a bool tensor owned by the caller; NULL if the parameter has none. */
  secateur_status (*mask)(secateur_ctx *ctx, uint32_t param, secateur_tensor *out, const secateur_error_sink *err);
  /* Optional: kept in the report, and used when the host does the selection. */
  secateur_status (*scores)(secateur_ctx *ctx, uint32_t group, const double *score, size_t n, const secateur_error_sink *err);
  /* The host chooses: exactly as many units or weights as the target needs, lowest scores first, ties broken by index.
     One tested implementation for every method. */
  secateur_status (*select)(secateur_ctx *ctx, uint32_t scope, uint64_t count, const secateur_error_sink *err);
  /* Scores of single weights, for `select` (host keeps them until then). */
  secateur_status (*weight_scores)(secateur_ctx *ctx, uint32_t param, secateur_tensor scores, const secateur_error_sink *err);
  /* What the plan so far would cost, as fractions of the dense model. */
  secateur_status (*cost)(secateur_ctx *ctx, secateur_plan_cost *out, const secateur_error_sink *err);
  /* Network and plan as they stand are the answer to targets[i]: the host takes a snapshot and goes on. What was emitted before a
     later failure stays valid. Each snapshot is verified, recovered and transferred on its own; costs are charged cumulatively. */
  secateur_status (*emit)(secateur_ctx *ctx, uint32_t target, const secateur_error_sink *err);
  /* The units of a group as the plan stands, one byte each, 0 or 1; the caller's list has n = units entries. */
  secateur_status (*kept_units)(secateur_ctx *ctx, uint32_t group, uint8_t *keep, size_t n, const secateur_error_sink *err);
} secateur_ext_plan;

#define SECATEUR_EXT_TRAIN "secateur.host.train/1"
enum {
  SECATEUR_SKIP_STEP = 2,    /* a hook's answer: no optimizer step this time (RigL's mask update replaces it) */
  SECATEUR_STOP_TRAINING = 3 /* a hook's answer: this was the last step; those that are left are not charged */
};
/* Not methods of the instance: a table and data that live for one `train` call, so nothing is entered twice.
   In a hook, `train`, `rewind_to`, `save`, `recalibrate` and `emit` answer INVALID. Any function may be NULL. [run-thread] */
typedef struct secateur_train_hooks {
  uint32_t struct_size;
  uint32_t reserved;
  /* What the forward pass uses in place of a parameter (STR's soft threshold, DNW's top-k with straight-through); differentiable. */
  secateur_status (*effective_weight)(void *data, secateur_ctx *ctx, uint32_t param, secateur_tensor weight, secateur_tensor *out, const secateur_error_sink *err);
  /* *extra is NULL or a scalar the host adds to the loss and frees. Captures are active; step_batch gives input and target. */
  secateur_status (*extra_loss)(void *data, secateur_ctx *ctx, uint64_t step, secateur_tensor *extra, const secateur_error_sink *err);
  /* Gradients are dense: before masking and weight decay. May answer SKIP_STEP. */
  secateur_status (*after_backward)(void *data, secateur_ctx *ctx, uint64_t step, const secateur_error_sink *err);
  /* Before masks are applied again. May answer STOP_TRAINING. */
  secateur_status (*after_step)(void *data, secateur_ctx *ctx, uint64_t step, const secateur_error_sink *err);
} secateur_train_hooks;
enum { SECATEUR_TRAIN_RESTART_SCHEDULE = 1, SECATEUR_TRAIN_RESET_OPTIMIZER = 2 };
typedef struct secateur_train_request {
  uint32_t struct_size;
  uint32_t flags;
  uint64_t steps;
  double lr_scale;
  const secateur_train_hooks *hooks; /* NULL: none */
  void *hooks_data;
  const uint32_t *effective_params;  /* parameters with an effective weight */
  uint64_t n_effective_params;
  const secateur_tensor *extra_params; /* leaf tensors of the method (STR's thresholds, auxiliary heads) the host's optimizer trains too */
  uint64_t n_extra_params;
  double extra_weight_decay;
} secateur_train_request;
typedef struct secateur_train_result { uint32_t struct_size; uint32_t reserved; uint64_t steps; double loss; double metric; } secateur_train_result;
typedef struct secateur_ext_train {
  uint32_t struct_size;
  uint32_t reserved;
  /* Blocks. Uses the plan's masks. Metered: every sample counts against the allowance. */
  secateur_status (*train)(secateur_ctx *ctx, const secateur_train_request *req, secateur_train_result *out, const secateur_error_sink *err);
  secateur_status (*step_batch)(secateur_ctx *ctx, secateur_tensor *input, secateur_tensor *target, const secateur_error_sink *err); /* in hooks */
  /* Forget momentum where mask is true (grown weights). */
  secateur_status (*reset_optimizer)(secateur_ctx *ctx, uint32_t param, secateur_tensor mask, const secateur_error_sink *err);
  secateur_status (*evaluate)(secateur_ctx *ctx, double *metric, double *loss, const secateur_error_sink *err); /* validation split */
  secateur_status (*recalibrate)(secateur_ctx *ctx, uint64_t samples, const secateur_error_sink *err); /* batch-norm statistics */
  secateur_status (*save)(secateur_ctx *ctx, secateur_str name, const secateur_error_sink *err);
  /* "start", a saved name, or what the upstream kept: "init", "step:500". Absent: UNSUPPORTED. Optimizer state included. */
  secateur_status (*rewind_to)(secateur_ctx *ctx, secateur_str name, const secateur_error_sink *err);
} secateur_ext_train;

/* ---- layout ------------------------------------------------------------- */
/* The same numbers are asserted in the Rust mirror. They hold on every 64-bit target. */
#ifdef __cplusplus
#define SECATEUR_ASSERT_LAYOUT(condition, text) static_assert(condition, text)
#else
#define SECATEUR_ASSERT_LAYOUT(condition, text) _Static_assert(condition, text)
#endif
#if UINTPTR_MAX == UINT64_MAX
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_str) == 16, "secateur_str");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_str, ptr) == 0, "secateur_str.ptr");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_str, len) == 8, "secateur_str.len");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_error_sink) == 16, "secateur_error_sink");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_error_sink, ctx) == 0, "secateur_error_sink.ctx");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_error_sink, set) == 8, "secateur_error_sink.set");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_build_info) == 56, "secateur_build_info");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_build_info, struct_size) == 0, "secateur_build_info.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_build_info, flags) == 4, "secateur_build_info.flags");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_build_info, torch_abi_version) == 8, "secateur_build_info.torch_abi_version");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_build_info, torch_version) == 16, "secateur_build_info.torch_version");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_build_info, compiler) == 24, "secateur_build_info.compiler");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_build_info, target) == 32, "secateur_build_info.target");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_build_info, sdk_version) == 40, "secateur_build_info.sdk_version");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_build_info, source_rev) == 48, "secateur_build_info.source_rev");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_host) == 48, "secateur_host");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_host, struct_size) == 0, "secateur_host.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_host, abi_major) == 4, "secateur_host.abi_major");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_host, abi_minor) == 6, "secateur_host.abi_minor");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_host, torch_abi_version) == 8, "secateur_host.torch_abi_version");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_host, torch_version) == 16, "secateur_host.torch_version");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_host, name) == 24, "secateur_host.name");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_host, version) == 32, "secateur_host.version");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_host, get_extension) == 40, "secateur_host.get_extension");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_target) == 24, "secateur_target");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_target, keep) == 0, "secateur_target.keep");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_target, count) == 8, "secateur_target.count");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_target, tolerance) == 16, "secateur_target.tolerance");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_request) == 32, "secateur_request");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_request, struct_size) == 0, "secateur_request.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_request, granularity) == 4, "secateur_request.granularity");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_request, budget_metric) == 8, "secateur_request.budget_metric");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_request, n_targets) == 12, "secateur_request.n_targets");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_request, targets) == 16, "secateur_request.targets");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_request, seed) == 24, "secateur_request.seed");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_method_vtable) == 40, "secateur_method_vtable");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_vtable, struct_size) == 0, "secateur_method_vtable.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_vtable, reserved) == 4, "secateur_method_vtable.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_vtable, create) == 8, "secateur_method_vtable.create");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_vtable, destroy) == 16, "secateur_method_vtable.destroy");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_vtable, prune) == 24, "secateur_method_vtable.prune");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_vtable, get_extension) == 32, "secateur_method_vtable.get_extension");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_method_desc) == 72, "secateur_method_desc");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, struct_size) == 0, "secateur_method_desc.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, flags) == 4, "secateur_method_desc.flags");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, id) == 8, "secateur_method_desc.id");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, name) == 16, "secateur_method_desc.name");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, version) == 24, "secateur_method_desc.version");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, summary) == 32, "secateur_method_desc.summary");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, citation) == 40, "secateur_method_desc.citation");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, params_schema) == 48, "secateur_method_desc.params_schema");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, required_extensions) == 56, "secateur_method_desc.required_extensions");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_method_desc, vtable) == 64, "secateur_method_desc.vtable");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_entry) == 56, "secateur_entry");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, magic) == 0, "secateur_entry.magic");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, struct_size) == 8, "secateur_entry.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, abi_major) == 12, "secateur_entry.abi_major");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, abi_minor) == 14, "secateur_entry.abi_minor");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, abi_min_minor) == 16, "secateur_entry.abi_min_minor");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, reserved0) == 18, "secateur_entry.reserved0");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, reserved1) == 20, "secateur_entry.reserved1");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, build) == 24, "secateur_entry.build");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, method_count) == 32, "secateur_entry.method_count");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, reserved2) == 36, "secateur_entry.reserved2");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, methods) == 40, "secateur_entry.methods");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_entry, init) == 48, "secateur_entry.init");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_ext_log) == 16, "secateur_ext_log");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_log, struct_size) == 0, "secateur_ext_log.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_log, max_level) == 4, "secateur_ext_log.max_level");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_log, log) == 8, "secateur_ext_log.log");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_allowance) == 40, "secateur_allowance");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_allowance, struct_size) == 0, "secateur_allowance.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_allowance, batch) == 4, "secateur_allowance.batch");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_allowance, total_samples) == 8, "secateur_allowance.total_samples");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_allowance, left_samples) == 16, "secateur_allowance.left_samples");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_allowance, steps_per_epoch) == 24, "secateur_allowance.steps_per_epoch");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_allowance, left_seconds) == 32, "secateur_allowance.left_seconds");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_ext_run) == 40, "secateur_ext_run");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_run, struct_size) == 0, "secateur_ext_run.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_run, reserved) == 4, "secateur_ext_run.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_run, cancelled) == 8, "secateur_ext_run.cancelled");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_run, progress) == 16, "secateur_ext_run.progress");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_run, seed) == 24, "secateur_ext_run.seed");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_run, allowance) == 32, "secateur_ext_run.allowance");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_param) == 40, "secateur_param");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_param, struct_size) == 0, "secateur_param.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_param, id) == 4, "secateur_param.id");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_param, name) == 8, "secateur_param.name");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_param, flags) == 24, "secateur_param.flags");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_param, ndim) == 28, "secateur_param.ndim");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_param, shape) == 32, "secateur_param.shape");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_member) == 32, "secateur_member");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_member, struct_size) == 0, "secateur_member.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_member, param) == 4, "secateur_member.param");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_member, dim) == 8, "secateur_member.dim");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_member, side) == 12, "secateur_member.side");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_member, width) == 16, "secateur_member.width");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_member, reserved) == 20, "secateur_member.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_member, index) == 24, "secateur_member.index");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_group) == 56, "secateur_group");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, struct_size) == 0, "secateur_group.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, id) == 4, "secateur_group.id");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, units) == 8, "secateur_group.units");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, min_keep) == 12, "secateur_group.min_keep");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, align) == 16, "secateur_group.align");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, flags) == 20, "secateur_group.flags");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, n_members) == 24, "secateur_group.n_members");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, reserved) == 28, "secateur_group.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, members) == 32, "secateur_group.members");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_group, name) == 40, "secateur_group.name");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_node) == 56, "secateur_node");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_node, struct_size) == 0, "secateur_node.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_node, id) == 4, "secateur_node.id");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_node, name) == 8, "secateur_node.name");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_node, op) == 24, "secateur_node.op");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_node, n_params) == 40, "secateur_node.n_params");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_node, groups) == 44, "secateur_node.groups");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_node, params) == 48, "secateur_node.params");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_ext_graph) == 56, "secateur_ext_graph");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_graph, struct_size) == 0, "secateur_ext_graph.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_graph, reserved) == 4, "secateur_ext_graph.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_graph, node_count) == 8, "secateur_ext_graph.node_count");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_graph, node) == 16, "secateur_ext_graph.node");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_graph, param_count) == 24, "secateur_ext_graph.param_count");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_graph, param) == 32, "secateur_ext_graph.param");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_graph, group_count) == 40, "secateur_ext_graph.group_count");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_graph, group) == 48, "secateur_ext_graph.group");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_ext_model) == 32, "secateur_ext_model");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_model, struct_size) == 0, "secateur_ext_model.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_model, reserved) == 4, "secateur_ext_model.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_model, param) == 8, "secateur_ext_model.param");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_model, grad) == 16, "secateur_ext_model.grad");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_model, at) == 24, "secateur_ext_model.at");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_ext_calibration) == 80, "secateur_ext_calibration");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, struct_size) == 0, "secateur_ext_calibration.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, reserved) == 4, "secateur_ext_calibration.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, rewind) == 8, "secateur_ext_calibration.rewind");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, next) == 16, "secateur_ext_calibration.next");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, forward) == 24, "secateur_ext_calibration.forward");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, loss) == 32, "secateur_ext_calibration.loss");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, backward) == 40, "secateur_ext_calibration.backward");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, zero_grad) == 48, "secateur_ext_calibration.zero_grad");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, capture) == 56, "secateur_ext_calibration.capture");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, captured) == 64, "secateur_ext_calibration.captured");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_calibration, forward_to) == 72, "secateur_ext_calibration.forward_to");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_ext_boxes) == 16, "secateur_ext_boxes");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_boxes, struct_size) == 0, "secateur_ext_boxes.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_boxes, reserved) == 4, "secateur_ext_boxes.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_boxes, matched) == 8, "secateur_ext_boxes.matched");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_plan_cost) == 40, "secateur_plan_cost");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_plan_cost, struct_size) == 0, "secateur_plan_cost.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_plan_cost, reserved) == 4, "secateur_plan_cost.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_plan_cost, weights) == 8, "secateur_plan_cost.weights");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_plan_cost, params) == 16, "secateur_plan_cost.params");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_plan_cost, macs) == 24, "secateur_plan_cost.macs");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_plan_cost, channels) == 32, "secateur_plan_cost.channels");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_ext_plan) == 80, "secateur_ext_plan");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, struct_size) == 0, "secateur_ext_plan.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, reserved) == 4, "secateur_ext_plan.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, keep_units) == 8, "secateur_ext_plan.keep_units");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, mask_param) == 16, "secateur_ext_plan.mask_param");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, mask) == 24, "secateur_ext_plan.mask");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, scores) == 32, "secateur_ext_plan.scores");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, select) == 40, "secateur_ext_plan.select");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, weight_scores) == 48, "secateur_ext_plan.weight_scores");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, cost) == 56, "secateur_ext_plan.cost");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, emit) == 64, "secateur_ext_plan.emit");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_plan, kept_units) == 72, "secateur_ext_plan.kept_units");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_train_hooks) == 40, "secateur_train_hooks");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_hooks, struct_size) == 0, "secateur_train_hooks.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_hooks, reserved) == 4, "secateur_train_hooks.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_hooks, effective_weight) == 8, "secateur_train_hooks.effective_weight");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_hooks, extra_loss) == 16, "secateur_train_hooks.extra_loss");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_hooks, after_backward) == 24, "secateur_train_hooks.after_backward");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_hooks, after_step) == 32, "secateur_train_hooks.after_step");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_train_request) == 80, "secateur_train_request");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, struct_size) == 0, "secateur_train_request.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, flags) == 4, "secateur_train_request.flags");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, steps) == 8, "secateur_train_request.steps");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, lr_scale) == 16, "secateur_train_request.lr_scale");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, hooks) == 24, "secateur_train_request.hooks");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, hooks_data) == 32, "secateur_train_request.hooks_data");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, effective_params) == 40, "secateur_train_request.effective_params");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, n_effective_params) == 48, "secateur_train_request.n_effective_params");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, extra_params) == 56, "secateur_train_request.extra_params");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, n_extra_params) == 64, "secateur_train_request.n_extra_params");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_request, extra_weight_decay) == 72, "secateur_train_request.extra_weight_decay");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_train_result) == 32, "secateur_train_result");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_result, struct_size) == 0, "secateur_train_result.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_result, reserved) == 4, "secateur_train_result.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_result, steps) == 8, "secateur_train_result.steps");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_result, loss) == 16, "secateur_train_result.loss");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_train_result, metric) == 24, "secateur_train_result.metric");
SECATEUR_ASSERT_LAYOUT(sizeof(secateur_ext_train) == 64, "secateur_ext_train");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_train, struct_size) == 0, "secateur_ext_train.struct_size");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_train, reserved) == 4, "secateur_ext_train.reserved");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_train, train) == 8, "secateur_ext_train.train");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_train, step_batch) == 16, "secateur_ext_train.step_batch");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_train, reset_optimizer) == 24, "secateur_ext_train.reset_optimizer");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_train, evaluate) == 32, "secateur_ext_train.evaluate");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_train, recalibrate) == 40, "secateur_ext_train.recalibrate");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_train, save) == 48, "secateur_ext_train.save");
SECATEUR_ASSERT_LAYOUT(offsetof(secateur_ext_train, rewind_to) == 56, "secateur_ext_train.rewind_to");
#endif

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif
