"""What every program does with its command line."""

import unittest

import harness


def programs():
    return [name for name in ["train", "eval", "generate", "inspect"] if (harness.BIN / f"qkv-{name}").exists()]


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


if __name__ == "__main__":
    unittest.main()
