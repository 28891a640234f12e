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
  if (self->parameter == 0) return refuse(err, "`rounds` is 0; one at least reaches the target", str(""), "");
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

static secateur_status prune(secateur_method *raw, secateur_ctx *ctx, const secateur_request *request, const secateur_error_sink *err) {
  const method *self = (const method *)raw;
  const uint64_t rounds = self->parameter, all = rounds * request->n_targets;
  uint64_t from = prunable_weights(self, ctx), done = 0;
  secateur_train_request training = {.struct_size = sizeof training, .lr_scale = 1.0};
  /* A callback's failure is passed on with its own status: the sink has its message already. */
  secateur_status status;
  if (request->granularity != GRANULARITY) return fail(err, SECATEUR_E_UNSUPPORTED, METHOD_ID " does not prune at this granularity");
  if ((status = left_steps(self, ctx, &training.steps, err)) < 0) return status;
  /* Half of the allowance is spent between rounds; the host spends the rest on recovery. */
  training.steps = all == 0 ? 0 : training.steps / 2 / all;
  for (uint32_t target = 0; target < request->n_targets; ++target) {
    const uint64_t goal = request->targets[target].count;
    for (uint64_t round = 1; round <= rounds; ++round) {
      /* Each round removes the same fraction of what is left, and the last one is the target to the weight. */
      const double left = pow((double)goal / (double)from, (double)round / (double)rounds);
      const uint64_t count = round == rounds ? goal : (uint64_t)((double)from * left);
      if ((status = cut(self, ctx, count < goal ? goal : count, err)) < 0) return status;
      self->run->progress(ctx, ++done, all, str("rounds"));
      if (training.steps > 0) {
        secateur_train_result result = {.struct_size = sizeof result};
        if ((status = self->train->train(ctx, &training, &result, err)) < 0) return status;
      }
    }
    /* Answers the target: the network and its masks as they stand. */
    if ((status = self->plan->emit(ctx, target, err)) < 0) return status;
    from = goal;
  }
  return SECATEUR_OK;
}

