extern bool aoti_torch_grad_mode_is_enabled(void);
extern void aoti_torch_grad_mode_set_enabled(bool enabled);
extern int32_t aoti_torch_new_tensor_handle(secateur_tensor tensor, secateur_tensor *copy);
/* Any operator by its name. `stack` has the arguments, which it takes, and afterwards the results. */
extern int32_t torch_call_dispatcher(const char *op, const char *overload, uint64_t *stack, uint64_t version);

/* A whole number of at most nine digits, which is more than any parameter here needs. */
static bool take_whole(secateur_str *at, uint64_t *value) {
  size_t digits = 0;
  skip_space(at);
  for (*value = 0; at->len > 0 && *at->ptr >= '0' && *at->ptr <= '9'; ++digits, ++at->ptr, --at->len) {
    if (digits == 9) return false;
    *value = *value * 10 + (uint64_t)(*at->ptr - '0');
  }
  return digits > 0 && (at->len == 0 || !strchr(".eE", *at->ptr));
}

static secateur_status read_value(secateur_str *at, method *self, const secateur_error_sink *err) {
  const secateur_str from = *at;
  if (!take_whole(at, &self->parameter)) return refuse(err, "`" PARAMETER "` is no whole number: ", from, "");
  if (self->parameter == 0) return refuse(err, "`every` is 0; there is one step at least from one cut to the next", str(""), "");
  return SECATEUR_OK;
}

/* Gives the host the absolute values of a parameter as its scores; what is gone loses against weights that are there and happen to be
   zero. */
static secateur_status score(const method *self, secateur_ctx *ctx, uint32_t param, const secateur_error_sink *err) {
  static const char *const failed = "libtorch could not compute the scores; what it says stands in the log";
  secateur_tensor weight = NULL, mask = NULL, copy = NULL;
  uint64_t stack[3];
  secateur_status status = self->model->param(ctx, param, &weight, err);
  if (status < 0) return status;
  /* The dispatcher takes what is on the stack and leaves the result in its place. Where it fails, it may have taken it or not; a
     handle that is lost is better than one that is freed twice. */
  stack[0] = (uint64_t)(uintptr_t)weight;
  if (torch_call_dispatcher("aten::abs", "", stack, SHIM_VERSION) != 0) return fail(err, SECATEUR_E_TORCH, failed);
  weight = (secateur_tensor)(uintptr_t)stack[0];
  if ((status = self->plan->mask(ctx, param, &mask, err)) < 0) {
    aoti_torch_delete_tensor_object(weight);
    return status;
  }
  if (mask != NULL) {
    if (aoti_torch_new_tensor_handle(mask, &copy) != 0) return fail(err, SECATEUR_E_TORCH, failed);
    stack[0] = (uint64_t)(uintptr_t)copy;
    /* The logarithm of a mask is minus infinity where it removes. */
    if (torch_call_dispatcher("aten::log", "", stack, SHIM_VERSION) != 0) return fail(err, SECATEUR_E_TORCH, failed);
    stack[2] = stack[0];
    stack[1] = (uint64_t)(uintptr_t)weight;
    stack[0] = (uint64_t)(uintptr_t)mask;
    if (torch_call_dispatcher("aten::where", "self", stack, SHIM_VERSION) != 0) return fail(err, SECATEUR_E_TORCH, failed);
    weight = (secateur_tensor)(uintptr_t)stack[0];
  }
  status = self->plan->weight_scores(ctx, param, weight, err);
  aoti_torch_delete_tensor_object(weight);
  return status;
}

/* Leaves so many of the largest weights. */
static secateur_status cut(const method *self, secateur_ctx *ctx, uint64_t count, const secateur_error_sink *err) {
  const bool gradients = aoti_torch_grad_mode_is_enabled();
  const uint32_t params = self->graph->param_count(ctx);
  secateur_status status = SECATEUR_OK;
  aoti_torch_grad_mode_set_enabled(false);
  for (uint32_t index = 0; index < params && status >= 0; ++index) {
    const secateur_param *param = self->graph->param(ctx, index);
    if (param != NULL && (param->flags & SECATEUR_PARAM_PRUNABLE)) status = score(self, ctx, param->id, err);
  }
  aoti_torch_grad_mode_set_enabled(gradients);
  return status < 0 ? status : self->plan->select(ctx, SECATEUR_SCOPE_GLOBAL, count, err);
}

static uint64_t prunable_weights(const method *self, secateur_ctx *ctx) {
  const uint32_t params = self->graph->param_count(ctx);
  uint64_t count = 0;
  for (uint32_t index = 0; index < params; ++index) {
    const secateur_param *param = self->graph->param(ctx, index);
    uint64_t weights = 1;
    if (param == NULL || !(param->flags & SECATEUR_PARAM_PRUNABLE)) continue;
    for (uint32_t dim = 0; dim < param->ndim; ++dim) weights *= (uint64_t)param->shape[dim];
    count += weights;
  }
  return count;
}

/* Training steps that are left of the allowance. */
static secateur_status left_steps(const method *self, secateur_ctx *ctx, uint64_t *steps, const secateur_error_sink *err) {
  secateur_allowance allowance = {.struct_size = sizeof allowance};
  const secateur_status status = self->run->allowance(ctx, &allowance, err);
  if (status >= 0) *steps = allowance.batch == 0 ? 0 : allowance.left_samples / allowance.batch;
  return status;
}

/* What the host hands back to the hook: a value of its own, not the method, because the host enters it while `prune` is running. */
typedef struct gradual {
  const method *self;
  uint64_t from, goal, steps;
} gradual;

static secateur_status after_step(void *data, secateur_ctx *ctx, uint64_t step, const secateur_error_sink *err) {
  const gradual *hook = data;
  /* Equation 1 of the paper: many go at first, few at the end. */
  const double left = 1.0 - (double)(step + 1) / (double)hook->steps;
  if ((step + 1) % hook->self->parameter != 0) return SECATEUR_OK;
  return cut(hook->self, ctx, hook->goal + (uint64_t)((double)(hook->from - hook->goal) * left * left * left), err);
}

static secateur_status prune(secateur_method *raw, secateur_ctx *ctx, const secateur_request *request, const secateur_error_sink *err) {
  const method *self = (const method *)raw;
  const secateur_train_hooks hooks = {.struct_size = sizeof hooks, .after_step = after_step};
  gradual hook = {self, prunable_weights(self, ctx), 0, 0};
  /* A callback's failure is passed on with its own status: the sink has its message already. */
  secateur_status status;
  if (request->granularity != GRANULARITY) return fail(err, SECATEUR_E_UNSUPPORTED, METHOD_ID " does not prune at this granularity");
  if ((status = left_steps(self, ctx, &hook.steps, err)) < 0) return status;
  /* Half of the allowance is for pruning; the host spends the rest on recovery. */
  hook.steps = request->n_targets == 0 ? 0 : hook.steps / 2 / request->n_targets;
  for (uint32_t target = 0; target < request->n_targets; ++target) {
    hook.goal = request->targets[target].count;
    if (hook.steps > 0) {
      secateur_train_request training = {.struct_size = sizeof training, .steps = hook.steps, .lr_scale = 1.0};
      secateur_train_result result = {.struct_size = sizeof result};
      training.hooks = &hooks;
      training.hooks_data = &hook;
      if ((status = self->train->train(ctx, &training, &result, err)) < 0) return status;
    }
    if ((status = cut(self, ctx, hook.goal, err)) < 0) return status;
    if ((status = self->plan->emit(ctx, target, err)) < 0) return status;
    self->run->progress(ctx, target + 1, request->n_targets, str("targets"));
    hook.from = hook.goal;
  }
  return SECATEUR_OK;
}

