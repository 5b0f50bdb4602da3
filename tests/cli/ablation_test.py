"""--ablate of qkv-inspect, qkv-eval and qkv-generate: a model without some of its parts."""

import json
import shutil
import unittest

import harness

TEXT = "the cat sees a dog"
PARTS = {"L0.mlp": "model.layers.0.mlp.down_proj.weight", "L1.H0,L1.H1": "model.layers.1.self_attn.o_proj.weight"}


@unittest.skipUnless((harness.BIN / "qkv-inspect").exists(), "qkv-inspect is not built")
class Ablation(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        more = ["--set", "model.layers=2", "--set", "training.learning_rate=0.01"]
        for arguments in [["--out", "run", *more], ["--out", "masked", "--set", "model.objective=masked", *more],
                          ["--out", "lstm", "--set", "model.kind=lstm"]]:
            done = cls.run_program("train", "tiny.json", *arguments)
            assert done.returncode == 0, done.stderr
        for index, weight in enumerate(PARTS.values()):  # the same runs, where a part writes nothing
            for run in ["run", "masked"]:
                shutil.copytree(cls.folder / run, cls.folder / f"{run}-{index}", symlinks=True)
                harness.overwrite_tensor(cls.folder / f"{run}-{index}/checkpoints/best", weight, 0)

    def analyses(self, out, *arguments):
        """What qkv-inspect writes, without the names of the checkpoint and of the ablation."""
        self.succeed("inspect", *arguments, "--out", out, "--format", "json,safetensors")
        found = {}
        for path in (self.folder / out).glob("*.json"):
            found[path.name] = json.loads(path.read_text())
            found[path.name].pop("checkpoint")
            found[path.name].pop("ablation", None)
        return found

    def test_zero_is_a_model_without_the_weights(self):
        looks = ["--text", TEXT, "--lens", "--attribution", "--edges", "--against", "the dog sees a cat"]
        for index, parts in enumerate(PARTS):
            zero = ["--ablate", parts, "--mode", "zero"]
            self.assertEqual(self.analyses(f"ablated-{index}", "run", *looks, *zero), self.analyses(f"zeroed-{index}", f"run-{index}", *looks))
            for run in ["run", "masked"]:
                without = json.loads(self.succeed("eval", run, *zero, "--json", "-"))
                zeroed = json.loads(self.succeed("eval", f"{run}-{index}", "--json", "-"))
                whole = json.loads(self.succeed("eval", run, "--json", "-"))
                self.assertEqual(without.pop("ablation"), {"parts": parts.split(","), "mode": "zero"})
                self.assertNotIn("ablation", whole)
                for numbers in [without, zeroed, whole]:
                    numbers.pop("checkpoint")
                self.assertEqual(without, zeroed)
                self.assertNotEqual(without["loss"], whole["loss"])
            say = ["--prompt", "the cat", "--tokens", 40]
            self.assertEqual(self.succeed("generate", "run", *say, *zero), self.succeed("generate", f"run-{index}", *say))

    def test_means_and_resampling_read_the_validation_text(self):
        losses = {}
        for mode in ["mean", "zero", "resample"]:
            asked = ["eval", "run", "--ablate", "L0.mlp,L1.H1", "--mode", mode, "--json", "-"]
            one, two = (self.succeed(*asked, "--threads", threads) for threads in [1, 2])
            self.assertEqual(one, two)
            losses[mode] = json.loads(one)["loss"]
        self.assertEqual(len(set(losses.values())), 3, losses)
        by_default = json.loads(self.succeed("eval", "run", "--ablate", "L0.mlp,L1.H1", "--json", "-"))
        self.assertEqual(by_default["loss"], losses["mean"])
        for program in [["inspect", "run", "--text", TEXT], ["generate", "run", "--prompt", "the"]]:
            done = self.run_program(*program, "--ablate", "L0.H1")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("without L0.H1 (mean), from ", done.stderr)
            self.assertIn(" tokens of validation.txt", done.stderr)

    def test_outputs_name_it(self):
        zero = ["--ablate", "L0.H1,L1.mlp", "--mode", "zero"]
        text = self.succeed("inspect", "run", "--text", TEXT, *zero, "--out", "named", "--values", "--format", "svg,json,safetensors")
        self.assertEqual(text.splitlines()[0], "without L0.H1, L1.mlp (zero)")
        for name in ["attention.json", "values.json"]:
            report = json.loads((self.folder / "named" / name).read_text())
            self.assertEqual(report["ablation"], {"parts": ["L0.H1", "L1.mlp"], "mode": "zero"})
        heads = report["layers"][0]["heads"]
        self.assertEqual({length for row in heads[1]["lengths"] for length in row}, {0})  # it moves nothing
        self.assertGreater(heads[0]["lengths"][2][0], 0)
        taps = (self.folder / "named/taps.safetensors").read_bytes()
        header = json.loads(taps[8 : 8 + int.from_bytes(taps[:8], "little")])
        self.assertEqual(json.loads(header["__metadata__"]["ablation"]), report["ablation"])
        self.assertIn("without L0.H1, L1.mlp (zero)", self.succeed("eval", "run", *zero))

    def test_what_is_refused(self):
        look = ["inspect", "run", "--text", TEXT]
        for program in [look, ["eval", "run"], ["generate", "run", "--prompt", "the"]]:
            self.refuse(2, ["--ablate", '"L2.H0"', "0 to 1"], *program, "--ablate", "L2.H0")
            self.refuse(2, ["--mode", '"median"', "mean, zero or resample"], *program, "--ablate", "L0.H0", "--mode", "median")
            self.refuse(2, ["--mode", "found no --ablate"], *program, "--mode", "zero")
        self.refuse(2, ["L0.mlp", "lstm"], "eval", "lstm", "--ablate", "L0.mlp")
        self.refuse(2, ["--ablate", "found no text"], "inspect", "run", "--neighbours", "cat", "--ablate", "L0.mlp")
        self.refuse(2, ["--trace", "head 0", "ablated"], *look, "--ablate", "L0.H0", "--mode", "zero", "--trace", 1)
        shutil.copytree(self.folder / "run/checkpoints/best", self.folder / "alone")
        for program in [["inspect", "alone", "--text", TEXT], ["generate", "alone", "--prompt", "the"]]:
            self.refuse(2, ["train.txt", "--mode zero"], *program, "--ablate", "L0.H0")
            self.succeed(*program, "--ablate", "L0.H0", "--mode", "zero")


if __name__ == "__main__":
    unittest.main()
