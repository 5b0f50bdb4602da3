"""Recomputes what qkv-inspect's analyses of a text find, with NumPy alone, in float64, from config.json and
model.safetensors."""

import json
import sys

import numpy as np

import forms
from numpy_forward import Forward, ids_of, read_safetensors

SHAPES = {
    "alibi-layer-norm": {"position": "alibi", "norm": "layer", "bias": True},
    "rotary-rms-grouped-swiglu": {"position": "rotary", "norm": "rms", "key_value_heads": 2, "tied_embeddings": False,
                                  "feed_forward": {"activation": "swiglu"}},
    "learned-masked": {"position": "learned", "objective": "masked"},
}
ALLOWED = 1e-4  # of a number's own size or, where it is below 1, of 1


class Largest:
    """The largest error so far."""

    def __init__(self):
        self.error = 0

    def compare(self, name, found, expected):
        found, expected = np.array(found, np.float64), np.array(expected)
        assert found.shape == expected.shape, f"{name}: shape {found.shape}, recomputed {expected.shape}"
        assert (np.isnan(found) == np.isnan(expected)).all(), f"{name}: other numbers are missing"
        known = ~np.isnan(expected)
        error = (np.abs(found - expected) / np.maximum(1, np.abs(expected)))[known].max()
        assert error <= ALLOWED, f"{name}: differs by {error:.2g}"
        self.error = max(self.error, error)


def log_softmax(logits):
    logits = logits - logits.max(-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def unembedding(forward):
    return forward.weight("model.embed_tokens.weight" if forward.config["tied_embeddings"] else "lm_head.weight")


def check_lens(forward, ids, lens, largest):
    model = forward.config
    depths = {"embedding": "layers.0.input"}
    for layer in range(model["layers"]):
        depths |= {f"layers.{layer}.{part}": f"layers.{layer}.{part}" for part in ["middle", "output"]}
    depths["final"] = depths.pop(f"layers.{model['layers'] - 1}.output")
    assert lens["depths"] == list(depths)
    end = log_softmax(forward.taps["logits"])
    coming = list(ids[1:]) + [None] if model["objective"] == "causal" else [id if id != MASK else None for id in ids]
    for depth, tap in enumerate(depths.values()):
        predicted = log_softmax(forward.norm("model.norm", forward.taps[tap]) @ unembedding(forward).T)
        largest.compare("kl", lens["kl"][depth], (np.exp(end) * (end - predicted)).sum(-1))
        largest.compare("probability", [np.nan if p is None else p for p in lens["probability"][depth]],
                        [np.nan if id is None else np.exp(predicted[token, id]) for token, id in enumerate(coming)])
        for token, top in enumerate(lens["top"][depth]):
            best = np.sort(np.exp(predicted[token]))[::-1][:5]
            largest.compare("top", [one["probability"] for one in top], best)
            largest.compare("top", [np.exp(predicted[token, one["id"]]) for one in top], best)


def check_attribution(forward, attribution, largest):
    """The vectors that the parts add to the residual stream, through the last norm with its scale in this pass."""
    model, taps, token = forward.config, forward.taps, attribution["token"]
    x = taps[f"layers.{model['layers'] - 1}.output"][token]
    centred = x - x.mean() if model["norm"] == "layer" else x
    scale = 1 / np.sqrt((centred**2).mean() + model["norm_epsilon"])
    row = unembedding(forward)[attribution["a"]["id"]] - unembedding(forward)[attribution["b"]["id"]]

    def added(vector):
        if model["norm"] == "layer":
            vector = vector - vector.mean()
        return row @ (scale * vector * forward.weight("model.norm.weight"))

    parts = {"embedding": added(taps["embedding"][token])}
    if "position" in taps:
        parts["position"] = added(taps["position"][token])
    bias, width = 0, model["width"] // model["heads"]
    for layer in range(model["layers"]):
        for head in range(model["heads"]):
            columns = forward.weight(f"model.layers.{layer}.self_attn.o_proj.weight")[:, head * width : (head + 1) * width]
            parts[f"layers.{layer}.heads.{head}"] = added(columns @ taps[f"layers.{layer}.attention.mixed"][head, token])
        if model["bias"]:
            bias += added(forward.weight(f"model.layers.{layer}.self_attn.o_proj.bias"))
        parts[f"layers.{layer}.feed_forward"] = added(taps[f"layers.{layer}.feed_forward.output"][token])
    if model["bias"]:
        parts["bias"] = bias + (row @ forward.weight("model.norm.bias") if model["norm"] == "layer" else 0)
    found = {part["name"]: part["value"] for part in attribution["parts"]}
    assert list(found) == list(parts), f"parts {list(found)}, recomputed {list(parts)}"
    largest.compare("parts", list(found.values()), list(parts.values()))
    largest.compare("difference", attribution["difference"], sum(parts.values()))


def check_values(forward, values, largest):
    model, taps = forward.config, forward.taps
    heads, width, tokens = model["heads"], model["width"] // model["heads"], forward.tokens
    rollout = np.eye(tokens)
    for layer, found in enumerate(values["layers"]):
        weights, value = taps[f"layers.{layer}.attention.weights"], taps[f"layers.{layer}.attention.value"]
        w_o = forward.weight(f"model.layers.{layer}.self_attn.o_proj.weight").reshape(-1, heads, width)
        moved = np.stack([weights[head][:, :, None] * (value[head * len(value) // heads] @ w_o[:, head].T) for head in range(heads)])
        for head in range(heads):
            largest.compare("lengths of a head", found["heads"][head]["lengths"], np.linalg.norm(moved[head], axis=-1))
        largest.compare("lengths of a layer", found["lengths"], np.linalg.norm(moved.sum(0), axis=-1))
        rollout = (weights.mean(0) + np.eye(tokens)) / 2 @ rollout
    largest.compare("rollout", values["rollout"], rollout)


def check_patching(forward, pass_over, report, largest):
    """Passes that compute everything, with a value of the other text."""
    model, token = forward.config, report["token"]
    other_ids = report["corrupt_ids"]
    other = pass_over(other_ids, None)
    a, b = report["a"]["id"], report["b"]["id"]

    def difference(of):
        return of.taps["logits"][token, a] - of.taps["logits"][token, b]

    clean, corrupt = difference(forward), difference(other)
    largest.compare("differences", [report["clean_difference"], report["corrupt_difference"]], [clean, corrupt])

    def shares(tap, place):
        """Of the clean value in the corrupt text, and of the corrupt value in the clean text."""

        def patched(ids, donor):
            def patch(name, value):
                if name == tap:
                    value = value.copy()
                    value[place] = donor.taps[tap][place]
                return value

            return difference(pass_over(ids, patch))

        whole = clean - corrupt
        return [(patched(other_ids, forward) - corrupt) / whole, (clean - patched(report["clean_ids"], other)) / whole]

    residual = ["layers.0.input", *(f"layers.{layer}.{part}" for layer in range(model["layers"]) for part in ["middle", "output"])]
    tokens = range(forward.tokens)

    def compare(name, found, tap, place):
        # A share is a quotient: what was measured are differences of logits.
        whole = abs(clean - corrupt)
        largest.compare(name, whole * np.array([found(report), found(report["lost"])]), whole * np.array(shares(tap, place)))

    for t in tokens:
        for depth, tap in enumerate(residual):
            compare(tap, lambda of: of["residual"][depth][t], tap, t)
    for layer in range(model["layers"]):
        name = f"layers.{layer}"
        for t in tokens:
            compare("feed_forward", lambda of: of["feed_forward"][layer][t], f"{name}.feed_forward.output", t)
        for head in range(model["heads"]):
            compare("heads", lambda of: of["heads"][layer][head], f"{name}.attention.mixed", head)
            compare("patterns", lambda of: of["patterns"][layer][head], f"{name}.attention.weights", head)
            for t in tokens:
                compare("heads_by_token", lambda of: of["heads_by_token"][layer][head][t], f"{name}.attention.mixed", (head, t))


def check_ablation(pass_over, ids, taps, largest):
    """A whole pass in which head 1 of layer 0 and the feed-forward layer of layer 1 write nothing."""
    def ablate(name, value):
        if name == "layers.0.attention.mixed":
            value = value.copy()
            value[1] = 0
        return 0 * value if name == "layers.1.feed_forward.output" else value

    forward = pass_over(ids, ablate)
    for name, value in forward.taps.items():
        if not name.endswith("attention.masked"):  # partly infinite
            largest.compare(name, taps[name], value)


MASK = 3
ABLATED = ["--ablate", "L0.H1,L1.mlp", "--mode", "zero"]


def main():
    workshop, count = forms.Workshop(), forms.Count()

    def recompute(name, model):
        checkpoint = workshop.train(name, {"model": model})
        masked = model.get("objective") == "masked"
        text = forms.TEXT.replace(" small", "<mask>") if masked else forms.TEXT
        look = workshop.inspect(checkpoint, text, "json,safetensors", "--lens", "--attribution", "--values", "--against", text.replace("cat", "dog").replace("red", "old"))
        weights = read_safetensors(checkpoint / "model.safetensors")
        ids = ids_of(look, weights, read_safetensors(look / "taps.safetensors"))
        assert (MASK in ids) == masked
        config = json.loads((checkpoint / "config.json").read_text())
        forward = Forward(config, weights, ids, np.float64)
        largest = Largest()
        check_lens(forward, ids, json.loads((look / "lens.json").read_text()), largest)
        check_attribution(forward, json.loads((look / "attribution.json").read_text()), largest)
        check_values(forward, json.loads((look / "values.json").read_text()), largest)
        report = json.loads((look / "patch.json").read_text())
        other_look = workshop.inspect(checkpoint, report["corrupt"], "json,safetensors")
        report |= {"clean_ids": ids, "corrupt_ids": ids_of(other_look, weights, read_safetensors(other_look / "taps.safetensors"))}
        pass_over = lambda ids, patch: Forward(config, weights, ids, np.float64, patch)
        check_ablation(pass_over, ids, read_safetensors(workshop.inspect(checkpoint, text, "safetensors", *ABLATED) / "taps.safetensors"), largest)
        check_patching(forward, pass_over, report, largest)
        return f"{len(ids)} tokens, errors at most {largest.error:.1e}, allowed {ALLOWED}"

    for name, model in SHAPES.items():
        count.check(name, lambda: recompute(name, model))
    return count.close()


if __name__ == "__main__":
    sys.exit(main())
