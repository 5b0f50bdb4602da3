"""qkv-generate: the prompt and its continuation, nothing else."""

import os
import pty
import signal
import subprocess
import unittest

import harness


class Generation(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for arguments in [
            ["--out", "run", "--set", "training.steps=40", "--set", "training.learning_rate=0.01"],
            ["--out", "lines", "--set", "training.steps=200", "--set", "data.layout=lines", "--set", "training.learning_rate=0.03",
             "--set", "model.context=32"],
            ["--out", "masked", "--set", "model.objective=masked", "--set", "training.steps=2"],
        ]:
            done = cls.run_program("train", "tiny.json", *arguments)
            assert done.returncode == 0, done.stderr

    def say(self, *arguments, **options):
        return self.succeed("generate", *arguments, **options)

    def test_prompt_continuation_newline(self):
        text = self.say("run", "--prompt", "the cat", "--tokens", 8)
        self.assertTrue(text.startswith("the cat"), text)
        self.assertTrue(text.endswith("\n"))
        self.assertGreater(len(text), len("the cat\n"))

    def test_no_tokens(self):
        for prompt in ["the cat", "a  \t b\n\nc ", "▁ 猫 ▅"]:
            self.assertEqual(self.say("run", "--prompt", prompt, "--tokens", 0), prompt + "\n")

    def test_greedy_is_one_text(self):
        greedy = ["run", "--prompt", "the", "--tokens", 30, "--temperature", 0]
        texts = {self.say(*greedy, "--seed", seed) for seed in [1, 2]}
        texts.add(self.say("run", "--prompt", "the", "--tokens", 30, "--top-k", 1))
        texts.add(self.say("run", "--prompt", "the", "--tokens", 30, "--top-p", 1e-9))
        self.assertEqual(len(texts), 1)

    def test_a_seed_is_a_text(self):
        texts = [self.say("run", "--prompt", "the", "--tokens", 30, "--seed", seed) for seed in [7, 7, 8]]
        self.assertEqual(texts[0], texts[1])
        self.assertNotEqual(texts[0], texts[2])

    def test_threads_change_nothing(self):
        texts = {self.say("run", "--prompt", "the cat", "--tokens", 400, "--threads", threads) for threads in [1, 2, 5]}
        self.assertEqual(len(texts), 1)

    def test_its_rate_is_logged_where_asked_for(self):
        done = self.run_program("generate", "run", "--prompt", "the", "--tokens", 30, "--log-level", "debug")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"29 tokens in [\d.]+ s after the first, [\d,]+ tokens/s")

    def test_more_tokens_than_the_context(self):
        text = self.say("run", "--prompt", "the cat " * 30, "--tokens", 60)
        self.assertGreater(len(text), len("the cat " * 30) + 60)

    def test_a_prefix_of_the_tokens_is_a_prefix_of_the_text(self):
        long, short = (self.say("run", "--prompt", "the", "--tokens", n, "--temperature", 0)[:-1] for n in [20, 5])
        self.assertTrue(long.startswith(short.rstrip("\ufffd")), (long, short))

    def test_it_stops_at_the_end_of_a_document(self):
        text = self.say("lines", "--prompt", "the", "--tokens", 5000, "--temperature", 0.5)
        self.assertLess(len(text), 2000)
        self.assertNotIn("</s>", text)
        self.assertEqual(text.count("\n"), 1)
        # An empty prompt begins a document.
        self.assertGreater(len(self.say("lines", "--prompt", "", "--tokens", 5)), 1)

    def test_only_whole_characters(self):
        # An untrained model draws bytes at random.
        done = self.run_program("generate", "run/checkpoints/step-0000000", "--prompt", "é", "--tokens", 200)
        self.assertEqual(done.returncode, 0)
        done.stdout.encode("utf-8")  # fails on an incomplete character

    def test_prompt_from_a_file_and_from_standard_input(self):
        self.write("prompt.txt", "the cat\n")
        want = self.say("run", "--prompt", "the cat\n", "--tokens", 5)
        self.assertEqual(self.say("run", "--prompt-file", "prompt.txt", "--tokens", 5), want)
        self.assertEqual(self.say("run", "--prompt-file", "-", "--tokens", 5, input="the cat\n"), want)

    def test_an_empty_prompt_is_told_with_its_option(self):
        self.write("empty.txt", "")
        self.refuse(2, "--prompt-file: empty.txt: found an empty text", "generate", "run", "--prompt-file", "empty.txt")
        self.refuse(2, "--prompt: found an empty text", "generate", "run", "--prompt", "")
        self.assertGreater(len(self.say("lines", "--prompt-file", "empty.txt", "--tokens", 5)), 1)

    def test_the_line_end_of_a_file_is_no_part_of_a_document(self):
        for end in ["\n", "\r\n"]:
            self.write("line.txt", "the cat" + end)
            want = self.say("lines", "--prompt", "the cat", "--tokens", 5)
            self.assertEqual(self.say("lines", "--prompt-file", "line.txt", "--tokens", 5), want)
            self.assertEqual(self.say("lines", "--prompt-file", "-", "--tokens", 5, input="the cat" + end), want)

    def warnings(self, *arguments, **options):
        done = self.run_program("generate", *arguments, "--tokens", 1, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def test_odd_prompts_are_warnings(self):
        self.assertIn("several lines", self.warnings("lines", "--prompt-file", "-", input="the cat\nthe dog\n"))
        self.assertIn("ends in a space", self.warnings("run", "--prompt", "the cat "))
        told = self.warnings("run", "--prompt", "the zebra 猫 zebra")
        self.assertIn("does not know", told)
        self.assertEqual(told.count("猫"), 1)
        self.assertEqual(self.warnings("lines", "--prompt", "the cat"), "")

    def test_a_sample_prompt_is_read_as_every_prompt(self):
        samples = []
        for out, prompt in [("one", "the cat"), ("two", "the cat\n")]:
            done = self.run_program(
                "train", "tiny.json", "--out", out, "--set", "data.layout=lines", "--set", "training.sample_every=5",
                "--set", f"training.sample_prompt={prompt}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("warning", done.stderr)
            samples.append([record["sample"] for record in self.records(out) if "sample" in record])
        self.assertEqual(samples[0], samples[1])
        self.assertTrue(samples[0][0].startswith("the cat"))
        done = self.run_program("train", "tiny.json", "--out", "three", "--set", "training.sample_every=5",
                                "--set", "training.sample_prompt=the cat ")
        self.assertEqual(done.stderr.count("training.sample_prompt: ends in a space"), 1, done.stderr)

    def test_stop_texts(self):
        greedy = ["run", "--prompt", "the cat", "--tokens", 40, "--temperature", 0]
        text = self.say(*greedy)[:-1]
        continuation = text[len("the cat"):]
        for stop in {continuation[5:8], continuation[9], continuation[20:29]}:
            want = "the cat" + continuation[: continuation.index(stop)]
            self.assertEqual(self.say(*greedy, "--stop", stop), want + "\n")
            self.assertEqual(self.say(*greedy, "--stop", "never there", "--stop", stop), want + "\n")
        self.assertEqual(self.say(*greedy, "--stop", "never there"), text + "\n")
        self.refuse(2, "--stop", "generate", "run", "--prompt", "the", "--stop", "")

    def test_it_stops_where_nobody_can_read_it(self):
        # Without an end at the first failed write, these would continue for days.
        endless = ["run", "--prompt", "the", "--tokens", 1 << 40]
        with open("/dev/full", "wb") as full:
            process = subprocess.Popen(
                [harness.BIN / "qkv-generate", *map(str, endless)],
                cwd=self.folder, env=self.environment, stdout=full, stderr=subprocess.PIPE,
            )
            code, errors = harness.finish(process)
        self.assertEqual(code, 1, errors)
        self.assertEqual(errors.splitlines(), ["error: standard output: cannot write"])
        for ignored in [True, False]:
            ignore = (lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN)) if ignored else None
            process = self.start("generate", *endless, preexec_fn=ignore)
            self.assertEqual(process.stdout.read(3), b"the")
            process.stdout.close()
            code, errors = harness.finish(process)
            self.assertNotEqual(code, 0)
            if ignored:
                self.assertEqual(errors.splitlines(), ["error: standard output: cannot write"])

    def test_a_terminal_gets_no_control_bytes(self):
        prompt = "the \x1b[31mcat\x07"
        self.assertEqual(self.say("run", "--prompt", prompt, "--tokens", 0), prompt + "\n")
        terminal, ours = pty.openpty()
        done = subprocess.run(
            [harness.BIN / "qkv-generate", "run", "--prompt", prompt, "--tokens", "0"],
            cwd=self.folder, env=self.environment, stdout=ours, stderr=subprocess.PIPE, timeout=120,
        )
        os.close(ours)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.read(terminal, 1000), b"the \\x1B[31mcat\\x07\r\n")
        os.close(terminal)

    def test_what_is_refused(self):
        self.refuse(2, "masked", "generate", "masked", "--prompt", "the cat")
        self.refuse(2, "--temperature", "generate", "run", "--prompt", "the", "--temperature", -1)
        self.refuse(2, "--temperature", "generate", "run", "--prompt", "the", "--temperature", "nan")
        self.refuse(2, "--top-p", "generate", "run", "--prompt", "the", "--top-p", 2)
        self.refuse(2, "--top-k", "generate", "run", "--prompt", "the", "--top-k", -1)
        self.refuse(2, "--tokens", "generate", "run", "--prompt", "the", "--tokens", -1)
        self.refuse(2, "--seed", "generate", "run", "--prompt", "the", "--seed", -1)
        self.refuse(2, "missing.txt", "generate", "run", "--prompt-file", "missing.txt")
        self.refuse(2, "prompt", "generate", "run", "--prompt", "")
        self.refuse(2, "prompt", "generate", "run")
        self.write("odd.txt", b"the \xff")
        self.refuse(2, ["odd.txt", "4"], "generate", "run", "--prompt-file", "odd.txt")


if __name__ == "__main__":
    unittest.main()
