"""tools/test: what it builds for which tests. cmake and ctest are replaced by scripts that record their arguments."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

CMAKE = """#!/usr/bin/env bash
[[ $* != --build* ]] || echo "$@" >>built
"""
CTEST = """#!/usr/bin/env bash
[[ $* != *" -N "* ]] || { printf '  Test %s\\n' $KNOWN | sed 's/:/: /'; exit; }
printf '%s\\n' "$@" >tested
exit "${STATUS:-0}"
"""


class TestScript(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="qkv-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        (self.folder / "tests").symlink_to(ROOT / "tests")
        for name, content in {"tools/setup": "#!/bin/sh\n", "bin/cmake": CMAKE, "bin/ctest": CTEST}.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
            path.chmod(0o755)
        shutil.copy(ROOT / "tools/test", self.folder / "tools/test")

    def run_script(self, *arguments, known="", status=0):
        """Its exit code; then built() and handed_on() return what it did. `known` are tests that ctest lists."""
        for name in ["built", "tested"]:
            (self.folder / name).unlink(missing_ok=True)
        done = subprocess.run(
            [self.folder / "tools/test", *arguments], capture_output=True, encoding="utf-8", timeout=60,
            env={**os.environ, "PATH": f"{self.folder}/bin:/usr/bin:/bin", "STATUS": str(status),
                 "KNOWN": " ".join(f"#{number}:{name}" for number, name in enumerate(known.split(), 1))},
        )
        self.assertIn("tools/test: tested in", done.stdout, done.stderr)
        return done.returncode

    def built(self):
        """The targets of each build; an empty list means all of them."""
        path = self.folder / "built"
        return [line.partition(" --target ")[2].split() for line in path.read_text().splitlines()] if path.exists() else []

    def handed_on(self):
        return (self.folder / "tested").read_text().splitlines()

    def test_everything_without_a_filter(self):
        for arguments in [[], ["-L", "programs"], ["-R", "text", "-R", "config"]]:
            self.run_script(*arguments)
            self.assertEqual(self.built(), [[]], arguments)
            self.assertEqual(self.handed_on()[4:], arguments)

    def test_builds_what_the_selected_tests_run(self):
        for expression, targets in {
            "^text[.]": [["text_test"]],
            r"^text\.": [["text_test"]],
            "^(text|config)[.]": [["config_test", "text_test"]],
            "HandExample": [["model_test"]],
            "^cli[.]eval": [["programs"]],
            "^engine[.]avx2": [["engine_test"]],
            "^kernels[.]linkage": [["kernels_test"]],
            "house": [],
            "^install": [[]],
            "no such test": [[]],
            "(": [[]],
        }.items():
            for option in [["-R", expression], [f"--tests-regex={expression}"]]:
                self.run_script(*option)
                self.assertEqual(self.built(), targets, expression)
                self.assertEqual(self.handed_on()[4:], option)

    def test_builds_all_where_ctest_knows_more_tests_of_that_name(self):
        self.run_script("-R", "^text[.]", known="text.Known.Before text.One/Suite.Name/3")
        self.assertEqual(self.built(), [["text_test"]])
        self.run_script("-R", "HandExample", known="model.HandExample.Of config.HandExample.Elsewhere")
        self.assertEqual(self.built(), [["model_test"], []])
        self.run_script("-R", "HandExample", known="strange")
        self.assertEqual(self.built(), [["model_test"], []])

    def test_hands_on_all_arguments_and_the_exit_code(self):
        arguments = ["-R", "^text[.]", "-E", "a b*", "--repeat", "until-fail:2"]
        self.assertEqual(self.run_script(*arguments, status=8), 8)
        self.assertEqual(self.handed_on(), ["--preset", "release", "--parallel", "2", *arguments])


if __name__ == "__main__":
    unittest.main()
