"""Which core does what: what is measured has one to itself, and everything that measures it has the other.

A child inherits where its parent may run when it is made, as `taskset` would have it: a server therefore also sees one
core when it counts them. Databases and brokers belong to what is measured.
"""

import contextlib
import os

ALL = sorted(os.sched_getaffinity(0))
SYSTEM = ALL[0]
LOAD = ALL[-1]  # The same one on a machine with a single core; the report says so.


def stay_with_the_load():
    """This process, and what it starts from now on."""
    os.sched_setaffinity(0, {LOAD})


def of_the_system():
    """What is started inside this `with` runs where systems are measured."""
    return _on({SYSTEM})


def every():
    """What is started inside this `with` runs wherever it can."""
    return _on(set(ALL))


@contextlib.contextmanager
def _on(cores: set[int]):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
