"""Recomputes a forward pass with NumPy alone, from config.json and model.safetensors, and compares every
value with the taps that qkv-inspect wrote.

The pass is computed in float64 and once more in float32. A tap's error may be a few times that of NumPy's
own float32, whatever the processor and the order of its sums."""

import json
import math
import sys

import numpy as np

import forms



def read_safetensors(path):
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32", name
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(content[start + begin : start + end], "<f4").reshape(entry["shape"])
    return tensors


erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "relu": lambda x: np.maximum(x, 0),
    "relu2": lambda x: np.maximum(x, 0) ** 2,
    "silu": lambda x: x * sigmoid(x),
}


class Forward:
    """One pass over token ids in one precision; `taps` holds every value by its name."""

    def __init__(self, config, weights, ids, precision, patch=None):
        """`patch` may be a function of a value's name and the value, which returns the value to go on with."""
        self.precision, self.patch = precision, patch
        self.config, self.used = config["model"], set()
        self.weights = {name: weight.astype(precision) for name, weight in weights.items()}
        self.tokens = len(ids)
        self.taps = {}
        self.first_value = None  # of the first layer, for value_residual
        model = self.config
        embedding = self.weight("model.embed_tokens.weight")
        x = self.tap("embedding", embedding[ids])
        if model["position"] in ("sinusoidal", "learned"):
            x = x + self.tap("position", self.positions())
        for layer in range(model["layers"]):
            x = self.block(layer, x)
        x = self.tap("final", self.norm("model.norm", x))
        self.tap("logits", x @ (embedding if model["tied_embeddings"] else self.weight("lm_head.weight")).T)

    def tap(self, name, value):
        value = value.astype(self.precision)
        if self.patch is not None:
            value = self.patch(name, value)
        self.taps[name] = value
        return value

    def weight(self, name):
        self.used.add(name)
        return self.weights[name]

    def linear(self, name, x):
        y = x @ self.weight(name + ".weight").T
        return y + self.weight(name + ".bias") if self.config["bias"] else y

    def norm(self, name, x):
        if self.config["norm"] == "layer":
            x = x - x.mean(-1, keepdims=True)
        y = x / np.sqrt((x**2).mean(-1, keepdims=True) + self.config["norm_epsilon"]) * self.weight(name + ".weight")
        return y + self.weight(name + ".bias") if name + ".bias" in self.weights else y

    def positions(self):
        if self.config["position"] == "learned":
            return self.weight("model.embed_positions.weight")[: self.tokens]
        width = self.config["width"]
        table = np.zeros((self.tokens, width))
        for t in range(self.tokens):
            for i in range(width):
                angle = t / 10000 ** ((i - i % 2) / width)
                table[t, i] = math.cos(angle) if i % 2 else math.sin(angle)
        return table

    def rotated(self, x):
        """x [heads, tokens, D]: the pair (x_i, x_{i + D/2}) as a complex number, turned by t · base^(−2i/D)."""
        half = x.shape[-1] // 2
        angles = np.outer(np.arange(self.tokens), self.config["rotary_base"] ** (-np.arange(half) / half))
        turned = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angles).astype(np.result_type(x, 1j))
        return np.concatenate([turned.real, turned.imag], axis=-1)

    def block(self, layer, x):
        name, tap = f"model.layers.{layer}", lambda part, value: self.tap(f"layers.{layer}.{part}", value)
        x = tap("input", x)
        if self.config["attention"]["weights"] != "none":
            x = x + tap("attention.output", self.attention(name + ".self_attn", tap, tap("attention.norm", self.norm(name + ".input_layernorm", x))))
        x = tap("middle", x)
        activation = self.config["feed_forward"]["activation"]
        if activation != "none":
            h = tap("feed_forward.norm", self.norm(name + ".post_attention_layernorm", x))
            up = self.linear(name + ".mlp.up_proj", h)
            if activation == "swiglu":
                hidden = ACTIVATIONS["silu"](self.linear(name + ".mlp.gate_proj", h)) * up
            else:
                hidden = ACTIVATIONS[activation](up)
            x = x + tap("feed_forward.output", self.linear(name + ".mlp.down_proj", tap("feed_forward.hidden", hidden)))
        return tap("output", x)

    def head_norm(self, name, x):
        square = (x * x).mean(-1, keepdims=True)
        return x / np.sqrt(square + self.config["norm_epsilon"]) * self.weight(name + ".weight")

    def attention(self, name, tap, h):
        model, settings = self.config, self.config["attention"]
        heads, groups, head_width = model["heads"], model["key_value_heads"], model["width"] // model["heads"]

        def cut(projection, count):
            y = h if settings["projection"] == "identity" else self.linear(f"{name}.{projection}", h)
            return y.reshape(self.tokens, count, head_width).transpose(1, 0, 2)

        value = cut("v_proj", groups)
        if settings["value_residual"]:
            if self.first_value is None:
                self.first_value = value
            else:
                own, first = self.weight(f"{name}.value_mix")
                value = own * value + first * self.first_value
        value = tap("attention.value", value)
        distance = np.abs(np.subtract.outer(np.arange(self.tokens), np.arange(self.tokens)))
        is_open = np.ones_like(distance, bool) if model["objective"] == "masked" else np.tri(self.tokens, dtype=bool)
        group = [head * groups // heads for head in range(heads)]
        if settings["weights"] == "uniform":
            weights = np.stack([is_open / is_open.sum(-1, keepdims=True)] * heads)
        else:
            query, key = cut("q_proj", heads), cut("k_proj", groups)
            if settings["query_key_norm"]:
                query, key = self.head_norm(f"{name}.q_norm", query), self.head_norm(f"{name}.k_norm", key)
            if model["position"] == "rotary":
                query, key = self.rotated(query), self.rotated(key)
            tap("attention.query", query)
            tap("attention.key", key)
            scores = tap("attention.scores", np.stack([query[i] @ key[group[i]].T for i in range(heads)]))
            scaled = tap("attention.scaled", scores / math.sqrt(head_width) if settings["scaled"] else scores)
            if model["position"] == "alibi":
                slopes = 2.0 ** (-8 * np.arange(1, heads + 1) / heads)
                scaled = scaled - slopes[:, None, None] * distance
            masked = tap("attention.masked", np.where(is_open, scaled, -np.inf))
            weights = np.exp(masked - masked.max(-1, keepdims=True))
            weights /= weights.sum(-1, keepdims=True)
        weights = tap("attention.weights", weights)
        mixed = tap("attention.mixed", np.stack([weights[i] @ value[group[i]] for i in range(heads)]))
        return self.linear(f"{name}.o_proj", mixed.transpose(1, 0, 2).reshape(self.tokens, -1))


FACTOR = 8  # as in tests/rounding.h


def summed(config, tokens):
    """How many numbers are summed, one sum after the other, on the longest way through a model."""
    model = config["model"]
    return model["layers"] * (4 * model["width"] + 2 * model["feed_forward"]["width"] + 2 * model["width"] // model["heads"] + 2 * tokens)


def allowed_error(exact, plain, terms):
    """How far a value in float32 may be from the exact one where `plain` is NumPy's in float32. That may be exact by
    luck, so what rounding alone explains is always allowed."""
    return max(FACTOR * np.abs(plain - exact).max(), math.sqrt(terms) * 2.0**-24 * np.abs(exact).max())


def compare(forward, in_float32, taps, terms):
    """The largest error, as a part of what is allowed; throws where one is over it."""
    missing = set(forward.taps) - set(taps)
    extra = set(taps) - set(forward.taps)
    assert not missing and not extra, f"taps missing {sorted(missing)}, not expected {sorted(extra)}"
    worst = (0.0, "")
    for name, want in forward.taps.items():
        found = taps[name]
        assert found.shape == want.shape, f"{name}: shape {found.shape}, recomputed {want.shape}"
        closed = np.isneginf(want)
        assert (np.isneginf(found) == closed).all(), f"{name}: other places are closed"
        error = np.abs(found[~closed] - want[~closed]).max()
        allowed = allowed_error(want[~closed], in_float32.taps[name][~closed], terms)
        assert error <= allowed, f"{name}: differs by {error:.2g}, allowed are {allowed:.2g}"
        worst = max(worst, (error / allowed if allowed else 0.0, name))
    return worst


def ids_of(look, weights, taps):
    if (look / "attention.json").exists():
        report = json.loads((look / "attention.json").read_text())
        for layer, content in enumerate(report["layers"]):
            for head, entry in enumerate(content["heads"]):
                same = np.array(entry["weights"], np.float32) == taps[f"layers.{layer}.attention.weights"][head]
                assert same.all(), f"attention.json and taps differ in layer {layer}, head {head}"
        return [token["id"] for token in report["tokens"]]
    # A model without attention has no attention.json: find each row in the table.
    table = weights["model.embed_tokens.weight"]
    return [int(np.abs(table - row).sum(-1).argmin()) for row in taps["embedding"]]


def all_forms():
    """Names and changes of the config."""
    result = {}
    for position in ["none", "sinusoidal", "learned", "rotary", "alibi"]:
        for norm in ["layer", "rms"]:
            for groups in [4, 2, 1]:
                result[f"{position}-{norm}-4-{groups}"] = {"position": position, "norm": norm, "key_value_heads": groups}
        result[f"masked-{position}"] = {"objective": "masked", "position": position}
    for activation in ["gelu", "relu", "relu2", "silu", "swiglu", "none"]:
        result[f"{activation}-bias-untied"] = {"feed_forward": {"activation": activation}, "bias": True, "tied_embeddings": False}
    for norm in ["layer", "rms"]:
        result[f"bias-{norm}"] = {"bias": True, "norm": norm, "norm_epsilon": 0.1}
        result[f"untied-{norm}"] = {"tied_embeddings": False, "norm": norm}
    result["rotary-base"] = {"position": "rotary", "rotary_base": 20, "key_value_heads": 2, "bias": True}
    result["alibi-8-heads"] = {"position": "alibi", "heads": 8, "key_value_heads": 4}
    result["alibi-1-head"] = {"position": "alibi", "heads": 1, "key_value_heads": 1}
    for name, settings in {
        "unscaled": {"scaled": False},
        "query_key_norm": {"query_key_norm": True},
        "value_residual": {"value_residual": True},
        "identity": {"projection": "identity"},
        "identity-unscaled": {"projection": "identity", "scaled": False},
        "uniform": {"weights": "uniform"},
        "uniform-identity": {"weights": "uniform", "projection": "identity"},
        "none": {"weights": "none"},
    }.items():
        for objective in ["causal", "masked"]:
            result[f"attention-{name}-{objective}"] = {"attention": settings, "objective": objective}
    return result


def main():
    workshop, count = forms.Workshop(), forms.Count()

    def recompute(name, changes, text=forms.TEXT):
        checkpoint = workshop.train(name, changes)
        config = json.loads((checkpoint / "config.json").read_text())
        attends = config["model"]["attention"]["weights"] != "none"
        look = workshop.inspect(checkpoint, text, "json,safetensors" if attends else "safetensors")
        weights, taps = read_safetensors(checkpoint / "model.safetensors"), read_safetensors(look / "taps.safetensors")
        ids = ids_of(look, weights, taps)
        forward, in_float32 = (Forward(config, weights, ids, precision) for precision in [np.float64, np.float32])
        part, tap = compare(forward, in_float32, taps, summed(config, len(ids)))
        unused = set(weights) - forward.used
        assert not unused, f"weights that nothing uses: {sorted(unused)}"
        return f"{len(taps)} values of {len(ids)} tokens, errors at most {part:.2f} of what is allowed ({tap})"

    for name, changes in all_forms().items():
        count.check(name, lambda: recompute(name, {"model": changes}))
    for objective in ["causal", "masked"]:
        text = "the cat sees the dog" if objective == "causal" else "the <mask> sees the dog"
        changes = {"data": {"layout": "lines"}, "model": {"objective": objective, "context": 32}}
        count.check(f"lines-{objective}", lambda: recompute(f"lines-{objective}", changes, text))
    count.check("one-token", lambda: recompute("one-token", {}, "the"))
    return count.close()


if __name__ == "__main__":
    sys.exit(main())
