// @title@: gradual magnitude pruning (Zhu & Gupta, arXiv 1710.01878). While the host trains, the smallest weights go little by
// little.

#include "secateur_plugin.hpp"

#include <limits>

namespace {

// Leaves the largest weights; what is gone loses against weights that are there and happen to be zero.
void cut(secateur::Run &run, uint64_t count) {
  c10::NoGradGuard no_grad;
  for (const secateur_param *param : run.prunable()) {
    at::Tensor scores = run.weight(param->id)->abs();
    if (const secateur::Tensor mask = run.mask(param->id)) {
      scores = scores.masked_fill(mask->logical_not(), -std::numeric_limits<double>::infinity());
    }
    run.set_scores(param->id, secateur::lend(scores));
  }
  run.select(SECATEUR_SCOPE_GLOBAL, count);
}

uint64_t weights(const secateur::Run &run) {
  uint64_t count = 0;
  for (const secateur_param *param : run.prunable()) count += static_cast<uint64_t>(run.weight(param->id)->numel());
  return count;
}

// Hooks are a value of their own, because the host enters them while `prune` is running.
struct Cut : secateur::Hooks {
  uint64_t from = 0, goal = 0, steps = 0, every = 0;

  secateur_status after_step(secateur::Run &run, uint64_t step) override {
    if ((step + 1) % every == 0) {
      // Equation 1 of the paper: many go at first, few at the end.
      const double left = 1.0 - static_cast<double>(step + 1) / static_cast<double>(steps);
      cut(run, goal + static_cast<uint64_t>(static_cast<double>(from - goal) * left * left * left));
    }
    return SECATEUR_OK;
  }
};


struct @Type@ {
  static constexpr const char *id = "@id@";
  static constexpr const char *name = "@title@";
  static constexpr const char *version = "1";
  static constexpr const char *summary = "Removes the smallest weights little by little while it trains.";
  static constexpr const char *citation = "arXiv:1710.01878";
  static constexpr const char *params_schema =
      R"({"type":"object","additionalProperties":false,"properties":{"every":{"type":"integer","minimum":1,"default":10,)"
      R"("description":"Steps from one cut to the next."}}})";
  static constexpr uint32_t flags = SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_TRAINS | SECATEUR_METHOD_DETERMINISTIC;

  explicit @Type@(secateur::Parameters &parameters) : every(parameters.whole("every", 10)) {
    if (every == 0) throw secateur::Error::invalid("`every` is 0; there is one step at least from one cut to the next");
  }

  void prune(secateur::Run &run, const secateur::Request &request) {
    // Half of the allowance is for pruning; the host spends the rest on recovery.
    const uint64_t steps = request.size() == 0 ? 0 : run.left_steps() / 2 / request.size();
    uint64_t from = weights(run);
    for (uint32_t target = 0; target < request.size(); ++target) {
      Cut hooks;
      hooks.from = from, hooks.goal = request[target].count, hooks.steps = steps, hooks.every = every;
      if (steps > 0) {
        secateur::TrainOptions options;
        options.steps = steps;
        run.train(options, &hooks);
      }
      cut(run, request[target].count);
      run.emit(target);
      run.progress(target + 1, request.size(), "targets");
      from = request[target].count;
    }
  }

  uint64_t every;
};

}  // namespace

SECATEUR_EXPORT_PLUGIN(@Type@)
