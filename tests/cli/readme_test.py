"""Keeps the pages correct: the commands run, and links, paths, keys and options exist.

usage: readme_test.py [unittest options], from anywhere. The
environment variable QKV_BIN names the folder of the programs; if it is not set, this is build/release/bin.

The commands of README.md and docs/tutorial.md are run, block by block and then those in README's tables. A block
below a line `<!-- not run: REASON -->`, or a line of a table that holds such a mark, is not run. The commands of all
pages are checked: each program or script exists, and so do its options and the config keys of --set.
"""

import functools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("QKV_BIN", ROOT / "build/release/bin")).resolve()
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
RUN = [ROOT / "README.md", ROOT / "docs/tutorial.md"]
MOST_WORDS_OF_README = 1000
PROGRAMS = ["qkv-train", "qkv-eval", "qkv-inspect", "qkv-generate", "qkv-world"]
COMPILED_BENCHMARKS = {f"qkv-{path.stem}" for path in (ROOT / "tools/bench").glob("*.cc")}
USERS_FOLDERS = [line.strip("/\n") + "/" for line in (ROOT / ".gitignore").read_text().splitlines() if line.startswith("/")]

BLOCK = re.compile(r"^(?P<mark><!-- not run: \S.*-->\n)?(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: \S.*-->")

# Replaces each program: one thread, and for qkv-train a hundredth of the steps on a model with the config's
# depth but a small width.
WRAPPER = """#!/usr/bin/env bash
arguments=(--threads 1)
for argument in "$@"; do
  if [[ $argument == training.steps=* ]]; then argument=training.steps=$((${{argument#*=}} / 100)); fi
  arguments+=("$argument")
done
exec {program} "${{arguments[@]}}" {more}
"""
SMALL = ("model.width=32", "model.feed_forward.width=32", "training.batch_size=2", "training.warmup_steps=1")
DEMO = "build/release/bin/qkv-train configs/world.json --set training.steps=500"  # what tools/demo trains, before everything else
PROBES = 40  # one in this many probes of data/world/probes.jsonl is asked


@functools.cache
def text_of(page):
    return page.read_text(encoding="utf-8")


def without_code_blocks(text):
    return BLOCK.sub("", text)


def inline_code(text):
    return re.findall(r"`([^`\n]+)`", without_code_blocks(text))


def blocks(page):
    """(lines, whether they are run) of the page's shell blocks."""
    for block in BLOCK.finditer(text_of(page)):
        if block["language"] == "sh":
            yield [line.removeprefix(block["indent"]) for line in block["body"].splitlines()], block["mark"] is None


def commands_in(lines):
    """The lines that are commands, without the content of here-documents."""
    end = None
    for line in lines:
        if end is None and line.strip():
            yield line
        opened = re.search(r"<<'(\w+)'", line) if end is None else None
        end = opened[1] if opened else None if line == end else end


def table_commands(page):
    """(command, whether it is run) of each cell that is a command."""
    for line in without_code_blocks(text_of(page)).splitlines():
        if line.startswith("|"):
            for code in re.findall(r"\| `([^`|]+)`[^|]*(?=\|)", line):
                if is_ours(code.split()[0]):
                    yield code, not NOT_RUN.search(line)


def is_ours(word):
    return word.startswith(("qkv-", "tools/")) and "=" not in word


def commands(page):
    """Every command of a page: of blocks, tables and text."""
    for lines, _ in blocks(page):
        yield from commands_in(lines)
    yield from re.findall(r"^    ((?:qkv-|tools/).*)$", without_code_blocks(text_of(page)), re.MULTILINE)
    for code in inline_code(text_of(page)):
        if is_ours(code.split()[0]) and len(code.split()) > 1:
            yield code


def options_of(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text))


@functools.cache
def known_options(program):
    """The options in the help of a qkv program or script; None if another program defines them."""
    if program in COMPILED_BENCHMARKS:
        return None  # google-benchmark's, and only built if that is installed
    path = BIN / program if program.startswith("qkv-") else ROOT / program
    if path.parent != BIN and path.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3"):
        called = [sys.executable, path, "--help"]
    elif path.parent != BIN:
        text = path.read_text(encoding="utf-8")
        return None if '"$@"' in text else options_of(text)  # it passes everything on
    else:
        called = [path, "--help"]
    done = subprocess.run(called, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, f"{program} --help: {done.stderr}"
    return options_of(done.stdout)


def scripts():
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tools").rglob("*"))
            if path.is_file() and os.access(path, os.X_OK)]


def anchors(path):
    """The names by which GitHub links to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", without_code_blocks(text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def config_keys(schema, prefix=""):
    for name, part in schema.get("properties", {}).items():
        yield prefix + name
        yield from config_keys(part, f"{prefix}{name}.")


def known_keys():
    return set(config_keys(json.loads((ROOT / "configs/schema.json").read_text(encoding="utf-8"))))


def section(page, heading):
    return text_of(page).split(f"\n## {heading}\n")[1].split("\n## ")[0]


class Commands(unittest.TestCase):
    def test_they_run_and_leave_what_the_text_promises(self):
        with tempfile.TemporaryDirectory(prefix="qkv-readme-") as holder:
            folder = pathlib.Path(holder)
            self.make_inputs(folder)
            self.make_programs(folder / "build/release/bin")
            script = [DEMO, *(line for page in RUN for lines, is_run in blocks(page) if is_run for line in lines)]
            self.assertGreater(len(list(commands_in(script))), 15)
            asked = [command for page in RUN for command, is_run in table_commands(page) if is_run]
            self.assertGreater(len(asked), 5)
            script += asked
            done = subprocess.run(
                ["bash", "-exuo", "pipefail", "-c", "\n".join(script)], cwd=folder, timeout=300,
                env={**os.environ, "QKV_CACHE": str(folder / "cache"), "PATH": "/usr/bin:/bin"},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            )
            self.assertEqual(done.returncode, 0, "\n".join(done.stdout.splitlines()[-15:]))
            promised = [code for page in RUN for code in inline_code(text_of(page)) if code.startswith("runs/own_text")]
            promised += re.findall(r"--(?:out|json) (\S+)", "\n".join(script))
            promised += [f"runs/own_text/{name}" for name in ["config.json", "metrics.jsonl", "tensorboard", "checkpoints/best"]]
            self.assertGreater(len(promised), 10)
            for path in promised:
                self.assertTrue((folder / path).exists(), f"{path}: promised, but not there")
            self.run_python(folder)

    def run_python(self, folder):
        """The blocks of docs/checkpoint.md that need only Python."""
        found = [block["body"] for block in BLOCK.finditer(text_of(ROOT / "docs/checkpoint.md")) if block["language"] == "python"]
        plain = [block for block in found if "torch" not in block and "transformers" not in block]
        self.assertEqual(len(plain), 1)
        done = subprocess.run(
            [sys.executable, "-c", plain[0] + "\nprint(len(values))"], cwd=folder, capture_output=True, encoding="utf-8"
        )
        self.assertEqual(done.stdout, "32\n", done.stderr)  # model.norm.weight of the width in SMALL

    @staticmethod
    def make_inputs(folder):
        """The shipped configs and data without changes, except for fewer probes."""
        (folder / "configs").symlink_to(ROOT / "configs")
        world = folder / "data/world"
        world.mkdir(parents=True)
        for path in (ROOT / "data/world").iterdir():
            if path.name != "probes.jsonl":
                (world / path.name).symlink_to(path)
        probes = (ROOT / "data/world/probes.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        (world / "probes.jsonl").write_text("".join(probes[::PROBES]), encoding="utf-8")

    @staticmethod
    def make_programs(folder):
        folder.mkdir(parents=True)
        for program in PROGRAMS:
            more = " ".join(f"--set {setting}" for setting in SMALL) if program == "qkv-train" else ""
            path = folder / program
            path.write_text(WRAPPER.format(program=shlex.quote(str(BIN / program)), more=more))
            path.chmod(0o755)

    def test_marks_stand_only_where_a_command_follows(self):
        for page in RUN:
            marks = len(NOT_RUN.findall(text_of(page)))
            left_out = [lines for lines, is_run in blocks(page) if not is_run]
            left_out += [command for command, is_run in table_commands(page) if not is_run]
            self.assertEqual(marks, len(left_out), f"{page.name}: a mark that leaves out nothing")

    def test_programs_options_and_keys_exist(self):
        ours = {*PROGRAMS, *COMPILED_BENCHMARKS, *scripts()}
        keys = known_keys()
        checked = 0
        for page in PAGES:
            for command in commands(page):
                words = shlex.split(command.replace("…", ""), comments=True)
                if not is_ours(words[0]):
                    continue
                where = f"{page.name}: {command}"
                self.assertIn(words[0], ours, where)
                known = known_options(words[0])
                if known is None:
                    continue
                options = {word.split("=")[0] for word in words[1:] if word.startswith("--")}
                self.assertEqual(options - known, set(), where)
                found = {value.split("=")[0] for option, value in zip(words, words[1:]) if option == "--set"}
                self.assertEqual({key for key in found if key.islower()} - keys, set(), where)
                checked += 1
        self.assertGreater(checked, 40)

    def test_options_in_the_text(self):
        known = set().union(*(known_options(program) or set() for program in [*PROGRAMS, *scripts()]))
        checked = 0
        for page in PAGES:
            for code in inline_code(text_of(page)):
                if code.startswith("--"):
                    self.assertEqual(options_of(code) - known, set(), f"{page.name}: {code}")
                    self.assertEqual(set(re.findall(r"^--set ([a-z_.]+)=", code)) - known_keys(), set(), f"{page.name}: {code}")
                    checked += 1
        self.assertGreater(checked, 20)


class Names(unittest.TestCase):
    def test_config_keys(self):
        keys = known_keys()
        sections = {key.split(".")[0] for key in keys if "." in key}
        saved = text_of(ROOT / "docs/checkpoint.md")  # names tensors and files, which also contain a full stop
        found = set()
        for page in PAGES:
            for code in inline_code(text_of(page)):
                key = re.split(r"[=:]", code)[0]
                if re.fullmatch(r"[a-z_]+(\.[a-z_0-9]+)+", key) and key.split(".")[0] in sections:
                    if key not in keys:
                        is_file = any((ROOT / "src").rglob(key))
                        self.assertTrue(is_file or key in saved, f"{page.name}: {key} is no key of the config")
                    found.add(key)
        self.assertEqual(sections - {key.split(".")[0] for key in found & keys}, set())
        self.assertGreater(len(found & keys), 40)

    def test_paths(self):
        named = re.compile(r"(?<![\w./-])(?:configs|data|docs|src|tests|tools|cmake|\.ci)/[\w./-]*\w")
        for page in PAGES:
            for path in named.findall(text_of(page)):
                if not path.startswith(tuple(USERS_FOLDERS)):  # files that are in no repository
                    there = (ROOT / path).exists() or list(ROOT.glob(path + "*"))
                    self.assertTrue(there, f"{page.name}: {path} is not there")

    def test_modules(self):
        page = ROOT / "docs/README.md"
        rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", section(page, "Modules"), re.MULTILINE)
        self.assertEqual({room for room, _ in rows}, {path.name for path in (ROOT / "src").iterdir() if path.is_dir()})
        for room, files in rows:
            for name in re.findall(r"`([^`]+)`", files):
                self.assertTrue((ROOT / "src" / room / name).is_file(), f"src/{room}/{name}")

    def test_links(self):
        for page in PAGES:
            links = re.findall(r"\]\(([^)\s]+)\)", without_code_blocks(text_of(page)))
            for link in links:
                if re.match(r"[a-z]+:", link):
                    continue
                path, _, anchor = link.partition("#")
                target = page.parent / path if path else page
                self.assertTrue(target.exists(), f"{page.name}: {link} leads nowhere")
                if anchor:
                    self.assertIn(anchor, anchors(target), f"{page.name}: {link}")

    def test_every_page_is_in_the_index(self):
        index = text_of(ROOT / "docs/README.md")
        for page in sorted((ROOT / "docs").glob("*.md")):
            if page.name != "README.md":
                self.assertIn(f"]({page.name})", index)

    def test_the_changelog_begins_with_the_version_of_the_build(self):
        version = re.search(r"project\(qkv VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
        self.assertEqual(re.findall(r"^## (\S+)", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)[0], version)
        self.assertIn(f'"{version}"', (ROOT / "src/base/version.h").read_text(encoding="utf-8"))

    def test_readme_is_short(self):
        self.assertLessEqual(len(text_of(ROOT / "README.md").split()), MOST_WORDS_OF_README)


if __name__ == "__main__":
    unittest.main()
