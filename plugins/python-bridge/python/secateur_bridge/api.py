"""What the author of a method derives from, and what a method may ask of the host."""

import math

# --- errors ---


class BridgeError(Exception):
    """A failure whose kind decides the trial's outcome. Any other exception makes it `failed`."""

    kind = "internal"


class Invalid(BridgeError):
    """A bad argument or parameter."""

    kind = "invalid"


class Unsupported(BridgeError):
    """This network, granularity or budget cannot be handled."""

    kind = "unsupported"


class Infeasible(BridgeError):
    """The budget cannot be met."""

    kind = "infeasible"


class Exhausted(BridgeError):
    """The allowance is spent."""

    kind = "exhausted"


class TorchError(BridgeError):
    """libtorch failed in the host."""

    kind = "torch"


class Cancelled(BaseException):
    """The host asked to stop. Like KeyboardInterrupt it is no Exception, so that it is not caught by accident."""

    kind = "cancelled"


_ERRORS = {error.kind: error for error in (Invalid, Unsupported, Infeasible, Exhausted, TorchError, Cancelled)}


def error_of(kind, message):
    """The host's error as an exception."""
    return _ERRORS.get(kind, BridgeError)(message)


# --- what an author derives from ---


class Method:
    """A method with the whole run under its control.

    Parameters of the suite (`params` below `params`) are keyword arguments of `__init__`; raise `ValueError` or
    :class:`Invalid` for one that makes no sense, and the suite is refused before anything runs.
    """

    #: `weights` or `channels` for a method of one of them; None if it looks at the request itself.
    granularity = None

    def prune(self, run, request):
        """Answers all targets of the request: for each, reach its count with masks, then `run.emit` it."""
        raise NotImplementedError("a method has `prune(self, run, request)`")


class Criterion(Method):
    """A method that only scores weights. The host keeps the highest scores of each target's count."""

    granularity = "weights"
    #: How scores compete: `global`, `uniform` (every parameter keeps the same fraction) or `erk`.
    scope = "global"

    def score(self, run, param):
        """Scores of a parameter's weights, of the parameter's shape; higher is kept."""
        raise NotImplementedError("a criterion has `score(self, run, param)`")

    def prune(self, run, request):
        for param in run.prunable:
            run.set_scores(param, self.score(run, param))
        for index, target in enumerate(request.targets):
            # Quotas of layers need not be nested, so that a weight that an earlier target zeroed may be kept by this one.
            run.lift_masks()
            run.rewind_to("start")
            run.select(target.count, self.scope)
            run.emit(index)
            run.progress(index + 1, len(request.targets), "targets")


class ChannelCriterion(Method):
    """A method that only scores units of channel groups. The host removes the lowest scores until the budget is met."""

    granularity = "channels"
    #: How scores compete: `global` or `uniform`.
    scope = "global"

    def prepare(self, run):
        """Work before the groups are scored: statistics over pictures, training."""

    def score(self, run, group):
        """One number for each unit of a group; higher is kept."""
        raise NotImplementedError("a channel criterion has `score(self, run, group)`")

    def prune(self, run, request):
        groups = run.groups
        if not groups:
            raise Unsupported("the network has no channels that may go")
        self.prepare(run)
        # What training has made of the weights is where every target starts; without training, the beginning.
        run.save("scored")
        for group in groups:
            run.set_unit_scores(group, self.score(run, group))
        for index, target in enumerate(request.targets):
            run.select(target.count, self.scope)
            # A unit that an earlier target removed may be kept by this one.
            run.rewind_to("scored")
            run.emit(index)
            run.progress(index + 1, len(request.targets), "targets")


class TrainHooks:
    """Parts of a method that run while the host trains. Define those that are needed; the others cost nothing.

    In hooks, masks, scores and selection may change; `train`, `recalibrate`, `save`, `rewind_to` and `emit` are refused.
    """

    def after_backward(self, run, step):
        """After the backward pass: gradients are dense, before masks and weight decay. True leaves the optimizer's step out."""

    def after_step(self, run, step):
        """After the optimizer's step, before masks are applied again."""

    def is_done(self, run, step):
        """Behind `after_step`: True ends the training, and what it leaves is not charged."""


HOOKS = ("after_backward", "after_step", "is_done")


# --- what a method sees ---


class _Record:
    """Named values that are shown by name."""

    __slots__ = ()

    def __init__(self, **values):
        for name in self.__slots__:
            setattr(self, name, values.pop(name))
        if values:
            raise TypeError("%s has no %s" % (type(self).__name__, ", ".join(values)))

    def __repr__(self):
        values = ", ".join("%s=%r" % (name, getattr(self, name)) for name in self.__slots__)
        return "%s(%s)" % (type(self).__name__, values)


class Target(_Record):
    """One budget to reach: the fraction that remains, the integer to reach, and by how much it may be missed."""

    __slots__ = ("keep", "count", "tolerance")


class Request(_Record):
    """What `prune` is asked for: targets with descending keep, and the trial's seed."""

    __slots__ = ("targets", "seed")


class Param(_Record):
    """A parameter of the network."""

    __slots__ = ("id", "name", "shape", "is_bias", "is_norm", "is_prunable")

    @property
    def numel(self):
        """Number of weights."""
        return math.prod(self.shape)


class Node(_Record):
    """A node of the network: its index, name, and operation (`conv2d`, `batch_norm`, `relu`, `add`, ...)."""

    __slots__ = ("id", "name", "op")


class Member(_Record):
    """What a group takes from one dimension of one parameter: for each unit its entries. `side` is `out` for what makes the
    channels and `in` for what reads them."""

    __slots__ = ("param", "dim", "side", "entries")


class Group(_Record):
    """Units of channels that live or die together."""

    __slots__ = ("id", "name", "units", "min_keep", "align", "is_protected", "is_summed", "members")


class Allowance(_Record):
    """What the suite allows this call, and what is left, in training pictures; a picture that only goes forward counts a
    third."""

    __slots__ = ("batch", "total_samples", "left_samples", "steps_per_epoch", "left_seconds")

    @property
    def left_steps(self):
        """Training steps left."""
        return self.left_samples // self.batch if self.batch else 0

    def steps_each(self, fraction, trainings):
        """Steps of each of so many equal trainings within a fraction of what is left."""
        return int(self.left_steps * fraction) // trainings if trainings else 0


class Cost(_Record):
    """Cost of the plan so far, as fractions of the dense network."""

    __slots__ = ("weights", "params", "macs", "channels")


class Trained(_Record):
    """What training did: steps, mean loss, and the fraction of right answers."""

    __slots__ = ("steps", "loss", "accuracy")


class Batch(_Record):
    """A batch of pictures, f32 `[n, c, h, w]`, and its target, both with the host. On tasks with boxes the target has a row for
    each object: picture, class, x1, y1, x2, y2."""

    __slots__ = ("input", "target")


class MatchedBoxes(_Record):
    """Default boxes that stand for objects, a row for each: picture, default box, what the output makes of it (with the host),
    the object's box and class."""

    __slots__ = ("picture", "defaults", "predicted", "truths", "classes")


class HostTensor:
    """A tensor that stays with the host, perhaps with its graph. `value()` copies it here."""

    __slots__ = ("_run", "_id", "shape", "dtype")

    def __init__(self, run, described):
        self._run = run
        self._id = described["id"]
        self.shape = tuple(described["shape"])
        self.dtype = described["dtype"]

    def __del__(self):
        # The host learns of it with the next call.
        self._run._dropped.append(self._id)

    def __repr__(self):
        return "HostTensor(shape=%s, dtype=%s)" % (list(self.shape), self.dtype)

    def value(self):
        """A copy."""
        return self._run._tensor({"op": "fetch", "tensor": self._id})


class Run:
    """The running call of `prune`: everything that a method may ask of the host. It belongs to the thread that runs `prune`."""

    def __init__(self, host, params, nodes, has_boxes):
        self._host = host
        self._dropped = []
        self._groups = None
        #: All parameters, in the order of the network.
        self.params = [Param(**dict(param, shape=tuple(param["shape"]))) for param in params]
        self._by_name = {param.name: param for param in self.params}
        #: All nodes, in topological order.
        self.nodes = [Node(id=index, name=name, op=op) for index, (name, op) in enumerate(nodes)]
        #: Whether the task has boxes.
        self.has_boxes = has_boxes

    def _call(self, call, tensors=None, hooks=None):
        dropped, self._dropped[:] = list(self._dropped), []
        return self._host.call(call, dropped, tensors or {}, hooks, self)

    def _value(self, call, tensors=None, hooks=None):
        return self._call(call, tensors, hooks)[0]

    def _tensor(self, call):
        return self._call(call)[1].get("tensor")

    def _kept(self, call, tensors=None):
        return HostTensor(self, self._value(call, tensors))

    def _id(self, param):
        return self.param(param).id

    # --- the network ---

    @property
    def prunable(self):
        """The suite's prunable set, in the order of the network."""
        return [param for param in self.params if param.is_prunable]

    def param(self, param):
        """A parameter by itself, its name or its index."""
        if isinstance(param, Param):
            return param
        try:
            return self._by_name[param] if isinstance(param, str) else self.params[param]
        except (KeyError, IndexError):
            raise Invalid("there is no parameter %r" % (param,)) from None

    def node(self, name):
        """A node by its name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise Invalid("there is no node `%s`" % name)

    def weight(self, param):
        """A copy of a weight as it stands."""
        return self._tensor({"op": "weight", "param": self._id(param)})

    def set_weight(self, param, weight):
        """Writes a weight."""
        self._call({"op": "set-weight", "param": self._id(param)}, {"weight": weight})

    def weight_at(self, param, checkpoint):
        """A weight at `start`, at a name given to `save`, or at what the upstream kept (`init`, `step:500`)."""
        return self._tensor({"op": "weight-at", "param": self._id(param), "checkpoint": checkpoint})

    def grad(self, param):
        """A copy of a gradient; None if there is none."""
        return self._tensor({"op": "grad", "param": self._id(param)})

    def add_grad(self, param, grad):
        """Adds to a gradient, for example in `after_backward` that of a penalty."""
        self._call({"op": "add-grad", "param": self._id(param)}, {"grad": grad})

    # --- the plan ---

    def mask(self, param):
        """A copy of a mask as it stands, true where the weight stays; None if there is none."""
        return self._tensor({"op": "mask", "param": self._id(param)})

    def set_mask(self, param, mask):
        """Sets a mask (non-zero stays), or lifts it with None. What it removes becomes zero at once."""
        tensors = {} if mask is None else {"mask": mask}
        self._call({"op": "set-mask", "param": self._id(param), "lift": mask is None}, tensors)

    def lift_masks(self):
        """Lifts all masks. What they removed stays zero until `rewind_to`."""
        self._call({"op": "lift-masks"})

    def set_scores(self, param, scores):
        """Gives the host scores for `select`, of the parameter's shape; higher is kept."""
        self._call({"op": "set-scores", "param": self._id(param)}, {"scores": scores})

    def select(self, count, scope="global"):
        """The host keeps exactly `count` weights with the highest scores, of equal ones the first, and sets the masks."""
        self._call({"op": "select", "scope": scope, "count": int(count)})

    def emit(self, index):
        """Network and masks as they stand are the answer to target number `index`."""
        self._call({"op": "emit", "index": index})

    def cost(self):
        """What the plan so far would cost."""
        return Cost(**self._value({"op": "cost"}))

    # --- channels ---

    @property
    def all_groups(self):
        """All channel groups in the order of their first layers; none in suites that remove weights."""
        if self._groups is None:
            groups = self._value({"op": "groups"})
            for group in groups:
                group["members"] = [Member(**member) for member in group["members"]]
            self._groups = [Group(**group) for group in groups]
        return self._groups

    @property
    def groups(self):
        """The channel groups that may lose units: the suite's set."""
        return [group for group in self.all_groups if not group.is_protected]

    def filters(self, group, readers=False):
        """For each unit a row of all weights that make it, `[units, values]`; with `readers`, and those that read it."""
        return self._tensor({"op": "filters", "group": group.id, "readers": readers})

    def norm_scales(self, group):
        """The normalization scales of a group's channels: parameters with `[units, entries]`."""
        ids, tensors = self._call({"op": "norm-scales", "group": group.id})
        return [(self.params[number], tensors[str(number)]) for number in ids]

    def keep_units(self, group, keep):
        """The units of a group that stay; what goes is masked at once."""
        self._call({"op": "keep-units", "group": group.id, "keep": [bool(one) for one in keep]})

    def kept_units(self, group):
        """The units of a group that stay as the plan stands."""
        return self._value({"op": "kept-units", "group": group.id})

    def set_unit_scores(self, group, scores):
        """Gives the host scores of a group's units for `select`; higher is kept."""
        self._call({"op": "set-unit-scores", "group": group.id}, {"scores": scores})

    def owner(self, param):
        """The node that owns a parameter; None if there is none."""
        number = self._value({"op": "owner", "param": self._id(param)})
        return None if number is None else self.nodes[number]

    # --- training ---

    def allowance(self):
        """What the suite allows, and what is left."""
        values = self._value({"op": "allowance"})
        if values["left_seconds"] is None:
            values["left_seconds"] = math.inf
        return Allowance(**values)

    def train(self, steps, hooks=None, lr_scale=1.0, restart_schedule=False, reset_optimizer=False):
        """Trains with the suite's recipe and the masks as they stand. Every picture counts against the allowance."""
        call = {
            "op": "train",
            "steps": int(steps),
            "lr_scale": float(lr_scale),
            "restart_schedule": restart_schedule,
            "reset_optimizer": reset_optimizer,
            "hooks": [name for name in HOOKS if _defines(hooks, name)],
        }
        values = self._value(call, hooks=hooks)
        return Trained(**{name: math.nan if value is None else value for name, value in values.items()})

    def train_afresh(self, steps, hooks=None):
        """So many steps as a training of their own: schedule and optimizer begin anew."""
        return self.train(steps, hooks, restart_schedule=True, reset_optimizer=True)

    def step_batch(self):
        """In hooks: the batch of this step."""
        return self._batch(self._value({"op": "step-batch"}))

    def reset_optimizer(self, param, mask):
        """Forgets the optimizer's momentum of a parameter where `mask` is true."""
        self._call({"op": "reset-optimizer", "param": self._id(param)}, {"mask": mask})

    def evaluate(self):
        """Accuracy and mean loss on the validation split."""
        metric, loss = (math.nan if value is None else value for value in self._value({"op": "evaluate"}))
        return metric, loss

    def recalibrate(self, samples):
        """Estimates the batch-norm statistics anew on so many training pictures."""
        self._call({"op": "recalibrate", "samples": int(samples)})

    def save(self, name):
        """Keeps weights, statistics and optimizer state under a name."""
        self._call({"op": "save", "name": name})

    def rewind_to(self, name):
        """Sets weights, statistics and optimizer back to `start`, a saved name, or what the upstream kept. Masks stay."""
        self._call({"op": "rewind-to", "name": name})

    # --- pictures and passes outside of training ---

    def rewind_data(self, batch, split="train", per_class=0):
        """Starts reading a split (`train` or `validation`) over: batches of so many pictures, at most `per_class` of each class
        (0: all)."""
        self._call({"op": "rewind-data", "split": split, "batch": int(batch), "per_class": int(per_class)})

    def next_batch(self):
        """The next batch; None at the end."""
        return self._batch(self._value({"op": "next-batch"}))

    def batches(self, batch, split="train", per_class=0):
        """The batches of a split from its beginning."""
        self.rewind_data(batch, split, per_class)
        while True:
            one = self.next_batch()
            if one is None:
                return
            yield one

    def _batch(self, value):
        if value is None:
            return None
        return Batch(input=HostTensor(self, value["input"]), target=HostTensor(self, value["target"]))

    def _given(self, **tensors):
        numbers, attached = {}, {}
        for name, tensor in tensors.items():
            if isinstance(tensor, HostTensor):
                numbers[name] = tensor._id
            else:
                numbers[name] = None
                if tensor is not None:
                    attached[name] = tensor
        return numbers, attached

    def forward(self, input, until=None, train=False, no_grad=False, reference=False):
        """Runs the network in evaluation mode with a graph, to its end or up to a node. The output stays with the host."""
        numbers, attached = self._given(input=input)
        until = until.id if isinstance(until, Node) else until
        call = {"op": "forward", "until": until, "train": train, "no_grad": no_grad, "reference": reference}
        return self._kept(dict(call, **numbers), attached)

    def loss(self, output, target):
        """The task's loss, a scalar that stays with the host."""
        numbers, attached = self._given(output=output, target=target)
        return self._kept(dict({"op": "loss"}, **numbers), attached)

    def backward(self, tensor, gradient=None):
        """Adds the gradients of a scalar to `grad`; with `gradient`, those of any tensor with the host, times that gradient of
        its shape: for losses that are computed here."""
        attached = {} if gradient is None else {"gradient": gradient}
        self._call({"op": "backward", "tensor": tensor._id, "weighted": gradient is not None}, attached)

    def zero_grad(self):
        """Clears the gradients."""
        self._call({"op": "zero-grad"})

    def capture(self, node, what="output"):
        """From now on keeps the `input`, `output` or `output-grad` of a node at each forward pass."""
        self._call({"op": "capture", "node": getattr(node, "id", node), "what": what})

    def captured(self, node, what="output"):
        """What the last pass left at a node."""
        return self._kept({"op": "captured", "node": getattr(node, "id", node), "what": what})

    def matched_boxes(self, target, output=None):
        """The default boxes that stand for the objects of a batch's target, on tasks with boxes."""
        numbers, attached = self._given(target=target, output=output)
        call = dict({"op": "matched-boxes", "decode": output is not None}, **numbers)
        value, tensors = self._call(call, attached)
        predicted = None if value["predicted"] is None else HostTensor(self, value["predicted"])
        return MatchedBoxes(predicted=predicted, **tensors)

    # --- the call ---

    def seed(self, label):
        """A seed for a purpose; the same label gives the same seed."""
        return self._value({"op": "seed", "label": label})

    def is_cancelled(self):
        """Whether the host asked to stop. Every other call raises :class:`Cancelled` from then on."""
        return self._value({"op": "is-cancelled"})

    def progress(self, done, total, what):
        """Tells how far the method is."""
        self._call({"op": "progress", "done": int(done), "total": int(total), "what": what})

    def log(self, message, level="info"):
        """Writes a line into the stage's log: `debug`, `info`, `warning` or `error`. `print` and `logging` go there, too."""
        self._host.log(level, str(message))


def _defines(hooks, name):
    """Whether a class has a hook of its own. Any object with methods of these names will do."""
    own = getattr(type(hooks), name, None)
    return own is not None and own is not getattr(TrainHooks, name)
