"""Pipes, devices and giant files in place of a file; and input that may be read from a pipe."""

import json
import os
import shutil
import signal
import subprocess
import unittest

import harness

GIANT = 1 << 40  # bytes, none of them on disk
# The messages before anything is read: later errors name the file, too.
REFUSALS = {"pipe": "found no regular file", "zero": "found no regular file", "giant": f"found {GIANT} bytes, expected at most"}


class Odd(harness.ProgramTest):
    """Files of every kind that programs read. Programs must not wait for them, and must not fill the memory."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        done = cls.run_program("train", "tiny.json", "--out", "run")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        os.mkfifo(cls.folder / "pipe")
        (cls.folder / "zero").symlink_to("/dev/zero")
        with open(cls.folder / "giant", "wb") as file:
            file.truncate(GIANT)

    def refuse_odd(self, program, *arguments, special=REFUSALS["pipe"]):
        """A program refuses the file in place of {} among its arguments."""
        for name, words in {**REFUSALS, "pipe": special, "zero": special}.items():
            self.refuse(2, [name, words], program, *[str(a).replace("{}", name) for a in arguments])

    def test_config_and_grammar(self):
        self.refuse_odd("train", "{}")
        self.refuse_odd("train", "{}", "--dry-run", "--set", "data.train=train.txt")
        self.refuse_odd("world", "--grammar", "{}", "--out", "world")
        self.assertFalse((self.folder / "world").exists())

    def test_tokenizer(self):
        self.refuse_odd("train", "tiny.json", "--out", "made", "--set", "tokenizer.path={}", special="expected a regular file")

    def test_prompts(self):
        self.refuse_odd("generate", "run", "--prompt-file", "{}")
        self.refuse_odd("inspect", "run", "--text-file", "{}", "--trace", "0")

    def test_questions(self):
        for option in ["--pairs", "--probes", "--geometry"]:
            self.refuse_odd("eval", "run", option, "{}")

    def put(self, name, target):
        """Replaces a file in a copy of the run by pipe, zero or giant."""
        shutil.rmtree(self.folder / "copy", ignore_errors=True)
        shutil.copytree(self.folder / "run", self.folder / "copy", symlinks=True)
        place = self.folder / "copy" / name
        place.unlink()
        if target == "giant":
            with open(place, "wb") as file:
                file.truncate(GIANT)
        elif target == "pipe":
            os.mkfifo(place)
        else:
            place.symlink_to("/dev/zero")

    def test_files_of_a_checkpoint(self):
        for file in ["config.json", "tokenizer.model", "model.safetensors", "trainer.json"]:
            for target, words in REFUSALS.items():
                self.put(f"checkpoints/step-0000010/{file}", target)
                self.refuse(2, [file, words], "eval", "copy/checkpoints/last")

    def test_files_of_a_run_that_goes_on(self):
        for file in ["metrics.jsonl", "checkpoints/step-0000010/optimizer.safetensors"]:
            for target, words in REFUSALS.items():
                self.put(file, target)
                self.refuse(2, [os.path.basename(file), words], "train", "tiny.json", "--out", "copy", "--resume",
                            "--set", "training.steps=20")

    def test_endless_standard_input(self):
        for program, *arguments in [["train", "-"], ["generate", "run", "--prompt-file", "-"],
                                    ["generate", "run", "--prompt-file", "/dev/stdin"],
                                    ["inspect", "run", "--text-file", "-", "--trace", "0"], ["eval", "run", "--pairs", "-"]]:
            with open("/dev/zero", "rb") as zero:
                done = subprocess.run([harness.BIN / f"qkv-{program}", *arguments], cwd=self.folder, env=self.environment,
                                      stdin=zero, capture_output=True, encoding="utf-8", timeout=120)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, r"^error: [^\n]*found more than \d+ bytes, expected at most \d+\n$")

    def test_a_signal_ends_the_wait_for_input(self):
        for program, *arguments in [["train", "-"], ["generate", "run", "--prompt-file", "-"]]:
            process = self.start(program, *arguments, stdin=subprocess.PIPE)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=120), -signal.SIGTERM)
            for stream in [process.stdin, process.stdout, process.stderr]:
                stream.close()


class Pipes(harness.ProgramTest):
    """Accepted input: standard input under its names, and pipes of a shell."""

    def shell(self, command):
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=self.folder, capture_output=True, encoding="utf-8",
                              timeout=120, env={**self.environment, "PATH": f"{harness.BIN}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_prompts_and_configs(self):
        self.succeed("train", "tiny.json", "--out", "run")
        generate = "qkv-generate run --tokens 5"
        expected = self.shell(f"{generate} --prompt 'the cat'")
        for command in ["printf 'the cat' | {} --prompt-file -", "printf 'the cat' | {} --prompt-file /dev/stdin",
                        "{} --prompt-file <(printf 'the cat')", "{} --prompt-file - < <(sleep 0.2; printf 'the cat')",
                        "{} --prompt-file <(sleep 0.2; printf 'the cat')"]:
            self.assertEqual(self.shell(command.format(generate)), expected, command)
        config = json.dumps(json.loads((self.folder / "tiny.json").read_text()) | {"data": {"train": [str(self.folder / "train.txt")]}})
        self.write("whole.json", config)
        dry = self.shell("qkv-train whole.json --dry-run")
        for name in ["- < whole.json", "<(cat whole.json)", "/dev/stdin < whole.json"]:
            self.assertEqual(self.shell(f"qkv-train {name} --dry-run"), dry, name)


if __name__ == "__main__":
    unittest.main()
