"""--resume, --init, and how a run ends: by a signal, early, by a loss that is not a number, on a full disk."""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest

import harness


class Resume(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        done = cls.run_program("train", "tiny.json", "--out", "run")
        assert done.returncode == 0, done.stderr

    def test_a_finished_run_says_so(self):
        before = self.weights("run")
        self.assertIn("finished", self.succeed("train", "tiny.json", "--out", "run", "--resume"))
        self.assertEqual(self.weights("run"), before)

    def test_a_run_that_made_more_steps_says_so(self):
        before = harness.content_of(self.folder / "run")
        self.refuse(2, ["training.steps: found 5", "at least the 10 steps", "run"], "train", "tiny.json", "--out", "run",
                    "--resume", "--set", "training.steps=5")
        self.assertEqual(harness.content_of(self.folder / "run"), before)

    def copy(self, name):
        return pathlib.Path(shutil.copytree(self.folder / "run", self.folder / name, symlinks=True))

    def test_the_summary_tells_this_process_from_the_run(self):
        self.copy("summed")
        text = self.succeed("train", "tiny.json", "--out", "summed", "--resume", "--set", "training.steps=12")
        self.assertRegex(text, r"(?m)^ *steps +12, including 2 since the resume$")
        self.assertRegex(text, r"(?m)^ *tokens +768, including 128 since the resume$")
        self.assertRegex(text, r"(?m)^ *time since the resume +")
        first = self.succeed("train", "tiny.json", "--out", "summed", "--overwrite")
        self.assertRegex(first, r"(?m)^ *steps +10$")
        self.assertNotIn("since the resume", first)

    def test_counters_that_cannot_be_are_refused_before_anything_is_written(self):
        resume = ["tiny.json", "--out", "odd", "--resume", "--set", "training.steps=20"]
        trainer = self.copy("odd") / "checkpoints/step-0000010/trainer.json"
        good = trainer.read_text()
        for changes, words in [({"tokens": 2**63 - 1}, "tokens: found 9223372036854775807"),
                               ({"tokens": 641}, "tokens: found 641"),
                               ({"validations_without_best": 11}, "validations_without_best: found 11"),
                               ({"best": {"loss": 1, "step": 11}}, "best: step: found 11")]:
            trainer.write_text(json.dumps({**json.loads(good), **changes}))
            before = harness.content_of(self.folder / "odd")
            self.refuse(2, ["trainer.json", words], "train", *resume)
            self.assertEqual(harness.content_of(self.folder / "odd"), before)
        trainer.write_text(good)
        metrics = self.folder / "odd/metrics.jsonl"
        records = metrics.read_text()
        for step in [21, 2**63 - 1, 2**64 - 1, -1]:
            metrics.write_text(records + json.dumps({"step": step, "loss": 1.0}) + "\n")
            before = harness.content_of(self.folder / "odd")
            self.refuse(2, [f"metrics.jsonl:{records.count(chr(10)) + 1}: step: found {step}", "0 to 20"], "train", *resume)
            self.assertEqual(harness.content_of(self.folder / "odd"), before)
        metrics.write_text(records + '{"step": 15, "loss": 1.0}\n{"step": 99, "lo')  # as after a kill
        self.succeed("train", *resume)

    def test_a_best_checkpoint_that_is_gone(self):
        run = self.copy("bestless")
        checkpoints = run / "checkpoints"
        trainer = checkpoints / "step-0000010/trainer.json"
        best = {"loss": 1.0, "step": 5}
        trainer.write_text(json.dumps({**json.loads(trainer.read_text()), "best": best, "best_checkpoint": best}))
        losses = {0: 2.0, 5: 1.0, 10: 2.5}
        (run / "metrics.jsonl").write_text(
            "".join(json.dumps({"step": step, "validation_loss": loss}) + "\n" for step, loss in losses.items()))
        (checkpoints / "best").unlink()
        (checkpoints / "best").symlink_to("step-0000005")
        self.succeed("eval", "bestless")
        shutil.rmtree(checkpoints / "step-0000005")
        for place in ["bestless", "bestless/checkpoints/best"]:
            self.refuse(2, ["best: points to step-0000005", "does not exist", "--resume"], "eval", place)

        def resumed(steps):
            done = self.run_program("train", "tiny.json", "--out", "bestless", "--resume", "--set", f"training.steps={steps}")
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stderr

        # Even if nothing is left to do; without the losses, the last checkpoint is used.
        told = resumed(10)
        self.assertRegex(told, "(?m)^warning: .*step-0000005: the best checkpoint is missing; best is now step-0000000, validation loss 2.0000$")
        self.assertEqual(os.readlink(checkpoints / "best"), "step-0000000")
        os.rename(run / "metrics.jsonl", run / "metrics")
        self.assertIn("best is now step-0000010, the last", resumed(10))
        self.assertEqual(os.readlink(checkpoints / "best"), "step-0000010")
        os.rename(run / "metrics", run / "metrics.jsonl")
        self.assertIn("best is now step-0000000", resumed(12))
        self.assertNotIn("gone", resumed(13))
        self.succeed("eval", "bestless")

    def test_files_in_place_of_links(self):
        # As on a file system without symbolic links.
        checkpoints = self.copy("linkless") / "checkpoints"
        for link in ["best", "last"]:
            target = os.readlink(checkpoints / link)
            (checkpoints / link).unlink()
            (checkpoints / link).write_text(target + "\n")
        for place in ["", "/checkpoints/best", "/checkpoints/last"]:
            self.assertEqual(json.loads(self.succeed("eval", "linkless" + place, "--json", "-"))["loss"],
                             json.loads(self.succeed("eval", "run" + place, "--json", "-"))["loss"])
            self.succeed("generate", "linkless" + place, "--prompt", "the", "--tokens", 3)
            self.succeed("inspect", "linkless" + place, "--text", "the cat", "--out", "maps")
        self.succeed("train", "tiny.json", "--out", "from-linkless", "--init", "linkless/checkpoints/last", "--set", "training.steps=2")
        self.succeed("train", "tiny.json", "--out", "linkless", "--resume", "--set", "training.steps=12")
        self.assertEqual(self.steps("linkless")[-1], "step-0000012")
        self.succeed("train", "tiny.json", "--out", "linkless", "--overwrite", "--set", "training.steps=2")

    def test_without_a_run(self):
        self.refuse(2, "nothing", "train", "tiny.json", "--out", "nothing", "--resume")
        self.assertFalse((self.folder / "nothing").exists())

    def test_a_changed_config_is_named(self):
        for change, name in {
            "model.layers=2": "model.layers",
            "model.dropout=0.1": "model.dropout",
            "training.batch_size=8": "training.batch_size",
            "seed=2": "seed",
            "tokenizer.vocabulary=300": "tokenizer",
            "tokenizer.kind=char": "tokenizer",
            "data.layout=lines": "data.layout",
        }.items():
            with self.subTest(change):
                self.refuse(2, name, "train", "tiny.json", "--out", "run", "--resume", "--set", change)

    def test_a_changed_corpus_is_named(self):
        self.write("other.txt", harness.sentences(400, seed=9))
        self.refuse(2, "data.train", "train", "tiny.json", "--out", "run", "--resume", "--set", "data.train=other.txt")
        self.refuse(2, "data.validation", "train", "tiny.json", "--out", "run", "--resume", "--set", "data.validation=other.txt")

    def test_a_changed_tokenizer_is_named(self):
        shutil.copytree(self.folder / "run", self.folder / "swapped", symlinks=True)
        self.succeed("train", "tiny.json", "--out", "other", "--set", "tokenizer.vocabulary=5", "--set", "training.steps=2")
        shutil.copy(self.folder / "other/tokenizer.model", self.folder / "swapped/tokenizer.model")
        self.refuse(2, "tokenizer", "train", "tiny.json", "--out", "swapped", "--resume", "--set", "training.steps=20")

        # The file that the config names may not change either.
        given = ["tiny.json", "--out", "given", "--set", "tokenizer.path=given.model"]
        shutil.copy(self.folder / "run/tokenizer.model", self.folder / "given.model")
        self.succeed("train", *given, "--set", "training.steps=2")
        shutil.copy(self.folder / "other/tokenizer.model", self.folder / "given.model")
        self.refuse(2, "tokenizer.path", "train", *given, "--resume")

    def test_what_may_differ(self):
        shutil.copytree(self.folder / "run", self.folder / "longer", symlinks=True)
        changes = ["training.steps=12", "training.validate_every=3", "training.log_every=2", "training.patience=9",
                   "checkpoints.every=3", "checkpoints.keep=1", "runtime.threads=2"]
        self.succeed("train", "tiny.json", "--out", "longer", "--resume", *(f"--set={change}" for change in changes))
        self.assertEqual(os.readlink(self.folder / "longer/checkpoints/last"), "step-0000012")
        self.assertEqual([r["step"] for r in self.records("longer") if "loss" in r], [*range(1, 11), 12])
        # The run's config is that of its last checkpoint.
        configs = [json.loads((self.folder / "longer" / name).read_text()) for name in ["config.json", "checkpoints/last/config.json"]]
        for key in ["train", "validation"]:  # the run holds the path of the text, a checkpoint its name
            self.assertEqual([os.path.basename(path) for path in configs[0]["data"].pop(key)], configs[1]["data"].pop(key))
        self.assertEqual(configs[0], configs[1])
        self.assertEqual(configs[0]["training"]["steps"], 12)

    def test_a_copy_whose_links_became_folders_goes_on(self):
        subprocess.run(["cp", "-rL", self.folder / "run", self.folder / "copied"], check=True)
        self.succeed("train", "tiny.json", "--out", "copied", "--resume", "--set", "training.steps=12")
        self.assertEqual(os.readlink(self.folder / "copied/checkpoints/last"), "step-0000012")

    def test_a_checkpoint_of_another_model_is_refused(self):
        # The same number of weights and shapes, and hashes that agree.
        self.succeed("train", "tiny.json", "--out", "alibi", "--set", "model.position=alibi")
        shutil.copytree(self.folder / "run", self.folder / "mixed", symlinks=True)
        shutil.rmtree(self.folder / "mixed/checkpoints")
        shutil.copytree(self.folder / "alibi/checkpoints", self.folder / "mixed/checkpoints", symlinks=True)
        self.refuse(2, ["model.position", "alibi", "sinusoidal", "step-0000010"], "train", "tiny.json", "--out", "mixed",
                    "--resume", "--set", "training.steps=12")

    def test_a_damaged_checkpoint_is_refused(self):
        shutil.copytree(self.folder / "run", self.folder / "damaged", symlinks=True)
        for name in ["config.json", "model.safetensors", "optimizer.safetensors"]:
            path = self.folder / "damaged/checkpoints/last" / name
            whole = path.read_bytes()
            for broken in [whole[:-1], whole[:100], b"", whole[:-1] + bytes([whole[-1] ^ 1]), b"\xff" * 8 + whole[8:]]:
                path.write_bytes(broken)
                self.refuse(2, name, "train", "tiny.json", "--out", "damaged", "--resume", "--set", "training.steps=20")
            path.write_bytes(whole)


class Init(harness.ProgramTest):
    def test_starts_from_weights_and_tokenizer(self):
        self.succeed("train", "tiny.json", "--out", "base", "--profile")
        self.write("other.txt", harness.sentences(300, seed=5) + "a word that base never saw.\n")
        self.succeed("train", "tiny.json", "--out", "tuned", "--init", "base/checkpoints/last", "--set", "data.train=other.txt",
                     "--set", "training.steps=3", "--set", "training.warmup_steps=0")
        self.assertEqual(self.weights("tuned", "step-0000000"), self.weights("base", "last"))
        self.assertEqual(harness.sha256(self.folder / "tuned/tokenizer.model"), harness.sha256(self.folder / "base/tokenizer.model"))
        self.assertNotEqual(self.weights("tuned", "last"), self.weights("base", "last"))
        # With other dropout, or with a longer context if positions have no weights, it is still the same model.
        self.succeed("train", "tiny.json", "--out", "longer", "--init", "base", "--set", "model.dropout=0.1", "--set", "model.context=32",
                     "--set", "training.steps=2")

    def test_another_model_is_named(self):
        self.succeed("train", "tiny.json", "--out", "origin", "--set", "training.steps=2")
        for key, value in {"width": "32", "heads": "1", "norm": "rms", "position": "alibi", "objective": "masked"}.items():
            self.refuse(2, [f"model.{key}: found", value, "expected", "origin"], "train", "tiny.json", "--out", "wide",
                        "--init", "origin", "--set", f"model.{key}={value}")
        self.assertFalse((self.folder / "wide").exists())

    def test_starts_from_the_checkpoint_that_it_found_first(self):
        self.succeed("train", "tiny.json", "--out", "moving")
        checkpoints = self.folder / "moving/checkpoints"
        first = os.readlink(checkpoints / "last")
        weights = self.weights("moving", "last")
        self.write("long.txt", harness.sentences(150000, seed=3))
        process = self.start("train", "tiny.json", "--out", "followed", "--init", "moving/checkpoints/last", "--set", "data.train=long.txt",
                             "--set", "training.steps=2")
        self.wait_for((self.folder / "followed/.lock").exists, process)
        # While it reads its text, the other run moves on.
        (checkpoints / "last").unlink()
        (checkpoints / "last").symlink_to("step-0000000")
        shutil.rmtree(checkpoints / first)
        self.assertFalse((self.folder / "followed/tokenizer.model").exists(), "moved too late to prove anything")
        code, errors = harness.finish(process)
        self.assertEqual(code, 0, errors)
        self.assertEqual(self.weights("followed", "step-0000000"), weights)

    def test_one_tokenizer_alone(self):
        self.succeed("train", "tiny.json", "--out", "one", "--set", "training.steps=2")
        self.succeed("train", "tiny.json", "--out", "two", "--set", "training.steps=2", "--set", "tokenizer.vocabulary=5")
        both = ["tiny.json", "--out", "both", "--init", "one"]
        self.refuse(2, ["tokenizer.path", "one"], "train", *both, "--set", "tokenizer.path=two/tokenizer.model")
        same = ["--set", "tokenizer.path=one/tokenizer.model", "--set", "training.steps=4"]
        self.succeed("train", *both, *same)
        self.succeed("train", "tiny.json", "--out", "both", "--resume", *same)

    def test_a_run_that_goes_on_has_begun(self):
        self.refuse(2, ["--init", "--resume"], "train", "tiny.json", "--init", "missing", "--resume")


class Endings(harness.ProgramTest):
    def stopped(self, name, signal_number, code):
        arguments = ["tiny.json", "--out", name, "--set", "training.steps=100000000", "--set", "training.schedule=constant"]
        process = self.start("train", *arguments, preexec_fn=harness.by_default(signal_number))
        self.wait_for(lambda: (self.folder / name / "metrics.jsonl").exists() and self.records_so_far(name) > 7, process)
        process.send_signal(signal_number)
        returned, errors = harness.finish(process)
        self.assertEqual(returned, code, errors)
        last = int(os.readlink(self.folder / name / "checkpoints/last")[5:])
        self.assertGreater(last, 7)
        self.assertEqual(max(r["step"] for r in self.records(name)), last, "the step in work was not finished and saved")
        self.succeed("train", "tiny.json", "--out", name, "--resume", "--set", f"training.steps={last + 3}",
                     "--set", "training.schedule=constant")
        self.assertEqual(os.readlink(self.folder / name / "checkpoints/last"), f"step-{last + 3:07d}")
        self.assertEqual([r["step"] for r in self.records(name) if "loss" in r], list(range(1, last + 4)))

    def records_so_far(self, name):
        return (self.folder / name / "metrics.jsonl").read_text().count("gradient_norm")

    def test_interrupt(self):
        self.stopped("interrupted", signal.SIGINT, 130)

    def test_terminate(self):
        self.stopped("terminated", signal.SIGTERM, 143)

    def test_hang_up(self):
        self.stopped("hung", signal.SIGHUP, 129)

    def test_broken_pipe(self):
        self.stopped("piped", signal.SIGPIPE, 141)

    def test_who_reads_the_messages_goes_away(self):
        # Each validation is logged at this level.
        process = self.start("train", "tiny.json", "--out", "unread", "--set", "training.steps=100000000", "--log-level", "debug",
                             preexec_fn=harness.by_default(signal.SIGPIPE))
        self.wait_for(lambda: (self.folder / "unread/metrics.jsonl").exists() and self.records_so_far("unread") > 7, process)
        process.stdout.close()
        process.stderr.close()
        try:
            self.assertEqual(process.wait(timeout=120), 141)
        finally:
            process.kill()
        last = int(os.readlink(self.folder / "unread/checkpoints/last")[5:])
        self.assertGreater(last, 7)
        self.assertEqual(max(r["step"] for r in self.records("unread")), last)

    def test_an_ignored_signal_stays_ignored(self):
        process = self.start("train", "tiny.json", "--out", "nohup", "--set", "training.steps=100000000",
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait_for(lambda: (self.folder / "nohup/metrics.jsonl").exists() and self.records_so_far("nohup") > 7, process)
        process.send_signal(signal.SIGHUP)
        seen = self.records_so_far("nohup")
        self.wait_for(lambda: self.records_so_far("nohup") > seen + 7, process)
        process.send_signal(signal.SIGTERM)
        returned, errors = harness.finish(process)
        self.assertEqual(returned, 143, errors)

    @staticmethod
    def processor_seconds(process):
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_second_signal_ends_at_once(self):
        # A step of minutes, which would be completed after the first signal.
        process = self.start("train", "tiny.json", "--out", "twice", "--set", "training.accumulation=100000",
                             preexec_fn=harness.by_default(signal.SIGINT))
        self.wait_for(lambda: (self.folder / "twice/checkpoints/last").exists(), process)
        start = self.processor_seconds(process)
        self.wait_for(lambda: self.processor_seconds(process) > start + 0.3, process)  # deep in the step
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(process.poll(), "the first signal did not wait for the step")
        process.send_signal(signal.SIGINT)
        returned, errors = harness.finish(process)
        self.assertEqual(returned, 130, errors)
        self.assertEqual(os.readlink(self.folder / "twice/checkpoints/last"), "step-0000000")

    def test_patience(self):
        # A learning rate at which the loss rises.
        text = self.succeed("train", "tiny.json", "--out", "patient", "--set", "training.patience=2", "--set", "training.steps=500",
                            "--set", "training.learning_rate=3", "--set", "training.schedule=constant")
        self.assertIn("early", text)
        losses = [r["validation_loss"] for r in self.records("patient") if "validation_loss" in r]
        best = losses.index(min(losses))
        self.assertEqual(len(losses), best + 3)
        self.assertIn("nothing to do", self.succeed(
            "train", "tiny.json", "--out", "patient", "--resume", "--set", "training.patience=2", "--set", "training.steps=500",
            "--set", "training.learning_rate=3", "--set", "training.schedule=constant"))

    def test_a_loss_that_is_no_number(self):
        # Finite weights so large that the logits overflow.
        self.succeed("train", "tiny.json", "--out", "tame", "--set", "training.steps=2")
        harness.overwrite_tensor(self.folder / "tame/checkpoints/last", "model.norm.weight", 3e38)
        line = self.refuse(1, ["step 1", "seed 1", "checkpoints/step-0000000"], "train", "tiny.json", "--out", "wild",
                           "--init", "tame/checkpoints/last", "--set", "data.validation=[]", "--set", "data.validation_fraction=0")
        named = line.split()[-1]
        self.assertTrue((self.folder / named / "model.safetensors").exists(), line)
        self.assertEqual(self.records("wild"), [])

    def test_asking_for_validation_does_not_change_the_weights(self):
        for name, changes in {
            "often": ["training.validate_every=1", "checkpoints.every=3", "training.log_every=7"],
            "never": ["training.validate_every=0", "checkpoints.every=1000"],
            "samples": ["training.sample_every=2", "training.validate_every=4"],
        }.items():
            self.succeed("train", "tiny.json", "--out", name, "--set", "model.dropout=0.2", *(f"--set={c}" for c in changes))
        self.assertEqual(len({self.weights(name) for name in ["often", "never", "samples"]}), 1)
        self.assertEqual(len({self.optimizer(name) for name in ["often", "never", "samples"]}), 1)
        self.assertEqual(sum("sample" in r for r in self.records("samples")), 5)

    def test_profile(self):
        for kernels, parts in [("fused", ["products", "attention", "norms", "activation", "loss", "waiting", "update"]),
                               ("plain", ["forward", "backward", "update"])]:
            text = self.succeed("train", "tiny.json", "--out", kernels, "--profile", "--set", f"runtime.kernels={kernels}")
            spent = dict(re.findall(r"^ *(\w[\w, ]*?) +(\d+\.\d+) +\d+\.\d%$", text, flags=re.MULTILINE))
            self.assertGreater(float(spent["step"]), 0, text)
            for part in parts:
                self.assertIn(part, spent, text)
                if part != "waiting":  # a single thread does not wait
                    self.assertGreater(float(spent[part]), 0, text)
            within = sum(float(milliseconds) for name, milliseconds in spent.items()
                         if name not in ["batch", "step", "validation", "saving", "other"])
            self.assertLessEqual(within, float(spent["step"]) * 1.01 + 0.01, text)


class FullDisk(harness.ProgramTest):
    def expect_good_checkpoint(self, run):
        self.succeed("eval", run, "--json", self.folder / "score.json")
        for step in (pathlib.Path(run) / "checkpoints").glob("step-*"):
            self.succeed("eval", step, "--json", self.folder / "score.json")
        snapshots = [path.stat().st_size for path in (pathlib.Path(run) / "snapshots").rglob("*") if path.is_file()]
        self.assertEqual(len(set(snapshots)), 1, "a snapshot is not whole")

    def fill(self, run, **options):
        """A run that saves until the disk or a limit is full."""
        return self.refuse(1, str(run), "train", "tiny.json", "--out", run, "--set", "training.steps=20000",
                           "--set", "checkpoints.every=5", "--set", "checkpoints.keep=1000", "--set", "training.log_every=1", **options)

    def test_a_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode != 0:
            self.skipTest("cannot mount a small disk")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        self.fill(disk / "run")
        self.expect_good_checkpoint(disk / "run")
        # After space is freed, the run continues.
        for step in sorted((disk / "run/checkpoints").glob("step-*"))[1:-2]:
            shutil.rmtree(step)
        last = int(os.readlink(disk / "run/checkpoints/last")[5:])
        self.succeed("train", "tiny.json", "--out", disk / "run", "--resume", "--set", f"training.steps={last + 2}")

    def test_a_file_that_may_not_grow(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

        # The metrics exceed the limit, the checkpoints do not.
        run = self.folder / "limited"
        self.refuse(1, "limited", "train", "tiny.json", "--out", run, "--set", "training.steps=1000",
                    "--set", "training.validate_every=0", "--set", "checkpoints.every=100", preexec_fn=limit)
        self.expect_good_checkpoint(run)

        def less():
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        self.refuse(1, ["large.json", "File too large"], "eval", run, "--data", "validation.txt", "--pairs", self.write(
            "pairs.jsonl", "".join(json.dumps({"sentence_good": "the cat", "sentence_bad": "cat the", "UID": f"kind{n}"}) + "\n"
                                   for n in range(9))), "--json", "large.json", preexec_fn=less)

    def test_a_disk_without_links(self):
        disk, image = self.folder / "fat", self.folder / "fat.image"
        disk.mkdir()
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        for command in [["mkfs.vfat", image], ["mount", "-o", "loop", image, disk]]:
            if os.geteuid() != 0 or not shutil.which(command[0]) or subprocess.run(command, capture_output=True).returncode != 0:
                self.skipTest("cannot make and mount a FAT disk")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        run = disk / "run"
        self.succeed("train", "tiny.json", "--out", run)
        self.assertEqual((run / "checkpoints/last").read_text(), "step-0000010\n")
        self.succeed("eval", run)
        self.succeed("inspect", run / "checkpoints/last", "--text", "the cat", "--out", disk / "maps")
        self.succeed("train", "tiny.json", "--out", run, "--resume", "--set", "training.steps=12")
        self.assertEqual((run / "checkpoints/last").read_text(), "step-0000012\n")
        self.succeed("train", "tiny.json", "--out", run, "--overwrite", "--set", "training.steps=3")
        self.assertEqual((run / "checkpoints/last").read_text(), "step-0000003\n")


if __name__ == "__main__":
    unittest.main()
