"""The command line of all programs."""

import json
import os
import re
import shutil
import subprocess
import unittest

import harness


def programs():
    return [name for name in ["train", "eval", "generate", "inspect"] if (harness.BIN / f"qkv-{name}").exists()]


class Scripts(harness.ProgramTest):
    """tools/NAME and tools/bench/NAME."""

    def test_help_does_nothing_else(self):
        stubs = self.folder / "stubs"
        stubs.mkdir()
        for name in ["apt-get", "bible", "cmake", "ctest", "dpkg-query", "flock", "sudo"]:
            self.write(f"stubs/{name}", f'#!/bin/sh\necho {name} "$@" >> "{self.folder}/called"\nexit 1\n').chmod(0o755)
        scripts = [path for folder in ["tools", "tools/bench"] for path in sorted((harness.ROOT / folder).iterdir())
                   if path.is_file() and os.access(path, os.X_OK)]
        self.assertGreaterEqual(len(scripts), 12)
        for script in scripts:
            for option in ["--help", "-h"]:
                done = subprocess.run([script, option], cwd=self.folder, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL,
                                      env={**self.environment, "PATH": f"{stubs}:{os.environ['PATH']}"}, timeout=60)
                self.assertEqual(done.returncode, 0, f"{script}: {done.stderr}")
                self.assertIn("usage: ", done.stdout, script)
                self.assertFalse((self.folder / "called").exists(), script)

    def test_no_path_may_be_empty(self):
        for script in ["seeds", "ladder"]:
            for option in ["--runs", "--page"]:
                done = subprocess.run([harness.ROOT / "tools" / script, option, ""], capture_output=True, encoding="utf-8", timeout=60)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(f"argument {option}: found an empty path, expected a name", done.stderr)


class Usage(harness.ProgramTest):
    def test_the_programs_are_there(self):
        self.assertLessEqual({"train", "eval", "generate"}, set(programs()))

    def test_help(self):
        for program in programs():
            text = self.succeed(program, "--help")
            for option in ["--help", "--version", "--threads", "--log-level"]:
                self.assertIn(option, text, program)

    def test_version(self):
        for program in programs():
            self.assertRegex(self.succeed(program, "--version"), r"^qkv \d+\.\d+\.\d+\n$")

    def test_no_argument_is_one_line(self):
        for program in programs():
            self.refuse(2, f"qkv-{program}: ", program)

    def test_unknown_option(self):
        for program in programs():
            self.refuse(2, "--colour", program, "somewhere", "--colour")

    def test_a_missing_file_is_named(self):
        self.refuse(2, "nowhere.json", "train", "nowhere.json")
        for program in ["eval", "generate"]:
            self.refuse(2, "nowhere/run", program, "nowhere/run")

    def test_a_bad_value_of_an_option_is_named(self):
        self.refuse(2, "--threads", "train", "tiny.json", "--threads", "many")
        self.refuse(2, ["--log-level", "loud"], "train", "tiny.json", "--log-level", "loud")

    def test_a_folder_that_is_no_run(self):
        (self.folder / "plain").mkdir()
        self.refuse(2, "plain", "eval", "plain")
        self.refuse(2, "tiny.json", "eval", "tiny.json")

    def test_resume_and_overwrite_exclude_each_other(self):
        self.refuse(2, "--resume", "train", "tiny.json", "--resume", "--overwrite")

    def test_a_dry_run_refuses_what_it_would_not_look_at(self):
        for option in [["--init", "somewhere"], ["--resume"], ["--overwrite"], ["--profile"]]:
            self.refuse(2, ["--dry-run", option[0]], "train", "tiny.json", "--dry-run", *option)

    def test_an_empty_path_is_none(self):
        for program in ["eval", "generate", "inspect"]:
            self.refuse(2, ["CHECKPOINT", "empty path"], program, "")
        self.refuse(2, ["CHECKPOINT2", "empty path"], "eval", "somewhere", "")
        for option in ["--data", "--pairs", "--json"]:
            self.refuse(2, [option, "empty path"], "eval", "somewhere", option, "")

    def paths_of(self, program):
        """The names of the options and arguments that name a file or folder, by --help."""
        shown = self.succeed(program, "--help")
        rows = re.findall(r"^  (?:-\w,)?(\S+) ([A-Z]{2,})(?: in \S+)?(?: REQUIRED)?(?: \.\.\.)?(.*(?:\n {10,}.*)*)", shown, re.M)
        for name, kind, words in rows:
            if kind != "PATH":
                self.assertNotRegex(words, r"(?<![-\w])(file|folder)s?\b", f"{program} {name} takes {kind}: does it name a file?")
        return [name for name, kind, _ in rows if kind == "PATH"]

    def test_no_path_of_any_program_may_be_empty(self):
        """A shell variable that is not set must not select another file: --out "$UNSET" --overwrite."""
        count = 0
        for program in [*programs(), "world"]:
            names = self.paths_of(program)
            arguments = [name for name in names if not name.startswith("-")]
            for name in names:
                if name in arguments:
                    given = ["somewhere"] * arguments.index(name) + [""]
                else:
                    given = ["somewhere"] * min(1, len(arguments)) + [name, ""]
                self.refuse(2, [name, "found an empty path, expected a name"], program, *given)
                count += 1
        self.assertGreaterEqual(count, 18)
        self.assertLessEqual({"--out", "--init", "CONFIG"}, set(self.paths_of("train")))

    def test_an_empty_folder_leaves_the_run_of_that_name(self):
        self.succeed("train", "tiny.json")
        before = self.weights("runs/tiny")
        self.refuse(2, ["--out", "empty path"], "train", "tiny.json", "--out", "", "--overwrite")
        self.assertEqual(self.weights("runs/tiny"), before)

    def test_what_is_wrong_first_is_said_first(self):
        """A missing checkpoint is reported before outputs that cannot be made and inputs that cannot be read."""
        for option in ["--plot", "--json"]:
            given = [option, "INTO/x.png", "--probes", "nowhere.jsonl"]
            self.refuse(2, "nowhere/run: not found", "eval", "nowhere/run", *given)
        self.refuse(2, "nowhere/run: not found", "generate", "nowhere/run", "--prompt-file", "nowhere.txt")
        self.refuse(2, "nowhere/run: not found", "inspect", "nowhere/run", "--text-file", "nowhere.txt", "--out", "tiny.json/x")
        self.refuse(2, "nowhere/run: not found", "train", "tiny.json", "--init", "nowhere/run", "--out", "tiny.json/x")

    def test_numbers_that_do_not_fit(self):
        for option, value in [("--seed", "9" * 23), ("--seed", "-1"), ("--top-k", "9" * 20), ("--top-k", "-1"),
                              ("--tokens", "9" * 20), ("--threads", "1025")]:
            line = self.refuse(2, [option, value], "generate", "somewhere", f"{option}={value}")
            self.assertLess(len(line), 150)

    def test_the_error_is_told_at_every_level(self):
        for level in ["off", "error"]:
            self.refuse(2, "nowhere", "eval", "nowhere", "--log-level", level)

    def test_the_error_is_one_line_whatever_the_path(self):
        self.refuse(2, r"a\nb\x1B: not found", "eval", "a\nb\x1b")

    def test_a_name_that_is_too_long(self):
        name = "n" * 300
        self.refuse(2, [name, "too long"], "train", "tiny.json", "--out", name)
        self.succeed("train", "tiny.json", "--out", "measured")
        self.refuse(2, [name, "too long"], "eval", "measured", "--json", name)

    def test_no_place_for_temporary_files(self):
        environment = {**self.environment, "QKV_CACHE": str(self.folder / "tiny.json" / "cache"), "TMPDIR": "nowhere"}
        done = subprocess.run(
            [harness.BIN / "qkv-train", "tiny.json", "--dry-run", "--log-level", "error"],
            cwd=self.folder, env=environment, capture_output=True, encoding="utf-8",
        )
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"^error: TMPDIR: [^\n]*\n$")

    def test_nothing_is_printed_into_a_file_that_took_a_closed_streams_number(self):
        def close_streams():
            for stream in [0, 1, 2]:
                os.close(stream)

        commands = {
            "run": ["train", "tiny.json", "--out", "run", "--set", "training.validate_every=1", "--log-level", "debug"],
            "maps": ["inspect", "run", "--text", "the cat", "--out", "maps", "--trace", "1", "--log-level", "debug"],
            "scores": ["eval", "run", "--json", "scores/scores.json", "--log-level", "debug"],
            "world": ["world", "--grammar", harness.ROOT / "data/world/grammar.json", "--out", "world"],
        }
        for place, command in commands.items():
            (self.folder / place).mkdir()
            self.succeed(*command)
            files = [path.relative_to(self.folder) for path in (self.folder / place).rglob("*") if path.is_file()]
            whole = {path: (self.folder / path).read_bytes() for path in files}
            shutil.rmtree(self.folder / place)
            (self.folder / place).mkdir()
            # Its results cannot be printed: no success, but the files are complete.
            self.assertEqual(self.run_program(*command, preexec_fn=close_streams).returncode, 1, command)
            for path, content in whole.items():
                found = (self.folder / path).read_bytes()
                if path.name == "metrics.jsonl":  # holds times
                    for line in found.decode().splitlines():
                        self.assertIn("step", json.loads(line))
                    self.assertEqual(found.count(b"\n"), content.count(b"\n"))
                elif "tensorboard" in path.parts:
                    self.assertEqual(len(found), len(content))
                else:
                    self.assertEqual(found, content, path)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_results_that_cannot_be_written_are_a_failure(self):
        for arguments in [["eval", "--help"], ["generate", "--version"], ["train", "tiny.json", "--dry-run"]]:
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [harness.BIN / f"qkv-{arguments[0]}", *arguments[1:]],
                    cwd=self.folder, env=self.environment, stdout=full, stderr=subprocess.PIPE, encoding="utf-8",
                )
            self.assertEqual(done.returncode, 1, arguments)
            self.assertEqual(done.stderr.splitlines()[-1], "error: standard output: cannot write")


if __name__ == "__main__":
    unittest.main()
