"""Rules of the project that no compiler checks, tested on the project's files.

usage: house_test.py [unittest options], from anywhere
"""

import os
import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Data flows downwards: a module includes only modules above it.
ROOMS = [
    "base", "spec", "config", "text", "world", "render", "kernels", "engine", "wasm", "predict",
    "checkpoint", "generate", "inspect", "evaluate", "model", "train",
]
TORCH_ROOMS = set(ROOMS[ROOMS.index("model"):])
MOST_LINES_OF_A_PROGRAM = 120

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
TORCH = re.compile(r"(torch|ATen|c10|caffe2)/")
NAMESPACE = re.compile(r"^namespace (qkv[\w:]*) \{", re.MULTILINE)
HELPER = re.compile(r"^inline [^=;{]*?\b(\w+)\(", re.MULTILINE)
PERSONAL_FOLDER = re.compile(r"(?<![\w.~*+)}\]-])/(home|root|work|Users)/")


def includes(path):
    for _, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
        yield name


def sources(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in {".cc", ".h"})


def include_problems(root):
    for room_folder in sorted(path for path in (root / "src").iterdir() if path.is_dir()):
        room = room_folder.name
        if room not in ROOMS:
            yield f"src/{room}: not one of the modules {', '.join(ROOMS)}"
            continue
        for path in sources(room_folder):
            for name in includes(path):
                where = f"{path.relative_to(root)}: includes {name}"
                first = name.split("/")[0]
                if first in ROOMS and ROOMS.index(first) > ROOMS.index(room):
                    yield f"{where}, but {first} is below {room}"
                if TORCH.match(name) and room not in TORCH_ROOMS:
                    yield f"{where}, but {room} must not use libtorch"
                if name == "torch/torch.h":
                    yield f"{where}, which adds seconds to every file; include only what is used, e.g. <torch/types.h>"


def header_problems(root):
    for folder in ["src", "tools", "tests"]:
        for path in sources(root / folder):
            if path.suffix == ".h" and "#pragma once\n" not in path.read_text(encoding="utf-8"):
                yield f"{path.relative_to(root)}: no #pragma once"


def namespace_problems(root):
    for room in ROOMS:
        for path in sources(root / "src" / room):
            for space in NAMESPACE.findall(path.read_text(encoding="utf-8")):
                if space.split("::")[1:2] != [room]:
                    yield f"{path.relative_to(root)}: namespace {space}, expected qkv::{room}"


def test_helper_problems(root):
    """One test program may read the headers of two folders: the linker would take either of two functions with one name."""
    places = {}
    for path in sources(root / "tests"):
        for name in set(HELPER.findall(path.read_text(encoding="utf-8"))) if path.suffix == ".h" else ():
            if other := places.get(name):
                yield f"{path.relative_to(root)}: {name}() is also in {other}"
            places[name] = path.relative_to(root)


def program_problems(root):
    for path in sorted((root / "tools").glob("*.cc")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines >= MOST_LINES_OF_A_PROGRAM:
            yield f"{path.relative_to(root)}: {lines} lines, expected less than {MOST_LINES_OF_A_PROGRAM}"


def text_files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - {".git", "build", "runs", "data", "__pycache__"})
        yield from (pathlib.Path(folder, name) for name in sorted(names) if name != ".git")


def path_problems(root):
    for path in text_files(root):
        content = path.read_bytes()
        if b"\0" in content or path == pathlib.Path(__file__).resolve():
            continue
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            found = PERSONAL_FOLDER.search(line)
            if found:
                yield f"{path.relative_to(root)}:{number}: an absolute path of one machine, {found.group()}…"


RULES = [include_problems, header_problems, namespace_problems, test_helper_problems, program_problems, path_problems]


class TheProject(unittest.TestCase):
    def test_keeps_the_rules(self):
        problems = [problem for rule in RULES for problem in rule(ROOT)]
        self.assertEqual(problems, [], "\n" + "\n".join(problems))

    def test_has_rooms_and_headers_to_look_at(self):
        self.assertGreater(len(sources(ROOT / "src")), 10)


class ABrokenRule(unittest.TestCase):
    """Each rule finds its violation in a small project, and none in a correct one."""

    LAWFUL = {
        "src/base/a.h": "#pragma once\n#include <string>\nnamespace qkv::base::log {\n}\n",
        "src/text/b.h": '#pragma once\n#include "base/a.h"\n',
        "src/model/c.cc": '#include <torch/types.h>\n#include "text/b.h"\n',
        "tools/run.cc": "int main() {}\n",
        "tests/scratch.h": "#pragma once\n",
        "README.md": "Look into ../work/ and https://example.org/home/page.\n",
    }

    def problems(self, **changes):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in {**self.LAWFUL, **changes}.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            return [problem for rule in RULES for problem in rule(root)]

    def expect(self, words, **changes):
        problems = self.problems(**changes)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def test_none(self):
        self.assertEqual(self.problems(), [])

    def test_a_room_below(self):
        self.expect("is below text", **{"src/text/b.h": '#pragma once\n#  include "model/c.h"\n'})

    def test_an_unknown_room(self):
        self.expect("src/attic: not one of the modules", **{"src/attic/d.cc": "\n"})

    def test_torch_where_none_belongs(self):
        self.expect("text must not use libtorch", **{"src/text/b.h": "#pragma once\n#include <ATen/ATen.h>\n"})

    def test_all_of_torch(self):
        self.expect("adds seconds to every file", **{"src/model/c.cc": "#include <torch/torch.h>\n"})

    def test_a_header_without_its_guard(self):
        self.expect("tests/scratch.h: no #pragma once", **{"tests/scratch.h": "\n"})

    def test_a_namespace_of_another_room(self):
        for space in ("qkv", "qkv::text", "qkv::basement"):
            self.expect("expected qkv::base", **{"src/base/a.h": f"#pragma once\nnamespace {space} {{\n}}\n"})

    def test_a_helper_that_appears_twice(self):
        helper = "#pragma once\ninline int tiny() { return 1; }\n"
        self.expect("tests/b.h: tiny() is also in tests/a.h", **{"tests/a.h": helper, "tests/b.h": helper})

    def test_a_long_program(self):
        self.expect("tools/run.cc: 120 lines", **{"tools/run.cc": "\n" * 120})

    def test_a_path_of_one_machine(self):
        self.expect("README.md:2", **{"README.md": "see\n`/home/me/qkv`\n"})


if __name__ == "__main__":
    unittest.main()
