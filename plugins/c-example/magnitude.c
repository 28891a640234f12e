/* Global magnitude pruning in C11, over libtorch's C shim. The same method in Rust is org.secateur.magnitude, which keeps the same
   weights. No header of libtorch is needed, and nothing is linked: the symbols are those of the host's process. */

#include "secateur_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- libtorch's C shim ---------------------------------------------------- */

/* torch/csrc/stable/c/shim.h and torch/csrc/inductor/aoti_torch/c/shim.h include C++, so what is used of them is declared here. */
extern int32_t aoti_torch_delete_tensor_object(secateur_tensor tensor);
extern bool aoti_torch_grad_mode_is_enabled(void);
extern void aoti_torch_grad_mode_set_enabled(bool enabled);
/* Any operator by its name. `stack` has the arguments, which it takes, and afterwards the results. */
extern int32_t torch_call_dispatcher(const char *op, const char *overload, uint64_t *stack, uint64_t version);

/* `torch_call_dispatcher` is there since libtorch 2.10, so any libtorch from that on will do. */
#define SHIM_VERSION (UINT64_C(2) << 56 | UINT64_C(10) << 48)

/* ---- errors --------------------------------------------------------------- */

static secateur_str str(const char *text) {
  secateur_str result = {text, strlen(text)};
  return result;
}

/* Tells the sink, which may be null, and gives the status back. */
static secateur_status fail(const secateur_error_sink *err, secateur_status status, const char *message) {
  if (err != NULL) err->set(err->ctx, status, str(message), str(""));
  return status;
}

/* ---- parameters ----------------------------------------------------------- */

#define METHOD_ID "org.secateur.example.c-magnitude"

typedef struct method {
  uint32_t scope;
  const secateur_ext_run *run;
  const secateur_ext_graph *graph;
  const secateur_ext_model *model;
  const secateur_ext_plan *plan;
  const secateur_ext_train *train;
} method;

static void skip_space(secateur_str *at) {
  while (at->len > 0 && (*at->ptr == ' ' || *at->ptr == '\t' || *at->ptr == '\n' || *at->ptr == '\r')) ++at->ptr, --at->len;
}

static bool take(secateur_str *at, char wanted) {
  skip_space(at);
  if (at->len == 0 || *at->ptr != wanted) return false;
  ++at->ptr, --at->len;
  return true;
}

/* A quoted text. None that this method knows has an escape, so one with an escape is unknown as it stands. */
static bool take_text(secateur_str *at, secateur_str *text) {
  if (!take(at, '"')) return false;
  text->ptr = at->ptr;
  while (at->len > 0 && *at->ptr != '"') {
    const size_t step = *at->ptr == '\\' && at->len > 1 ? 2 : 1;
    at->ptr += step, at->len -= step;
  }
  text->len = (size_t)(at->ptr - text->ptr);
  return take(at, '"');
}

static bool equals(secateur_str text, const char *other) {
  return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

static secateur_status refuse(const secateur_error_sink *err, const char *before, secateur_str name, const char *after) {
  char message[256];
  const int shown = name.len < 64 ? (int)name.len : 64;
  snprintf(message, sizeof message, "parameters of " METHOD_ID ": %s%.*s%s", before, shown, name.ptr, after);
  return fail(err, SECATEUR_E_INVALID, message);
}

/* Reads `{}`, nothing, or `{"scope": "global"}`. */
static secateur_status read_parameters(secateur_str json, method *self, const secateur_error_sink *err) {
  static const char *const names[] = {"global", "uniform", "erk"};
  static const uint32_t scopes[] = {SECATEUR_SCOPE_GLOBAL, SECATEUR_SCOPE_UNIFORM, SECATEUR_SCOPE_ERK};
  const secateur_str whole = json;
  bool seen = false;
  self->scope = SECATEUR_SCOPE_GLOBAL;
  skip_space(&json);
  if (json.len == 0) return SECATEUR_OK;
  if (!take(&json, '{')) return refuse(err, "they are no JSON object: ", whole, "");
  if (!take(&json, '}')) {
    do {
      secateur_str key, value;
      size_t found = 0;
      if (!take_text(&json, &key)) return refuse(err, "they are no JSON object: ", whole, "");
      if (!equals(key, "scope")) return refuse(err, "unknown parameter `", key, "`; there is: scope");
      if (seen) return refuse(err, "`", key, "` is there twice");
      seen = true;
      if (!take(&json, ':')) return refuse(err, "they are no JSON object: ", whole, "");
      if (!take_text(&json, &value)) return refuse(err, "`scope` is not a text: ", json, "");
      while (found < 3 && !equals(value, names[found])) ++found;
      if (found == 3) return refuse(err, "`scope` is \"", value, "\"; there are global, uniform and erk");
      self->scope = scopes[found];
    } while (take(&json, ','));
    if (!take(&json, '}')) return refuse(err, "they are no JSON object: ", whole, "");
  }
  skip_space(&json);
  if (json.len != 0) return refuse(err, "behind their end there is ", json, "");
  return SECATEUR_OK;
}

/* ---- the method ----------------------------------------------------------- */

/* A table of the host; null where there is none, or one that is older than the header. All tables begin with their size. */
static const void *extension(const secateur_host *host, const char *id, size_t size) {
  const void *table = host->get_extension(host, id);
  return table != NULL && *(const uint32_t *)table >= size ? table : NULL;
}

static secateur_status create(const secateur_host *host, secateur_str config, secateur_method **out, const secateur_error_sink *err) {
  secateur_status status;
  method *self = calloc(1, sizeof *self);
  if (self == NULL) return fail(err, SECATEUR_E_INTERNAL, "there is not enough memory");
  status = read_parameters(config, self, err);
  if (status < 0) {
    free(self);
    return status;
  }
  self->run = extension(host, SECATEUR_EXT_RUN, sizeof *self->run);
  self->graph = extension(host, SECATEUR_EXT_GRAPH, sizeof *self->graph);
  self->model = extension(host, SECATEUR_EXT_MODEL, sizeof *self->model);
  self->plan = extension(host, SECATEUR_EXT_PLAN, sizeof *self->plan);
  self->train = extension(host, SECATEUR_EXT_TRAIN, sizeof *self->train);
  if (!self->run || !self->graph || !self->model || !self->plan || !self->train) {
    free(self);
    return fail(err, SECATEUR_E_UNSUPPORTED, METHOD_ID " needs a host that has run, graph, model, plan and train of version 1");
  }
  *out = (secateur_method *)self;
  return SECATEUR_OK;
}

static void destroy(secateur_method *self) { free(self); }

/* Gives the host the absolute values of a parameter as its scores. */
static secateur_status score(const method *self, secateur_ctx *ctx, uint32_t param, const secateur_error_sink *err) {
  secateur_tensor tensor = NULL;
  uint64_t stack[1];
  secateur_status status = self->model->param(ctx, param, &tensor, err);
  if (status < 0) return status;
  /* The dispatcher takes the alias of the weight and leaves the result in its place. Where it fails, it may have taken it or not;
     a handle that is lost is better than one that is freed twice. */
  stack[0] = (uint64_t)(uintptr_t)tensor;
  if (torch_call_dispatcher("aten::abs", "", stack, SHIM_VERSION) != 0) {
    return fail(err, SECATEUR_E_TORCH, "libtorch could not compute absolute values; what it says stands in the log");
  }
  tensor = (secateur_tensor)(uintptr_t)stack[0];
  status = self->plan->weight_scores(ctx, param, tensor, err);
  aoti_torch_delete_tensor_object(tensor);
  return status;
}

static secateur_status lift_masks(const method *self, secateur_ctx *ctx, const secateur_error_sink *err) {
  const uint32_t count = self->graph->param_count(ctx);
  for (uint32_t index = 0; index < count; ++index) {
    const secateur_param *param = self->graph->param(ctx, index);
    if (param == NULL || !(param->flags & SECATEUR_PARAM_PRUNABLE)) continue;
    const secateur_status status = self->plan->mask_param(ctx, param->id, NULL, err);
    if (status < 0) return status;
  }
  return SECATEUR_OK;
}

static secateur_status prune_without_gradients(const method *self, secateur_ctx *ctx, const secateur_request *request,
                                               const secateur_error_sink *err) {
  const uint32_t count = self->graph->param_count(ctx);
  /* A callback's failure is passed on with its own status: the sink has its message already. */
  secateur_status status;
  for (uint32_t index = 0; index < count; ++index) {
    const secateur_param *param = self->graph->param(ctx, index);
    if (param == NULL || !(param->flags & SECATEUR_PARAM_PRUNABLE)) continue;
    if ((status = score(self, ctx, param->id, err)) < 0) return status;
  }
  for (uint32_t target = 0; target < request->n_targets; ++target) {
    if (self->run->cancelled(ctx)) return fail(err, SECATEUR_E_CANCELLED, "the host asked to stop");
    /* Quotas of layers need not be nested: a weight that an earlier target zeroed may be kept by this one. */
    if ((status = lift_masks(self, ctx, err)) < 0) return status;
    if ((status = self->train->rewind_to(ctx, str("start"), err)) < 0) return status;
    if ((status = self->plan->select(ctx, self->scope, request->targets[target].count, err)) < 0) return status;
    if ((status = self->plan->emit(ctx, target, err)) < 0) return status;
    self->run->progress(ctx, target + 1, request->n_targets, str("targets"));
  }
  return SECATEUR_OK;
}

static secateur_status prune(secateur_method *raw, secateur_ctx *ctx, const secateur_request *request, const secateur_error_sink *err) {
  const bool gradients = aoti_torch_grad_mode_is_enabled();
  secateur_status status;
  if (request->granularity != SECATEUR_WEIGHT) {
    return fail(err, SECATEUR_E_UNSUPPORTED, METHOD_ID " prunes single weights, no channels");
  }
  aoti_torch_grad_mode_set_enabled(false);
  status = prune_without_gradients((const method *)raw, ctx, request, err);
  aoti_torch_grad_mode_set_enabled(gradients);
  return status;
}

/* ---- what the host reads -------------------------------------------------- */

#if defined(__x86_64__)
#define CPU "x86_64"
#elif defined(__aarch64__)
#define CPU "aarch64"
#else
#define CPU "unknown"
#endif

static const char *const required[] = {SECATEUR_EXT_RUN,  SECATEUR_EXT_GRAPH, SECATEUR_EXT_MODEL,
                                       SECATEUR_EXT_PLAN, SECATEUR_EXT_TRAIN, NULL};

static const secateur_method_vtable functions = {
    .struct_size = sizeof functions,
    .create = create,
    .destroy = destroy,
    .prune = prune,
};

static const secateur_method_desc magnitude = {
    .struct_size = sizeof magnitude,
    .flags = SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_DETERMINISTIC,
    .id = METHOD_ID,
    .name = "Magnitude, in C",
    .version = "1",
    .summary = "Keeps the weights with the largest absolute values, in one shot.",
    .citation = "arXiv:1506.02626",
    .params_schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"scope\":{\"description\":"
                     "\"How weights compete.\",\"enum\":[\"global\",\"uniform\",\"erk\"],\"default\":\"global\"}}}",
    .required_extensions = required,
    .vtable = &functions,
};

static const secateur_method_desc *const methods[] = {&magnitude};

static const secateur_build_info build = {
    .struct_size = sizeof build,
    .flags = SECATEUR_BUILD_STABLE_SHIM | SECATEUR_BUILD_UNWINDS,
    .torch_abi_version = SHIM_VERSION,
    .torch_version = "2.10 or newer, by its C shim",
    .compiler = "cc " __VERSION__,
    .target = CPU "-unknown-linux-gnu",
    .sdk_version = "secateur_plugin.h 1.0",
};

static const secateur_entry entry = {
    .magic = SECATEUR_ABI_MAGIC,
    .struct_size = sizeof entry,
    .abi_major = SECATEUR_ABI_MAJOR,
    .abi_minor = SECATEUR_ABI_MINOR,
    .build = &build,
    .method_count = 1,
    .methods = methods,
};

SECATEUR_EXPORT const secateur_entry *secateur_plugin_entry(void);
SECATEUR_EXPORT const secateur_entry *secateur_plugin_entry(void) { return &entry; }
