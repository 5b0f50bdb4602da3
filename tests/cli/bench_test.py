"""The benchmarks run: on tiny sizes, without peers, which are skipped with a word."""

import json
import subprocess
import sys
import unittest

import harness


class Benchmarks(harness.ProgramTest):
    @classmethod
    def bench(cls, script, *arguments):
        """The finished script, in the folder of the tests; `false` is a Python that can import nothing."""
        return subprocess.run(
            [sys.executable, harness.ROOT / "tools/bench" / script, "--python", "false", "--threads", "1", *arguments],
            cwd=cls.folder, env={**cls.environment, "QKV_BIN": str(harness.BIN), "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=60, capture_output=True, encoding="utf-8",
        )

    def measure(self, script, *arguments):
        done = self.bench(script, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_steps(self):
        arguments = ["--shape", "tiny", "--text", "train.txt", "--history", "history.jsonl"]
        table = self.measure("steps", *arguments, "--rounds", "2", "--json", "steps.json")
        self.assertRegex(table, r"qkv plain float32 +\d+\.\d\d +\d+\.\d\d – \d+\.\d\d ")
        self.assertIn("nanoGPT compiled bfloat16: no clone of nanoGPT", table)
        self.assertIn("JAX float32: false has no module jax", table)
        results = json.loads((self.folder / "steps.json").read_text())
        tiny = results["shapes"]["tiny"]
        figures = tiny["programs"]["qkv plain float32"]
        self.assertEqual(len(figures["seconds"]), 2)
        self.assertGreater(min(figures["seconds"]), 0)
        self.assertGreater(figures["peak_bytes"], 1e7)
        self.assertIn("JAX float32", tiny["skipped"])
        self.measure("steps", *arguments, "--rounds", "1", "--program", "qkv plain")
        history = [json.loads(line) for line in (self.folder / "history.jsonl").read_text().splitlines()]
        self.assertEqual(history[0], results)
        self.assertEqual(list(history[1]["shapes"]["tiny"]["programs"]), ["qkv plain float32", "qkv plain bfloat16"])

    def test_a_text_that_is_not_there(self):
        done = self.bench("steps", "--shape", "tiny", "--text", "nowhere.txt")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nowhere.txt", done.stderr)


if __name__ == "__main__":
    unittest.main()
