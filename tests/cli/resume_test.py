"""A run that is killed at random moments and resumed equals the uninterrupted run, bit for bit.

usage: resume_test.py [unittest options]        40 steps
       resume_test.py --steps N [--seed SEED]   N steps; prints the hashes
"""

import argparse
import os
import random
import signal
import sys
import unittest

import harness

FORMS = [("transformer", objective, precision) for objective in ["causal", "masked"] for precision in ["float32", "bfloat16"]]
FORMS += [("lstm", "causal", "bfloat16"), ("gru", "masked", "float32")]


class Killed(harness.ProgramTest):
    steps_of_run = 40
    seed = None
    show = False

    def arguments(self, kind, objective, precision):
        changes = [
            f"training.steps={self.steps_of_run}", f"model.kind={kind}", f"model.objective={objective}", f"runtime.precision={precision}",
            "model.dropout=0.2", "model.layers=2", "checkpoints.every=3", "checkpoints.keep=1", "training.accumulation=2",
            "training.validate_every=4", f"training.warmup_steps={self.steps_of_run // 4}",
        ]
        if objective == "causal":
            changes.append("training.sample_every=5")
        return ["tiny.json", *(f"--set={change}" for change in changes)]

    def last_step(self, run):
        """The step of the last record, also of one being written; 0 before the first."""
        path = self.folder / run / "metrics.jsonl"
        return path.read_text().count("gradient_norm") if path.exists() else 0

    def expect_equal_metrics(self, found, expected, told=None):
        """No line is lost, none appears twice, and all are equal but for the times."""
        lines = [[{key: value for key, value in record.items() if key not in ["seconds", "tokens_per_second"]} for record in self.records(run)]
                 for run in [found, expected]]
        self.assertEqual(lines[0], lines[1], told)

    def kill_and_resume(self, run, arguments, draw):
        """Three kills, each at a random moment of a third of the run; then to the end."""
        resume = []
        for third in range(3):
            until = draw.randrange(third * self.steps_of_run // 3, (third + 1) * self.steps_of_run // 3)
            process = self.start("train", *arguments, "--out", run, *resume)
            try:
                self.wait_for(lambda: self.last_step(run) >= until, process)
                # At any moment in a step or in a save.
                draw_seconds = draw.random() * 0.02
                try:
                    process.wait(timeout=draw_seconds)
                except Exception:
                    pass
            finally:
                process.kill()
                harness.finish(process)
            resume = ["--resume"] if (self.folder / run / "config.json").exists() else []
        self.succeed("train", *arguments, "--out", run, "--resume")

    def check(self, kind, objective, precision):
        seed = self.seed if self.seed is not None else int.from_bytes(os.urandom(4), "little")
        draw = random.Random(seed)
        arguments = self.arguments(kind, objective, precision)
        whole, killed = f"whole-{kind}-{objective}-{precision}", f"killed-{kind}-{objective}-{precision}"
        self.succeed("train", *arguments, "--out", whole)
        self.kill_and_resume(killed, arguments, draw)
        told = f"{kind} {objective} {precision}: the moments are those of seed {seed}"
        if self.show:
            for run in [whole, killed]:
                print(run, "model", self.weights(run), "optimizer", self.optimizer(run))
        self.assertEqual(self.weights(killed), self.weights(whole), told)
        self.assertEqual(self.optimizer(killed), self.optimizer(whole), told)
        self.assertEqual(os.readlink(self.folder / killed / "checkpoints/last"), f"step-{self.steps_of_run:07d}")
        self.expect_equal_metrics(killed, whole, told)
        snapshots = [harness.content_of(self.folder / run / "snapshots") for run in [killed, whole]]
        self.assertEqual(snapshots[0], snapshots[1], told)
        steps = sorted({0, *(2**power for power in range(self.steps_of_run.bit_length())), self.steps_of_run})
        self.assertEqual(list(snapshots[0]), [f"step-{step:07d}/model.safetensors" for step in steps])
        self.assertEqual(harness.sha256(self.folder / killed / "snapshots" / f"step-{self.steps_of_run:07d}/model.safetensors"), self.weights(whole))
        return self.weights(whole)

    def test_killed_runs_end_alike(self):
        hashes = []
        for kind, objective, precision in FORMS:
            with self.subTest(kind=kind, objective=objective, precision=precision):
                hashes.append(self.check(kind, objective, precision))
        self.assertEqual(len(set(hashes)), len(FORMS), "the forms do not differ, so they prove nothing")

    def test_lines_after_the_last_checkpoint_are_written_again(self):
        arguments = ["tiny.json", "--set=training.steps=60", "--set=checkpoints.every=20", "--set=training.validate_every=3",
                     "--set=training.sample_every=7", "--set=training.accumulation=16"]
        self.succeed("train", *arguments, "--out", "whole")
        for number, (end, until) in enumerate([(signal.SIGTERM, 5), (signal.SIGKILL, 26)]):
            process = self.start("train", *arguments, "--out", "ended", *["--resume"][:number])
            try:
                self.wait_for(lambda: self.last_step("ended") >= until, process)
            finally:
                process.send_signal(end)
                harness.finish(process)
        newest = int(self.steps("ended")[-1].removeprefix("step-"))
        self.assertGreater(self.last_step("ended"), newest, "killed at a checkpoint, which proves nothing")
        self.succeed("train", *arguments, "--out", "ended", "--resume")
        self.expect_equal_metrics("ended", "whole")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int)
    options, rest = parser.parse_known_args()
    if options.steps:
        Killed.steps_of_run, Killed.show = options.steps, True
    Killed.seed = options.seed
    unittest.main(argv=[sys.argv[0], *rest])
