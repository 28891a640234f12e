// Global magnitude pruning over libtorch's C++ API. The same method in Rust is org.secateur.magnitude, which keeps the same weights.

#include "secateur_plugin.hpp"

namespace {

struct Magnitude {
  static constexpr const char *id = "org.secateur.example.cpp-magnitude";
  static constexpr const char *name = "Magnitude, in C++";
  static constexpr const char *version = "1";
  static constexpr const char *summary = "Keeps the weights with the largest absolute values, in one shot.";
  static constexpr const char *citation = "arXiv:1506.02626";
  static constexpr const char *params_schema =
      R"({"type":"object","additionalProperties":false,"properties":{"scope":{"description":"How weights compete.",)"
      R"("enum":["global","uniform","erk"],"default":"global"}}})";
  static constexpr uint32_t flags = SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_DETERMINISTIC;

  explicit Magnitude(secateur::Parameters &parameters) : scope(parameters.scope("scope", SECATEUR_SCOPE_GLOBAL)) {}

  void prune(secateur::Run &run, const secateur::Request &request) {
    c10::NoGradGuard no_grad;
    for (const secateur_param *param : run.prunable()) {
      run.set_scores(param->id, secateur::lend(run.weight(param->id)->abs()));
    }
    for (uint32_t target = 0; target < request.size(); ++target) {
      run.stop_if_cancelled();
      // Quotas of layers need not be nested: a weight that an earlier target zeroed may be kept by this one.
      run.lift_masks();
      run.rewind_to("start");
      run.select(scope, request[target].count);
      run.emit(target);
      run.progress(target + 1, request.size(), "targets");
    }
  }

  uint32_t scope;
};

}  // namespace

SECATEUR_EXPORT_PLUGIN(Magnitude)
