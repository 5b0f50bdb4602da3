"""Tiny trained models for the checks, and how a check counts."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/cli"))
import harness  # noqa: E402

TEXT = "the cat sees a small red dog under the old tree."

# Rates at which 20 steps move the weights far from where they began: with those every score is nearly 0.
BASE = harness.merged(harness.CONFIG, {
    "model": {"layers": 2, "heads": 4, "key_value_heads": 4, "width": 32, "feed_forward": {"width": 48}},
    "training": {"steps": 20, "learning_rate": 0.03, "validate_every": 0},
    "checkpoints": {"every": 1000},
    "runtime": {"precision": "float32"},
})


class Workshop:
    """A temporary folder in which models are trained and looked into."""

    def __init__(self):
        self.holder = tempfile.TemporaryDirectory(prefix="qkv-check-")
        self.folder = pathlib.Path(self.holder.name)
        self.environment = {**os.environ, "QKV_CACHE": str(self.folder / "cache")}
        (self.folder / "train.txt").write_text(harness.sentences(400, seed=1))
        (self.folder / "validation.txt").write_text(harness.sentences(40, seed=2))

    def run(self, program, *arguments):
        done = subprocess.run([harness.BIN / f"qkv-{program}", *map(str, arguments)], cwd=self.folder,
                              env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"qkv-{program}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def train(self, name, changes):
        """The last checkpoint of a run with these changes of BASE."""
        (self.folder / f"{name}.json").write_text(json.dumps(harness.merged(BASE, changes)))
        self.run("train", f"{name}.json", "--out", name)
        return self.folder / name / "checkpoints/last"

    def inspect(self, checkpoint, text=TEXT, formats="json,safetensors", *options):
        """The folder with its attention.json and taps.safetensors."""
        out = checkpoint.parent.parent / "look"
        self.run("inspect", checkpoint, "--text", text, "--out", out, "--format", formats, *options)
        return out


class Count:
    """Runs checks, prints those that fail, and the closing line."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, body):
        try:
            told = body()
            self.passed += 1
            print(f"  {name}: {told}", flush=True)
        except Exception as error:  # one broken form must not hide the others
            self.failed += 1
            print(f"FAILED {name}: {type(error).__name__}: {error}", flush=True)

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0
