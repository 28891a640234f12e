"""`python -m secateur_bridge` tells what is here; `python -m secateur_bridge FILE_OR_FOLDER CLASS` tries whether a class can be
made, as the host will."""

import platform
import sys

from . import PROTOCOL, __version__, arrays, child


def main():
    if len(sys.argv) == 1:
        print("secateur_bridge %s, protocol %d" % (__version__, PROTOCOL))
        print("%s %s at %s" % (platform.python_implementation(), platform.python_version(), sys.executable))
        print("arrays of %s" % arrays.arrays("auto").described)
        return 0
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    sys.dont_write_bytecode = True
    try:
        made = child._class(sys.argv[2], sys.argv[1])
    except child._Refused as error:
        print("error: %s" % error, file=sys.stderr)
        return 1
    print("%s removes %s" % (sys.argv[2], made.granularity if getattr(made, "granularity", None) else "weights or channels"))
    return 0


sys.exit(main())
