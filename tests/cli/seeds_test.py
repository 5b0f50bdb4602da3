"""tools/seeds: writes the table of docs/results.md from finished runs. The ladder's test covers training and evaluation."""

import json
import pathlib
import subprocess
import sys
import unittest

import harness

PAGE = "# A page\n<!-- seeds -->\nold\n<!-- end -->\nAfter it.\n"
FILES = ["configs/world.json", *(f"data/world/{name}" for name in ["train.txt", "validation.txt", "probes.jsonl"])]


def family(accuracy, raw, best, group, costs):
    """The part of qkv-eval's results for one family that the table uses; `costs` are those of the group, its own first."""
    own, *on = costs
    return {
        "guessing": 0.25, "accuracy": accuracy, "attention": {"share": raw, "best_head": best}, "edges": {"share": 1.0},
        "controls": {"untrained_attention": 0.2, "untrained_edges": 0.125, "fixed_offset": {"offset": 3, "share": 0.3}},
        "heads": {"group": group, "group_cost": own, "group_cost_on": dict(on)},
    }


HERE, THERE = {"layer": 1, "head": 2}, {"layer": 0, "head": 1}
SEEDS = [
    {"order": family(1.0, 0.98, HERE, [HERE], [80.0, ("copy_it", 4.5)]),
     "copy_it": family(0.995, 1.0, THERE, [HERE, THERE], [90.0, ("order", 70.0)])},
    {"order": family(0.985, 1.0, HERE, [HERE], [60.25, ("copy_it", -0.5)]),
     "copy_it": family(0.995, 1.0, HERE, [HERE], [90.0, ("order", 75.0)])},
]


class Seeds(harness.ProgramTest):
    def setUp(self):
        self.runs = self.folder / self.id().split(".")[-1]
        for seed, families in enumerate(SEEDS, 1):
            folder = self.runs / f"world-{seed}"
            folder.mkdir(parents=True)
            (folder / "scores.json").write_text(json.dumps({"probes": {"families": families}}))
            hashes = {name: harness.sha256(harness.ROOT / name) for name in FILES}
            (folder / ".inputs.json").write_text(json.dumps(hashes))
        self.page = self.runs / "page.md"
        self.page.write_text(PAGE)

    def seeds(self, *arguments):
        return subprocess.run(
            [sys.executable, harness.ROOT / "tools/seeds", "--runs", self.runs, "--page", self.page, *map(str, arguments)],
            env={**self.environment, "QKV_BIN": "nowhere"}, timeout=harness.PATIENCE, capture_output=True, encoding="utf-8",
        )

    def refuse(self, words, *arguments):
        done = self.seeds(*arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(self.page.read_text(), PAGE)

    def test_writes_lowest_and_highest_of_finished_runs(self):
        # In seed 2, the best head of copy is in the group of order, so its loss does not count.
        rows = ["| order | 25 | 98.5–100 | 98–100 | 100 | 20 | 12.5 | 30 | 60.2–80 | 4.5 |",
                "| copy it | 25 | 99.5 | 100 | 100 | 20 | 12.5 | 30 | 90 | – |"]
        for arguments in [["--page-only"], []]:  # both runs are finished: there is nothing to train
            self.page.write_text(PAGE)
            done = self.seeds("--seeds", 2, *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.splitlines()[2:], rows)
            self.assertEqual(self.page.read_text(), PAGE.replace("old\n", done.stdout))

    def test_shows_the_runs_that_are_finished(self):
        (self.runs / "world-1/scores.json").unlink()
        done = self.seeds("--page-only")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| order | 25 | 98.5 | 100 |", done.stdout)
        (self.runs / "world-2/scores.json").unlink()
        self.page.write_text(PAGE)
        self.refuse(["no finished run"], "--page-only")
        self.refuse(["nowhere/qkv-train", "no program"])

    def test_the_page_of_results_has_the_table(self):
        header = subprocess.run(
            [sys.executable, "-c", "import runpy; print(*runpy.run_path('tools/seeds')['HEADER'], sep=' | ')"],
            cwd=harness.ROOT, env={**self.environment, "PYTHONPATH": "tools"}, capture_output=True, encoding="utf-8", check=True,
        ).stdout
        page = (harness.ROOT / "docs/results.md").read_text(encoding="utf-8")
        self.assertEqual(page.count("<!-- seeds -->"), 1)
        self.assertIn(f"<!-- seeds -->\n| {header.strip()} |\n", page)
        self.assertNotIn("<!-- seeds -->", (harness.ROOT / "README.md").read_text(encoding="utf-8"))

    def test_refuses_what_cannot_be(self):
        for option in ["--seeds", "--steps", "--threads"]:
            for value in ["0", "-3", "two"]:
                self.assertIn(f"found {value}", self.seeds(f"{option}={value}").stderr)
        for name in FILES:
            changed = {file: "0" if file == name else harness.sha256(harness.ROOT / file) for file in FILES}
            (self.runs / "world-1/.inputs.json").write_text(json.dumps(changed))
            self.refuse(["world-1", f"another {name},", "remove"], "--page-only")
        done = self.seeds("--page", self.runs / "none.md")
        self.assertEqual(done.returncode, 2)
        self.assertIn("none.md: no such page", done.stderr)
        plain = pathlib.Path(self.write("plain.md", "# Nothing\n"))
        self.assertIn('found no "<!-- seeds -->"', self.seeds("--page", plain).stderr)
        self.assertEqual(plain.read_text(), "# Nothing\n")


if __name__ == "__main__":
    unittest.main()
