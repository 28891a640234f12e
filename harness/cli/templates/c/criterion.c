extern bool aoti_torch_grad_mode_is_enabled(void);
extern void aoti_torch_grad_mode_set_enabled(bool enabled);
/* Any operator by its name. `stack` has the arguments, which it takes, and afterwards the results. */
extern int32_t torch_call_dispatcher(const char *op, const char *overload, uint64_t *stack, uint64_t version);

static secateur_status read_value(secateur_str *at, method *self, const secateur_error_sink *err) {
  static const char *const names[] = {"global", "uniform", "erk"};
  static const uint32_t scopes[] = {SECATEUR_SCOPE_GLOBAL, SECATEUR_SCOPE_UNIFORM, SECATEUR_SCOPE_ERK};
  const secateur_str from = *at;
  secateur_str value;
  size_t found = 0;
  if (!take_text(at, &value)) return refuse(err, "`" PARAMETER "` is not a text: ", from, "");
  while (found < 3 && !equals(value, names[found])) ++found;
  if (found == 3) return refuse(err, "`" PARAMETER "` is \"", value, "\"; there are global, uniform and erk");
  self->parameter = scopes[found];
  return SECATEUR_OK;
}

/* A score for each weight, higher stays: here its absolute value. */
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
    if ((status = self->plan->select(ctx, (uint32_t)self->parameter, request->targets[target].count, err)) < 0) return status;
    if ((status = self->plan->emit(ctx, target, err)) < 0) return status;
    self->run->progress(ctx, target + 1, request->n_targets, str("targets"));
  }
  return SECATEUR_OK;
}

static secateur_status prune(secateur_method *raw, secateur_ctx *ctx, const secateur_request *request, const secateur_error_sink *err) {
  const bool gradients = aoti_torch_grad_mode_is_enabled();
  secateur_status status;
  if (request->granularity != GRANULARITY) return fail(err, SECATEUR_E_UNSUPPORTED, METHOD_ID " does not prune at this granularity");
  aoti_torch_grad_mode_set_enabled(false);
  status = prune_without_gradients((const method *)raw, ctx, request, err);
  aoti_torch_grad_mode_set_enabled(gradients);
  return status;
}

