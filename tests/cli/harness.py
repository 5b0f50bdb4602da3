"""Runs the programs as a user does: a temporary folder, a small text, exit code and messages.

The environment variable QKV_BIN names the folder of the programs; if it is not set, this is
build/release/bin.
"""

import ctypes
import hashlib
import json
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("QKV_BIN", ROOT / "build/release/bin")).resolve()
PATIENCE = 500  # seconds, after which a process has hung; no test measures time
WORDS = "the a cat dog bird sees likes finds small red old house tree under beside".split()


def sentences(count, seed):
    draw = random.Random(seed)
    return "".join(
        " ".join(draw.choice(WORDS) for _ in range(draw.randint(4, 9))) + ".\n" for _ in range(count)
    )


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def by_default(*signals):
    """Makes a program start without ignoring these signals, whatever started the tests."""
    def prepare():
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
    return prepare


def without_privileges():
    """Prepares a program to obey the permissions of files, also if root runs the tests."""
    drop_from_bounding_set, capabilities = 24, [1, 2]  # prctl(2): CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    for capability in capabilities:
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


def controls_in(text):
    """The characters other than newlines that a terminal obeys, or that change the order of others."""
    return re.findall("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069]", text)


def content_of(folder):
    """Every file and link below the folder: its content or its target."""
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_symlink() or path.is_file()
    }


def overwrite_tensor(checkpoint, name, value):
    """Sets all values of a tensor of a checkpoint, and updates trainer.json."""
    path = pathlib.Path(checkpoint) / "model.safetensors"
    content = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    begin, end = json.loads(content[8:start])[name]["data_offsets"]
    content[start + begin : start + end] = struct.pack("<f", value) * ((end - begin) // 4)
    path.write_bytes(content)
    trainer = pathlib.Path(checkpoint) / "trainer.json"
    state = json.loads(trainer.read_text())
    state["files"]["model.safetensors"] = sha256(path)
    trainer.write_text(json.dumps(state))


def merged(base, changes):
    """base with changes, section by section."""
    both = dict(base)
    for key, value in changes.items():
        both[key] = merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return both


CONFIG = {
    "name": "tiny",
    "data": {"train": ["train.txt"], "validation": ["validation.txt"]},
    "model": {"layers": 1, "heads": 2, "width": 16, "context": 16, "feed_forward": {"width": 32}},
    "training": {"steps": 10, "batch_size": 4, "warmup_steps": 2, "validate_every": 5},
    "checkpoints": {"every": 5, "keep": 2},
    "runtime": {"threads": 1},
}


class ProgramTest(unittest.TestCase):
    """A class of tests shares one folder with train.txt, validation.txt and tiny.json."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="qkv-cli-")
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        cls.environment = {**os.environ, "QKV_CACHE": str(cls.folder / "cache")}
        cls.write("train.txt", sentences(400, seed=1))
        cls.write("validation.txt", sentences(40, seed=2))
        cls.config("tiny.json")

    @classmethod
    def write(cls, name, content):
        path = cls.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    @classmethod
    def config(cls, name, **changes):
        return cls.write(name, json.dumps(merged(CONFIG, changes), indent=2))

    @classmethod
    def start(cls, program, *arguments, **options):
        return subprocess.Popen(
            [BIN / f"qkv-{program}", *map(str, arguments)],
            cwd=cls.folder, env=cls.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )

    @classmethod
    def run_program(cls, program, *arguments, input=None, **options):
        """The finished process; stdout and stderr are text."""
        return subprocess.run(
            [BIN / f"qkv-{program}", *map(str, arguments)],
            cwd=cls.folder, env=cls.environment, timeout=PATIENCE, capture_output=True,
            encoding="utf-8", errors="surrogateescape", input=input, **options,
        )

    def succeed(self, program, *arguments, **options):
        """Standard output of a program that must exit 0."""
        done = self.run_program(program, *arguments, **options)
        self.assertEqual(done.returncode, 0, f"{program} {arguments}: {done.stderr}")
        return done.stdout

    def refuse(self, code, words, program, *arguments, **options):
        """A program that must exit with this code and one line that contains these words."""
        done = self.run_program(program, *arguments, **options)
        told = f"{program} {' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr}"
        self.assertEqual(done.returncode, code, told)
        lines = [line for line in done.stderr.splitlines() if not line.startswith(("info:", "training:"))]
        self.assertEqual(len(lines), 1, told)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, lines[0])
        self.assertEqual(done.stdout, "", told)
        return lines[0]

    def records(self, run):
        return [json.loads(line) for line in (self.folder / run / "metrics.jsonl").read_text().splitlines()]

    def steps(self, run):
        """Names of the checkpoints."""
        return sorted(p.name for p in (self.folder / run / "checkpoints").glob("step-*"))

    def weights(self, run, which="last"):
        return sha256(self.folder / run / "checkpoints" / which / "model.safetensors")

    def optimizer(self, run, which="last"):
        return sha256(self.folder / run / "checkpoints" / which / "optimizer.safetensors")

    def wait_for(self, condition, process, seconds=PATIENCE):
        """Waits until condition() holds while the process lives."""
        until = time.monotonic() + seconds
        while not condition():
            if process.poll() is not None:
                self.fail(f"ended with {process.returncode}: {process.stderr.read().decode()}")
            if time.monotonic() > until:
                self.fail("waited in vain")
            time.sleep(0.002)


def finish(process):
    """Exit code and standard error of a started process."""
    _, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, errors.decode("utf-8", "replace")
