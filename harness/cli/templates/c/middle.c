
/* ---- libtorch's C shim ---------------------------------------------------- */

/* torch/csrc/stable/c/shim.h and torch/csrc/inductor/aoti_torch/c/shim.h include C++, so what is used of them is declared here,
   and what only this kind of method uses below. */
extern int32_t aoti_torch_delete_tensor_object(secateur_tensor tensor);

/* The youngest function that is used here is there since libtorch 2.10, so any libtorch from that on will do. */
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

typedef struct method {
  uint64_t parameter; /* the one parameter that there is */
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

/* Below, with the method: reads the parameter's value, up to the comma or brace behind it. */
static secateur_status read_value(secateur_str *at, method *self, const secateur_error_sink *err);

/* Reads `{}`, nothing, or an object with the one parameter. */
static secateur_status read_parameters(secateur_str json, method *self, const secateur_error_sink *err) {
  const secateur_str whole = json;
  bool seen = false;
  skip_space(&json);
  if (json.len == 0) return SECATEUR_OK;
  if (!take(&json, '{')) return refuse(err, "they are no JSON object: ", whole, "");
  if (!take(&json, '}')) {
    do {
      secateur_str key;
      secateur_status status;
      if (!take_text(&json, &key)) return refuse(err, "they are no JSON object: ", whole, "");
      if (!equals(key, PARAMETER)) return refuse(err, "unknown parameter `", key, "`; there is: " PARAMETER);
      if (seen) return refuse(err, "`", key, "` is there twice");
      seen = true;
      if (!take(&json, ':')) return refuse(err, "they are no JSON object: ", whole, "");
      if ((status = read_value(&json, self, err)) < 0) return status;
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
  self->parameter = PARAMETER_DEFAULT;
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

