// @title@: the channels whose filters have the largest norm stay.

#include "secateur_plugin.hpp"

namespace {

struct @Type@ {
  static constexpr const char *id = "@id@";
  static constexpr const char *name = "@title@";
  static constexpr const char *version = "1";
  static constexpr const char *summary = "Keeps the channels whose filters have the largest norm.";
  static constexpr const char *citation = nullptr;
  static constexpr const char *params_schema =
      R"({"type":"object","additionalProperties":false,"properties":{"exponent":{"enum":[1,2],"default":2,)"
      R"("description":"Exponent of the norm."}}})";
  static constexpr uint32_t flags = SECATEUR_METHOD_CHANNEL | SECATEUR_METHOD_DETERMINISTIC;

  explicit @Type@(secateur::Parameters &parameters) : exponent(parameters.whole("exponent", 2)) {
    if (exponent != 1 && exponent != 2) throw secateur::Error::invalid("`exponent` is " + std::to_string(exponent) + "; there are 1 and 2");
  }

  void prune(secateur::Run &run, const secateur::Request &request) {
    c10::NoGradGuard no_grad;
    const std::vector<const secateur_group *> groups = run.groups();
    if (groups.empty()) throw secateur::Error::unsupported("the network has no channels that may go");
    for (const secateur_group *group : groups) {
      // A number for each unit of the group; higher stays.
      const at::Tensor filters = run.filters(*group).to(at::kCPU, at::kDouble);
      const at::Tensor norms = filters.norm(static_cast<double>(exponent), {1}).contiguous();
      const double *first = norms.data_ptr<double>();
      run.set_unit_scores(group->id, std::vector<double>(first, first + norms.numel()));
    }
    for (uint32_t target = 0; target < request.size(); ++target) {
      run.stop_if_cancelled();
      // Every group keeps the same fraction: norms of different layers do not compare.
      run.select(SECATEUR_SCOPE_UNIFORM, request[target].count);
      // A unit that an earlier target removed may be kept by this one.
      run.rewind_to("start");
      run.emit(target);
      run.progress(target + 1, request.size(), "targets");
    }
  }

  uint64_t exponent;
};

}  // namespace

SECATEUR_EXPORT_PLUGIN(@Type@)
