"""qkv-world, and qkv-eval on the probes that it writes."""

import json
import re
import unittest

import harness

SHIPPED = harness.ROOT / "data/world"
GRAMMAR = SHIPPED / "grammar.json"


def read_probes(world):
    return [json.loads(line) for line in (world / "probes.jsonl").read_text().splitlines()]


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

    def check_that_no_line_joins_what_probes_join(self, world):
        probes = read_probes(world)
        self.assertEqual(len({probe["family"] for probe in probes}), 8)
        reach = max(probe["held_out"]["within"] for probe in probes)
        nearest = {}  # the smallest number of words in any line by which the second word follows the first
        for name in ["train.txt", "validation.txt"]:
            for line in (world / name).read_text().splitlines():
                words = re.findall(r"[^\W\d_]+", line)
                for distance in range(1, reach + 1):
                    for pair in zip(words, words[distance:]):
                        nearest[pair] = min(distance, nearest.get(pair, distance))
        for probe in probes:
            pair, within = tuple(probe["held_out"]["words"]), probe["held_out"]["within"]
            self.assertGreater(nearest.get(pair, reach + 1), within, probe["id"])

    def test_what_probes_join_no_line_joins(self):
        for world in [self.folder / "world", SHIPPED]:
            self.check_that_no_line_joins_what_probes_join(world)

    def test_probes_are_about_what_they_join(self):
        """In the question, the pair is a cue and the answer; in the sentence, it is part of the evidence."""
        counted, pairs = {}, {}
        section = (harness.ROOT / "docs/world.md").read_text().split("\n## Held-out pairs\n")[1].split("\n## ")[0]
        rows = {row[0].replace(" ", "_"): row for row in
                re.findall(r"^\| ([\w ]+) \| [^|]+ \| ([\w ]+) \| (\d+) \| (\d+) \|$", section, re.MULTILINE)}
        for probe in read_probes(SHIPPED):
            family, text, pair = probe["family"], probe["text"].encode(), probe["held_out"]["words"]
            query, truth = ([word for span in probe[key] for word in text[span["begin"] : span["end"]].decode().split()]
                            for key in ["query", "truth"])
            where = rows[family][1]
            self.assertIn(where, ["question", "sentence", "both"])
            if where != "sentence":
                self.assertIn(pair[0], query, probe["id"])
                self.assertEqual(pair[1], probe["answer"], probe["id"])
            if where != "question":
                self.assertIn(pair[0], truth, probe["id"])
                self.assertTrue(pair[1] in truth or family == "agreement", probe["id"])
            counted[family] = counted.get(family, 0) + 1
            pairs.setdefault(family, set()).add(tuple(pair))
        self.assertEqual({family: (counted[family], len(pairs[family])) for family in counted},
                         {family: (int(row[2]), int(row[3])) for family, row in rows.items()})

    def test_the_page_says_what_simple_rules_get(self):
        words = json.loads(GRAMMAR.read_text())["words"]
        plurals = {noun["plural"] for noun in words["noun"].values()}
        domains = ["river", "money", "music"]
        verbs = {verb: domain for domain in domains for verb in words[f"{domain} verb"]}
        meant = {word["says"]: domain for domain in domains for word in words[f"{domain} sense"].values()}
        majority = lambda more, less: 1 if more > less else 0.5 if more == less else 0
        other, most, count, senses, asked_first = [], [], [], {}, 0
        for probe in read_probes(SHIPPED):
            text = probe["text"].encode()
            truth, *wrong = (text[span["begin"] : span["end"]].decode() for span in
                             [*probe["truth"], *sorted(probe["distractors"], key=lambda span: span["begin"])])
            if probe["family"] == "agreement":
                same = [(noun in plurals) == (truth in plurals) for noun in [truth, *wrong]]
                other.append(not same[-1])
                most.append(majority(same.count(True), same.count(False)))
            if probe["family"] == "sense":
                if probe["truth"][0]["begin"] > probe["predict"]["begin"]:
                    asked_first += 1
                    continue
                told = [verbs[phrase.split()[1]] for phrase in [truth, *wrong]]
                right, less = (told.count(meant[answer]) for answer in sorted(probe["candidates"], key=probe["answer"].__ne__))
                count.append(majority(right, less))
                by_answer = senses.setdefault(probe["held_out"]["words"][0], {})
                by_answer[probe["answer"]] = by_answer.get(probe["answer"], 0) + 1
        constant = sum(max(by_answer.values()) for by_answer in senses.values()) / len(count)
        page = " ".join((harness.ROOT / "docs/world.md").read_text().split())
        share = lambda values: f"{100 * sum(values) / len(values):g}%"
        for said in [f"is right in {share(other)} of the probes. The number of most of the nouns is right in {share(most)}.",
                     f"same sense of a word every time is right in {100 * constant:.0f}% of",
                     f"with the larger number of verbs is right in {share(count)},",
                     f"In {asked_first} probes of sense, the question stands before", f"the other {len(count)}."]:
            self.assertIn(said, page)

    def test_probes_measure_a_checkpoint(self):
        self.succeed("train", "tiny.json", "--out", "run", "--set", "training.steps=2", "--set", "data.layout=lines",
                     "--set", "data.train=world/train.txt", "--set", "data.validation=world/validation.txt",
                     "--set", "model.context=320")
        numbers = json.loads(self.succeed("eval", "run", "--probes", "world/probes.jsonl", "--json", "-"))
        families = numbers["probes"]["families"]
        self.assertEqual(len(families), 8)
        asked = {name: 0 for name in families}  # a causal model is not asked about evidence after the answer
        for probe in read_probes(self.folder / "world"):
            asked[probe["family"]] += probe["truth"][0]["begin"] < probe["predict"]["begin"]
        self.assertEqual(sum(asked.values()) + numbers["probes"].get("not_asked", 0), 8 * 5)
        for name, family in families.items():
            self.assertEqual(family["probes"], asked[name])
            self.assertTrue(0 <= family["accuracy"] <= 1)
            self.assertEqual(sum(band["probes"] for band in family["by_distance"]), asked[name])
            self.check_attention(family)
        text = self.succeed("eval", "run", "--probes", "world/probes.jsonl")
        self.assertIn("looks at evidence", text)
        self.assertRegex(text, r"(?m)^  recall +[\d.]+% +\d+% +0\.[01] +\d+ → +\d+% \(\d+–\d+\) ")
        self.assertNotIn("words between", text)
        detailed = self.succeed("eval", "run", "--probes", "world/probes.jsonl", "--detail", "layers,controls", "--detail", "distance,heads")
        self.assertIn(text, detailed)
        for heading in ["rollout", "offset finds", "words between", "cut head", "nats elsewhere"]:
            self.assertIn(heading, detailed)
        self.assertLessEqual(max(map(len, detailed.splitlines()[1:])), 100)
        again = json.loads(self.succeed("eval", "run", "--probes", "world/probes.jsonl", "--json", "-"))
        self.assertEqual(again, numbers)
        quick = json.loads(self.succeed("eval", "run", "--probes", "world/probes.jsonl", "--accuracy-only", "--json", "-"))
        for name, family in quick["probes"]["families"].items():
            self.assertEqual(set(family), {"probes", "accuracy", "accuracy_unrestricted", "guessing", "by_distance"})
            self.assertEqual(family["accuracy"], families[name]["accuracy"])

        both = ["--probes", "world/probes.jsonl", "--geometry", "world/geometry.json", "--accuracy-only"]
        geometry = json.loads(self.succeed("eval", "run", *both, "--json", "-"))["geometry"]
        self.assertEqual(geometry["analogies"]["analogies"] + geometry["analogies"]["skipped"], 48)
        self.assertEqual(sum(word["sentences"] for word in geometry["senses"]["words"].values()), 12 * 2 * 8)
        text = self.succeed("eval", "run", *both)
        self.assertIn("purity of clusters", text)
        self.assertLessEqual(max(map(len, text.splitlines()[1:])), 100)

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

    def test_a_causal_model_is_not_asked_what_comes_later(self):
        self.succeed("train", "tiny.json", "--out", "early", "--set", "training.steps=2", "--set", "data.layout=lines",
                     "--set", "data.train=world/train.txt", "--set", "data.validation=world/validation.txt",
                     "--set", "model.context=320")
        lines = (self.folder / "world/probes.jsonl").read_text().splitlines()
        known, later = lines[:5], []
        for line in lines[5:8]:
            probe = json.loads(line)
            probe["truth"] = [{"begin": probe["predict"]["end"], "end": len(probe["text"])}]
            later.append(json.dumps(probe))
        self.write("later.jsonl", "\n".join(later))
        for options in [[], ["--accuracy-only"]]:
            self.refuse(2, ["later.jsonl: found no probe", "causal"], "eval", "early", "--probes", "later.jsonl", *options)
        self.write("some.jsonl", "\n".join(known + later))
        some = ["eval", "early", "--probes", "some.jsonl", "--accuracy-only"]
        numbers = json.loads(self.succeed(*some, "--json", "-"))["probes"]
        self.assertEqual(sum(family["probes"] for family in numbers["families"].values()), 5)
        self.assertEqual(numbers["not_asked"], 3)
        self.assertIn("  probes not asked: 3; their evidence comes after the answer", self.succeed(*some))

    def test_plots_that_cannot_be_drawn(self):
        probes = ["eval", "nowhere", "--probes", "world/probes.jsonl"]
        self.refuse(2, ["plot.jpeg", ".png, .svg or .pdf"], *probes, "--plot", "plot.jpeg")
        self.refuse(2, "nowhere", *probes, "--plot", "plot.png")
        (self.folder / "there").mkdir()
        self.write("there/model.safetensors", "")
        self.refuse(2, "folder/plot.png", "eval", "there", "--probes", "world/probes.jsonl", "--plot", "folder/plot.png")
        self.refuse(2, ["--plot", "--probes"], "eval", "nowhere", "--plot", "plot.png")
        self.refuse(2, ["--detail: found \"all\"", "distance"], *probes, "--detail", "all")
        self.refuse(2, ["--detail", "--accuracy-only"], *probes, "--accuracy-only", "--detail", "heads")
        self.refuse(2, ["--detail", "--probes"], "eval", "nowhere", "--detail", "heads")
        self.assertFalse((self.folder / "plot.png").exists())

    def check_attention(self, family):
        attention, edges, controls, heads = (family[key] for key in ["attention", "edges", "controls", "heads"])
        self.assertEqual(attention["probes"], family["probes"])
        self.assertEqual([len(layer) for layer in attention["heads"]], [2])
        best = attention["best_head"]
        self.assertEqual(attention["heads"][best["layer"]][best["head"]], attention["share"])
        for found in [attention, attention["rollout"], edges]:
            low, high = found["interval"]
            self.assertTrue(0 <= low <= found["share"] <= high <= 1, found)
        self.assertEqual(edges["layers"], [edges["best_layer_share"]])
        self.assertTrue(0 < attention["truth_weight"] <= 1)
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

    def learned(self, name, probes):
        """The numbers of a family after a short training only on its sentences."""
        grammar = json.loads(GRAMMAR.read_text())
        grammar["lines"] = {"train": 3000, "validation": 50}
        for other, family in grammar["families"].items():
            family["probes"] = probes if other == name else 0
            if other not in [name, "background"]:
                family["share"] = 0
        self.write(f"{name}.json", json.dumps(grammar))
        self.succeed("world", "--out", name, "--grammar", f"{name}.json")
        settings = {"data.train": f"{name}/train.txt", "data.validation": f"{name}/validation.txt",
                    "training.steps": 500, "training.batch_size": 16, "training.validate_every": 0,
                    "model.context": 128, "model.width": 64, "model.feed_forward.width": 128,
                    "model.initial_deviation": 0.125}
        sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        self.succeed("train", harness.ROOT / "configs/world.json", "--out", f"{name}/run", "--threads", "1", *sets)
        numbers = json.loads(self.succeed("eval", f"{name}/run", "--probes", f"{name}/probes.jsonl", "--json", "-"))
        return numbers["probes"]["families"][name]

    def test_a_short_training_finds_what_it_stands_for(self):
        reference = self.learned("reference_meaning", probes=30)
        self.assertLess(reference["guessing"], 0.4)
        self.assertGreaterEqual(reference["accuracy"], 0.9)
        self.assertGreaterEqual(reference["edges"]["share"], 0.9)

    def test_a_short_training_finds_by_attention_alone_what_stands_together(self):
        """A sum of words answers none of these: a query must find the word that follows an equal one."""
        modifier = self.learned("modifier", probes=30)
        self.assertLess(modifier["guessing"], 0.3)
        self.assertGreaterEqual(modifier["accuracy"], 0.9)
        self.assertGreaterEqual(modifier["edges"]["share"], 0.9)

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
