"""qkv-eval --over-training: what each snapshot of a run can do."""

import json
import shutil
import unittest

import harness


class OverTraining(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = ["--set", "data.layout=lines", "--set", "training.learning_rate=0.01", "--set", "runtime.device=cpu"]
        for arguments in [["--out", "run"], ["--out", "other", "--set", "seed=2"], ["--out", "longer", "--set", "training.steps=20"],
                          ["--out", "none", "--set", "checkpoints.snapshots=none"], ["--out", "lstm", "--set", "model.kind=lstm"],
                          ["--out", "masked", "--set", "model.objective=masked"]]:
            done = cls.run_program("train", "tiny.json", *arguments, *lines)
            assert done.returncode == 0, done.stderr
        probe = {"id": "a-0", "family": "copy", "text": "the cat", "predict": {"begin": 4, "end": 7}, "candidates": ["cat", "dog"],
                 "answer": "cat", "query": [{"begin": 0, "end": 3}], "truth": [{"begin": 0, "end": 3}], "distractors": [], "distance": 0,
                 "held_out": {"words": ["the", "cat"], "within": 1}}
        cls.write("probe.jsonl", json.dumps(probe) + "\n")

    def measure(self, *arguments):
        return json.loads(self.succeed("eval", *arguments, "--over-training", "--json", "-"))["runs"]

    def test_each_snapshot_is_measured_like_a_checkpoint(self):
        (run,) = self.measure("run", "--probes", "probe.jsonl")
        self.assertEqual(run["run"], "run")
        self.assertEqual(run["steps"], [0, 1, 2, 4, 8, 10])
        for at, step in [(0, "step-0000000"), (-1, "last")]:
            checkpoint = f"run/checkpoints/{step}"
            numbers = json.loads(self.succeed("eval", checkpoint, "--json", "-"))
            self.assertEqual(run["loss"][at], numbers["loss"])
            asked = json.loads(self.succeed("eval", checkpoint, "--probes", "probe.jsonl", "--accuracy-only", "--json", "-"))
            self.assertEqual(run["families"]["copy"]["accuracy"][at], asked["probes"]["families"]["copy"]["accuracy"])
        self.assertEqual([(head["layer"], head["head"]) for head in run["heads"]], [(0, 0), (0, 1)])
        for head in run["heads"]:
            for measure in ["previous_token", "duplicate_token", "induction", "first_token", "entropy"]:
                self.assertEqual(len(head[measure]), 6)
                self.assertTrue(all(0 <= value <= 1 for value in head[measure]), head)
        self.assertNotIn("heads", self.measure("lstm")[0])
        self.assertEqual(len(self.measure("masked")[0]["heads"]), 2)

    def test_several_runs(self):
        runs = self.measure("run", "other", "run", "--plot", "course.svg")
        self.assertEqual([run["run"] for run in runs], ["run", "other", "run"])
        self.assertEqual(runs[0], runs[2])
        self.assertNotEqual(runs[0]["loss"], runs[1]["loss"])
        self.assertEqual(runs[1], self.measure("other")[0])
        self.assertIn("<svg", (self.folder / "course.svg").read_text())
        told = self.succeed("eval", "run", "other", "--over-training")
        for word in ["run\n", "other\n", "half way at step", "induction"]:
            self.assertIn(word, told)

    def test_refusals(self):
        flag = "--over-training"
        self.refuse(2, "none: found no snapshots, expected a run that was trained with checkpoints.snapshots", "eval", "none", flag)
        for checkpoint in ["run/checkpoints/last", "run/checkpoints/step-0000005"]:
            self.refuse(2, [checkpoint, "found a checkpoint, expected the folder of a run"], "eval", checkpoint, flag)
        self.refuse(2, "absent: not found", "eval", "absent", flag)
        self.refuse(2, ["longer: found 7 snapshots up to step 20", "expected the same steps as the 6 up to step 10 of run"],
                    "eval", "run", "longer", flag)
        self.refuse(2, ["masked", 'objective "masked", expected "causal" as in run'],
                    "eval", "run", "masked", flag, "--probes", "probe.jsonl")
        self.refuse(2, "other: found a third checkpoint", "eval", "run", "run", "other")
        for option in [["--pairs", "p"], ["--geometry", "g"], ["--detail", "heads"], ["--accuracy-only"], ["--own-data"]]:
            self.refuse(2, [f"{option[0]}: found --over-training"], "eval", "run", flag, *option)
        self.refuse(2, "run/snapshots/new.json", "eval", "run", flag, "--json", "run/snapshots/new.json")
        shutil.copytree(self.folder / "run", self.folder / "damaged")
        path = self.folder / "damaged/snapshots/step-0000004/model.safetensors"
        path.write_bytes(path.read_bytes()[:-4])
        self.refuse(2, "damaged/snapshots/step-0000004/model.safetensors: ", "eval", "damaged", flag)


if __name__ == "__main__":
    unittest.main()
