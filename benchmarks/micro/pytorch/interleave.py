"""Runs commands that train on demand in turns, so that whatever else the machine does falls on all of them alike.

    python interleave.py ROUNDS STEPS COMMAND...

Each command is one argument. Prints of each, by the clock and by processor time, the best rate, the median, and the
median over rounds of its ratio to the first. On a busy machine trust the processor time of one thread.
"""

import shlex
import statistics
import subprocess
import sys


def main():
    rounds, steps = int(sys.argv[1]), int(sys.argv[2])
    commands = sys.argv[3:]
    children = [
        subprocess.Popen(shlex.split(c), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for c in commands
    ]

    def run(child, steps):
        child.stdin.write(f"{steps}\n")
        child.stdin.flush()
        return [float(rate) for rate in child.stdout.readline().split()]

    for child in children:
        run(child, max(2, steps // 2))
    rates = [[] for _ in children]
    for number in range(rounds):
        # Every other round backwards, so that none always follows the same other.
        order = range(len(children)) if number % 2 == 0 else reversed(range(len(children)))
        for index in order:
            rates[index].append(run(children[index], steps))
    for child in children:
        child.stdin.close()
        child.wait()
    for command, own in zip(commands, rates):
        line = ""
        for meter, name in enumerate(["clock", "processor"]):
            mine = [rate[meter] for rate in own]
            ratio = statistics.median(a / b[meter] for a, b in zip(mine, rates[0]))
            line += f"{name}: best {max(mine):.1f}/s, median {statistics.median(mine):.1f}/s, ratio {ratio:.3f}; "
        print(line + command)


main()
