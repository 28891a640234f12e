/* What is read of a tensor's memory. */
extern int32_t aoti_torch_dtype_float32(void);
extern int32_t aoti_torch_device_type_cpu(void);
extern int32_t aoti_torch_get_dtype(secateur_tensor tensor, int32_t *dtype);
extern int32_t aoti_torch_get_device_type(secateur_tensor tensor, int32_t *device);
extern int32_t aoti_torch_get_data_ptr(secateur_tensor tensor, void **data);
extern int32_t aoti_torch_get_strides(secateur_tensor tensor, int64_t **strides);

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
  if (self->parameter != 1 && self->parameter != 2) return refuse(err, "`exponent` is neither 1 nor 2", str(""), "");
  return SECATEUR_OK;
}

/* The values of a parameter, in 32 bits and in the memory of the CPU; the tensor is to be freed, also after a failure. */
static secateur_status values(const method *self, secateur_ctx *ctx, uint32_t param, secateur_tensor *tensor, const float **data,
                              const int64_t **strides, const secateur_error_sink *err) {
  int32_t dtype = -1, device = -1;
  void *pointer = NULL;
  int64_t *steps = NULL;
  const secateur_status status = self->model->param(ctx, param, tensor, err);
  if (status < 0) return status;
  if (aoti_torch_get_dtype(*tensor, &dtype) != 0 || aoti_torch_get_device_type(*tensor, &device) != 0 ||
      aoti_torch_get_data_ptr(*tensor, &pointer) != 0 || aoti_torch_get_strides(*tensor, &steps) != 0) {
    return fail(err, SECATEUR_E_TORCH, "libtorch could not describe a weight; what it says stands in the log");
  }
  if (dtype != aoti_torch_dtype_float32() || device != aoti_torch_device_type_cpu()) {
    return fail(err, SECATEUR_E_UNSUPPORTED, METHOD_ID " reads 32-bit weights in the memory of the CPU only");
  }
  *data = pointer;
  *strides = steps;
  return SECATEUR_OK;
}

/* The sum of |weight|^exponent over one entry of a dimension of a parameter. */
static double sum_of_entry(const secateur_param *param, const float *data, const int64_t *strides, uint32_t dim, int64_t entry,
                           uint64_t exponent) {
  int64_t count = 1;
  double sum = 0;
  for (uint32_t other = 0; other < param->ndim; ++other) count *= other == dim ? 1 : param->shape[other];
  for (int64_t position = 0; position < count; ++position) {
    int64_t rest = position, offset = entry * strides[dim];
    double value;
    for (uint32_t other = param->ndim; other-- > 0;) {
      if (other == dim) continue;
      offset += rest % param->shape[other] * strides[other];
      rest /= param->shape[other];
    }
    value = fabs((double)data[offset]);
    sum += exponent == 1 ? value : value * value;
  }
  return sum;
}

/* A number for each unit of a group, higher stays: the norm of all filters that make it. */
static secateur_status score(const method *self, secateur_ctx *ctx, const secateur_group *group, double *norms,
                             const secateur_error_sink *err) {
  for (uint32_t unit = 0; unit < group->units; ++unit) norms[unit] = 0;
  for (uint32_t number = 0; number < group->n_members; ++number) {
    const secateur_member *member = group->members[number];
    const secateur_param *param = self->graph->param(ctx, member->param);
    secateur_tensor tensor = NULL;
    const float *data = NULL;
    const int64_t *strides = NULL;
    secateur_status status;
    if (member->side != SECATEUR_SIDE_OUT || param == NULL || param->ndim < 2) continue;
    status = values(self, ctx, member->param, &tensor, &data, &strides, err);
    for (uint32_t unit = 0; unit < group->units && status >= 0; ++unit) {
      for (uint32_t part = 0; part < member->width; ++part) {
        const int64_t entry = member->index[unit * member->width + part];
        if (entry >= 0) norms[unit] += sum_of_entry(param, data, strides, member->dim, entry, self->parameter);
      }
    }
    if (tensor != NULL) aoti_torch_delete_tensor_object(tensor);
    if (status < 0) return status;
  }
  if (self->parameter == 2) {
    for (uint32_t unit = 0; unit < group->units; ++unit) norms[unit] = sqrt(norms[unit]);
  }
  return SECATEUR_OK;
}

static secateur_status prune(secateur_method *raw, secateur_ctx *ctx, const secateur_request *request, const secateur_error_sink *err) {
  const method *self = (const method *)raw;
  const uint32_t groups = self->graph->group_count(ctx);
  bool any = false;
  /* A callback's failure is passed on with its own status: the sink has its message already. */
  secateur_status status;
  if (request->granularity != GRANULARITY) return fail(err, SECATEUR_E_UNSUPPORTED, METHOD_ID " does not prune at this granularity");
  for (uint32_t index = 0; index < groups; ++index) {
    const secateur_group *group = self->graph->group(ctx, index);
    double *norms;
    if (group == NULL || (group->flags & SECATEUR_GROUP_PROTECTED)) continue;
    any = true;
    norms = malloc(group->units * sizeof *norms);
    if (norms == NULL) return fail(err, SECATEUR_E_INTERNAL, "there is not enough memory");
    status = score(self, ctx, group, norms, err);
    if (status >= 0) status = self->plan->scores(ctx, group->id, norms, group->units, err);
    free(norms);
    if (status < 0) return status;
  }
  if (!any) return fail(err, SECATEUR_E_UNSUPPORTED, "the network has no channels that may go");
  for (uint32_t target = 0; target < request->n_targets; ++target) {
    if (self->run->cancelled(ctx)) return fail(err, SECATEUR_E_CANCELLED, "the host asked to stop");
    /* Every group keeps the same fraction: norms of different layers do not compare. */
    if ((status = self->plan->select(ctx, SECATEUR_SCOPE_UNIFORM, request->targets[target].count, err)) < 0) return status;
    /* A unit that an earlier target removed may be kept by this one. */
    if ((status = self->train->rewind_to(ctx, str("start"), err)) < 0) return status;
    if ((status = self->plan->emit(ctx, target, err)) < 0) return status;
    self->run->progress(ctx, target + 1, request->n_targets, str("targets"));
  }
  return SECATEUR_OK;
}

