"""Where programs write their results: never over what they read, nor over the files of a run."""

import json
import shutil
import unittest

import harness

PAIR = json.dumps({"sentence_good": "the cat.", "sentence_bad": "cat the."}) + "\n"
RUN_FILES = ["config.json", "tokenizer.model", "metrics.jsonl", "tensorboard/new.json", "checkpoints/new.json", "snapshots/new.json", "checkpoints/last/new.json",
             "checkpoints/step-0000010/model.safetensors", "checkpoints/best/trainer.json"]


class Results(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        grammar = json.loads((harness.ROOT / "data/world/grammar.json").read_text())
        grammar["lines"] = {"train": 100, "validation": 10}
        for family in grammar["families"].values():
            family["probes"] = min(family.get("probes", 0), 2)
        cls.write("grammar.json", json.dumps(grammar))
        for arguments in [["train", "tiny.json", "--out", "run"], ["world", "--out", "world", "--grammar", "grammar.json"]]:
            done = cls.run_program(*arguments)
            assert done.returncode == 0, done.stderr
        (cls.folder / "again").symlink_to("run")
        shutil.copytree(cls.folder / "run/checkpoints/last", cls.folder / "alone")

    def setUp(self):
        self.before = harness.content_of(self.folder)

    def refuse_and_keep(self, code, words, *arguments, **options):
        self.refuse(code, words, *arguments, **options)
        self.assertEqual(harness.content_of(self.folder), self.before, arguments)

    def test_no_result_replaces_an_input(self):
        self.write("pairs.jsonl", PAIR)
        (self.folder / "pairs-link").symlink_to("pairs.jsonl")
        self.write("geometry.json", (harness.ROOT / "data/world/geometry.json").read_text())
        self.before = harness.content_of(self.folder)
        words = "found a file that this program reads"
        for out in ["pairs.jsonl", "./pairs.jsonl", self.folder / "pairs.jsonl", "pairs-link"]:
            self.refuse_and_keep(2, [str(out), words], "eval", "run", "--pairs", "pairs.jsonl", "--json", out)
        self.refuse_and_keep(2, words, "eval", "run", "--pairs", "pairs-link", "--json", "pairs.jsonl")
        self.refuse_and_keep(2, words, "eval", "run", "--data", "train.txt", "--data", "validation.txt", "--json", "validation.txt")
        self.refuse_and_keep(2, words, "eval", "run", "--geometry", "geometry.json", "--json", "geometry.json")
        self.refuse_and_keep(2, words, "eval", "run", "--probes", "world/probes.jsonl", "--json", "world/probes.jsonl")
        # The texts of the run, also those that are not read now.
        for text in ["train.txt", "validation.txt"]:
            self.refuse_and_keep(2, words, "eval", "run", "--json", text)
        with open(self.folder / "pairs.jsonl", encoding="utf-8") as given:
            self.refuse_and_keep(2, words, "eval", "run", "--pairs", "-", "--json", "pairs.jsonl", stdin=given)
        for out in ["both.png", "./both.png"]:
            self.refuse_and_keep(2, "--plot", "eval", "run", "--geometry", "geometry.json", "--plot", "both.png", "--json", out)

    def test_no_picture_replaces_an_input(self):
        for name in ["geometry.png", "geometry.json"]:
            self.write(name, (harness.ROOT / "data/world/geometry.json").read_text())
        self.before = harness.content_of(self.folder)
        words = "found a file that this program reads"
        self.refuse_and_keep(2, words, "eval", "run", "--geometry", "geometry.png", "--plot", "geometry.png")
        (self.folder / "maps").mkdir()
        for name in ["attention.json", "heads.png", "taps.safetensors", "layer-0-head-1.png"]:
            path = self.write(f"maps/{name}", "the cat")
            self.before = harness.content_of(self.folder)
            self.refuse_and_keep(2, [f"maps/{name}", words], "inspect", "run", "--text-file", f"maps/{name}", "--out", "maps")
            path.unlink()
        path = self.write("maps/edges.json", "the cat")
        self.before = harness.content_of(self.folder)
        self.refuse_and_keep(2, ["maps/edges.json", words], "inspect", "run", "--text-file", "maps/edges.json", "--out", "maps", "--edges")
        path.unlink()

    def test_no_result_replaces_a_file_of_a_run(self):
        words = "a run or checkpoint"
        for run in ["run", "again", self.folder / "run"]:
            for name in RUN_FILES:
                self.refuse_and_keep(2, [f"{run}/{name}", words], "eval", "run", "--data", "train.txt", "--json", f"{run}/{name}")
        (self.folder / "link.json").symlink_to("run/config.json")
        self.before = harness.content_of(self.folder)
        self.refuse_and_keep(2, words, "eval", "alone", "--data", "train.txt", "--json", "link.json")
        for name in ["config.json", "trainer.json", "optimizer.safetensors"]:
            self.refuse_and_keep(2, [f"alone/{name}", words], "eval", "run", "--json", f"alone/{name}")
        for out in ["run/checkpoints", "run/checkpoints/maps", "again/checkpoints/last", "run/tensorboard/deep/maps"]:
            self.refuse_and_keep(2, [out, words], "inspect", "run", "--text", "the cat", "--out", out)
            self.refuse_and_keep(2, [out, words], "world", "--grammar", "grammar.json", "--out", out)
        # Other files in the folder of a run are welcome.
        self.succeed("eval", "run", "--json", "run/scores.json")
        self.succeed("inspect", "run", "--text", "the cat", "--out", "run/maps")
        self.succeed("inspect", "alone", "--text", "the cat", "--out", "alone", "--format", "json")
        for path in ["run/scores.json", "alone/attention.json", "link.json"]:
            (self.folder / path).unlink()
        shutil.rmtree(self.folder / "run/maps")

    def test_a_world_replaces_only_a_world(self):
        make = ["world", "--grammar", "grammar.json", "--out"]
        self.succeed(*make, "twice")
        self.succeed(*make, "twice", "--seed", 2)
        for name in ["train.txt", "validation.txt", "probes.jsonl", "geometry.json"]:
            mine = self.folder / f"with-{name}"
            mine.mkdir()
            self.write(f"with-{name}/{name}", "mine")
            self.before = harness.content_of(self.folder)
            self.refuse_and_keep(2, [f"with-{name}/{name}", "expected all 4 files"], *make, mine.name)
        shutil.move(self.folder / "twice/geometry.json", self.folder / "twice/grammar.json")
        self.write("twice/geometry.json", (self.folder / "grammar.json").read_text())
        self.before = harness.content_of(self.folder)
        self.refuse_and_keep(2, "found a file that this program reads", "world", "--grammar", "twice/geometry.json", "--out", "twice")

    def test_several_files_are_all_written_or_none(self):
        make = {"world": ["world", "--grammar", "grammar.json"], "maps": ["inspect", "run", "--text", "the cat"]}
        other = {"world": [*make["world"], "--seed", 2], "maps": ["inspect", "run", "--text", "a dog sees"]}
        self.succeed(*make["world"], "--out", "half-world")
        self.succeed(*make["maps"], "--out", "half-maps")
        for folder, name in [("world", "train.txt"), ("world", "geometry.json"), ("maps", "heads.png"), ("maps", "taps.safetensors")]:
            place = self.folder / f"half-{folder}"
            content = (place / name).read_bytes()
            (place / name).unlink()
            (place / name).mkdir()
            self.before = harness.content_of(self.folder)
            self.refuse_and_keep(2, f"half-{folder}/{name}: found a folder", *other[folder], "--out", place.name)
            (place / name).rmdir()
            (place / name).write_bytes(content)

    def test_a_folder_that_may_not_be_written(self):
        closed = self.folder / "closed"
        closed.mkdir()
        closed.chmod(0o555)
        self.addCleanup(closed.chmod, 0o755)
        bound = {"preexec_fn": harness.without_privileges}
        self.before = harness.content_of(self.folder)
        for command, named in [(["inspect", "run", "--text", "the cat", "--out", "closed"], "closed/layer-0-head-0.png"),
                               (["inspect", "run", "--text", "the cat", "--out", "closed/maps"], "closed/maps"),
                               (["world", "--grammar", "grammar.json", "--out", "closed"], "closed/train.txt"),
                               (["world", "--grammar", "grammar.json", "--out", "closed/world"], "closed/world"),
                               (["eval", "run", "--json", "closed/scores.json"], "closed/scores.json"),
                               (["train", "tiny.json", "--out", "closed"], "closed/.lock"),
                               (["train", "tiny.json", "--out", "closed/run"], "closed/run")]:
            self.refuse_and_keep(2, [f"error: {named}: cannot ", "Permission denied"], *command, **bound)


if __name__ == "__main__":
    unittest.main()
