"""Runs that are trained and evaluated, for the scripts in this folder. Finished runs are kept; runs with another text or
config are refused."""

import argparse
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.get("QKV_BIN", ROOT / "build/release/bin"))
PROBES = ROOT / "data/world/probes.jsonl"
DATA = ["data/world/train.txt", "data/world/validation.txt", "data/world/probes.jsonl"]


def refuse(message):
    print(f"tools/{pathlib.Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(2)


def program(name, *arguments, quiet=False):
    path = BIN / f"qkv-{name}"
    if not os.access(path, os.X_OK):
        refuse(f"{path}: found no program, expected it built: cmake --build --preset release")
    out = subprocess.DEVNULL if quiet else None
    done = subprocess.run([path, *map(str, arguments)], stdout=out)
    if done.returncode != 0:
        sys.exit(done.returncode)


def sets(**keys):
    return [part for key, value in keys.items() for part in ("--set", f"{key.replace('__', '.')}={json.dumps(value)}")]


def train(config, folder, keys, threads=0):
    """Trains into `folder`, or continues an interrupted run."""
    begun = ["--resume"] if (folder / "checkpoints/last").exists() else ["--overwrite"] if folder.exists() else []
    program("train", config, "--out", folder, *sets(**keys), *begun, "--threads", threads)


@functools.cache
def sha256(name):
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def inputs(config):
    """The inputs that determine the numbers of a run: file → hash. `config` is a path below the root."""
    return {name: sha256(name) for name in [config, *DATA]}


def positive(text):
    """The type of an option that is a count."""
    if not re.fullmatch(r"0*[1-9]\d{0,8}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"found {text}, expected a whole number above 0")
    return int(text)


def named_path(text):
    """The type of an option that names a file or folder: an empty name is refused."""
    if not text:
        raise argparse.ArgumentTypeError("found an empty path, expected a name")
    return pathlib.Path(text)


def of_steps(steps):
    """The config's keys for this many steps; none for 0 or None, which leave the config unchanged."""
    return {"training__steps": steps, "training__warmup_steps": min(100, steps // 2)} if steps else {}


def read_object(path, key):
    """The content of a run's JSON file, which must have `key`."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        found[key]
    except (OSError, ValueError, KeyError, TypeError):
        refuse(f"{path}: found it missing or damaged, expected JSON with {key}; remove {path.parent} to train it again")
    return found


def require_same_inputs(folder, config):
    """Refuses a run whose inputs differ from the current files."""
    was = read_object(folder / ".inputs.json", "data/world/probes.jsonl")
    changed = [name for name, value in inputs(config).items() if was.get(name) != value]
    if changed:
        refuse(f"{folder}: found a run with another {', '.join(changed)}, expected the current one; remove it to train it again")


def read_scores(folder, config):
    """The numbers of a finished run, unless its inputs differ from the current files."""
    require_same_inputs(folder, config)
    return read_object(folder / "scores.json", "probes")


def begin(folder, config):
    """Makes a run's folder, or refuses one whose inputs differ from the current files."""
    if folder.exists():
        require_same_inputs(folder, config)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".inputs.json").write_text(json.dumps(inputs(config), indent=2) + "\n", encoding="utf-8")


def train_and_ask(config, folder, keys, threads, *asking):
    """Trains a config and evaluates the probes on its last checkpoint, unless this is done. Returns whether it was not done.

    `threads` is for both; 0 takes all processors.
    """
    scores = folder / "scores.json"
    if scores.exists():
        read_scores(folder, config)
        return False
    begin(folder, config)
    train(ROOT / config, folder, keys, threads)
    program("eval", os.path.relpath(folder / "checkpoints/last"), "--probes", PROBES, *asking, "--json", scores, "--threads", threads,
            quiet=True)
    return True
