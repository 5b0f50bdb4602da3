"""The files of a run, and who may write in its folder."""

import json
import os
import shutil
import signal
import unittest

import harness

FILES = ["config.json", "model.safetensors", "optimizer.safetensors", "tokenizer.model", "trainer.json"]
RECORD = {"step", "tokens", "loss", "learning_rate", "gradient_norm", "tokens_per_second", "seconds"}


class Layout(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.done = cls.run_program("train", "tiny.json", "--out", "run", "--set", "training.steps=20")

    def test_the_run_succeeds_and_sums_up(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        for word in ["steps", "tokens", "time", "tokens/s", "best validation loss", "perplexity", "bits per byte", "run/metrics.jsonl"]:
            self.assertIn(word, self.done.stdout)

    def test_the_folder(self):
        names = {p.name for p in (self.folder / "run").iterdir() if not p.name.startswith(".")}
        self.assertLessEqual({"config.json", "tokenizer.model", "metrics.jsonl", "checkpoints", "snapshots"}, names)
        self.assertLessEqual(names, {"config.json", "tokenizer.model", "metrics.jsonl", "checkpoints", "snapshots", "tensorboard"})

    def test_each_checkpoint_holds_the_same_files(self):
        for step in self.steps("run"):
            self.assertEqual(sorted(os.listdir(self.folder / "run/checkpoints" / step)), FILES)

    def test_the_untrained_the_best_and_the_newest_are_kept(self):
        # Steps 5, 10, 15, 20 are saved; 20 is best and last; keep applies to the newest of the others.
        self.assertEqual(self.steps("run"), ["step-0000000", "step-0000010", "step-0000015", "step-0000020"])

    def test_the_links_are_relative(self):
        for link in ["best", "last"]:
            self.assertRegex(os.readlink(self.folder / "run/checkpoints" / link), r"^step-\d{7}$")
        self.assertEqual(os.readlink(self.folder / "run/checkpoints/last"), "step-0000020")

    def test_best_has_the_lowest_validation_loss(self):
        losses = {r["step"]: r["validation_loss"] for r in self.records("run") if "validation_loss" in r}
        best = min(losses, key=losses.get)
        self.assertEqual(os.readlink(self.folder / "run/checkpoints/best"), f"step-{best:07d}")

    def test_the_metrics(self):
        records = self.records("run")
        training = [r for r in records if "loss" in r]
        self.assertEqual([r["step"] for r in training], list(range(1, 21)))
        for record in training:
            self.assertEqual(set(record), RECORD)
            self.assertEqual(record["tokens"], record["step"] * 4 * 16)
            self.assertGreater(record["tokens_per_second"], 0)
        validation = [r for r in records if "validation_loss" in r]
        self.assertEqual([r["step"] for r in validation], [0, 5, 10, 15, 20])
        for record in validation:
            self.assertEqual(set(record), {"step", "validation_loss"})

    def test_the_learning_rate_follows_its_schedule(self):
        rates = {r["step"]: r["learning_rate"] for r in self.records("run") if "loss" in r}
        # In double on every processor.
        self.assertAlmostEqual(rates[2], 1e-3, places=15)
        self.assertAlmostEqual(rates[20], 1e-4, places=15)
        self.assertEqual(sorted(list(rates.values())[1:], reverse=True), list(rates.values())[1:])

    def test_the_resolved_config_alone_reproduces_the_run(self):
        config = json.loads((self.folder / "run/config.json").read_text())
        self.assertEqual(config["training"]["steps"], 20)
        self.assertEqual(config["training"]["beta1"], 0.9)
        self.assertEqual(config["data"]["train"], [str(self.folder.resolve() / "train.txt")])
        self.succeed("train", "run/config.json", "--out", "again")
        self.assertEqual(self.weights("again"), self.weights("run"))
        self.assertEqual(self.optimizer("again"), self.optimizer("run"))

    def test_no_hashed_file_names_the_machine(self):
        for name in ["model.safetensors", "optimizer.safetensors", "tokenizer.model"]:
            content = (self.folder / "run/checkpoints/last" / name).read_bytes()
            for word in [str(self.folder), "train.txt", "tiny"]:
                self.assertFalse(word.encode() in content, f"{name} holds {word}")

    def test_no_file_that_people_share_names_a_folder_of_the_machine(self):
        # Only the config.json of a run may hold the path of its text.
        self.succeed("train", "tiny.json", "--out", "shared", "--set", "tokenizer.path=run/tokenizer.model", "--set", "training.steps=5",
                     "--set", "training.sample_every=5")
        run = self.folder / "shared"
        place = str(self.folder.resolve()).encode()
        self.assertIn(place, (run / "config.json").read_bytes())
        for name, content in harness.content_of(run).items():
            if name != "config.json":
                self.assertNotIn(place, content if isinstance(content, bytes) else content.encode(), name)
        config = json.loads((run / "checkpoints/last/config.json").read_text())
        self.assertEqual(config["data"]["train"], ["train.txt"])
        self.assertEqual(config["data"]["validation"], ["validation.txt"])
        self.assertEqual(config["tokenizer"]["path"], "tokenizer.model")

        # Maps and numbers do not depend on the folder from which a checkpoint was named.
        formats = "png,svg,pdf,json,safetensors"
        for place, out in [(run, "absolute"), ("shared", "relative")]:
            self.succeed("inspect", place, "--text", "the cat sees", "--out", out, "--format", formats, "--edges")
            self.succeed("eval", place, "--json", f"{out}/scores.json")
        self.assertEqual(harness.content_of(self.folder / "absolute"), harness.content_of(self.folder / "relative"))
        for content in harness.content_of(self.folder / "absolute").values():
            self.assertNotIn(str(self.folder.resolve()).encode(), content)

    def test_a_checkpoint_out_of_its_run_asks_for_its_text(self):
        shutil.copytree(self.folder / "run/checkpoints/step-0000020", self.folder / "kept")
        self.refuse(2, ["kept", "train.txt", "expected", "--data"], "eval", "kept")
        self.assertEqual(json.loads(self.succeed("eval", "kept", "--data", "validation.txt", "--json", "-"))["loss"],
                         json.loads(self.succeed("eval", "run/checkpoints/last", "--json", "-"))["loss"])
        self.succeed("inspect", "kept", "--text", "the cat", "--out", "kept-maps")

    def test_a_quiet_run(self):
        done = self.run_program("train", "tiny.json", "--out", "quiet", "--log-level", "error")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_safetensors_metadata(self):
        content = (self.folder / "run/checkpoints/last/model.safetensors").read_bytes()
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        self.assertEqual(header.pop("__metadata__"), {"format": "pt"})
        self.assertIn("model.layers.0.self_attn.q_proj.weight", header)
        self.assertNotIn("lm_head.weight", header)
        self.assertEqual({tensor["dtype"] for tensor in header.values()}, {"F32"})

    def test_a_checkpoint_opens_from_anywhere(self):
        from_run = self.succeed("eval", "run", "--json", "-")
        os.rename(self.folder / "run", self.folder / "moved")
        self.addCleanup(os.rename, self.folder / "moved", self.folder / "run")
        self.assertEqual(json.loads(self.succeed("eval", "moved", "--json", "-"))["loss"], json.loads(from_run)["loss"])


class WhoMayWrite(harness.ProgramTest):
    def test_a_folder_in_use(self):
        (self.folder / "mine").mkdir()
        self.write("mine/thesis.txt", "mine")
        self.refuse(2, "mine", "train", "tiny.json", "--out", "mine")
        self.refuse(2, "mine", "train", "tiny.json", "--out", "mine", "--overwrite")
        self.refuse(2, "mine", "train", "tiny.json", "--out", "mine", "--resume")
        self.assertEqual((self.folder / "mine/thesis.txt").read_text(), "mine")

    def test_out_is_named_after_the_run_and_overwrite_begins_anew(self):
        self.succeed("train", "tiny.json")
        first = self.weights("runs/tiny")
        self.refuse(2, ["runs/tiny", "--resume", "--overwrite"], "train", "tiny.json")
        # Neither a wrong config nor a wrong text removes anything.
        self.refuse(2, "width", "train", "tiny.json", "--overwrite", "--set", "model.width=15")
        self.write("odd.txt", b"\xff" * 100)
        self.refuse(2, "odd.txt", "train", "tiny.json", "--overwrite", "--set", "data.train=odd.txt")
        self.write("odd.txt", b"")
        self.refuse(2, "odd.txt", "train", "tiny.json", "--overwrite", "--set", "data.train=odd.txt")
        self.refuse(2, "missing", "train", "tiny.json", "--overwrite", "--init", "missing")
        self.assertEqual(self.weights("runs/tiny"), first)
        self.succeed("train", "tiny.json", "--overwrite", "--set", "seed=2", "--set", "training.steps=5")
        self.assertEqual(self.steps("runs/tiny"), ["step-0000000", "step-0000005"])
        self.assertEqual(max(r["step"] for r in self.records("runs/tiny")), 5)

    def test_two_trainers_in_one_folder(self):
        arguments = ["tiny.json", "--out", "busy", "--set", "training.steps=100000000", "--set", "training.log_every=1000000"]
        first = self.start("train", *arguments)
        try:
            self.wait_for((self.folder / "busy/checkpoints/last").exists, first)
            self.refuse(2, "busy", "train", *arguments, "--resume")
            self.refuse(2, "busy", "train", *arguments, "--overwrite")
            self.assertIsNone(first.poll())
        finally:
            first.send_signal(signal.SIGKILL)
            harness.finish(first)
        # The lock ended with its process.
        self.succeed("train", "tiny.json", "--out", "busy", "--overwrite", "--set", "training.steps=2")

    def test_a_run_that_died_before_its_first_save_is_no_obstacle(self):
        self.succeed("train", "tiny.json", "--out", "base", "--set", "training.steps=3")
        self.write("long.txt", harness.sentences(60000, seed=3))
        begin = ["tiny.json", "--out", "early", "--init", "base", "--set", "training.steps=2"]
        process = self.start("train", *begin, "--set", "data.validation=long.txt")
        try:  # while the untrained model is measured on a long text
            self.wait_for((self.folder / "early/tokenizer.model").exists, process)
        finally:
            process.kill()
            harness.finish(process)
        self.assertFalse((self.folder / "early/checkpoints").exists(), "killed too late to prove anything")
        self.refuse(2, ["early", "no run to resume"], "train", "tiny.json", "--out", "early", "--resume")
        self.succeed("train", *begin)
        self.assertEqual(self.weights("early", "step-0000000"), self.weights("base", "best"))

        # Or after its first save, but before its config.json was written.
        (self.folder / "early/config.json").unlink()
        self.refuse(2, "early", "train", *begin)  # it has a trained model
        shutil.rmtree(self.folder / "early/checkpoints/step-0000002")
        self.succeed("train", *begin)
        self.assertEqual(sum("validation_loss" in r for r in self.records("early")), 2)

    def test_a_run_that_lost_its_checkpoints(self):
        # As after a kill during --overwrite.
        self.succeed("train", "tiny.json", "--out", "half", "--set", "training.steps=2")
        shutil.rmtree(self.folder / "half/checkpoints")
        self.refuse(2, ["half", "no checkpoint"], "train", "tiny.json", "--out", "half", "--resume")
        self.refuse(2, "half", "train", "tiny.json", "--out", "half")
        self.succeed("train", "tiny.json", "--out", "half", "--overwrite", "--set", "training.steps=2")

    def test_a_file_that_a_run_has_lost_is_named(self):
        begin = ["train", "tiny.json", "--out", "lost", "--set", "training.steps=12"]
        self.succeed("train", "tiny.json", "--out", "lost")
        run = self.folder / "lost"
        for name in ["config.json", "tokenizer.model"]:
            content = (run / name).read_bytes()
            (run / name).unlink()
            for mode in [[], ["--resume"], ["--overwrite"]]:
                self.refuse(2, f"lost/{name}: not found, expected this file of the run", *begin, *mode)
            (run / name).write_bytes(content)
        (run / "config.json").write_text("")
        for mode in [[], ["--resume"], ["--overwrite"]]:
            self.refuse(2, "lost/config.json: ", *begin, *mode)
        self.succeed("train", "tiny.json", "--out", "lost2")
        (self.folder / "lost2/checkpoints/last/trainer.json").unlink()
        self.refuse(2, "lost2/checkpoints/step-0000010/trainer.json: not found", "train", "tiny.json", "--out", "lost2", "--resume",
                    "--set", "training.steps=12")

    def test_what_no_run_made_is_never_removed(self):
        self.succeed("train", "tiny.json", "--out", "theirs")
        run = self.folder / "theirs"
        begin = ["train", "tiny.json", "--out", "theirs"]
        for name in ["checkpoints/notes.txt", "checkpoints/mine.tmp", "checkpoints/.mine.1.2.3.tmp", "tensorboard/notes.txt",
                     "checkpoints/step-0000005/notes.txt", "checkpoints/step-0000099", "snapshots/notes.txt",
                     "snapshots/step-0000004/notes.txt", "snapshots/step-0000099", "tensorboard/events.out.tfevents.1.host"]:
            with self.subTest(name):
                (run / name).write_text("mine")
                before = harness.content_of(run)
                self.refuse(2, [name, "not made by qkv"], *begin, "--overwrite")
                self.assertEqual(harness.content_of(run), before)
                self.succeed(*begin, "--resume", "--set", "training.steps=11", "--set", "checkpoints.keep=10")
                self.assertEqual((run / name).read_text(), "mine")
                (run / name).unlink()
        (run / "metrics.jsonl").unlink()
        (run / "metrics.jsonl").mkdir()
        self.refuse(2, ["metrics.jsonl", "not made by qkv"], *begin, "--overwrite")
        (run / "metrics.jsonl").rmdir()
        # Files next to the run's own ones stay.
        (run / "thesis.txt").write_text("mine")
        self.succeed(*begin, "--overwrite")
        self.assertEqual((run / "thesis.txt").read_text(), "mine")
        # A run that begins in the folder of a killed one removes nothing else either.
        (run / "thesis.txt").unlink()
        (run / "config.json").unlink()
        for step in self.steps("theirs")[1:]:
            shutil.rmtree(run / "checkpoints" / step)
        (run / "tensorboard/notes.txt").write_text("mine")
        self.refuse(2, ["tensorboard/notes.txt", "not made by qkv"], *begin)
        (run / "tensorboard/notes.txt").unlink()
        self.succeed(*begin)

    def test_a_run_that_may_not_be_removed_stays_whole(self):
        self.succeed("train", "tiny.json", "--out", "guarded")
        for name in ["guarded/checkpoints/step-0000005", "guarded/checkpoints", "guarded/snapshots/step-0000004", "guarded/tensorboard", "guarded"]:
            folder = self.folder / name
            folder.chmod(0o555)
            self.addCleanup(folder.chmod, 0o755)
            before = harness.content_of(self.folder / "guarded")
            self.refuse(2, [f"error: {name}: its files cannot be removed", "Permission denied"], "train", "tiny.json", "--out", "guarded",
                        "--overwrite", preexec_fn=harness.without_privileges)
            self.assertEqual(harness.content_of(self.folder / "guarded"), before)
            folder.chmod(0o755)
        self.succeed("train", "tiny.json", "--out", "guarded", "--overwrite", preexec_fn=harness.without_privileges)

    def test_leftovers_of_a_save_go(self):
        self.succeed("train", "tiny.json", "--out", "left")
        leftover = self.folder / "left/checkpoints/.step-0000015.77.12345.0.tmp"
        leftover.mkdir()
        (leftover / "config.json").write_text("{")
        self.succeed("train", "tiny.json", "--out", "left", "--resume")
        self.assertFalse(leftover.exists())

    def test_nothing_is_written_through_a_link(self):
        self.succeed("train", "tiny.json", "--out", "linked")
        run, outside = self.folder / "linked", self.folder / "outside"
        for name in ["checkpoints", "snapshots", "tensorboard", ".lock"]:
            with self.subTest(name):
                os.rename(run / name, outside)
                (run / name).symlink_to(outside)
                before = harness.content_of(self.folder / "outside") if outside.is_dir() else outside.read_bytes()
                for mode in ["--resume", "--overwrite"]:
                    self.refuse(2, [f"linked/{name}: found a link"], "train", "tiny.json", "--out", "linked", mode,
                                "--set", "training.steps=12")
                self.assertEqual(harness.content_of(self.folder / "outside") if outside.is_dir() else outside.read_bytes(), before)
                (run / name).unlink()
                os.rename(outside, run / name)
        # Links in place of its files are replaced, and their targets stay; even if a link leads nowhere.
        for name in ["config.json", "metrics.jsonl", "tokenizer.model"]:
            shutil.move(run / name, self.folder / f"their-{name}")
            (run / name).symlink_to(self.folder / f"their-{name}")
        before = {path: path.read_bytes() for path in self.folder.glob("their-*")}
        (run / "tensorboard/events.out.tfevents.000001.qkv").symlink_to(self.folder / "made-by-nobody")
        self.succeed("train", "tiny.json", "--out", "linked", "--resume", "--set", "training.steps=12")
        self.succeed("train", "tiny.json", "--out", "linked", "--overwrite")
        self.assertEqual({path: path.read_bytes() for path in self.folder.glob("their-*")}, before)
        self.assertFalse((self.folder / "made-by-nobody").exists())
        # The run's folder itself may be a link.
        (self.folder / "elsewhere").mkdir()
        (self.folder / "by-link").symlink_to("elsewhere")
        self.succeed("train", "tiny.json", "--out", "by-link", "--set", "training.steps=2")
        self.assertTrue((self.folder / "elsewhere/config.json").exists())

    def test_permissions_are_kept(self):
        self.succeed("train", "tiny.json", "--out", "private")
        files = [self.folder / "private" / name for name in ["config.json", "metrics.jsonl"]]
        for path in files:
            path.chmod(0o600)
        self.succeed("train", "tiny.json", "--out", "private", "--resume", "--set", "training.steps=12")
        self.assertEqual([path.stat().st_mode & 0o777 for path in files], [0o600, 0o600])
        scores = self.write("scores.json", "")
        scores.chmod(0o640)
        self.succeed("eval", "private", "--json", "scores.json")
        self.assertEqual(scores.stat().st_mode & 0o777, 0o640)

    def test_what_only_looks_like_a_run_is_left_alone(self):
        self.succeed("train", "tiny.json", "--out", "real", "--set", "training.steps=2")
        foreign = self.folder / "foreign"
        (foreign / "checkpoints").mkdir(parents=True)
        self.write("foreign/config.json", '{"model_type": "llama"}')
        self.write("foreign/tokenizer.model", "theirs")
        self.write("foreign/checkpoints/theirs.bin", "theirs")
        tokenizer = self.folder / "tokenizer"
        tokenizer.mkdir()
        self.write("tokenizer/tokenizer.model", "theirs")
        for out in ["foreign", "tokenizer", "real/checkpoints/last", "real/checkpoints/step-0000000"]:
            with self.subTest(out):
                content = {p: p.read_bytes() for p in (self.folder / out).rglob("*") if p.is_file()}
                self.refuse(2, [out, "--overwrite"], "train", "tiny.json", "--out", out)
                self.refuse(2, [out, "not a qkv run"], "train", "tiny.json", "--out", out, "--overwrite")
                self.refuse(2, [out, "no run to resume"], "train", "tiny.json", "--out", out, "--resume")
                self.assertEqual({p: p.read_bytes() for p in (self.folder / out).rglob("*") if p.is_file()}, content)


if __name__ == "__main__":
    unittest.main()
