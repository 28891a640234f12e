"""Methods that fail in every way that a Python class can."""

import os
import subprocess
import sys
import threading
import time

from secateur_bridge import Infeasible, Method, TrainHooks, Unsupported


class Raises(Method):
    def prune(self, run, request):
        return self.divide(0)

    def divide(self, by):
        return 1 / by


class RaisesInHook(Method, TrainHooks):
    def prune(self, run, request):
        run.train(2, self)

    def after_backward(self, run, step):
        raise KeyError("step %d" % step)


class GivesUp(Method):
    def prune(self, run, request):
        raise Unsupported("the class does not handle this network")


class CannotReach(Method):
    def prune(self, run, request):
        raise Infeasible("the class cannot reach %d" % request.targets[0].count)


class EmitsNothing(Method):
    def prune(self, run, request):
        pass


class NanScores(Method):
    def prune(self, run, request):
        for param in run.prunable:
            run.set_scores(param, run.weight(param) * float("nan"))
        run.select(10)


class NoTensor(Method):
    def prune(self, run, request):
        run.set_scores(run.prunable[0], "high")


class Overspends(Method):
    def prune(self, run, request):
        run.train(10**6)


class Exits(Method):
    def prune(self, run, request):
        sys.exit(3)


class Dies(Method):
    def prune(self, run, request):
        os.kill(os.getpid(), 9)


class Garbage(Method):
    def prune(self, run, request):
        run._host._wire._socket.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        time.sleep(60)


class OutOfTurn(Method):
    def prune(self, run, request):
        run._host.say("call", call={"op": "levitate"})
        time.sleep(60)


class HangsUp(Method):
    def prune(self, run, request):
        run._host._wire._socket.close()
        time.sleep(60)


class OtherThread(Method):
    def prune(self, run, request):
        found = []

        def ask():
            try:
                run.weight(run.prunable[0])
            except RuntimeError as error:
                found.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        raise found[0]


class LeavesProcess(Method):
    """Answers well, but has started a process that goes on."""

    def prune(self, run, request):
        left = subprocess.Popen(["sleep", "600"])
        run.log("pid %d" % left.pid)
        for param in run.prunable:
            run.set_scores(param, abs(run.weight(param)))
        for index, target in enumerate(request.targets):
            run.select(target.count)
            run.emit(index)


class Hangs(Method):
    def prune(self, run, request):
        run.log("pid %d" % os.getpid())
        while True:
            pass


class Snoops(Method):
    """Looks for what is not its own."""

    def prune(self, run, request):
        arguments = open("/proc/%d/cmdline" % os.getppid(), "rb").read().split(b"\0")
        order = __import__("json").load(open(arguments[1].decode()))
        training = order["inputs"]["trainval"]["path"]
        reach = {
            "its own file": __file__,
            "the training pictures": os.path.join(training, "train.safetensors"),
            "the test pictures": os.path.join(os.path.dirname(training), "test", "test.safetensors"),
            "the suite": os.path.join(os.getcwd(), "mini.yaml"),
            "the neighbour": os.path.join(os.path.dirname(__file__), "neighbour.py"),
        }
        for what, path in reach.items():
            self.tell(run, what, lambda: open(path, "rb").read(1))
        self.tell(run, "the temporary folder", lambda: open("/tmp/secateur-left-behind", "wb"))
        self.tell(run, "its scratch folder", lambda: open(os.path.join(order["work_dir"], "scratch"), "wb"))
        raise Unsupported("has seen enough")

    def tell(self, run, what, attempt):
        try:
            attempt()
            run.log("reached for %s: got it" % what)
        except OSError:
            run.log("reached for %s: denied" % what)
