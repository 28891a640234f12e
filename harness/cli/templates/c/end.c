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

static const secateur_method_desc description = {
    .struct_size = sizeof description,
    .flags = FLAGS,
    .id = METHOD_ID,
    .name = "@title@",
    .version = "1",
    .summary = SUMMARY,
    .citation = CITATION,
    .params_schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"" PARAMETER "\":{" PARAMETER_SCHEMA "}}}",
    .required_extensions = required,
    .vtable = &functions,
};

static const secateur_method_desc *const methods[] = {&description};

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
