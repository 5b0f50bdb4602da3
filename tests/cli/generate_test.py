"""qkv-generate: the prompt and its continuation, nothing else."""

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
        self.assertRegex(done.stderr, r"29 tokens in [\d.]+ s behind the first, [\d,]+ tokens/s")

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
        done.stdout.encode("utf-8")  # fails on a broken character

    def test_prompt_from_a_file_and_from_standard_input(self):
        self.write("prompt.txt", "the cat\n")
        want = self.say("run", "--prompt", "the cat\n", "--tokens", 5)
        self.assertEqual(self.say("run", "--prompt-file", "prompt.txt", "--tokens", 5), want)
        self.assertEqual(self.say("run", "--prompt-file", "-", "--tokens", 5, input="the cat\n"), want)

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
