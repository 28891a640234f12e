"""@title@: the smallest weights go little by little while the host trains (Zhu & Gupta, arXiv 1710.01878)."""

from secateur_bridge import Exhausted, Method, TrainHooks


class @Type@(Method):
    granularity = "weights"

    def __init__(self, every=10):
        if every < 1:
            raise ValueError("every is %r; a mask changes after so many steps, at least 1" % every)
        self.every = every

    def prune(self, run, request):
        # Half of the allowance is for pruning; the host spends the rest on recovery.
        steps = run.allowance().steps_each(0.5, len(request.targets))
        if steps < self.every:
            raise Exhausted("%d steps for each keep are fewer than `every`, %d" % (steps, self.every))
        left = sum(param.numel for param in run.prunable)
        for index, target in enumerate(request.targets):
            run.train(steps, Cut(left, target.count, steps, self.every))
            keep_largest(run, target.count)
            run.emit(index)
            left = target.count


class Cut(TrainHooks):
    def __init__(self, begin, goal, steps, every):
        self.begin, self.goal, self.steps, self.every = begin, goal, steps, every

    def after_step(self, run, step):
        if (step + 1) % self.every == 0:
            left = (1 - (step + 1) / self.steps) ** 3
            keep_largest(run, self.goal + int((self.begin - self.goal) * left))


def keep_largest(run, count):
    for param in run.prunable:
        run.set_scores(param, abs(run.weight(param)))
    run.select(count)
