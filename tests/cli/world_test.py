"""qkv-world, and qkv-eval on the probes that it writes."""

import json
import pathlib
import unittest

import harness

GRAMMAR = harness.ROOT / "data/world/grammar.json"


class World(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        grammar = json.loads(GRAMMAR.read_text())
        grammar["lines"] = {"train": 1000, "validation": 50}
        for family in grammar["families"].values():
            family["probes"] = min(family.get("probes", 0), 5)
        cls.write("grammar.json", json.dumps(grammar))
        done = cls.run_program("world", "--out", "world", "--grammar", "grammar.json")
        assert done.returncode == 0, done.stderr

    def test_a_seed_makes_one_world(self):
        self.succeed("world", "--out", "again", "--grammar", "grammar.json", "--seed", "1")
        self.succeed("world", "--out", "other", "--grammar", "grammar.json", "--seed", "2")
        for name in ["train.txt", "validation.txt", "probes.jsonl", "geometry.json"]:
            written = [(self.folder / folder / name).read_bytes() for folder in ["world", "again", "other"]]
            self.assertEqual(written[0], written[1], name)
            if name != "geometry.json":
                self.assertNotEqual(written[0], written[2], name)

    def test_the_shipped_world_is_that_of_its_grammar(self):
        self.succeed("world", "--out", "shipped", "--grammar", GRAMMAR)
        for name in ["train.txt", "validation.txt", "probes.jsonl", "geometry.json"]:
            fresh = (self.folder / "shipped" / name).read_bytes()
            self.assertEqual(fresh, (GRAMMAR.parent / name).read_bytes(), f"data/world/{name}")

    def test_what_probes_join_no_line_joins(self):
        lines = (self.folder / "world/train.txt").read_text().splitlines()
        lines += (self.folder / "world/validation.txt").read_text().splitlines()
        lines = ["".join(c if c.isalpha() else " " for c in line).split() for line in lines]
        probes = [json.loads(line) for line in (self.folder / "world/probes.jsonl").read_text().splitlines()]
        self.assertEqual(len({probe["family"] for probe in probes}), 8)
        for probe in probes:
            (first, second), within = probe["held_out"]["words"], probe["held_out"]["within"]
            for words in lines:
                for place, word in enumerate(words):
                    if word == first:
                        self.assertNotIn(second, words[place + 1 : place + 1 + within], probe["id"])

    def test_probes_measure_a_checkpoint(self):
        self.succeed("train", "tiny.json", "--out", "run", "--set", "training.steps=2", "--set", "data.layout=lines",
                     "--set", "data.train=world/train.txt", "--set", "data.validation=world/validation.txt",
                     "--set", "model.context=320")
        numbers = json.loads(self.succeed("eval", "run", "--probes", "world/probes.jsonl", "--json", "-"))
        families = numbers["probes"]["families"]
        self.assertEqual(len(families), 8)
        for family in families.values():
            self.assertEqual(family["probes"], 5)
            self.assertTrue(0 <= family["accuracy"] <= 1)
            self.assertEqual(sum(band["probes"] for band in family["by_distance"]), 5)
            self.check_attention(family)
        text = self.succeed("eval", "run", "--probes", "world/probes.jsonl")
        self.assertIn("recall", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 110)
        again = json.loads(self.succeed("eval", "run", "--probes", "world/probes.jsonl", "--json", "-"))
        self.assertEqual(again, numbers)
        quick = json.loads(self.succeed("eval", "run", "--probes", "world/probes.jsonl", "--accuracy-only", "--json", "-"))
        for name, family in quick["probes"]["families"].items():
            self.assertEqual(set(family), {"probes", "accuracy", "accuracy_unrestricted", "guessing", "by_distance"})
            self.assertEqual(family["accuracy"], families[name]["accuracy"])

        both = ["--probes", "world/probes.jsonl", "--geometry", "world/geometry.json", "--accuracy-only"]
        geometry = json.loads(self.succeed("eval", "run", *both, "--json", "-"))["geometry"]
        self.assertEqual(geometry["analogies"]["analogies"] + geometry["analogies"]["skipped"], 48)
        self.assertEqual(sum(word["sentences"] for word in geometry["senses"]["words"].values()), 9 * 2 * 8)
        text = self.succeed("eval", "run", *both)
        self.assertIn("purity of clusters", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 110)

        for ending, opening in [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")]:
            drawn = []
            for name in [f"one.{ending}", f"again.{ending}"]:
                self.succeed("eval", "run", "--probes", "world/probes.jsonl", "--plot", name)
                drawn.append((self.folder / name).read_bytes())
            self.assertTrue(drawn[0].startswith(opening))
            self.assertEqual(drawn[0], drawn[1])
        self.succeed("eval", "run", "run/checkpoints/step-0000000", "--probes", "world/probes.jsonl", "--plot", "two.png")
        self.assertNotEqual((self.folder / "two.png").read_bytes(), (self.folder / "one.png").read_bytes())

        line = (self.folder / "world/probes.jsonl").read_text().splitlines()[0]
        for wrong in ["{", "{}", line.replace('"answer":"', '"answer":"un'), line.replace('"end":', '"end":9')]:
            self.write("wrong.jsonl", line + "\n" + wrong + "\n")
            self.refuse(2, "wrong.jsonl:2", "eval", "run", "--probes", "wrong.jsonl")
        self.write("none.jsonl", "\n")
        self.refuse(2, "none.jsonl", "eval", "run", "--probes", "none.jsonl")

    def test_plots_that_cannot_be_drawn(self):
        probes = ["eval", "nowhere", "--probes", "world/probes.jsonl"]
        self.refuse(2, ["plot.jpeg", ".png, .svg or .pdf"], *probes, "--plot", "plot.jpeg")
        self.refuse(2, "nowhere", *probes, "--plot", "plot.png")
        self.refuse(2, "folder/plot.png", *probes, "--plot", "folder/plot.png")
        self.refuse(2, ["--plot", "--probes"], "eval", "nowhere", "--plot", "plot.png")
        self.assertFalse((self.folder / "plot.png").exists())

    def check_attention(self, family):
        attention, edges, controls, heads = (family[key] for key in ["attention", "edges", "controls", "heads"])
        self.assertEqual(attention["probes"], 5)
        self.assertEqual([len(layer) for layer in attention["heads"]], [2])
        best = attention["best_head"]
        self.assertEqual(attention["heads"][best["layer"]][best["head"]], attention["share"])
        for found in [attention, attention["rollout"], edges]:
            low, high = found["interval"]
            self.assertTrue(0 <= low <= found["share"] <= high <= 1, found)
        self.assertEqual(edges["layers"], [edges["best_layer_share"]])
        self.assertGreater(attention["truth_weight"], 0)
        self.assertTrue(1 <= controls["fixed_offset"]["offset"] <= 320)
        self.assertIsInstance(controls["fixed_word"]["piece"], str)
        self.assertEqual(len(heads["group_cost_on"]), 7)
        self.assertLessEqual(len(heads["group"]), 1)
        self.assertEqual(heads["costs"][0][best["head"]], heads["best_head_cost"])
        for band in family["by_distance"]:
            self.assertTrue(0 <= band["edges"] <= 1)
            self.assertIn("attention", band)

    def test_a_model_without_attention_is_asked_for_accuracy_alone(self):
        self.succeed("train", "tiny.json", "--out", "blind", "--set", "training.steps=2", "--set", "data.layout=lines",
                     "--set", "data.train=world/train.txt", "--set", "data.validation=world/validation.txt",
                     "--set", "model.context=320", "--set", "model.attention.weights=none")
        numbers = json.loads(self.succeed("eval", "blind", "--probes", "world/probes.jsonl", "--json", "-"))
        for family in numbers["probes"]["families"].values():
            self.assertNotIn("attention", family)

    def test_a_short_training_finds_what_it_stands_for(self):
        grammar = json.loads(GRAMMAR.read_text())
        grammar["lines"] = {"train": 3000, "validation": 50}
        for name, family in grammar["families"].items():
            family["probes"] = 60 if name == "reference_meaning" else 0
            if name not in ["reference_meaning", "background"]:
                family["share"] = 0
        self.write("reference.json", json.dumps(grammar))
        self.succeed("world", "--out", "reference", "--grammar", "reference.json")
        settings = {"data.train": "reference/train.txt", "data.validation": "reference/validation.txt",
                    "training.steps": 500, "training.batch_size": 16, "training.validate_every": 0,
                    "model.context": 64, "model.width": 64, "model.feed_forward.width": 128,
                    "model.initial_deviation": 0.125}
        sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        self.succeed("train", harness.ROOT / "configs/world.json", "--out", "reference/run", "--threads", "1", *sets)
        numbers = json.loads(self.succeed("eval", "reference/run", "--probes", "reference/probes.jsonl",
                                          "--accuracy-only", "--json", "-"))
        reference = numbers["probes"]["families"]["reference_meaning"]
        self.assertLess(reference["guessing"], 0.4)
        self.assertGreaterEqual(reference["accuracy"], 0.9)

    def test_wrong_seeds(self):
        for seed in ["-1", "99999999999999999999", "9007199254740992", "1.5", ""]:
            self.refuse(2, f'--seed: found "{seed}", expected an integer from 0 to 9007199254740991',
                        "world", "--out", "w", "--grammar", "grammar.json", "--seed", seed)
        self.assertFalse((self.folder / "w").exists())

    def test_wrong_grammars(self):
        self.refuse(2, "--out", "world")
        self.refuse(2, "nowhere.json", "world", "--out", "w", "--grammar", "nowhere.json")
        self.write("odd.json", '{"lines": {"train": 1, "validation": 0}, "words": {}, "family": {}}')
        self.refuse(2, ["odd.json", "family"], "world", "--out", "w", "--grammar", "odd.json")
        grammar = json.loads((self.folder / "grammar.json").read_text())
        grammar["geometry"]["clusters"].append("nothing")
        self.write("odd.json", json.dumps(grammar))
        self.refuse(2, "odd.json: geometry.clusters: found", "world", "--out", "w", "--grammar", "odd.json")
        self.assertFalse((self.folder / "w").exists())


if __name__ == "__main__":
    unittest.main()
