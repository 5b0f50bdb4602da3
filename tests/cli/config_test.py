"""Configs and texts that a run must refuse: one line, exit 2, no files."""

import json
import random
import resource
import unittest

import harness

LIMIT = 8 << 30  # of address space: the libraries alone reserve one or two GiB
SECONDS = 20  # of processor time, however busy the machine is


def limit_memory_and_work():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


class Refusals(harness.ProgramTest):
    def refuse_config(self, words, config="tiny.json", *arguments, **options):
        line = self.refuse(2, words, "train", config, "--out", "made", *arguments, **options)
        left = [path.name for path in (self.folder / "made").glob("*") if path.name != ".lock"]
        self.assertEqual(left, [], "a refused config left something")
        return line

    def refuse_text(self, words, text):
        """A refused corpus; the expected message begins with the file's name."""
        self.write("odd.txt", text)
        self.config("odd.json", data={"train": ["odd.txt"]})
        return self.refuse_config(words, "odd.json")

    def test_an_unknown_key_suggests_the_nearest(self):
        self.config("odd.json", training={"learning_rat": 1})
        self.refuse_config(["odd.json", "learning_rat", "learning_rate"], "odd.json")
        self.refuse_config(["model.widht", "width"], "tiny.json", "--set", "model.widht=8")

    def test_not_a_number(self):
        text = self.config("odd.json").read_text().replace('"steps": 10', '"steps": 10, "learning_rate": NaN')
        self.write("odd.json", text)
        self.refuse_config("odd.json", "odd.json")
        self.refuse_config("training.learning_rate", "tiny.json", "--set", "training.learning_rate=NaN")
        self.refuse_config("training.learning_rate", "tiny.json", "--set", "training.learning_rate=1e999")

    def test_a_ten_digit_width_takes_no_memory(self):
        self.refuse_config("width", "tiny.json", "--set", "model.width=1234567890", preexec_fn=limit_memory_and_work)
        self.refuse_config("context", "tiny.json", "--set", "model.context=1234567890", preexec_fn=limit_memory_and_work)
        self.refuse_config("batch_size", "tiny.json", "--set", "training.batch_size=1234567890", preexec_fn=limit_memory_and_work)

    def test_whatever_is_asked_for_is_one_line(self):
        """The largest and the smallest value of each key, alone and together, without more memory than libtorch needs."""
        schema = json.loads((harness.ROOT / "configs/schema.json").read_text())["properties"]
        sizes = {}
        for section, parts in [("model", schema["model"]["properties"]), ("model.feed_forward", schema["model"]["properties"]["feed_forward"]["properties"]),
                               ("training", schema["training"]["properties"]), ("tokenizer", schema["tokenizer"]["properties"]),
                               ("runtime", schema["runtime"]["properties"])]:
            for key, node in parts.items():
                if node.get("type") == "integer":
                    sizes[f"{section}.{key}"] = (node["minimum"], node["maximum"])
        draw = random.Random(1)
        asked = [{key: most} for key, (_, most) in sizes.items()]
        asked += [{key: draw.choice(ends) for key, ends in sizes.items() if draw.random() < share} for share in [0.2, 0.5, 1] for _ in range(10)]
        for values in asked:
            words = {"model.position": draw.choice(["none", "sinusoidal", "learned", "rotary", "alibi"]),
                     "model.kind": draw.choice(["transformer", "lstm"]), "runtime.kernels": draw.choice(["fused", "plain", "check"])}
            sets = [part for key, value in {**values, **words}.items() for part in ["--set", f"{key}={value}"]]
            done = self.run_program("train", "tiny.json", "--dry-run", "--log-level", "error", *sets, preexec_fn=limit_memory_and_work)
            self.assertIn(done.returncode, [0, 2], (sets, done.stderr))
            if done.returncode == 2:
                self.assertRegex(done.stderr, r"\A(error|qkv-train): [^\n]*\n\Z", sets)

    def test_what_the_schema_cannot_say(self):
        for change, word in {
            "model.heads=3": "heads",
            "model.key_value_heads=3": "key_value_heads",
            "model.layers=0": "layers",
            "model.dropout=1.5": "dropout",
            "model.position=relative": "position",
            "training.warmup_steps=11": "warmup_steps",
        }.items():
            self.refuse_config(word, "tiny.json", "--set", change)
        self.refuse_config("head", "tiny.json", "--set", "model.position=rotary", "--set", "model.heads=16")

    def test_a_value_is_blamed_on_where_it_was_set(self):
        self.refuse_config("error: --set: model.heads: found 3", "tiny.json", "--set", "model.heads=3")
        self.refuse_config("error: --set: training.warmup_steps: found 11", "tiny.json", "--set", "seed=2", "--set", "training.warmup_steps=11")
        self.refuse_config("error: --set: data.train: found ", "tiny.json", "--set", "data.train=missing.txt")
        self.config("odd.json", model={"heads": 3})
        self.refuse_config("error: odd.json: model.heads: found 3", "odd.json", "--set", "seed=2")
        self.refuse_config("error: odd.json: model.heads: found 3", "odd.json", "--set", "model.width=32")

    def test_broken_json(self):
        for text in ["", "{", "[]", '"tiny"', '{"name": "\x00"}', '{"a": 1, "a": 2}', "\xff", "[" * 100000]:
            self.write("odd.json", text.encode("latin-1"))
            self.refuse_config("odd.json", "odd.json")

    def test_a_key_twice(self):
        self.write("odd.json", '{"data": {"train": ["train.txt"]}, "seed": 1, "seed": 2}')
        self.refuse_config("seed", "odd.json")

    def test_a_folder_as_config(self):
        (self.folder / "folder").mkdir()
        self.refuse_config("folder", "folder")

    def test_set_without_sense(self):
        self.refuse_config("--set", "tiny.json", "--set", "width")
        self.refuse_config("--set", "tiny.json", "--set", "=1")

    def test_an_empty_corpus(self):
        self.refuse_text("odd.txt", "")

    def test_a_corpus_of_white_space_is_only_short(self):
        self.refuse_text("context", "\n\n")

    def test_a_corpus_shorter_than_the_context(self):
        self.refuse_text(["context", "16"], "the cat\n")

    def test_text_that_is_not_utf8(self):
        good = harness.sentences(50, seed=3).encode()
        self.refuse_text(["odd.txt", str(len(good))], good + b"\xff" + good)
        self.refuse_text(["odd.txt", str(len(good))], good + "é".encode()[:1])

    def test_missing_text(self):
        self.config("odd.json", data={"train": ["missing.txt"]})
        self.refuse_config("missing.txt", "odd.json")
        self.refuse_config("missing.txt", "tiny.json", "--set", 'data.validation=["missing.txt"]')

    def test_a_folder_as_text(self):
        self.config("odd.json", data={"train": ["."]})
        self.refuse_config("data.train", "odd.json")

    def test_a_file_where_the_run_should_be(self):
        self.write("file", "")
        self.refuse(2, "file", "train", "tiny.json", "--out", "file")
        self.refuse(2, "file", "train", "tiny.json", "--out", "file/below")

    def test_a_tokenizer_that_is_none(self):
        self.write("odd.model", b"\x0a\x05" + b"\0" * 50)
        self.refuse_config("odd.model", "tiny.json", "--set", "tokenizer.path=odd.model")


class Acceptances(harness.ProgramTest):
    """Unusual input that is valid."""

    def test_paths_are_relative_to_the_config_and_to_the_working_folder_in_set(self):
        (self.folder / "configs").mkdir()
        self.config("configs/tiny.json", data={"train": ["../train.txt"], "validation": []})
        text = self.succeed("train", "configs/tiny.json", "--dry-run", "--set", "data.validation=validation.txt")
        self.assertIn(f'"{self.folder.resolve()}/train.txt"', text)
        self.assertIn(f'"{self.folder.resolve()}/validation.txt"', text)

    def test_a_config_named_with_a_folder_or_without_or_from_standard_input(self):
        plain = self.succeed("train", "tiny.json", "--dry-run")
        self.assertEqual(self.succeed("train", "./tiny.json", "--dry-run"), plain)
        self.assertEqual(self.succeed("train", self.folder / "tiny.json", "--dry-run"), plain)
        self.assertEqual(self.succeed("train", "-", "--dry-run", input=(self.folder / "tiny.json").read_text()), plain)

    def test_steps_alone_are_enough(self):
        self.write("least.json", json.dumps({"data": {"train": ["train.txt"]}, "model": {"context": 16}}))
        shown = self.succeed("train", "least.json", "--dry-run", "--set", "training.steps=60")
        self.assertIn('"warmup_steps": 6,', shown)
        shown = self.succeed("train", "least.json", "--dry-run", "--set", "training.steps=1e3", "--set", "model.width=6.0")
        for words in ['"steps": 1000,', '"warmup_steps": 100,', '"width": 6,', '"heads": 3,']:
            self.assertIn(words, shown)

    def test_a_run_that_goes_on_keeps_what_it_wrote(self):
        base = {"data": {"train": ["train.txt"]}, "model": {"layers": 1, "width": 16, "context": 16}, "runtime": {"threads": 1}}
        self.write("least.json", json.dumps(base))
        batch = ["--set", "training.batch_size=2"]
        self.succeed("train", "least.json", "--out", "run", "--set", "training.steps=20", *batch)
        config = self.folder / "run/config.json"
        self.assertEqual(json.loads(config.read_text())["training"]["warmup_steps"], 2)
        self.succeed("train", "least.json", "--out", "run", "--resume", "--set", "training.steps=40", *batch)
        self.assertEqual(json.loads(config.read_text())["training"]["warmup_steps"], 2)
        self.refuse(2, "training.warmup_steps", "train", "least.json", "--out", "run", "--resume", "--set", "training.warmup_steps=4", *batch)

    def test_a_text_shorter_than_the_default_context(self):
        self.write("short.txt", "the cat sees the dog under the old tree\n" * 2)
        self.write("short.json", json.dumps({"data": {"train": ["short.txt"], "validation_fraction": 0}, "model": {"width": 8}, "training": {"steps": 3, "batch_size": 2}}))
        shown = self.succeed("train", "short.json", "--dry-run")
        self.assertIn('"context": 19,', shown)
        self.assertRegex(shown, r"tokens per step +38\b")
        self.succeed("train", "short.json", "--out", "short")
        for config in ["short/config.json", "short/checkpoints/last/config.json"]:
            self.assertEqual(json.loads((self.folder / config).read_text())["model"]["context"], 19)
        self.succeed("train", "short.json", "--out", "short", "--resume", "--set", "training.steps=5")
        self.assertEqual(json.loads((self.folder / "short/config.json").read_text())["model"]["context"], 19)
        for written in ["model.context=20", "model.context=256"]:
            self.refuse(2, ["data.train: found 20 tokens", "model.context"], "train", "short.json", "--dry-run", "--set", written)
        self.refuse(2, "model.context: found 18", "train", "short.json", "--out", "short", "--resume", "--set", "model.context=18")

    def test_what_is_left_out_is_as_in_the_weights_that_a_run_starts_from(self):
        self.succeed("train", "tiny.json", "--out", "learned", "--set", "model.position=learned", "--set", "tokenizer.kind=char", "--set", "training.steps=2")
        self.write("least.json", json.dumps({"data": {"train": ["train.txt"]}, "training": {"steps": 2, "batch_size": 2}, "runtime": {"threads": 1}}))
        self.succeed("train", "least.json", "--init", "learned", "--out", "started")
        config = json.loads((self.folder / "started/config.json").read_text())
        self.assertEqual((config["model"]["context"], config["model"]["width"], config["tokenizer"]["kind"]), (16, 16, "char"))
        self.succeed("train", "least.json", "--out", "started", "--resume", "--set", "training.steps=4")
        self.refuse(2, "model.width: found 128, expected 16", "train", "least.json", "--init", "learned", "--out", "other", "--set", "model.width=128")

    def test_dry_run_refuses_a_check_without_kernels_as_the_run_does(self):
        before = dict(self.environment)
        self.addCleanup(self.environment.__init__, before)
        self.environment["QKV_INSTRUCTIONS"] = "avx2"  # no kernels in bfloat16
        check = ["tiny.json", "--set", "runtime.kernels=check", "--set", "runtime.precision=bfloat16"]
        said = [self.refuse(2, "runtime.kernels: found \"check\"", "train", *check, *option) for option in [["--dry-run"], ["--out", "checked"]]]
        self.assertEqual(said[0], said[1])
        self.succeed("train", *check[:3], "--set", "runtime.precision=float32", "--dry-run")
        self.succeed("train", *check[:1], *check[3:], "--dry-run")  # the definition computes in bfloat16 on any processor

    def test_dry_run_shows_no_control_characters(self):
        prompt = "the \x1b[31m\x7f \x9b31m \u2028 \u2029 \u202e cat \u2066"
        text = self.succeed("train", "tiny.json", "--dry-run", "--set", f"training.sample_prompt={json.dumps(prompt)}")
        self.assertEqual(harness.controls_in(text), [])
        self.assertIn(r"\u009b31m \u2028 \u2029 \u202e cat \u2066", text)
        config, _ = json.JSONDecoder().raw_decode(text)
        self.assertEqual(config["training"]["sample_prompt"], prompt)

    def test_dry_run_makes_no_folder(self):
        before = sorted(p for p in self.folder.iterdir() if p.name != "cache")
        text = self.succeed("train", "tiny.json", "--dry-run", "--out", "made")
        self.assertRegex(text, r"parameters +[\d,]+")
        self.assertEqual(sorted(p for p in self.folder.iterdir() if p.name != "cache"), before)


if __name__ == "__main__":
    unittest.main()
