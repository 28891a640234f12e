// @title@: the weights with the largest absolute values stay.

#include "secateur_plugin.hpp"

namespace {

struct @Type@ {
  static constexpr const char *id = "@id@";
  static constexpr const char *name = "@title@";
  static constexpr const char *version = "1";
  static constexpr const char *summary = "Keeps the weights with the largest absolute values.";
  static constexpr const char *citation = nullptr;
  static constexpr const char *params_schema =
      R"({"type":"object","additionalProperties":false,"properties":{"relative":{"type":"boolean","default":false,"description":)"
      R"("Divide by the root mean square of the layer's weights, so that layers of small weights lose less."}}})";
  static constexpr uint32_t flags = SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_DETERMINISTIC;

  // Parameters that are not asked for here are refused.
  explicit @Type@(secateur::Parameters &parameters) : relative(parameters.truth("relative", false)) {}

  // A score for each weight; higher stays.
  at::Tensor score(const at::Tensor &weight) const {
    const at::Tensor size = weight.abs();
    return relative ? size / size.square().mean().sqrt().clamp_min(1e-12) : size;
  }

  void prune(secateur::Run &run, const secateur::Request &request) {
    c10::NoGradGuard no_grad;
    for (const secateur_param *param : run.prunable()) {
      run.set_scores(param->id, secateur::lend(score(*run.weight(param->id))));
    }
    for (uint32_t target = 0; target < request.size(); ++target) {
      run.stop_if_cancelled();
      // What an earlier target zeroed comes back; then the host chooses exactly as many weights as this one needs.
      run.lift_masks();
      run.rewind_to("start");
      run.select(SECATEUR_SCOPE_GLOBAL, request[target].count);
      run.emit(target);
      run.progress(target + 1, request.size(), "targets");
    }
  }

  bool relative;
};

}  // namespace

SECATEUR_EXPORT_PLUGIN(@Type@)
