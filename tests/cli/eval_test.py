"""qkv-eval: its numbers, its files, two checkpoints side by side, minimal pairs, the geometry of words."""

import json
import math
import os
import shutil
import unittest

import harness


class Evaluation(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = ["--set", "data.layout=lines", "--set", "training.learning_rate=0.01", "--set", "model.context=32"]
        for arguments in [
            # On a CUDA device, the trainer validates in another precision than qkv-eval.
            ["--out", "run", "--set", "training.steps=60", "--set", "training.learning_rate=0.01",
             "--set", "runtime.device=cpu"],
            ["--out", "lines", "--set", "training.steps=60", *lines],
            ["--out", "masked", "--set", "model.objective=masked", *lines],
            ["--out", "lstm", "--set", "model.kind=lstm", *lines],
        ]:
            done = cls.run_program("train", "tiny.json", *arguments)
            assert done.returncode == 0, done.stderr

    def measure(self, *arguments):
        return json.loads(self.succeed("eval", *arguments, "--json", "-"))

    def expect_consistent(self, numbers, size):
        # Computed in double from the same numbers, of which JSON holds every digit.
        self.assertAlmostEqual(numbers["perplexity"], math.exp(numbers["loss"]), places=6)
        self.assertAlmostEqual(numbers["bits_per_byte"], numbers["loss"] * numbers["tokens"] / math.log(2) / size, places=9)
        self.assertTrue(0 <= numbers["accuracy"] <= 1)

    def test_the_numbers_agree_with_each_other(self):
        size = (self.folder / "validation.txt").stat().st_size
        for run in ["run", "lines"]:
            self.expect_consistent(self.measure(run), size)

    def test_the_loss_is_the_one_that_training_recorded(self):
        recorded = [r["validation_loss"] for r in self.records("run") if "validation_loss" in r]
        self.assertEqual(self.measure("run/checkpoints/last")["loss"], recorded[-1])
        self.assertEqual(self.measure("run")["loss"], min(recorded))
        self.assertGreater(self.measure("run/checkpoints/step-0000000")["loss"], recorded[-1])

    def test_an_untrained_model_guesses(self):
        numbers = self.measure("run/checkpoints/step-0000000")
        vocabulary = 4 + 256 + 17  # specials, bytes, 16 words and the full stop
        # Random logits of a small deviation s add s² / 2; a trained model is below by more than 1.
        self.assertAlmostEqual(numbers["loss"], math.log(vocabulary), delta=0.3)

    def test_other_text(self):
        text = harness.sentences(30, seed=8)
        self.write("other.txt", text)
        self.write("more.txt", "the dog sees the dog.\n")
        one = self.measure("run", "--data", "other.txt")
        self.expect_consistent(one, len(text))
        both = self.measure("run", "--data", "other.txt", "--data", "more.txt")
        self.assertGreater(both["tokens"], one["tokens"])
        self.expect_consistent(both, len(text) + len("the dog sees the dog.\n"))

    def test_unknown_words_are_named_once(self):
        self.write("zoo.txt", "the zebra sees the dog.\nthe zebra finds a yak.\n")
        pair = {"sentence_good": "the zebra sees.", "sentence_bad": "the yak zebra sees."}
        self.write("zoo.jsonl", f"{json.dumps(pair)}\n" * 3)
        for option, name in [("--data", "zoo.txt"), ("--pairs", "zoo.jsonl")]:
            done = self.run_program("eval", "run", option, name)
            self.assertEqual(done.returncode, 0, done.stderr)
            told = [line for line in done.stderr.splitlines() if "does not know" in line]
            self.assertEqual(len(told), 1, done.stderr)
            self.assertIn(f'{option}: the tokenizer does not know "zebra", "yak";', told[0])
        done = self.run_program("eval", "run", "--data", "validation.txt")
        self.assertNotIn("does not know", done.stderr)

    def test_standard_input(self):
        text = harness.sentences(30, seed=9)
        self.write("piped.txt", text)
        piped = json.loads(self.succeed("eval", "run", "--data", "-", "--json", "-", input=text))
        self.assertEqual(piped["loss"], self.measure("run", "--data", "piped.txt")["loss"])

    def test_numbers_for_a_terminal_hold_no_control_characters(self):
        group = "odd \x9b31m \u2029 \u202e"
        pair = json.dumps({"UID": group, "sentence_good": "the cat.", "sentence_bad": "cat the."}) + "\n"
        shown = self.succeed("eval", "run", "--pairs", "-", "--json", "-", input=pair)
        self.assertEqual(harness.controls_in(shown), [])
        self.assertIn(group, json.loads(shown)["pairs"])

    def test_standard_input_serves_two_checkpoints(self):
        text = harness.sentences(30, seed=9)
        both = json.loads(self.succeed("eval", "run", "lines", "--data", "-", "--json", "-", input=text))
        for run, numbers in [("run", both), ("lines", both["second"])]:
            alone = json.loads(self.succeed("eval", run, "--data", "-", "--json", "-", input=text))
            self.assertEqual(numbers["loss"], alone["loss"])
        pair = json.dumps({"sentence_good": "the cat.", "sentence_bad": "cat the."}) + "\n"
        groups = json.loads(self.succeed("eval", "run", "lines", "--pairs", "-", "--json", "-", input=pair))
        self.assertEqual([numbers["pairs"]["all"]["pairs"] for numbers in [groups, groups["second"]]], [1, 1])
        for twice in [["--data", "-", "--pairs", "-"], ["--data", "-", "--data", "-"]]:
            self.refuse(2, "-: found standard input named twice", "eval", "run", *twice, input=text)

    def test_bytes_not_characters(self):
        text = "äöü → 猫 sees the dog.\n" * 5
        self.write("wide.txt", text)
        self.expect_consistent(self.measure("run", "--data", "wide.txt"), len(text.encode()))

    def test_masked_has_no_bits_per_byte(self):
        numbers = self.measure("masked")
        self.assertIsNone(numbers["bits_per_byte"])
        self.assertGreater(numbers["loss"], 0)
        self.assertEqual(self.measure("masked")["loss"], numbers["loss"])

    def test_cut_documents_have_no_bits_per_byte(self):
        self.write("cut.txt", harness.sentences(5, seed=3) + "the cat " * 600 + "\n")
        done = self.run_program("eval", "lines", "--data", "cut.txt", "--json", "-")
        self.assertIsNone(json.loads(done.stdout)["bits_per_byte"])
        self.assertIn("1 document is longer than the context of 32 tokens and is cut", done.stderr)
        rows = [line.split() for line in self.succeed("eval", "lines", "--data", "cut.txt").splitlines()]
        self.assertIn(["bits", "per", "byte", "–"], rows)

    def test_two_side_by_side(self):
        text = self.succeed("eval", "run/checkpoints/step-0000000", "run")
        self.assertIn("run/checkpoints/step-0000000", text)
        rows = [line.split() for line in text.splitlines()]
        self.assertEqual([len(row) for row in rows if row and row[0] == "perplexity"], [3])
        pair = self.measure("run/checkpoints/step-0000000", "run")
        self.assertEqual(pair["loss"], self.measure("run/checkpoints/step-0000000")["loss"])
        self.assertEqual(pair["second"]["loss"], self.measure("run")["loss"])

    def test_json_into_a_file(self):
        text = self.succeed("eval", "run", "--json", "score.json")
        self.assertIn("perplexity", text)
        self.assertEqual(json.loads((self.folder / "score.json").read_text()), self.measure("run"))

    def test_json_goes_where_a_link_leads_and_replaces_no_pipe(self):
        (self.folder / "link.json").symlink_to("target.json")
        self.succeed("eval", "run", "--json", "link.json")
        self.assertTrue((self.folder / "link.json").is_symlink())
        self.assertEqual(json.loads((self.folder / "target.json").read_text()), self.measure("run"))
        os.mkfifo(self.folder / "pipe")
        self.refuse(2, "pipe: found no regular file", "eval", "run", "--json", "pipe")
        self.assertTrue((self.folder / "pipe").is_fifo())

    def test_a_run_whose_name_is_not_utf8(self):
        name = "r\udcff"  # the byte 0xFF
        (self.folder / name).symlink_to("run")
        self.assertIn("perplexity", self.succeed("eval", name))
        self.assertTrue(self.measure(name)["checkpoint"].startswith("r\ufffd/"))
        # A folder of that name, not only a link to one.
        name = "q\udcff"
        for more in [["--set", "training.steps=2"], ["--resume", "--set", "training.steps=4"]]:
            self.succeed("train", "tiny.json", "--out", name, *more)
        self.assertIn("perplexity", self.succeed("eval", name))
        self.assertIn("probability", self.succeed("inspect", name, "--text", "the cat"))

    def test_minimal_pairs(self):
        pairs = [
            {"sentence_good": "the cat sees a dog.", "sentence_bad": ". . . . . . . .", "UID": "stops"},
            {"sentence_good": "a dog likes the bird.", "sentence_bad": "\x01\x02\x03\x04\x05\x06\x07", "UID": "noise"},
            {"sentence_good": "the cat.", "sentence_bad": "the cat.", "UID": "ties"},
        ]
        self.write("pairs.jsonl", "".join(json.dumps(pair) + "\n" for pair in pairs))
        for run in ["run", "lines", "masked"]:
            groups = self.measure(run, "--pairs", "pairs.jsonl")["pairs"]
            self.assertEqual(list(groups), ["all", "noise", "stops", "ties"] if list(groups) == sorted(groups) else ["stops", "noise", "ties", "all"])
            self.assertEqual(groups["ties"], {"accuracy": 0.5, "pairs": 1}, run)
            self.assertEqual(groups["all"]["pairs"], 3)
            mean = sum(groups[name]["accuracy"] for name in ["stops", "noise", "ties"]) / 3
            self.assertAlmostEqual(groups["all"]["accuracy"], mean)
        self.assertEqual(self.measure("lines", "--pairs", "pairs.jsonl")["pairs"]["noise"]["accuracy"], 1)
        self.assertIn("noise", self.succeed("eval", "lines", "--pairs", "pairs.jsonl"))

    def test_pairs_longer_than_the_context_are_skipped(self):
        pairs = [{"sentence_good": "the cat sees a dog.", "sentence_bad": ". . .", "UID": "stops"},
                 {"sentence_good": "the cat " * 50, "sentence_bad": "a", "UID": "long"},
                 {"sentence_good": "a dog.", "sentence_bad": "dog a.", "UID": "stops"}]
        self.write("mixed.jsonl", "".join(json.dumps(pair) + "\n" for pair in pairs))
        done = self.run_program("eval", "run", "--pairs", "mixed.jsonl")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 of 3 pairs are longer than the context of 16 tokens and are skipped", done.stderr)
        self.assertRegex(done.stdout, r"(?m)^  pairs skipped \(longer than the context\) +1$")
        self.assertRegex(done.stdout, r"(?m)^  pairs: long \(0\) +–$")
        self.assertRegex(done.stdout, r"(?m)^  pairs: stops \(2\) ")
        self.assertRegex(done.stdout, r"(?m)^  pairs: all \(2\) ")
        # Of checkpoints with different contexts, each number is told: "long" fits into that of lines.
        self.write("middle.jsonl", (json.dumps({"sentence_good": "the cat " * 10, "sentence_bad": "a"}) + "\n") * 2 + json.dumps(pairs[0]) + "\n")
        told = self.succeed("eval", "run", "lines", "--pairs", "middle.jsonl")
        self.assertRegex(told, r"(?m)^  pairs: all \(1 and 3\) ")
        both = self.measure("run", "run", "--pairs", "mixed.jsonl")
        for numbers in [both, both["second"]]:
            self.assertEqual(numbers["pairs"]["long"], {"pairs": 0, "accuracy": None, "skipped": 1})
            self.assertEqual((numbers["pairs"]["all"]["pairs"], numbers["pairs"]["all"]["skipped"]), (2, 1))
            first, skipped, last = numbers["pair_scores"]
            self.assertEqual(skipped, {"group": "long", "good": None, "bad": None, "skipped": True})
            right = sum(score["good"] > score["bad"] for score in [first, last]) / 2
            self.assertEqual(numbers["pairs"]["all"]["accuracy"], right)
            self.assertTrue(all(score[key] < 0 for score in [first, last] for key in ["good", "bad"]))
        # log p in nats: for one sentence as a separate text, newline included, this is its loss times its tokens.
        self.write("one.jsonl", json.dumps({"sentence_good": "a dog.", "sentence_bad": "dog a."}) + "\n")
        alone = self.measure("run", "--pairs", "one.jsonl")["pair_scores"]
        # A few tokens, of each some roundings of 2^-24 of a number below 8, since batches differ.
        self.assertAlmostEqual(alone[0]["good"], last["good"], places=4)

    def test_two_runs_of_different_texts_are_not_set_side_by_side(self):
        self.write("elsewhere.txt", harness.sentences(40, seed=11))
        self.succeed("train", "tiny.json", "--out", "elsewhere", "--set", "data.validation=elsewhere.txt")
        line = self.refuse(2, ["--data: found none", '"validation.txt"', '"elsewhere.txt"', "--own-data"], "eval", "run", "elsewhere")
        self.assertNotIn("\n", line)
        both = self.measure("run", "elsewhere", "--own-data")
        self.assertEqual((both["text"]["name"], both["second"]["text"]["name"]), ("validation.txt", "elsewhere.txt"))
        self.assertEqual(both["second"]["text"]["sha256"], harness.sha256(self.folder / "elsewhere.txt"))
        self.assertEqual(both["second"]["loss"], self.measure("elsewhere")["loss"])
        table = self.succeed("eval", "run", "elsewhere", "--own-data")
        self.assertRegex(table, r"(?m)^  text +validation.txt +elsewhere.txt$")
        # One text for both, given or their own, needs no option.
        self.measure("run", "elsewhere", "--data", "elsewhere.txt")
        self.assertRegex(self.succeed("eval", "run", "lines"), r"(?m)^  text +validation.txt +validation.txt$")

    GEOMETRY = {
        "clusters": {"animal": ["cat", "dog", "bird", "zebra"], "place": ["house", "tree"], "verb": ["sees", "likes", "finds"]},
        "analogies": [["cat", "dog", "house", "tree"], ["small", "red", "cat", "zebra"]],
        "senses": {"bird": {
            "seen": [{"text": f"{who} sees the bird", "begin": len(who) + 10, "end": len(who) + 14} for who in ["a cat", "the dog"]],
            "liked": [{"text": f"{who} likes the bird", "begin": len(who) + 11, "end": len(who) + 15} for who in ["a cat", "the dog"]],
        }},
    }

    def geometry(self, name="geometry.json", **changes):
        self.write(name, json.dumps({**self.GEOMETRY, **changes}))
        return ["--geometry", name]

    def test_the_geometry_of_words(self):
        asked = self.geometry()
        for run in ["run", "lines", "masked", "lstm"]:
            both = self.measure(f"{run}/checkpoints/step-0000000", run, *asked)
            start, now = both["geometry"], both["second"]["geometry"]
            self.assertNotIn("loss", both)
            self.assertEqual((now["words"], now["skipped"]), (10, ["zebra"]))
            self.assertEqual(now["start_checkpoint"], f"{run}/checkpoints/step-0000000")
            near = now["neighbours"]
            self.assertEqual(near["words"], 8)
            self.assertAlmostEqual(near["guessing"], (3 * 2 + 2 * 1 + 3 * 2) / 7 / 8)
            self.assertEqual({name: cluster["nearest"] for name, cluster in near["clusters"].items()}, {"animal": 2, "place": 1, "verb": 2})
            self.assertEqual(near["start_precision"], start["neighbours"]["precision"])
            mean = sum(cluster["precision"] * cluster["words"] for cluster in near["clusters"].values()) / near["words"]
            self.assertAlmostEqual(near["precision"], mean)
            purity = now["purity"]
            self.assertEqual(sorted(sum(purity["groups"], [])), sorted("cat dog bird house tree sees likes finds".split()))
            self.assertEqual(len(purity["groups"]), 3)
            majority = lambda group: max(len(set(group) & set(words)) for words in self.GEOMETRY["clusters"].values())
            self.assertAlmostEqual(purity["purity"], sum(map(majority, purity["groups"])) / 8)
            self.assertEqual(purity["start_purity"], start["purity"]["purity"])
            analogies = now["analogies"]
            self.assertEqual((analogies["analogies"], analogies["skipped"]), (1, 1))
            self.assertAlmostEqual(analogies["guessing"], 1 / (10 - 3))
            self.assertEqual(analogies["accuracy"], analogies["answers"][0]["found"] == "tree")
            depths = now["senses"]["depths"]
            self.assertEqual(len(depths), 2)
            for key, value in {"same": 1, "other": 1, "accuracy": 0.5}.items():  # the same position in all sentences
                self.assertAlmostEqual(depths[0][key], value, places=6)
            self.assertLess(depths[1]["other"], 1)
            for depth, before in zip(depths, start["senses"]["depths"]):
                self.assertEqual(depth["start_same"], before["same"])
        text = self.succeed("eval", "run", *asked)
        for part in ["purity of clusters", "skipped: 1 of 11 words", "layer 0", "start: run/checkpoints/step-0000000"]:
            self.assertIn(part, text)
        self.assertEqual(self.measure("run", *asked), self.measure("run", *asked))
        two = self.succeed("eval", "run", "lines", *asked)
        self.assertEqual(two.count("purity of clusters"), 2)

    def test_the_geometry_of_a_checkpoint_without_its_first(self):
        asked = self.geometry()
        shutil.copytree(self.folder / "run/checkpoints/best", self.folder / "alone")
        alone, among = self.measure("alone", *asked)["geometry"], self.measure("run", *asked)["geometry"]
        self.assertIsNone(alone.pop("start_checkpoint"))
        among.pop("start_checkpoint")
        self.assertEqual(alone, among)  # the first checkpoint holds the fresh weights of the seed

    def test_what_heads_attend_to(self):
        for run in ["run", "masked"]:
            heads = self.measure(run, "--heads")["heads"]["heads"]
            self.assertEqual((heads[0]["layer"], heads[0]["head"]), (0, 0))
            for head in heads:
                self.assertGreaterEqual(head["distance"], 0)
                for share in ["previous", "duplicate", "induction", "induction_in_text", "first_token", "entropy"]:
                    self.assertTrue(0 <= head[share] <= 1.000001, share)
        self.assertIn("induction", self.succeed("eval", "run", "--heads"))
        self.refuse(2, "--heads: found a recurrent model in", "eval", "lstm", "--heads")

    def test_the_geometry_is_drawn(self):
        asked = self.geometry()
        for name in ["one.png", "again.png"]:
            self.succeed("eval", "run", *asked, "--plot", name)
        self.succeed("eval", "run", "lines", *asked, "--plot", "two.png")
        one, again, two = [(self.folder / f"{name}.png").read_bytes() for name in ["one", "again", "two"]]
        self.assertTrue(one.startswith(b"\x89PNG"))
        self.assertEqual(one, again)
        self.assertNotEqual(one, two)

    def test_geometry_from_standard_input(self):
        text = json.dumps(self.GEOMETRY)
        piped = json.loads(self.succeed("eval", "run", "lines", "--geometry", "-", "--json", "-", input=text))
        self.assertEqual(piped["second"]["geometry"], self.measure("lines", *self.geometry())["geometry"])
        self.refuse(2, "-: found standard input named twice", "eval", "run", "--geometry", "-", "--data", "-", input=text)

    def test_geometry_that_is_refused(self):
        wrong = [
            ("", "not JSON at byte 0"),
            ("[]", "expected an object"),
            ("{}", "clusters: found nothing"),
            ('{"clusters": {}}', "analogies: found nothing"),
            ('{"clusters": {}, "analogies": []}', "found no question"),
            ('{"clusters": {"a": "cat"}, "analogies": []}', 'clusters.a: found "cat", expected a list'),
            ('{"clusters": {"a": ["cat", 1]}, "analogies": []}', "clusters.a[1]: found 1"),
            ('{"clusters": {"a": ["cat"]}, "analogies": [["a", "b"]]}', "analogies[0]: found"),
            ('{"clusters": {"a": ["zebra", "yak"]}, "analogies": []}', "found 2 words"),
            (b'{"clusters": {"a": ["c\xfft"]}, "analogies": []}', "not JSON at byte 22"),
        ]
        for content, words in wrong:
            self.write("wrong.json", content)
            self.refuse(2, ["wrong.json: ", words], "eval", "run", "--geometry", "wrong.json")
        self.refuse(2, "missing.json", "eval", "run", "--geometry", "missing.json")
        text = "the cat " * 10 + "bird"
        sentence = {"text": text, "begin": 80, "end": 84}
        asked = self.geometry("long.json", senses={"bird": {"one": [sentence] * 2, "two": [sentence] * 2}})
        self.refuse(2, ["long.json", "found 21 tokens", "context of 16"], "eval", "run", *asked)

    def test_weights_too_large_to_compute_with(self):
        pair = json.dumps({"sentence_good": "the cat.", "sentence_bad": "cat the."}) + "\n"
        shutil.copytree(self.folder / "run/checkpoints/last", self.folder / "large")
        harness.overwrite_tensor(self.folder / "large", "model.norm.weight", 3e38)
        probe = {"id": "a-0", "family": "a", "text": "the cat", "predict": {"begin": 4, "end": 7}, "candidates": ["cat", "dog"], "answer": "cat",
                 "query": [{"begin": 0, "end": 3}], "truth": [{"begin": 0, "end": 3}], "distractors": [], "distance": 0,
                 "held_out": {"words": ["the", "cat"], "within": 1}}
        self.write("probe.jsonl", json.dumps(probe) + "\n")
        self.succeed("eval", "run", "--probes", "probe.jsonl", "--accuracy-only")
        for asked in [["--data", "validation.txt"], ["--pairs", "-"], ["--probes", "probe.jsonl", "--accuracy-only"]]:
            self.refuse(2, ["error: large: found a ", "expected finite numbers"], "eval", "large", *asked, "--log-level", "error", input=pair)
        self.refuse(2, "error: large: found a logit of ", "inspect", "large", "--text", "the cat")

    def test_options_that_would_change_nothing(self):
        self.refuse(2, "--accuracy-only: found no --probes", "eval", "run", "--accuracy-only")
        self.refuse(2, "--own-data: found one checkpoint", "eval", "run", "--own-data")
        self.refuse(2, "--own-data: found --data", "eval", "run", "lines", "--own-data", "--data", "validation.txt")

    def test_tables_hold_no_control_characters(self):
        pair = json.dumps({"UID": "two\nlines \x1b[31m", "sentence_good": "the cat.", "sentence_bad": "cat the."}) + "\n"
        (self.folder / "odd\x1b[31m\nrun").symlink_to("run")
        shown = self.succeed("eval", "run", "odd\x1b[31m\nrun", "--pairs", "-", input=pair)
        self.assertEqual(harness.controls_in(shown), [])
        self.assertIn(r"pairs: two\nlines \x1B[31m (1) ", shown)
        self.write("valid\x1b[31m.txt", harness.sentences(40, seed=2))
        self.succeed("train", "tiny.json", "--out", "odd-text", "--set", "data.validation=valid\x1b[31m.txt")
        shown = self.succeed("eval", "odd-text")
        self.assertEqual(harness.controls_in(shown), [])
        self.assertIn(r"valid\x1B[31m.txt", shown)

    def test_what_is_refused(self):
        self.refuse(2, "missing.txt", "eval", "run", "--data", "missing.txt")
        self.refuse(2, "missing.jsonl", "eval", "run", "--pairs", "missing.jsonl")
        self.write("empty.txt", "")
        self.refuse(2, "empty.txt", "eval", "run", "--data", "empty.txt")
        self.write("odd.txt", b"the cat \xc3( sees")
        self.refuse(2, ["odd.txt", "8"], "eval", "run", "--data", "odd.txt")
        for line in ["", "{", '{"sentence_good": "a"}', '{"sentence_good": 1, "sentence_bad": 2}']:
            self.write("odd.jsonl", '{"sentence_good": "the cat.", "sentence_bad": "cat the."}\n' * 2 + line + "\n" if line else "")
            self.refuse(2, ["odd.jsonl", "3"] if line else "odd.jsonl", "eval", "run", "--pairs", "odd.jsonl")
        self.write("long.jsonl", json.dumps({"sentence_good": "the cat " * 50, "sentence_bad": "a"}) + "\n")
        self.refuse(2, ["long.jsonl:1", "101", "context", "16"], "eval", "run", "--pairs", "long.jsonl")
        self.write("long.jsonl", (json.dumps({"sentence_good": "the cat " * 50, "sentence_bad": "a"}) + "\n") * 3)
        self.refuse(2, ["long.jsonl:1 to long.jsonl:3: found no pair that fits", "101"], "eval", "run", "--pairs", "long.jsonl")
        self.write("all.jsonl", json.dumps({"sentence_good": "a", "sentence_bad": "b", "UID": "all"}) + "\n")
        self.refuse(2, ["all.jsonl:1", "the name of the total"], "eval", "run", "--pairs", "all.jsonl")
        self.refuse(2, "nowhere/score.json: cannot create", "eval", "run", "--json", "nowhere/score.json")


if __name__ == "__main__":
    unittest.main()
