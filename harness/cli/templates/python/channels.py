"""@title@: the channels whose filters have the largest single weights stay."""

from secateur_bridge import ChannelCriterion


class @Type@(ChannelCriterion):
    # How scores compete: `global` or `uniform`.
    scope = "uniform"

    def __init__(self, readers=False):
        # Whether the weights that read a channel count, too.
        self.readers = readers

    def score(self, run, group):
        """One number for each unit of the group; higher stays."""
        return [max(abs(weight) for weight in row) for row in run.filters(group, self.readers).tolist()]
