"""Shared by the benchmarks: runs of qkv and of its peers in separate processes, interleaved rounds, tables, files."""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("QKV_BIN", ROOT / "build/release/bin"))
DEVICES = ["cpu", "cuda"]
PEERS = pathlib.Path(__file__).resolve().parent / "peers"


class Skipped(Exception):
    """Why something cannot be measured here."""


# qkv


def sets(settings):
    return [word for key, value in settings.items() for word in ("--set", f"{key}={json.dumps(value)}")]


def describe(config, settings):
    """The resolved config and the vocabulary of a run, as --dry-run prints them."""
    told = finished(run([BIN / "qkv-train", config, *sets(settings), "--dry-run", "--log-level", "error"]))
    resolved, end = json.JSONDecoder().raw_decode(told)
    vocabulary = int(re.search(r"^  vocabulary\s+([\d,]+)$", told[end:], re.MULTILINE)[1].replace(",", ""))
    return resolved, vocabulary


class Training:
    """A run of qkv-train: its step times in seconds, its records, the folder and the most memory it held."""

    def __init__(self, config, settings, threads, folder, own=()):
        """`settings` as a dict, and what the user sets besides, as qkv-train takes it."""
        quiet = {"training.validate_every": 0, "training.sample_every": 0, "checkpoints.every": 10**9}
        done = run([BIN / "qkv-train", config, "--out", folder, "--threads", threads, "--log-level", "error",
                    *sets({**quiet, **settings}), *(word for setting in own for word in ("--set", setting))])
        finished(done)
        self.peak_bytes = done.peak_bytes
        self.records = read_records(folder)
        self.seconds = step_seconds(self.records)


def step_seconds(records):
    """The seconds of each step, without validation and saving, from the records of metrics.jsonl."""
    steps = [record for record in records if "tokens_per_second" in record]
    before = [0, *(record["tokens"] for record in steps)]
    return [(record["tokens"] - so_far) / record["tokens_per_second"] for so_far, record in zip(before, steps)]


def read_json(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def read_records(folder):
    with open(pathlib.Path(folder) / "metrics.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# Processes


def environment(**values):
    return {**os.environ, **{name: str(value) for name, value in values.items()}}


def run(command, **options):
    """Runs a command to its end. The result also has seconds and peak_bytes, the most memory that it held."""
    command = list(map(str, command))
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        given = options.pop("input", None)
        start = time.perf_counter()
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL,
                                       stdout=out, stderr=errors, text=True, **options)
        except OSError as error:
            raise Skipped(f"{command[0]}: {error.strerror}") from None
        if given is not None:
            with process.stdin:
                process.stdin.write(given)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        done = subprocess.CompletedProcess(command, process.returncode, out.read(), errors.read())
    done.seconds = seconds
    done.peak_bytes = 1024 * usage.ru_maxrss
    return done


def stream(command, skipped=0, **options):
    """Runs a command to its end. The result also has the seconds to_first output, without the first `skipped` bytes, and
    the seconds from there to_last."""
    with tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=errors, bufsize=0, **options)
        chunks, times, size = [], [], 0
        while chunk := os.read(process.stdout.fileno(), 1 << 16):
            chunks.append(chunk)
            size += len(chunk)
            if size > skipped:
                times.append(time.perf_counter())
            time.sleep(0.001)  # so that reading takes no core from the writer
        process.stdout.close()
        process.wait()
        errors.seek(0)
        done = subprocess.CompletedProcess(command, process.returncode, b"".join(chunks).decode(), errors.read())
    first, last = (times[0], times[-1]) if times else (start, start)
    done.to_first, done.to_last = first - start, last - first
    return done


def finished(done):
    """Standard output of a process that succeeded; otherwise Skipped with the reason."""
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise Skipped(lines[-1])
    return done.stdout


def ask_peer(python, script, **request):
    """The answer of a script of peers/, run by the interpreter `python`."""
    done = run([python, PEERS / script], input=json.dumps(request), env=environment(PYTHONDONTWRITEBYTECODE=1))
    return json.loads(finished(done).splitlines()[-1])


def module_version(python, module):
    """The version of a Python module that `python` can import; otherwise Skipped."""
    done = run([python, "-c", f"import {module}; print({module}.__version__)"])
    if done.returncode != 0:
        raise Skipped(f"{python} has no module {module}")
    return done.stdout.strip()


def existing(path, what):
    """The path, which must be given and exist; otherwise Skipped."""
    if path is None or not pathlib.Path(path).exists():
        raise Skipped(f"no {what}" + (f": {path}" if path else ""))
    return pathlib.Path(path).resolve()


# Figures


def settled(seconds):
    """The median without the first quarter, in which caches and compilers warm up."""
    return statistics.median(seconds[max(1, len(seconds) // 4):] or seconds)


def turns(runners, rounds):
    """Runs all in turn, A B B A …; name → the result of each call, or the reason why one was skipped."""
    results = {name: [] for name in runners}
    skipped = {}
    for turn in range(rounds):
        for name in list(runners) if turn % 2 == 0 else reversed(list(runners)):
            if name in skipped:
                continue
            progress(f"round {turn + 1} of {rounds}: {name}")
            try:
                results[name].append(runners[name]())
            except Skipped as why:
                skipped[name] = str(why)
    return {name: skipped.get(name) or results[name] for name in runners}


def print_skipped(skipped):
    """What was skipped (name → reason), one line for each reason."""
    for why in dict.fromkeys(skipped.values()):
        print(f"  skipped {', '.join(name for name in skipped if skipped[name] == why)}: {why}")


def progress(text):
    print(text, file=sys.stderr, flush=True)


def print_table(head, rows):
    """Prints aligned columns: the first to the left, all others to the right."""
    rows = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip())


PROCESSORS = sorted(os.sched_getaffinity(0))


def bind(threads):
    """Processes that are started from now on run on this many processors."""
    os.sched_setaffinity(0, PROCESSORS[:threads])


def machine(threads):
    """The origin of the figures. Warns if the machine is busy. Binds new processes to the processors."""
    bind(threads)
    load = os.getloadavg()[0]
    if load > 0.5:
        progress(f"warning: the machine is busy (load {load:.1f}), so it cannot reach its best times")
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    commit = run(["git", "-C", ROOT, "describe", "--always", "--dirty"]).stdout.strip() if shutil.which("git") else ""
    return {"time": time.strftime("%Y-%m-%dT%H:%M:%S"), "commit": commit, "processor": processor,
            "system": platform.release(), "threads": threads, "load": load}


def write_results(options, results):
    """Writes the files of the options --json and --history."""
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if options.history:
        with open(options.history, "a", encoding="utf-8") as history:
            history.write(json.dumps(results) + "\n")


def arguments(description):
    """A parser with the options of all benchmarks."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", default=ROOT / "data/own/tinyshakespeare.txt", help="tinyshakespeare (default: %(default)s)")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the modules of the other programs")
    parser.add_argument("--threads", type=int, default=len(PROCESSORS))
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    parser.add_argument("--history", metavar="FILE", help="append the figures as one line of JSON")
    return parser


def call(main):
    """Runs a script; if something that it needs is missing, it prints one line and exits with 2."""
    try:
        main()
    except Skipped as why:
        progress(f"tools/bench/{pathlib.Path(sys.argv[0]).name}: {why}")
        sys.exit(2)
