"""Pruning methods for Secateur, written in Python.

A method is a class. The smallest one returns scores, and the host does everything else::

    from secateur_bridge import Criterion

    class Magnitude(Criterion):
        def score(self, run, param):
            return abs(run.weight(param))

Tensors are `torch.Tensor` if torch can be imported, else `numpy.ndarray`, else :class:`Array`.
"""

from .api import (
    Allowance,
    Batch,
    BridgeError,
    Cancelled,
    ChannelCriterion,
    Cost,
    Criterion,
    Exhausted,
    Group,
    HostTensor,
    Infeasible,
    Invalid,
    MatchedBoxes,
    Member,
    Method,
    Node,
    Param,
    Request,
    Run,
    Target,
    TorchError,
    Trained,
    TrainHooks,
    Unsupported,
)
from .arrays import Array
from .protocol import PROTOCOL

__version__ = "0.1.0"

__all__ = [
    "PROTOCOL",
    "Allowance",
    "Array",
    "Batch",
    "BridgeError",
    "Cancelled",
    "ChannelCriterion",
    "Cost",
    "Criterion",
    "Exhausted",
    "Group",
    "HostTensor",
    "Infeasible",
    "Invalid",
    "MatchedBoxes",
    "Member",
    "Method",
    "Node",
    "Param",
    "Request",
    "Run",
    "Target",
    "TorchError",
    "TrainHooks",
    "Trained",
    "Unsupported",
]
