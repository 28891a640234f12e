"""Methods that behave, for the tests of the Python bridge."""

import logging
import math

from secateur_bridge import Array, ChannelCriterion, Criterion, Invalid, Method, TrainHooks, Unsupported


class Magnitude(Criterion):
    def __init__(self, scope="global"):
        if scope not in ("global", "uniform", "erk"):
            raise ValueError("scope is `%s`; there are global, uniform and erk" % scope)
        self.scope = scope

    def score(self, run, param):
        return abs(run.weight(param))


class WholeMagnitude(Method):
    def prune(self, run, request):
        for index, target in enumerate(request.targets):
            for param in run.prunable:
                run.set_scores(param, abs(run.weight_at(param, "start")))
            run.lift_masks()
            run.rewind_to("start")
            run.select(target.count)
            run.emit(index)


class OwnMasks(Method):
    """Chooses itself, in Python, as the host would: of equal scores the first ones."""

    granularity = "weights"

    def prune(self, run, request):
        entries = []
        for number, param in enumerate(run.prunable):
            flat = abs(run.weight(param)).reshape(-1).tolist()
            entries.extend((-value, number, place) for place, value in enumerate(flat))
        entries.sort()
        for index, target in enumerate(request.targets):
            masks = [[0] * param.numel for param in run.prunable]
            for _, number, place in entries[: target.count]:
                masks[number][place] = 1
            run.lift_masks()
            run.rewind_to("start")
            for param, mask in zip(run.prunable, masks):
                run.set_mask(param, Array(mask, param.shape, "U8"))
            run.emit(index)


class L1(ChannelCriterion):
    scope = "uniform"

    def score(self, run, group):
        return [sum(abs(weight) for weight in row) for row in run.filters(group).tolist()]


class Gradual(Method):
    """Trains, and cuts a little after every other step."""

    def prune(self, run, request):
        steps = run.allowance().steps_each(0.5, len(request.targets))
        left = sum(param.numel for param in run.prunable)
        for index, target in enumerate(request.targets):
            hooks = Cut(left, target.count, steps)
            trained = run.train(steps, hooks)
            expect(trained.steps == steps and math.isfinite(trained.loss), "training told %r" % trained)
            expect(hooks.seen == steps, "the hook saw %d steps" % hooks.seen)
            cut(run, target.count)
            run.emit(index)
            left = target.count


class Cut(TrainHooks):
    def __init__(self, begin, goal, steps):
        self.begin, self.goal, self.steps, self.seen = begin, goal, steps, 0

    def after_step(self, run, step):
        expect(step == self.seen, "step %d came after %d others" % (step, self.seen))
        self.seen += 1
        if step % 2:
            cut(run, self.goal + int((self.begin - self.goal) * (1 - (step + 1) / self.steps)))


def cut(run, count):
    for param in run.prunable:
        run.set_scores(param, abs(run.weight(param)))
    run.select(count)


class Everything(Method):
    """Asks the host for everything there is, and looks at what it says."""

    def prune(self, run, request):
        self.network(run, request)
        self.masks(run)
        self.passes(run)
        self.training(run)
        run.lift_masks()
        run.rewind_to("start")
        WholeMagnitude().prune(run, request)
        cost = run.cost()
        expect(0 < cost.weights < 1 and cost.channels == 1, "the plan costs %r" % cost)
        print("printed by the class")
        logging.getLogger("everything").warning("logged by the class")
        run.log("said by the class")

    def network(self, run, request):
        targets = request.targets
        expect(all(a.keep > b.keep and a.count > b.count for a, b in zip(targets, targets[1:])), repr(targets))
        names = [param.name for param in run.params]
        expect("conv1.weight" in names and "fc.bias" in names, "parameters %r" % names)
        norm = run.param("bn1.weight")
        expect(norm.is_norm and not norm.is_bias and not norm.is_prunable and run.param("fc.bias").is_bias, repr(norm))
        expect(run.owner("conv1.weight").name == "conv1" and run.owner("conv1.weight").op == "conv2d", "the owner of conv1")
        expect(run.node("conv1").op == "conv2d", "the node conv1")
        expect(all(run.weight(param).shape == param.shape for param in run.prunable), "shapes of weights")
        expect(run.seed("a") == run.seed("a") != run.seed("b"), "seeds")
        expect(not run.is_cancelled() and not run.has_boxes, "flags")
        run.progress(1, 10, "things")
        for wrong in (lambda: run.weight("conv9.weight"), lambda: run.select(10**9), lambda: run.set_mask("fc.bias", [1.0] * 4)):
            expect(fails(wrong, Invalid), "the host takes what it should not")
        expect(fails(lambda: run.weight_at("conv1.weight", "step:77"), Unsupported), "a checkpoint that is not there")

    def masks(self, run):
        param = run.prunable[0]
        before = numbers(run.weight(param))
        expect(run.mask(param) is None, "a mask from the beginning")
        mask = [[[[(row + column) % 2 == 0 for column in range(3)] for row in range(3)] for _ in range(param.shape[1])]
                for _ in range(param.shape[0])]
        run.set_mask(param, mask)
        kept = numbers(run.mask(param))
        expect(sum(kept) == sum(1 for row in flat(mask) if row), "the mask came back as another")
        expect(numbers(run.weight(param)) == [value if keep else 0 for value, keep in zip(before, kept)], "masked weights")
        run.set_mask(param, None)
        expect(run.mask(param) is None, "a lifted mask")
        run.set_weight(param, run.weight_at(param, "start"))
        expect(numbers(run.weight(param)) == before, "weights that were written back")
        expect(fails(lambda: run.set_weight(param, [1.0]), Invalid), "a weight of another shape")

    def passes(self, run):
        run.zero_grad()
        run.capture("conv1" if False else run.node("conv1"))
        batches = 0
        for batch in run.batches(8, per_class=2):
            batches += 1
            expect(batch.input.shape[1:] == (3, 16, 16) and batch.input.dtype == "F32", repr(batch))
            expect(batch.target.dtype == "I64" and len(numbers(batch.target.value())) == batch.target.shape[0], "classes")
            output = run.forward(batch.input)
            expect(output.shape == (batch.input.shape[0], 4), "outputs %r" % output)
            run.backward(run.loss(output, batch.target))
        expect(batches == 1, "%d batches" % batches)
        expect(run.captured(run.node("conv1")).shape[0] == 8, "what was captured")
        by_host = numbers(run.grad("fc.weight"))
        # The same gradient from a loss that is computed here: softmax minus the truth, over the number of pictures.
        run.zero_grad()
        run.rewind_data(8, per_class=2)
        batch = run.next_batch()
        output = run.forward(batch.input.value())
        gradient = []
        for row, label in zip(output.value().tolist(), numbers(batch.target.value())):
            parts = [math.exp(value - max(row)) for value in row]
            share = [part / sum(parts) for part in parts]
            gradient.extend((value - (place == label)) / 8 for place, value in enumerate(share))
        run.backward(output, Array(gradient, output.shape))
        expect(run.next_batch() is None, "a batch behind the last one")
        by_hand = numbers(run.grad("fc.weight"))
        far = max(abs(a - b) for a, b in zip(by_host, by_hand))
        expect(far < 1e-5 and any(by_host), "gradients differ by %r" % far)
        run.add_grad("fc.weight", run.grad("fc.weight"))
        far = max(abs(2 * a - b) for a, b in zip(by_hand, numbers(run.grad("fc.weight"))))
        expect(far < 1e-6, "an added gradient is off by %r" % far)
        expect(run.forward(batch.input, until=run.node("conv1"), no_grad=True).shape[0] == 8, "a pass that stops early")

    def training(self, run):
        before = run.allowance()
        expect(before.batch == 16 and before.total_samples == 480 and before.left_steps > 4, repr(before))
        metric, loss = run.evaluate()
        expect(0 <= metric <= 1 and loss > 0, "evaluation told %r" % ((metric, loss),))
        run.save("here")
        here = numbers(run.weight("conv1.weight"))
        looks = Looks()
        trained = run.train_afresh(4, looks)
        expect(trained.steps == 2 and looks.skipped == 1, "training told %r, and %d steps were left out" % (trained, looks.skipped))
        expect(numbers(run.weight("conv1.weight")) != here, "training changed nothing")
        run.rewind_to("here")
        expect(numbers(run.weight("conv1.weight")) == here, "rewinding did not bring the weights back")
        run.recalibrate(8)
        expect(run.allowance().left_samples < before.left_samples, "nothing was charged")


class Looks:
    """Hooks need not derive from anything."""

    skipped = 0

    def after_backward(self, run, step):
        batch = run.step_batch()
        expect(batch.input.shape[0] == 16, "the batch of the step")
        param = run.prunable[0]
        run.reset_optimizer(param, Array([1] * param.numel, param.shape, "BOOL"))
        expect(any(numbers(run.grad(param))), "no gradient in a hook")
        expect(fails(lambda: run.save("inside"), Invalid), "a hook may not save")
        self.skipped += step == 0
        return step == 0

    def is_done(self, run, step):
        return step == 1


def flat(nested):
    return [entry for row in nested for entry in flat(row)] if isinstance(nested, list) else [nested]


def numbers(array):
    return flat(array.tolist())


def fails(call, error):
    try:
        call()
    except error:
        return True
    return False


def expect(holds, what):
    if not holds:
        raise AssertionError(what)
