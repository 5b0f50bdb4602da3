"""qkv-inspect: the files it writes, what it prints, what it refuses."""

import json
import pathlib
import re
import subprocess
import unittest

import harness

TEXT = "the cat sees a dog"


@unittest.skipUnless((harness.BIN / "qkv-inspect").exists(), "qkv-inspect is not built")
class Inspection(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = ["--set", "data.layout=lines", "--set", "model.objective=masked"]
        two = ["--set", "model.layers=2", "--set", "training.learning_rate=0.01"]
        for arguments in [["--out", "run", *two], ["--out", "masked", *lines], ["--out", "blind", "--set", "model.attention.weights=none"],
                          ["--out", "lstm", "--set", "model.kind=lstm"]]:
            done = cls.run_program("train", "tiny.json", *arguments)
            assert done.returncode == 0, done.stderr

    def look(self, out, *arguments):
        """Names of the files written."""
        self.succeed("inspect", *arguments, "--out", out)
        return {path.name for path in (self.folder / out).iterdir()}

    def report(self, out):
        return json.loads((self.folder / out / "attention.json").read_text())

    def test_the_files(self):
        heads = {f"layer-{layer}-head-{head}" for layer in range(2) for head in range(2)} | {"heads"}
        self.assertEqual(self.look("default", "run", "--text", TEXT),
                         {f"{name}.png" for name in heads} | {"attention.json", "taps.safetensors"})
        self.assertEqual(self.look("all", "run", "--text", TEXT, "--format", "png,svg,pdf,json,safetensors"),
                         {f"{name}.{kind}" for name in heads for kind in ["png", "svg", "pdf"]} | {"attention.json", "taps.safetensors"})
        self.assertEqual(self.look("one", "run", "--text", TEXT, "--format", "json"), {"attention.json"})
        self.assertTrue((self.folder / "all/heads.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n"))
        self.assertTrue((self.folder / "all/heads.pdf").read_bytes().startswith(b"%PDF-"))
        self.assertIn(b"<svg", (self.folder / "all/heads.svg").read_bytes()[:500])

    def test_odd_texts_are_warnings(self):
        self.write("lines.txt", "the cat 猫 sees\nthe dog 猫\n")
        done = self.run_program("inspect", "masked", "--text-file", "lines.txt", "--out", "odd", "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("lines.txt: found several lines", done.stderr)
        self.assertEqual(done.stderr.count("猫"), 1, done.stderr)
        self.assertEqual(self.report("odd")["text"], "the cat 猫 sees\nthe dog 猫")
        done = self.run_program("inspect", "run", "--text", "the cat ", "--out", "odd", "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--text: ends in a space", done.stderr)

    def test_a_name_of_two_lines_is_told_in_one(self):
        text = self.succeed("inspect", "run", "--text", TEXT, "--out", "two\nlines", "--format", "json")
        self.assertEqual(text.splitlines()[-1], "wrote two\\nlines/attention.json")

    def test_layer_and_head_narrow_the_pictures(self):
        names = self.look("narrow", "run", "--text", TEXT, "--format", "png", "--layer", 1, "--head", 0)
        self.assertIn("layer-1-head-0.png", names)
        self.assertFalse(names & {"layer-0-head-0.png", "layer-0-head-1.png", "layer-1-head-1.png"})

    def test_attention_json(self):
        self.look("json", "run", "--text", TEXT, "--format", "json")
        report = self.report("json")
        self.assertEqual(set(report), {"checkpoint", "text", "tokens", "predictions", "layers"})
        self.assertEqual(set(report["checkpoint"]), {"path", "step", "seed", "config_sha256", "weights_sha256", "tokenizer_sha256"})
        self.assertEqual(report["checkpoint"]["weights_sha256"], self.weights("run", "best"))
        self.assertEqual(report["checkpoint"]["config_sha256"], harness.sha256(self.folder / "run/checkpoints/best/config.json"))
        self.assertEqual(report["checkpoint"]["tokenizer_sha256"], harness.sha256(self.folder / "run/tokenizer.model"))
        self.assertEqual(report["text"], TEXT)
        self.assertEqual([TEXT[t["begin"] : t["end"]] for t in report["tokens"]], [t["text"] for t in report["tokens"]])
        self.assertEqual("".join(t["text"] for t in report["tokens"]), TEXT)
        self.assertEqual([len(layer["heads"]) for layer in report["layers"]], [2, 2])
        count = len(report["tokens"])
        for layer in report["layers"]:
            for head in layer["heads"]:
                self.assertEqual([len(row) for row in head["weights"]], [count] * count)
                for query, row in enumerate(head["weights"]):
                    # Divided by their sum in float32: a rounding of 2^-24 for each and a few more.
                    self.assertAlmostEqual(sum(row), 1, delta=(count + 2) * 2**-24)
                    self.assertEqual(row[query + 1 :], [0] * (count - query - 1))

    def test_offsets_are_bytes(self):
        text = "the é cat 猫"
        self.look("wide", "run", "--text", text, "--format", "json")
        tokens, content = self.report("wide")["tokens"], text.encode()
        self.assertEqual(b"".join(content[t["begin"] : t["end"]] for t in tokens), content)
        for token in tokens:
            part = content[token["begin"] : token["end"]]
            try:
                self.assertEqual(token["text"], part.decode())
            except UnicodeDecodeError:
                self.assertEqual((token["text"], token["piece"]), ("\ufffd", f"<0x{part[0]:02X}>"))

    def test_two_runs_write_the_same_bytes(self):
        formats = ["--format", "png,svg,pdf,json,safetensors"]
        names = self.look("first", "run", "--text", TEXT, *formats)
        self.assertEqual(self.look("second", "run", "--text", TEXT, *formats), names)
        for name in names:
            self.assertEqual(harness.sha256(self.folder / "first" / name), harness.sha256(self.folder / "second" / name), name)

    def test_text_from_a_file(self):
        self.write("text.txt", TEXT)
        self.look("file", "run", "--text-file", "text.txt", "--format", "json")
        self.look("direct", "run", "--text", TEXT, "--format", "json")
        self.assertEqual(self.report("file"), self.report("direct"))

    def test_masked(self):
        text = self.succeed("inspect", "masked", "--text", "the <mask> sees a dog")
        place, header, *fillings = text.splitlines()
        self.assertEqual((place, header.split()), ("<mask> at token 2", ["filling", "probability", "piece"]))
        self.assertEqual(len(fillings), 10, text)
        found = [re.fullmatch(r"\s*(\S+)\s+(0\.\d{4}|1\.0000)\s+\"(.+)\"", line) for line in fillings]
        self.assertTrue(all(found), text)
        self.assertEqual(len({match[3] for match in found}), 10, text)
        likely = [float(match[2]) for match in found]
        self.assertEqual(likely, sorted(likely, reverse=True))
        self.assertTrue(0 < sum(likely) <= 1.0003, text)
        self.look("masked-look", "masked", "--text", "the <mask> sees a dog", "--format", "json")
        report = self.report("masked-look")
        self.assertEqual([t["id"] for t in report["tokens"]][::len(report["tokens"]) - 1], [1, 2])
        self.assertIn(3, [t["id"] for t in report["tokens"]])
        self.assertGreater(report["layers"][0]["heads"][0]["weights"][0][-1], 0)

    def test_the_next_words_of_a_causal_model(self):
        for run in ["run", "lstm", "blind"]:
            text = self.succeed("inspect", run, "--text", TEXT)
            place, header, *words = text.splitlines()
            self.assertEqual((place, header.split()), ("after token 4, the end of the text", ["next", "word", "probability", "piece"]))
            self.assertEqual(len(words), 10, text)
            likely = [float(re.fullmatch(r"\s*\S+\s+([01]\.\d{4})\s+\".+\"", line)[1]) for line in words]
            self.assertEqual(likely, sorted(likely, reverse=True))
            self.assertTrue(0 < sum(likely) <= 1.0005, text)
        self.look("next", "run", "--text", TEXT, "--format", "json")
        (prediction,) = self.report("next")["predictions"]
        self.assertEqual(prediction["token"], 4)
        self.assertEqual(len(prediction["likeliest"]), 10)
        printed = self.succeed("inspect", "run", "--text", TEXT).splitlines()[2:]
        for line, piece in zip(printed, prediction["likeliest"]):
            self.assertEqual(line.split()[:2], [piece["word"], f"{piece['probability']:.4f}"])
        self.refuse(2, ["--text: found no <mask>", "--out"], "inspect", "masked", "--text", TEXT)

    def test_a_script_without_a_font_is_told_once(self):
        found = subprocess.run(["fc-match", "-f", "%{file}", "DejaVu Sans"], capture_output=True, encoding="utf-8").stdout
        if not found.endswith("DejaVuSans.ttf"):
            self.skipTest("no DejaVu Sans")
        self.write("fonts.conf", f"<fontconfig><dir>{pathlib.Path(found).parent}</dir><cachedir>{self.folder}/fonts</cachedir></fontconfig>")
        (self.folder / "猫の日").symlink_to("run")
        environment = {**self.environment, "FONTCONFIG_FILE": str(self.folder / "fonts.conf")}
        for name, warnings in [("run", 0), ("猫の日", 1)]:
            done = subprocess.run([harness.BIN / "qkv-inspect", name, "--text", TEXT, "--out", "drawn", "--format", "png"],
                                  cwd=self.folder, env=environment, capture_output=True, encoding="utf-8")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr.count("fonts-noto-cjk"), warnings, done.stderr)
            self.assertEqual(len([line for line in done.stderr.splitlines() if "found no font" in line]), warnings, done.stderr)

    def test_edges(self):
        names = self.look("edges", "run", "--text", TEXT, "--edges", "--format", "png,svg,pdf,json")
        for name in ["edges", "edges-heads"]:
            for kind in ["png", "svg", "pdf"]:
                self.assertIn(f"{name}.{kind}", names)
        report = json.loads((self.folder / "edges/edges.json").read_text())
        self.assertEqual(set(report), {"checkpoint", "text", "tokens", "prediction", "nats", "layers"})
        self.assertEqual(report["prediction"]["token"], 4)
        self.assertTrue(0 < report["prediction"]["probability"] <= 1)
        self.assertEqual([len(layer["heads"]) for layer in report["layers"]], [2, 2])
        maps = [report["nats"]]
        for layer in report["layers"]:
            maps += [layer["nats"], *(head["nats"] for head in layer["heads"])]
        for effects in maps:
            self.assertEqual([len(row) for row in effects], [5] * 5)
            for query, row in enumerate(effects):
                self.assertEqual(row[query + 1 :], [0] * (4 - query))
        self.assertTrue(any(effect != 0 for effect in report["nats"][4]))
        # After the last layer, the mixed values of other tokens are not read.
        self.assertEqual(report["layers"][1]["nats"][:4], [[0] * 5] * 4)

        self.assertEqual(self.look("edges-again", "run", "--text", TEXT, "--edges", "--format", "png,svg,pdf,json"), names)
        for name in names:
            self.assertEqual(harness.sha256(self.folder / "edges" / name), harness.sha256(self.folder / "edges-again" / name), name)

    def test_edges_of_a_masked_model(self):
        self.look("masked-edges", "masked", "--text", "the <mask> sees a dog", "--edges", "--format", "json")
        report = json.loads((self.folder / "masked-edges/edges.json").read_text())
        self.assertEqual(report["prediction"]["token"], 2)
        self.assertNotEqual(report["nats"][2][-1], 0)
        for text in [TEXT, "the <mask> sees a <mask>"]:
            self.refuse_edges("<mask>", "masked", "--text", text, "--out", "no-edges")

    def refuse_edges(self, words, *arguments):
        done = self.run_program("inspect", *arguments, "--edges")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(words, done.stderr)
        self.assertFalse((self.folder / "no-edges").exists())

    def test_edges_need_a_text_a_folder_and_attention(self):
        self.refuse_edges("--edges", "run", "--out", "no-edges")
        self.refuse_edges("--out", "run", "--text", TEXT)
        self.refuse_edges("attention", "blind", "--text", TEXT, "--out", "no-edges", "--format", "safetensors")

    def test_lens(self):
        names = self.look("lens", "run", "--text", TEXT, "--lens", "--format", "png,svg,pdf,json")
        self.assertLessEqual({"lens.png", "lens.svg", "lens.pdf", "lens.json"}, names)
        report = json.loads((self.folder / "lens/lens.json").read_text())
        self.assertEqual(set(report), {"checkpoint", "text", "tokens", "depths", "probability", "kl", "top"})
        self.assertEqual(report["depths"], ["embedding", "layers.0.middle", "layers.0.output", "layers.1.middle", "final"])
        for key in ["probability", "kl", "top"]:
            self.assertEqual([len(row) for row in report[key]], [5] * 5)
        attention = json.loads((self.folder / "lens/attention.json").read_text())
        likeliest = {one["id"]: one["probability"] for one in attention["predictions"][0]["likeliest"]}
        for one in report["top"][-1][-1]:
            if one["id"] in likeliest:
                self.assertAlmostEqual(one["probability"], likeliest[one["id"]], places=12)
        self.look("lens-again", "run", "--text", TEXT, "--lens", "--format", "png,svg,pdf,json", "--threads", 1)
        for name in names:
            self.assertEqual(harness.sha256(self.folder / "lens" / name), harness.sha256(self.folder / "lens-again" / name), name)

        printed = self.succeed("inspect", "run", "--text", TEXT, "--lens")
        self.assertIn("what each depth would predict after token 4\n", printed)
        self.assertRegex(printed, r"(?m)^  layer 1, after attention +\S+ +\d\.\d{4} +\S+ +\d\.\d{4} +\d+\.\d{3}$")
        masked = self.succeed("inspect", "masked", "--text", "the <mask> sees a dog", "--lens")
        self.assertIn("what each depth would predict for the <mask> at token 2\n", masked)
        self.assertIn("\n  output ", self.succeed("inspect", "lstm", "--text", TEXT, "--lens"))

    def test_lens_needs_a_text(self):
        done = self.run_program("inspect", "run", "--lens")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--lens: found no text, expected --text or --text-file", done.stderr)

    def test_attribution(self):
        names = self.look("attributed", "run", "--text", TEXT, "--attribution", "cat,dog", "--token", 2, "--format", "png,svg,json")
        self.assertLessEqual({"attribution.png", "attribution.svg", "attribution.json"}, names)
        report = json.loads((self.folder / "attributed/attribution.json").read_text())
        self.assertEqual(set(report), {"checkpoint", "text", "tokens", "token", "a", "b", "difference", "parts"})
        self.assertEqual([report["token"], report["a"]["piece"], report["b"]["piece"]], [2, "▁cat", "▁dog"])
        self.assertAlmostEqual(sum(part["value"] for part in report["parts"]), report["difference"], places=3)
        printed = self.succeed("inspect", "run", "--text", TEXT, "--attribution")
        self.assertRegex(printed, r"(?m)^what each part adds to the logit of “.+” minus that of “.+” at token 4$")
        self.assertRegex(printed, r"(?m)^  layer 1, feed-forward +[+−]\d+\.\d{4}$")
        for words, arguments in [("--attribution: found \"cat\"", ["run", "--text", TEXT, "--attribution", "cat"]),
                                 ("--attribution", ["run", "--text", TEXT, "--token", 2]),
                                 ("--attribution: found no text", ["run", "--attribution"]),
                                 ("model.kind: found \"lstm\"", ["lstm", "--text", TEXT, "--attribution"])]:
            done = self.run_program("inspect", *arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)

    def test_values(self):
        names = self.look("values", "run", "--text", TEXT, "--values", "--format", "png,pdf,json")
        self.assertLessEqual({"values.png", "values-heads.png", "values.pdf", "values-heads.pdf", "values.json"}, names)
        report = json.loads((self.folder / "values/values.json").read_text())
        self.assertEqual(set(report), {"checkpoint", "text", "tokens", "rollout", "layers"})
        self.assertEqual([len(layer["heads"]) for layer in report["layers"]], [2, 2])
        self.assertRegex(self.succeed("inspect", "run", "--text", TEXT, "--values"),
                         r"(?m)^what token 4 attends to most, and what it receives most from$")
        done = self.run_program("inspect", "blind", "--text", TEXT, "--values")
        self.assertEqual(done.returncode, 2)
        self.assertIn("attention", done.stderr)

    def test_patching(self):
        other = "the dog sees a cat"
        names = self.look("patched", "run", "--text", TEXT, "--against", other, "--format", "png,svg,json")
        self.assertLessEqual({"patch.png", "patch-parts.png", "patch.svg", "patch-parts.svg", "patch.json"}, names)
        report = json.loads((self.folder / "patched/patch.json").read_text())
        shares = {"residual", "heads", "heads_by_token", "patterns", "feed_forward"}
        self.assertEqual(set(report), {"checkpoint", "text", "tokens", "clean", "corrupt", "token", "a", "b", "clean_difference",
                                       "corrupt_difference", "depths", "lost", *shares})
        self.assertEqual(set(report["lost"]), shares)
        self.assertEqual([report["clean"], report["corrupt"], report["token"]], [TEXT, other, 4])
        self.assertEqual([len(row) for row in report["residual"]], [5] * 5)
        self.assertAlmostEqual(report["residual"][-1][-1], 1, places=3)
        printed = self.succeed("inspect", "run", "--text", TEXT, "--against", other)
        self.assertRegex(printed, r"(?m)^logit of “.+” − logit of “.+” at token 4: \S+ after this text, \S+ after the other$")
        for words, arguments in [("--against: found texts of 5 and 2 tokens", ["run", "--text", TEXT, "--against", "the cat"]),
                                 ("--against: found the same text twice", ["run", "--text", TEXT, "--against", TEXT]),
                                 ("--against: found no text", ["run", "--against", TEXT]),
                                 ("model.kind: found \"lstm\"", ["lstm", "--text", TEXT, "--against", other])]:
            done = self.run_program("inspect", *arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)

    def test_motion(self):
        def sentence(text):
            return {"text": text, "begin": len(text) - 3, "end": len(text)}

        self.write("senses.json", json.dumps({"clusters": {}, "analogies": [], "senses": {"dog": {
            "seen": [sentence("the cat sees a dog"), sentence("the bird sees the dog")],
            "near": [sentence("a cat and a dog"), sentence("a bird and the dog")]}}}))
        asks = ["--text", "the bird sees a dog", "--motion", "dog", "--senses", "senses.json"]
        names = self.look("moved", "run", *asks, "--format", "png,svg,json")
        self.assertLessEqual({"motion.png", "motion.svg", "motion.json"}, names)
        self.assertEqual((self.folder / "moved/motion.png").read_bytes().count(b"fcTL"), 5)
        report = json.loads((self.folder / "moved/motion.json").read_text())
        self.assertEqual(set(report), {"checkpoint", "text", "tokens", "word", "senses", "frames", "sentences", "depths", "separation",
                                       "axis", "sentence_axis", "explained", "plane", "sentence_plane"})
        self.assertEqual(report["senses"], ["seen", "near"])
        self.assertEqual([frame["added"] for frame in report["frames"]], ["", "a", "sees", "bird", "the"])
        self.assertEqual([len(row) for row in report["axis"]], [5] * 3)
        self.assertRegex(self.succeed("inspect", "lstm", *asks), r"(?m)^where “dog” is between the means of “seen” \(−1\) and “near” \(1\)$")
        for words, arguments in [("--motion: found no \"fox\" in the text", ["--motion", "fox", "--senses", "senses.json"]),
                                 ("senses.json: senses: found sentences with 0 senses of \"cat\"", ["--motion", "cat", "--senses", "senses.json"]),
                                 ("nothing.json", ["--motion", "dog", "--senses", "nothing.json"]),
                                 ("--senses", ["--motion", "dog"]), ("--motion", ["--senses", "senses.json"])]:
            done = self.run_program("inspect", "run", "--text", TEXT, *arguments, "--out", "unmoved")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertFalse((self.folder / "unmoved").exists())

    def test_activations_of_a_data_set(self):
        self.write("texts.jsonl", '{"text": "the cat sees a dog"}\n{"text": "a bird"}\n')
        asks = ["run", "--texts", "texts.jsonl", "--taps", "layers.*.output", "--out", "all.safetensors"]
        self.assertRegex(self.succeed("inspect", *asks), r"(?m)^wrote all.safetensors: 2 texts, 7 tokens, 2 values of each$")
        self.assertIn("▁cat", json.loads((self.folder / "vocab.json").read_text()))
        self.succeed("inspect", *asks[:-1], "zero.safetensors", "--ablate", "L0.H0", "--mode", "zero")
        self.assertIn(b'"ablation"', (self.folder / "zero.safetensors").read_bytes()[:4000])
        for words, arguments in [("--texts: found no --taps", ["--texts", "texts.jsonl", "--out", "x"]),
                                 ("--texts: found no --out", ["--texts", "texts.jsonl", "--taps", "final"]),
                                 ("--taps: found no --texts", ["--text", TEXT, "--taps", "final", "--out", "x"]),
                                 ("--texts: found --lens", ["--texts", "texts.jsonl", "--taps", "final", "--out", "x", "--lens"]),
                                 ("--taps: found \"weights\"", ["--texts", "texts.jsonl", "--taps", "weights", "--out", "x"]),
                                 ("--texts", ["--texts", "texts.jsonl", "--text", TEXT])]:
            done = self.run_program("inspect", "run", *arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertFalse((self.folder / "x").exists())

    def test_trace_neighbours_analogy_print(self):
        text = self.succeed("inspect", "run", "--text", TEXT, "--trace", 2)
        for line in [r"Layer 0, head 0: what token 2, .*sees, takes from the 5 tokens of the text",
                     r"   embedding of .*sees +\[.*length \d.*", r"   n = norm\(x\) +\[.*length \d.*",
                     r"   q = W_Q n: .*\[.*length \d.*", r"   k = W_K n: .*\[.*length \d.*", r"   v = W_V n: .*\[.*length \d.*",
                     r"3\. Weights: q·k for each key → ÷√8 → mask → softmax", r"4\. Weighted sum of the values"]:
            self.assertRegex(text, f"(?m)^{line}$")
        self.assertGreater(len(self.succeed("inspect", "run", "--neighbours", "cat").splitlines()), 5)
        self.assertGreater(len(self.succeed("inspect", "run", "--analogy", "cat", "dog", "bird").splitlines()), 5)

    def test_a_recurrent_net_has_no_attention(self):
        for arguments in [["--out", "refused"], ["--trace", 0]]:
            line = self.refuse(2, "no attention to show", "inspect", "lstm", "--text", TEXT, *arguments)
            self.assertIn('model.kind: found "lstm"', line)
        self.assertEqual(self.look("states", "lstm", "--text", TEXT, "--format", "safetensors"), {"taps.safetensors"})
        self.assertGreater(len(self.succeed("inspect", "lstm", "--neighbours", "cat").splitlines()), 5)
        self.assertGreater(len(self.succeed("inspect", "lstm", "--analogy", "cat", "dog", "bird").splitlines()), 5)

    def test_what_is_too_large_is_refused_before_it_is_computed(self):
        long = ["--set", "model.context=1500", "--set", "data.layout=lines", "--set", "training.steps=1", "--set", "training.warmup_steps=0", "--set", "training.batch_size=1"]
        self.succeed("train", "tiny.json", "--out", "far", *long)
        self.write("long.txt", ("the cat " * 650).strip())
        for formats in ["json,png", "safetensors,svg,json", "pdf"]:
            self.refuse(2, ["picture is too large", "16,000"], "inspect", "far", "--text-file", "long.txt", "--out", "large", "--format", formats)
        # The page is a little larger than its cells: nothing is written of the formats before it.
        self.write("long.txt", ("the cat " * 553).strip())
        self.refuse(2, "picture is too large", "inspect", "far", "--text-file", "long.txt", "--out", "large", "--format", "png", "--layer", 0, "--head", 0)
        self.assertFalse((self.folder / "large").exists())

    def test_options_that_would_change_nothing(self):
        look = ["inspect", "run", "--text", TEXT]
        self.refuse(2, "--format: found no --out", *look, "--format", "png")
        self.refuse(2, "--format: found no --out", *look, "--format", "png", "--trace", 1)
        for option in ["--layer", "--head"]:
            for asked in [look, ["inspect", "run", "--neighbours", "cat"]]:
                self.refuse(2, "--layer, --head: found neither --out nor --trace", *asked, option, 0)
            self.succeed(*look, "--trace", 1, option, 0)

    def test_what_is_refused(self):
        self.refuse(2, ["51", "16"], "inspect", "run", "--text", "the cat" + " the" * 49, "--out", "long")
        self.assertFalse((self.folder / "long").exists())
        look = ["inspect", "run", "--out", "refused"]
        self.refuse(2, "--text", *look, "--text", "")
        self.refuse(2, "missing.txt", *look, "--text-file", "missing.txt")
        self.write("odd.txt", b"the \xff")
        self.refuse(2, ["odd.txt", "4"], *look, "--text-file", "odd.txt")
        self.refuse(2, "gif", *look, "--text", TEXT, "--format", "png,gif")
        self.refuse(2, ["--layer", "2"], *look, "--text", TEXT, "--layer", 2)
        self.refuse(2, ["--head", "-1"], *look, "--text", TEXT, "--head=-1")
        self.refuse(2, ["--trace", "99"], "inspect", "run", "--text", TEXT, "--trace", 99)
        self.refuse(2, "zebra", "inspect", "run", "--neighbours", "zebra")
        self.refuse(2, "attention", "inspect", "blind", "--text", TEXT, "--out", "refused")
        self.assertFalse((self.folder / "refused").exists())
        self.write("plain", "")
        self.refuse(2, "plain", "inspect", "run", "--text", TEXT, "--out", "plain")


if __name__ == "__main__":
    unittest.main()
