// @title@: magnitude pruning in rounds. Each round removes the same fraction of what is left, and trains in between.

#include "secateur_plugin.hpp"

#include <cmath>
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


struct @Type@ {
  static constexpr const char *id = "@id@";
  static constexpr const char *name = "@title@";
  static constexpr const char *version = "1";
  static constexpr const char *summary = "Removes the smallest weights in rounds, and trains between them.";
  static constexpr const char *citation = "arXiv:1506.02626";
  static constexpr const char *params_schema =
      R"({"type":"object","additionalProperties":false,"properties":{"rounds":{"type":"integer","minimum":1,"default":3,)"
      R"("description":"Rounds from one target to the next."},"search_fraction":{"type":"number","minimum":0,"maximum":1,"default":0.5,)"
      R"("description":"Fraction of the allowance that is spent between rounds; the host spends the rest on recovery."}}})";
  static constexpr uint32_t flags = SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_TRAINS | SECATEUR_METHOD_DETERMINISTIC;

  explicit @Type@(secateur::Parameters &parameters)
      : rounds(parameters.whole("rounds", 3)), search_fraction(parameters.number("search_fraction", 0.5)) {
    if (rounds == 0) throw secateur::Error::invalid("`rounds` is 0; one at least reaches the target");
    if (!(search_fraction >= 0 && search_fraction <= 1)) throw secateur::Error::invalid("`search_fraction` is not in [0, 1]");
  }

  void prune(secateur::Run &run, const secateur::Request &request) {
    const uint64_t all = rounds * request.size();
    secateur::TrainOptions options;
    options.steps = all == 0 ? 0 : static_cast<uint64_t>(static_cast<double>(run.left_steps()) * search_fraction) / all;
    uint64_t from = weights(run), done = 0;
    for (uint32_t target = 0; target < request.size(); ++target) {
      const uint64_t goal = request[target].count;
      for (uint64_t round = 1; round <= rounds; ++round) {
        const double part = static_cast<double>(round) / static_cast<double>(rounds);
        const double left = std::pow(static_cast<double>(goal) / static_cast<double>(from), part);
        // The last round is the target to the weight, whatever was rounded on the way.
        const uint64_t count = round == rounds ? goal : static_cast<uint64_t>(static_cast<double>(from) * left);
        cut(run, count < goal ? goal : count);
        run.progress(++done, all, "rounds");
        if (options.steps > 0) run.train(options);
      }
      // Answers the target: the network and its masks as they stand.
      run.emit(target);
      from = goal;
    }
  }

  uint64_t rounds;
  double search_fraction;
};

}  // namespace

SECATEUR_EXPORT_PLUGIN(@Type@)
