"""Shared by the peers. Each reads one JSON request on standard input and answers with one JSON line.

The request holds model, batch_size, steps, threads, device, precision, compiled, text and whatever else that peer needs.
The caller binds the process to this many processors.
"""

import json
import os
import re
import sys
import time

request = json.load(sys.stdin)


def read_ids():
    """The text as numbers, and the number of different ones: characters, or words and the characters between them."""
    with open(request["text"], encoding="utf-8") as file:
        text = file.read()
    pieces = list(text) if request["tokenizer"] == "char" else re.findall(r" ?\w+|[^\w\n]", text)
    place = {piece: index for index, piece in enumerate(sorted(set(pieces)))}
    return [place[piece] for piece in pieces], len(place)


def peak_bytes():
    with open("/proc/self/status", encoding="utf-8") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def time_steps(step, together=1):
    """Makes the steps, each of which returns its loss, times them and answers. `together` steps are timed as one, and only
    the last loss is awaited."""
    seconds = []
    for _ in range(max(1, request["steps"] // together)):
        start = time.perf_counter()
        for _ in range(together):
            loss = step()
        loss = float(loss)
        seconds.append((time.perf_counter() - start) / together)
    answer(seconds=seconds, loss=loss)


def answer(**values):
    print(json.dumps({**values, "peak_bytes": peak_bytes()}))
