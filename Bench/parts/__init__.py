"""The parts of a run, in their order. Each has a title, `measure(context)` and `report(results)`."""

from parts import desk, fanout, growth, idle, requests, start, streams

PARTS = {
    "start": start, "desk": desk, "fanout": fanout, "idle": idle, "http": requests, "streams": streams,
    "growth": growth,
}
