"""The benchmarks run: on tiny sizes, without peers, which are skipped with a message."""

import json
import shutil
import subprocess
import sys
import unittest

import harness


def draws(python):
    return subprocess.run([python, "-c", "import matplotlib"], capture_output=True).returncode == 0


class Benchmarks(harness.ProgramTest):
    @classmethod
    def bench(cls, script, *arguments, python=sys.executable):
        """The finished script, in the folder of the tests; `false` is used as a Python that can import nothing."""
        return subprocess.run(
            [python, harness.ROOT / "tools/bench" / script, "--python", "false", "--threads", "1", *arguments],
            cwd=cls.folder, env={**cls.environment, "QKV_BIN": str(harness.BIN), "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=harness.PATIENCE, capture_output=True, encoding="utf-8",
        )

    def measure(self, script, *arguments, **options):
        done = self.bench(script, *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_steps(self):
        arguments = ["--shape", "tiny", "--text", "train.txt", "--history", "history.jsonl"]
        table = self.measure("steps", *arguments, "--rounds", "2", "--json", "steps.json")
        self.assertRegex(table, r"qkv plain float32 +\d+\.\d\d +\d+\.\d\d – \d+\.\d\d ")
        self.assertIn("nanoGPT compiled bfloat16: no clone of nanoGPT", table)
        self.assertIn("skipped JAX float32, JAX bfloat16: false has no module jax", table)
        results = json.loads((self.folder / "steps.json").read_text())
        tiny = results["shapes"]["tiny"]
        self.assertIn("qkv fused float32", tiny["programs"])
        figures = tiny["programs"]["qkv plain float32"]
        self.assertEqual(len(figures["seconds"]), 2)
        self.assertGreater(min(figures["seconds"]), 0)
        self.assertGreater(figures["peak_bytes"], 1e7)
        self.assertIn("JAX float32", tiny["skipped"])
        self.measure("steps", *arguments, "--rounds", "1", "--program", "qkv plain")
        history = [json.loads(line) for line in (self.folder / "history.jsonl").read_text().splitlines()]
        self.assertEqual(history[0], results)
        self.assertEqual(list(history[1]["shapes"]["tiny"]["programs"]), ["qkv plain float32", "qkv plain bfloat16"])

    def test_generation(self):
        table = self.measure("generation", "--tiny", "--tokens", "3000", "--text", "train.txt", "--rounds", "1",
                             "--json", "generation.json")
        self.assertIn("skipped nanoGPT: no clone of nanoGPT", table)
        self.assertIn("skipped llama2.c -O3, llama2.c -Ofast: no clone of llama2.c", table)
        models = json.loads((self.folder / "generation.json").read_text())["models"]
        figures = models["shakespeare_char"]["programs"]["qkv"]
        self.assertGreater(figures["median"], 0)
        self.assertGreater(figures["start_seconds"], 0)
        # So few tokens that they may come at once.
        self.assertIn("qkv", {**models["stories15m"]["programs"], **models["stories15m"]["skipped"]})

    def test_scaling(self):
        # Debian's matplotlib belongs to Debian's Python.
        pythons = [sys.executable, shutil.which("python3", path="/usr/bin")]
        python = next((path for path in pythons if path and draws(path)), None)
        self.measure("scaling", "--quick", "--rounds", "1", "--text", "train.txt", "--json", "scaling.json",
                     *(["--plot", "scaling.png"] if python else []), python=python or sys.executable)
        if python:
            self.assertEqual((self.folder / "scaling.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        results = json.loads((self.folder / "scaling.json").read_text())
        for what in ["context", "width"]:
            self.assertEqual(list(results[what]), ["8", "16"])
            self.assertGreater(results[what]["8"]["qkv plain float32"]["seconds_per_token"], 0)
        self.assertEqual(len(results["threads"]["tiny"]["qkv plain float32"]), 2)

    def test_corpus(self):
        self.measure("corpus", "--config", "tiny.json", "--set", "tokenizer.kind=char", "--megabytes", "1", "--text", "train.txt",
                     "--json", "corpus.json")
        results = json.loads((self.folder / "corpus.json").read_text())
        for run in ["small new", "small cached", "large new", "large cached"]:
            self.assertGreater(results[run]["bytes_at_first_step"], 1e6)
            self.assertGreater(results[run]["first_step_seconds"], 0)

    def test_inspection(self):
        table = self.measure("inspection", "--config", "tiny.json", "--steps", "2", "--rounds", "1", "--text", "train.txt",
                             "--json", "inspection.json")
        self.assertRegex(table, r"qkv-inspect, all files +\d+\.\d\d ")
        results = json.loads((self.folder / "inspection.json").read_text())
        model = json.loads((self.folder / "tiny.json").read_text())["model"]
        self.assertEqual(results["tokens"], model["context"])
        self.assertEqual(results["files"], model["layers"] * model["heads"] + 3)
        self.assertGreater(min(results["seconds"]["qkv-inspect, all files"]), 0)

    def test_learning(self):
        arguments = ["tiny.json", "--text", "train.txt", "--seeds", "1", "--validate-every", "5"]
        self.assertRegex(self.measure("learning", *arguments, "--target", "100"), r"qkv, seed 1 +5 +\d+\.\d +\d\.\d{4}\n")
        self.assertRegex(self.measure("learning", *arguments, "--target", "0"), r"qkv, seed 1 +not reached +\d\.\d{4}\n")

    def test_a_text_that_is_not_there(self):
        done = self.bench("steps", "--shape", "tiny", "--text", "nowhere.txt")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nowhere.txt", done.stderr)


if __name__ == "__main__":
    unittest.main()
