"""@title@: the weights with the largest absolute values stay."""

from secateur_bridge import Criterion


class @Type@(Criterion):
    # How scores compete: `global`, `uniform` or `erk`.
    scope = "global"

    def __init__(self, relative=False):
        # Parameters of the suite are arguments. A ValueError here refuses the suite before anything runs.
        self.relative = relative

    def score(self, run, param):
        """Scores of the parameter's shape; higher stays. The host chooses, masks and trains."""
        size = abs(run.weight(param))
        if not self.relative:
            return size
        # Layers of small weights lose less.
        typical = float((size * size).mean()) ** 0.5
        return size / max(typical, 1e-12)
