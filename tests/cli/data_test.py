"""The text of a run: the part held out, the part lost, and the cache when it is damaged."""

import os
import re
import signal
import subprocess
import tempfile
import unittest

import harness


class DataTest(harness.ProgramTest):
    def dry_run(self, name, **changes):
        """The numbers that --dry-run prints for the text: training tokens, validation tokens, share in percent."""
        self.config(name, **changes)
        table = self.succeed("train", name, "--dry-run")
        train = re.search(r"training tokens +([\d,]+)\n", table)
        validation = re.search(r"validation tokens +([\d,]+), ([\d.]+)% of all tokens\n", table)
        self.assertTrue(train and validation, table)
        numbers = [int(text.replace(",", "")) for text in (train[1], validation[1])]
        self.assertAlmostEqual(float(validation[2]), 100 * numbers[1] / sum(numbers), places=1)
        return *numbers, float(validation[2])

    def test_many_small_files_give_the_fraction(self):
        for lines in [1, 2, 3]:
            files = []
            for file in range(80):
                files.append(f"{lines}-{file}.txt")
                self.write(files[-1], harness.sentences(lines, seed=100 * lines + file))
            for layout in ["lines", "stream"]:
                data = {"train": files, "validation": [], "validation_fraction": 0.1, "layout": layout}
                *_, share = self.dry_run("files.json", data=data, tokenizer={"kind": "char"})
                # Cut between two lines, of which there are 80 or more: to the nearest or the next.
                self.assertAlmostEqual(share, 10, delta=1.5 if lines == 1 else 1)

    def test_the_summary_states_both_sizes(self):
        data = {"validation": [], "validation_fraction": 0.2}
        train, validation, share = self.dry_run("fifth.json", data=data)
        self.assertAlmostEqual(share, 20, delta=1)
        summary = self.succeed("train", "fifth.json", "--out", "fifth")
        self.assertRegex(summary, rf"training tokens +{train:,}\n")
        self.assertRegex(summary, rf"validation tokens +{validation:,}, {share:.1f}% of all tokens\n")
        bare = self.succeed("train", "tiny.json", "--dry-run", "--set", "data.validation=[]", "--set", "data.validation_fraction=0")
        self.assertRegex(bare, r"validation tokens +none\n")

    def test_says_how_much_is_cut(self):
        self.write("long.txt", "the cat\n" * 10 + "the cat " * 20 + "\n" + "a dog\n" * 10)
        changes = {
            "data": {"train": ["long.txt"], "layout": "lines"},
            "tokenizer": {"kind": "word"},
        }
        # <s>, 40 words, a space that no word follows, </s>: 43 ids, of which 17 are read, the last one as a target.
        # Together: 10 lines of 4 ids, and 10 more.
        lost = "1 document is longer than the context of 16 tokens and is cut: 26 of 123 tokens (21.1%) are never read"
        self.config("long.json", **changes)
        self.assertRegex(self.succeed("train", "long.json", "--dry-run"), "cut in training +" + re.escape(lost))
        done = self.run_program("train", "long.json", "--out", "long")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: " + lost, done.stderr)

    def token_files(self):
        return sorted((self.folder / "cache").glob("tokens-*"))

    def test_a_damaged_cache_is_made_again(self):
        arguments = ["train", "tiny.json", "--overwrite", "--out", "damaged"]
        self.succeed(*arguments)
        weights = self.weights("damaged")
        # The entry that this run read last.
        path = max(self.token_files(), key=lambda file: file.stat().st_size)
        whole = path.read_bytes()
        damages = {
            "another id": whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
            "a negative id": whole[:200] + b"\xff\xff\xff\xff" + whole[204:],
            "emptied": b"",
            "shortened": whole[:-100],
            "zeros": bytes(len(whole)),
        }
        for name, damaged in damages.items():
            with self.subTest(name):
                path.write_bytes(damaged)
                done = self.run_program(*arguments)
                self.assertEqual(done.returncode, 0, done.stderr)
                told = [line for line in done.stderr.splitlines() if line.startswith("warning:")]
                self.assertEqual(len(told), 1, done.stderr)
                self.assertIn(str(path), told[0])
                self.assertIn("made again", told[0])
                self.assertEqual(path.read_bytes(), whole)
                self.assertEqual(self.weights("damaged"), weights)

    def test_emptying_the_cache_in_use_kills_nobody(self):
        self.config("endless.json", training={"steps": 1000000, "validate_every": 50, "log_every": 10})
        process = self.start("train", "endless.json", "--out", "endless")
        metrics = self.folder / "endless/metrics.jsonl"
        self.wait_for(lambda: metrics.exists() and metrics.stat().st_size > 0, process)
        kept = {path: path.read_bytes() for path in self.token_files()}
        for path in kept:
            os.truncate(path, 0)
        before = metrics.stat().st_size
        self.wait_for(lambda: metrics.stat().st_size > before + 1000, process)
        process.send_signal(signal.SIGTERM)
        code, errors = harness.finish(process)
        for path, content in kept.items():
            path.write_bytes(content)
        self.assertEqual(code, 128 + signal.SIGTERM, errors)

    def test_standard_input_is_left_nowhere(self):
        self.succeed("train", "tiny.json", "--out", "run")
        text = harness.sentences(50000, seed=4)
        place = self.folder / "temporary"
        place.mkdir()
        before = dict(self.environment)
        self.addCleanup(self.environment.update, {"TMPDIR": before.get("TMPDIR", tempfile.gettempdir())})
        self.environment["TMPDIR"] = str(place)
        for end in [signal.SIGTERM, signal.SIGKILL]:
            for whole in [False, True]:
                with self.subTest(end=end, whole=whole):
                    process = self.start("eval", "run", "--data", "-", stdin=subprocess.PIPE)
                    # More than a pipe holds: when everything is written, the program has read most of it.
                    process.stdin.write(text.encode())
                    process.stdin.flush()
                    if whole:
                        process.stdin.close()
                        process.stdin = None
                        standard_input = f"/proc/{process.pid}/fd/0"
                        self.wait_for(lambda: not os.readlink(standard_input).startswith("pipe:"), process)
                    self.assertEqual(list(place.iterdir()), [])
                    process.send_signal(end)
                    code, errors = harness.finish(process)
                    self.assertNotEqual(code, 0, errors)
                    self.assertEqual(list(place.iterdir()), [])
        self.write("piped.txt", harness.sentences(100, seed=5))
        piped = self.succeed("eval", "run", "--data", "-", input=harness.sentences(100, seed=5))
        self.assertEqual(piped, self.succeed("eval", "run", "--data", "piped.txt"))
        self.refuse(2, "/dev/stdin: not UTF-8 at byte 2", "eval", "run", "--data", "-", input="ab\udcff")
        self.assertEqual(list(place.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
