"""Keeps README.md and docs/ true: the commands run, and links, paths, keys and options exist.

usage: readme_test.py [unittest options], from anywhere. The folder of the programs stands in the
environment variable QKV_BIN; where it is not set, it is build/release/bin.
"""

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
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = ["qkv-train", "qkv-eval", "qkv-inspect", "qkv-generate", "qkv-world"]

# Commands of README that are not run here, by how they begin, and why.
NOT_RUN = {
    "tools/demo": "builds; the checks run it by itself",
    "tools/test": "is what runs this test",
    "tools/get_kjv": "installs a package",
    "tools/bench/steps": "needs nanoGPT",
    "tools/bench/generation": "needs nanoGPT and llama2.c",
    "tools/bench/learning": "needs nanoGPT",
    "tools/bench/corpus": "writes 2 GB; its own test runs it smaller",
    "tools/bench/inspection": "shows a text that is not here; its own test shows another",
    "cmake --install": "the install test does it",
    "qkv-train configs/shakespeare_char.json": "trains for minutes, on a text that is not here",
    "qkv-eval runs/shakespeare_char": "the same run",
    "qkv-train configs/shakespeare_best.json": "trains for minutes, on a text that is not here",
    "tools/seeds": "trains for a quarter of an hour; its own test reads what finished runs leave",
    "qkv-eval runs/world": "a run of tools/seeds",
    "qkv-train configs/world_masked.json": "trains for minutes",
    "qkv-inspect runs/world_masked": "the same run",
    "qkv-train configs/kjv.json": "trains for minutes, on a text that is not here",
    "qkv-eval runs/kjv": "the same run",
    "qkv-generate runs/kjv": "the same run",
    "qkv-inspect runs/kjv": "the same run",
}

# Stands before each program: one thread, and for qkv-train a hundredth of the steps on a model that is
# as deep as the config's but narrow.
WRAPPER = """#!/usr/bin/env bash
arguments=(--threads 1)
for argument in "$@"; do
  if [[ $argument == training.steps=* ]]; then argument=training.steps=$((${{argument#*=}} / 100)); fi
  arguments+=("$argument")
done
exec {program} "${{arguments[@]}}" {more}
"""
SMALL = ("model.width=32", "model.feed_forward.width=32", "training.batch_size=2", "training.warmup_steps=1")


def without_code_blocks(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def inline_code(text):
    return re.findall(r"`([^`\n]+)`", without_code_blocks(text))


def shell_lines():
    """(line, whether it is a command) of all shell blocks; what a here-document holds is none."""
    for block in re.findall(r"^```sh\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL):
        end = None
        for line in block.splitlines():
            yield line, end is None and line.strip() != ""
            opened = re.search(r"<<'(\w+)'", line) if end is None else None
            end = opened.group(1) if opened else None if line == end else end


def commands():
    return [line for line, is_command in shell_lines() if is_command]


def reason_not_to_run(command):
    return next((NOT_RUN[start] for start in NOT_RUN if command.startswith(start)), None)


def options_of(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def help_of(program):
    done = subprocess.run([BIN / program, "--help"], capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, f"{program} --help: {done.stderr}"
    return options_of(done.stdout)


def anchors(path):
    """The names by which GitHub links to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", without_code_blocks(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def config_keys(schema, prefix=""):
    for name, part in schema.get("properties", {}).items():
        yield prefix + name
        yield from config_keys(part, f"{prefix}{name}.")


class Commands(unittest.TestCase):
    def test_they_run_and_leave_what_the_text_promises(self):
        with tempfile.TemporaryDirectory(prefix="qkv-readme-") as holder:
            folder = pathlib.Path(holder)
            for part in ["configs", "data"]:
                (folder / part).symlink_to(ROOT / part)
            self.make_programs(folder / "build/release/bin")
            script = [line for line, is_command in shell_lines() if not is_command or not reason_not_to_run(line)]
            done = subprocess.run(
                ["bash", "-exuo", "pipefail", "-c", "\n".join(script)], cwd=folder, timeout=300,
                env={**os.environ, "QKV_CACHE": str(folder / "cache"), "PATH": "/usr/bin:/bin"},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            )
            self.assertEqual(done.returncode, 0, "\n".join(done.stdout.splitlines()[-15:]))
            promised = [code for code in inline_code(README) if code.startswith("runs/own_text")]
            for command in commands():
                if not reason_not_to_run(command):
                    promised += re.findall(r"--(?:out|json) (\S+)", command)
            self.assertGreater(len(promised), 5)
            for path in promised:
                self.assertTrue((folder / path).exists(), f"{path}: promised, but not there")
            for name in ["config.json", "metrics.jsonl", "tensorboard", "checkpoints/best"]:
                self.assertTrue((folder / "runs/own_text" / name).exists(), name)
            self.run_python(folder)

    def run_python(self, folder):
        """The blocks of docs/checkpoint.md that need nothing but Python."""
        page = (ROOT / "docs/checkpoint.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
        plain = [block for block in blocks if "torch" not in block and "transformers" not in block]
        self.assertEqual(len(plain), 1)
        done = subprocess.run(
            [sys.executable, "-c", plain[0] + "\nprint(len(values))"], cwd=folder, capture_output=True, encoding="utf-8"
        )
        self.assertEqual(done.stdout, "32\n", done.stderr)  # model.norm.weight of the width in SMALL

    @staticmethod
    def make_programs(folder):
        folder.mkdir(parents=True)
        for program in PROGRAMS:
            more = " ".join(f"--set {setting}" for setting in SMALL) if program == "qkv-train" else ""
            path = folder / program
            path.write_text(WRAPPER.format(program=shlex.quote(str(BIN / program)), more=more))
            path.chmod(0o755)

    def test_each_exception_is_still_there(self):
        for start in NOT_RUN:
            self.assertTrue(any(command.startswith(start) for command in commands()), start)

    def test_options_of_commands(self):
        known = {program: help_of(program) for program in PROGRAMS}
        for command in commands():
            words = shlex.split(command, comments=True)
            if words[0] in known:
                found = {word for word in words[1:] if word.startswith("--")}
                self.assertEqual(found - known[words[0]], set(), command)

    def test_options_in_the_text(self):
        known = set().union(*(help_of(program) for program in PROGRAMS))
        found = set().union(*(options_of(code) for code in inline_code(README)))
        self.assertGreater(len(found), 5)
        self.assertEqual(found - known, set())


class Names(unittest.TestCase):
    def test_config_keys(self):
        known = set(config_keys(json.loads((ROOT / "configs/schema.json").read_text(encoding="utf-8"))))
        section = README.split("\n## The config\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
        found = {key for row in rows for key in re.findall(r"`([^`]+)`", row)}
        self.assertGreater(len(found), 20)
        self.assertEqual(found - known, set())
        sections = {key.split(".")[0] for key in known} - {"$schema"}
        self.assertEqual(sections - {key.split(".")[0] for key in found}, set())

    def test_paths(self):
        named = re.compile(r"(?<![\w./-])(?:configs|data|docs|src|tests|tools)/[\w./-]*\w")
        for page in PAGES:
            for path in named.findall(page.read_text(encoding="utf-8")):
                if not path.startswith("data/own"):  # the user's own texts, which are in no repository
                    there = (ROOT / path).exists() or list(ROOT.glob(path + "*"))
                    self.assertTrue(there, f"{page.name}: {path} is not there")

    def test_rooms(self):
        section = README.split("\n## Where to look\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", section, re.MULTILINE)
        self.assertEqual({room for room, _ in rows}, {path.name for path in (ROOT / "src").iterdir() if path.is_dir()})
        for room, files in rows:
            for name in re.findall(r"`([^`]+)`", files):
                self.assertTrue((ROOT / "src" / room / name).is_file(), f"src/{room}/{name}")

    def test_links(self):
        for page in PAGES:
            links = re.findall(r"\]\(([^)\s]+)\)", without_code_blocks(page.read_text(encoding="utf-8")))
            for link in links:
                if re.match(r"[a-z]+:", link):
                    continue
                path, _, anchor = link.partition("#")
                target = page.parent / path if path else page
                self.assertTrue(target.exists(), f"{page.name}: {link} leads nowhere")
                if anchor:
                    self.assertIn(anchor, anchors(target), f"{page.name}: {link}")

    def test_every_page_is_in_the_index(self):
        index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
        for page in sorted((ROOT / "docs").glob("*.md")):
            if page.name != "README.md":
                self.assertIn(f"]({page.name})", index)


if __name__ == "__main__":
    unittest.main()
