"""tools/ladder: trains rungs, keeps finished runs, and writes a page."""

import json
import re
import subprocess
import sys
import unittest

import harness

PAGE = """# A page
<!-- table causal -->
old table
<!-- end -->
Sums <!--causal 2-plain-sum order-->old%<!---->, heads <!--causal 6-heads order-->old%<!---->.
<!-- table masked -->
old masked table
<!-- end -->
Masked <!--masked 2-plain-sum order-->77%<!---->.
"""
RUNGS = ["1-no-attention", "2-plain-sum"]


class Ladder(harness.ProgramTest):
    def ladder(self, *arguments, **environment):
        return subprocess.run(
            [sys.executable, harness.ROOT / "tools/ladder", "--runs", self.folder / "runs", *map(str, arguments)],
            env={**self.environment, "QKV_BIN": str(harness.BIN), **environment}, timeout=600, capture_output=True, encoding="utf-8",
        )

    def test_climbs_once_and_writes_what_it_found(self):
        page = self.write("page.md", PAGE)
        climb = ["--page", page, "--rung", *RUNGS, "--seeds", "1", "--steps", "2", "--threads", "1"]
        done = self.ladder(*climb)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(page.read_text(), PAGE, "runs of another number of steps are not the page's")
        tried = self.folder / "runs/causal-2-steps"
        scores = {rung: tried / f"{rung}-seed-1/scores.json" for rung in RUNGS}
        written = {rung: path.stat().st_mtime_ns for rung, path in scores.items()}

        again = self.ladder(*climb)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertNotIn("seed 1:", again.stdout)
        self.assertEqual({rung: path.stat().st_mtime_ns for rung, path in scores.items()}, written)

        tried.rename(self.folder / "runs/causal")
        told = self.ladder("--page", page, "--page-only")
        self.assertEqual(told.returncode, 0, told.stderr)
        text = page.read_text()
        for rung in RUNGS:
            families = json.loads((self.folder / f"runs/causal/{rung}-seed-1/scores.json").read_text())["probes"]["families"]
            row = next(line for line in text.splitlines() if line.startswith(f"| {rung} |")).strip("| ").split(" | ")
            self.assertEqual(row[2:], ["1", *(f"{100 * family['accuracy']:.0f}" for family in families.values())])
        order = json.loads((self.folder / "runs/causal/2-plain-sum-seed-1/scores.json").read_text())
        order = order["probes"]["families"]["order"]["accuracy"]
        self.assertIn(f"Sums <!--causal 2-plain-sum order-->{100 * order:.0f}%<!---->, heads <!--causal 6-heads order-->–<!---->", text)
        self.assertEqual(text[text.index("<!-- table masked") :], PAGE[PAGE.index("<!-- table masked") :])

    def test_the_page_names_rungs_and_families_that_are_there(self):
        page = (harness.ROOT / "docs/ladder.md").read_text()
        probes = (harness.ROOT / "data/world/probes.jsonl").read_text().splitlines()
        families = {json.loads(line)["family"] for line in probes}
        rungs = {path.stem for path in (harness.ROOT / "configs/ladder").glob("*.json")}
        named = re.findall(r"<!--(\w+) (\S+) (\w+)-->[^<]*<!---->", page)
        self.assertTrue(named)
        for objective, rung, family in named:
            self.assertIn(objective, {"causal", "masked"})
            self.assertIn(rung, rungs)
            self.assertIn(family, families)
        self.assertEqual(re.findall(r"<!-- table (\w+) -->", page), ["causal", "masked"])
        for name in re.findall(r"\]\((images/\S+)\)", page):
            self.assertTrue((harness.ROOT / "docs" / name).is_file(), name)

    def test_the_page_says_what_its_tables_say(self):
        page = (harness.ROOT / "docs/ladder.md").read_text()
        means = {}  # (objective, rung, family) → percent
        for objective, table in re.findall(r"<!-- table (\w+) -->\n(.*?)<!-- end -->", page, flags=re.DOTALL):
            header, _, *rows = (line.strip("| ").split(" | ") for line in table.splitlines())
            for row in rows[:-1]:  # the last row is guessing
                for family, cell in zip(header[3:], row[3:]):
                    means[objective, row[0], family.replace(" ", "_")] = cell.split()[0]
        numbers = re.findall(r"<!--(\w+) (\S+) (\w+)-->([^<]*)%<!---->", page)
        for *place, told in numbers:
            self.assertEqual(told, means[tuple(place)], place)

        told = re.findall(r"^\| [\w ]+ \|[^|]+\| \S+ <!--causal (\S+) (\w+)-->.*\| \S+ <!--causal (\S+) (\w+)-->", page, re.MULTILINE)
        self.assertEqual({family for _, family, _, _ in told}, {family for _, _, family in means})
        rungs = sorted({rung for _, rung, _ in means if rung[0].isdigit()})
        for lowest, family, highest, same in told:
            self.assertEqual(family, same)
            first = next(at for at, rung in enumerate(rungs) if int(means["causal", rung, family]) >= 97)
            unable = [rung for rung in rungs[:first] if int(means["causal", rung, family]) < 75]
            self.assertEqual([highest, lowest], [unable[-1], rungs[first]], family)

    def refuse(self, words, *arguments, **environment):
        done = self.ladder(*arguments, **environment)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_refuses_what_is_not_there(self):
        self.refuse(["9-none"], "--rung", "9-none")
        self.refuse(["none.md"], "--page", "none.md", "--page-only")
        page = self.write("plain.md", "# Nothing asked\n")
        self.refuse(["nowhere/qkv-train", "no program"], "--page", page, "--steps", "2", QKV_BIN="nowhere")
        for option in ["--seeds", "--steps"]:
            for value in ["0", "-3", "two"]:
                self.refuse([option, f"found {value}"], "--page", page, f"{option}={value}")
        for mark, wrong in [("<!-- table foo -->", "foo"), ("<!--foo 6-heads order-->", "foo"),
                            ("<!--causal 9-none order-->", "9-none"), ("<!--causal 6-heads odour-->", "odour")]:
            self.write("odd.md", mark + "\n<!---->")
            self.refuse(["odd.md", mark, f"found {wrong}"], "--page", self.folder / "odd.md", "--page-only")

    def test_refuses_runs_of_something_else(self):
        page = self.write("kept.md", PAGE)
        folder = self.folder / "stale/causal/2-plain-sum-seed-1"
        folder.mkdir(parents=True)
        files = ["configs/ladder/2-plain-sum.json", *(f"data/world/{name}" for name in ["train.txt", "validation.txt", "probes.jsonl"])]
        inputs = {name: harness.sha256(harness.ROOT / name) for name in files}
        kept = ["--runs", self.folder / "stale", "--page", page]
        for options in [[*kept, "--rung", "2-plain-sum", "--seeds", "1"], [*kept, "--page-only"]]:
            (folder / "scores.json").write_text("{}")
            for name in files:
                (folder / ".inputs.json").write_text(json.dumps({**inputs, name: "0"}))
                self.refuse([str(folder), f"another {name},", "remove"], *options)
            (folder / ".inputs.json").write_text(json.dumps(inputs))
            for damaged in ['{"probes": {', "{}", "3"]:
                (folder / "scores.json").write_text(damaged)
                self.refuse([str(folder / "scores.json"), "JSON", "remove"], *options)
            (folder / ".inputs.json").unlink()
            self.refuse([str(folder / ".inputs.json"), "remove"], *options)
        self.assertEqual(page.read_text(), PAGE)

    def test_goes_on_with_nothing_else_than_it_began_with(self):
        folder = self.folder / "begun/causal-2-steps/2-plain-sum-seed-1"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        climb = ["--runs", self.folder / "begun", "--page", self.write("begun.md", PAGE), "--rung", "2-plain-sum",
                 "--seeds", "1", "--steps", "2"]
        self.refuse([str(folder / ".inputs.json"), "remove"], *climb)
        (folder / ".inputs.json").write_text(json.dumps({"data/world/probes.jsonl": "0"}))
        self.refuse([str(folder), "another configs/ladder/2-plain-sum.json", "remove"], *climb)


if __name__ == "__main__":
    unittest.main()
