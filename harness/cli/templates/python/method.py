"""@title@: trains, removes the smallest weights and rewinds the others, round by round (Frankle & Carbin, arXiv 1803.03635)."""

from secateur_bridge import Exhausted, Method


class @Type@(Method):
    granularity = "weights"

    def __init__(self, fraction=0.5):
        if not 0 < fraction <= 1:
            raise ValueError("fraction is %r, which is not in (0, 1]" % fraction)
        self.fraction = fraction

    def prune(self, run, request):
        # A round for each keep; the host spends what is left on recovery.
        steps = run.allowance().steps_each(self.fraction, len(request.targets))
        if steps == 0:
            raise Exhausted("the allowance has no step for each of %d rounds" % len(request.targets))
        for index, target in enumerate(request.targets):
            trained = run.train_afresh(steps)
            run.log("round %d: loss %.3f" % (index, trained.loss))
            for param in run.prunable:
                run.set_scores(param, self.score(run, param))
            run.select(target.count)
            # Masks stay, and what remains goes back to where it began.
            run.rewind_to("start")
            run.emit(index)
            run.progress(index + 1, len(request.targets), "rounds")

    def score(self, run, param):
        """Absolute values, and -1 where a weight is gone: it must not win against one that happens to be zero."""
        size, mask = abs(run.weight(param)), run.mask(param)
        return size if mask is None else size + (mask * 1.0 - 1.0)
