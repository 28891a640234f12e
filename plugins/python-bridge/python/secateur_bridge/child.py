"""The process that a method runs in: it makes the class, answers requests, and asks the host in between."""

import importlib
import importlib.machinery
import importlib.util
import inspect
import logging
import os
import platform
import sys
import threading
import traceback

from . import api, arrays, tensors
from .protocol import FEATURES, PROTOCOL, Closed, Wire


class _Refused(Exception):
    """A class that cannot be made; the text says why."""


class Host:
    """The host as a method's run sees it."""

    def __init__(self, wire):
        self._wire = wire
        self._thread = threading.get_ident()
        self.kinds = None

    def say(self, say, **values):
        self._wire.send(dict(values, say=say))

    def log(self, level, message):
        """A line for the host's log. What other threads say goes to standard error, because the socket is this thread's."""
        if threading.get_ident() == self._thread:
            self.say("log", level=level, message=message)
        else:
            print(message, file=sys.stderr)

    def call(self, call, dropped, attached, hooks, run):
        """Asks the host. While it trains, it asks for hooks before it answers."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("the run belongs to the thread that runs `prune`; ask the host there")
        file = tensors.write(attached) if attached else None
        try:
            self._wire.send({"say": "call", "call": call, "dropped": dropped}, file)
        finally:
            if file is not None:
                os.close(file)
        raised = None
        while True:
            message, file = self._wire.receive()
            tell = message["tell"]
            if tell == "hook":
                try:
                    value = getattr(hooks, message["hook"])(run, message["step"])
                    self.say("returned", value=bool(value))
                except Closed:
                    raise
                except BaseException as error:
                    raised = error
                    self.say("raised", kind=getattr(error, "kind", "internal"), message=told(error))
                continue
            given = tensors.read(file, self.kinds) if file is not None else {}
            if tell == "answer":
                return message["value"], given
            if raised is not None:
                # The host's error only says what the hook said.
                raise raised
            raise api.error_of(message["kind"], message["message"])


class _ToHost(logging.Handler):
    """Takes what is logged with Python's own means to the host."""

    def __init__(self, host):
        super().__init__()
        self._host = host

    def emit(self, record):
        try:
            level = "error" if record.levelno >= logging.ERROR else "warning" if record.levelno >= logging.WARNING else "info"
            self._host.log(level, self.format(record))
        except Exception:
            self.handleError(record)


def told(error):
    """An exception in a line: what it is, and the last places of the author's own files."""
    kind = type(error).__name__
    text = " ".join(str(error).split())
    message = "%s: %s" % (kind, text) if text else kind
    if getattr(error, "kind", None) in ("cancelled",):
        return message
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<secateur_bridge")]
    places = []
    for frame in frames[-2:]:
        place = "%s:%s in %s" % (os.path.basename(frame.filename), frame.lineno, frame.name)
        places.append("%s: `%s`" % (place, frame.line) if frame.line else place)
    if not places:
        return message
    # The kind and the text of an error that the author raised on purpose are enough.
    return message if isinstance(error, api.BridgeError) else "%s (at %s)" % (message, ", from ".join(reversed(places)))


class _Sources(importlib.machinery.SourceFileLoader):
    """Compiles a file anew. What Python has cached beside it may be of another content, and is not what the host has seen."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _loads_from(folder):
    """Makes Python import from a folder, always from the sources."""
    inside = os.path.realpath(folder)
    loaders = [
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (_Sources, importlib.machinery.SOURCE_SUFFIXES),
    ]
    finder = importlib.machinery.FileFinder.path_hook(*loaders)

    def hook(path):
        real = os.path.realpath(path)
        if real != inside and not real.startswith(inside + os.sep):
            raise ImportError("not of this method", path=path)
        return finder(path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()
    sys.path.insert(0, inside)


def _module(name, path):
    """The module of a class, and what it is called."""
    if path is None or os.path.isdir(path):
        if path is not None:
            _loads_from(path)
        return importlib.import_module(name)
    own = os.path.splitext(os.path.basename(path))[0]
    if name and name != own:
        raise _Refused(
            "class is in module `%s`, but the file %s is module `%s`; write `%s:...`" % (name, path, own, own)
        )
    if not path.endswith(".py"):
        raise _Refused("path is `%s`, which is neither a folder nor a file that ends with .py" % path)
    spec = importlib.util.spec_from_file_location(own, path, loader=_Sources(own, path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[own] = module
    spec.loader.exec_module(module)
    return module


def _class(class_name, path):
    module_name, _, name = class_name.rpartition(":")
    where = path or "the modules of %s" % sys.executable
    try:
        module = _module(module_name, path)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise _Refused("there is no module `%s` in %s" % (module_name, where)) from error
        help = "install it for %s, or name another interpreter in SECATEUR_PYTHON" % sys.executable
        raise _Refused("class is `%s`, which needs a module that is missing: %s; %s" % (class_name, told(error), help)) from error
    except SyntaxError as error:
        place = "%s:%s" % (os.path.basename(error.filename or "?"), error.lineno)
        raise _Refused("class is `%s`, and %s is no Python: %s" % (class_name, place, error.msg)) from error
    found = module
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError:
        known = sorted(
            known for known, value in vars(module).items() if inspect.isclass(value) and value.__module__ == module.__name__
        )
        there = "there are %s" % ", ".join(known) if known else "it has no classes"
        raise _Refused("class is `%s`, but %s has no `%s`; %s" % (class_name, where, name, there)) from None
    if not inspect.isclass(found) or not callable(getattr(found, "prune", None)):
        help = "derive it from secateur_bridge.Method, Criterion or ChannelCriterion"
        raise _Refused("class is `%s`, which is no class with a method `prune`; %s" % (class_name, help))
    return found


def _made(message):
    """An instance of the class that the host names."""
    made = _class(message["class"], message["path"])
    granularity = getattr(made, "granularity", None)
    if granularity not in (None, message["granularity"]):
        method = "org.secateur.python" if granularity == "weights" else "org.secateur.python-channels"
        raise _Refused("class is `%s`, which removes %s; its method is `%s`" % (message["class"], granularity, method))
    try:
        inspect.signature(made).bind(**message["params"])
    except TypeError as error:
        known = [str(known) for known in inspect.signature(made).parameters.values()]
        there = "it takes %s" % ", ".join(known) if known else "it takes none"
        raise _Refused("params do not fit `%s`: %s; %s" % (message["class"], error, there)) from error
    except ValueError:
        # Classes in C do not tell what they take.
        pass
    try:
        return made(**message["params"])
    except (ValueError, api.Invalid) as error:
        raise _Refused("params of `%s`: %s" % (message["class"], error)) from error


def _ends_with(parent):
    """Ends this process with its parent, however that ends: by the kernel where it can, or by looking."""
    if sys.platform.startswith("linux"):
        try:
            import ctypes

            # PR_SET_PDEATHSIG, SIGKILL
            if ctypes.CDLL(None).prctl(1, 9, 0, 0, 0) == 0:
                if os.getppid() != parent:
                    os._exit(1)
                return
        except (ImportError, OSError, AttributeError):
            pass

    def look():
        while os.getppid() == parent:
            threading.Event().wait(1.0)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def main(connection, hello):
    """Speaks with the host until it closes the socket."""
    try:
        _main(connection, hello)
    except Closed:
        pass
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Threads of libraries, and of the method, must not keep the process.
        os._exit(0)


def _main(connection, hello):
    wire = Wire(connection)
    host = Host(wire)
    from . import __version__

    python = "%s %s" % (platform.python_implementation(), platform.python_version())
    host.say("hello", protocol=PROTOCOL, bridge=__version__, python=python, features=FEATURES)
    if hello["protocol"] != PROTOCOL:
        print("the host speaks version %s of the protocol, and this is version %s" % (hello["protocol"], PROTOCOL), file=sys.stderr)
        return
    _ends_with(hello["parent"])
    logging.basicConfig(level=logging.INFO, handlers=[_ToHost(host)], format="%(name)s: %(message)s")
    method = None
    while True:
        message, _ = wire.receive()
        try:
            if message["tell"] == "load":
                try:
                    host.kinds = arrays.arrays(message["arrays"])
                except ModuleNotFoundError as error:
                    help = "install it for %s, or write `arrays: auto`" % sys.executable
                    raise _Refused("arrays is `%s`: %s; %s" % (message["arrays"], error, help)) from error
                method = _made(message)
                host.say("ready", name=message["class"], arrays=host.kinds.described)
            else:
                targets = [api.Target(**target) for target in message["targets"]]
                run = api.Run(host, message["params"], message["nodes"], message["has_boxes"])
                method.prune(run, api.Request(targets=targets, seed=message["seed"]))
                host.say("returned", value=None)
        except Closed:
            raise
        except _Refused as error:
            host.say("raised", kind="invalid", message=str(error))
        except SystemExit as error:
            # As without the bridge: the process ends, and the host sees it.
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(error.code if isinstance(error.code, int) else 0 if error.code is None else 1)
        except BaseException as error:
            traceback.print_exc()
            host.say("raised", kind=getattr(error, "kind", "internal"), message=told(error))
