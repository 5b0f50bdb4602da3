"""transformers loads checkpoints that Llama can express straight from their folder, with the same logits.

Both are compared with those of numpy_forward.py in float64. Their errors may be a few times that of the same
pass in float32, whatever the processor and the order of sums."""

import json
import os
import sys

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TRANSFORMERS_VERBOSITY="error",
                  HF_HUB_DISABLE_PROGRESS_BARS="1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402
from transformers.models.llama.modeling_llama import LlamaForCausalLM  # noqa: E402

import forms  # noqa: E402
import numpy_forward  # noqa: E402

LLAMA = {"position": "rotary", "norm": "rms", "feed_forward": {"width": 48, "activation": "swiglu"}}
OTHERS = {
    "layer norm": {"norm": "layer"},
    "gelu": {"feed_forward": {"width": 48, "activation": "gelu"}},
    "alibi": {"position": "alibi"},
    "masked": {"objective": "masked"},
    "unscaled": {"attention": {"scaled": False}},
    "identity": {"attention": {"projection": "identity"}},
    "uniform": {"attention": {"weights": "uniform"}},
}


def main():
    torch.set_num_threads(1)
    workshop, count = forms.Workshop(), forms.Count()

    def load(name, changes):
        checkpoint = workshop.train(name, {"model": forms.harness.merged(LLAMA, changes)})
        look = workshop.inspect(checkpoint)
        ids = [token["id"] for token in json.loads((look / "attention.json").read_text())["tokens"]]
        own = load_file(look / "taps.safetensors")["logits"].numpy()
        model, info = AutoModelForCausalLM.from_pretrained(checkpoint, output_loading_info=True)
        assert isinstance(model, LlamaForCausalLM), type(model)
        for kind in ["missing_keys", "unexpected_keys", "mismatched_keys"]:
            assert not info[kind], f"{kind}: {info[kind]}"
        with torch.no_grad():
            found = model.eval()(torch.tensor([ids])).logits[0].numpy()
        config = json.loads((checkpoint / "config.json").read_text())
        weights = numpy_forward.read_safetensors(checkpoint / "model.safetensors")
        exact, plain = (numpy_forward.Forward(config, weights, ids, precision).taps["logits"] for precision in [np.float64, np.float32])
        allowed = numpy_forward.allowed_error(exact, plain, numpy_forward.summed(config, len(ids)))
        for whose, logits in {"qkv's": own, "transformers'": found}.items():
            assert logits.shape == exact.shape, (whose, logits.shape, exact.shape)
            error = np.abs(logits - exact).max()
            assert error <= allowed, f"{whose} logits are off by {error:.2g}, allowed are {allowed:.2g}"
        assert np.abs(exact).max() > 1, "logits too small to prove anything"
        return f"{len(ids)} tokens, logits up to {np.abs(exact).max():.1f} are off by at most {error:.1e}, allowed are {allowed:.1e}"

    def refuse(name, changes):
        checkpoint = workshop.train(name, {"model": forms.harness.merged(LLAMA, changes)})
        config = json.loads((checkpoint / "config.json").read_text())
        assert "architectures" not in config and "model_type" not in config, "claims to be a Llama"
        return "does not claim to be a Llama"

    for groups in [4, 2, 1]:
        for bias in [False, True]:
            for tied in [True, False]:
                name = f"llama-4-{groups}{'-bias' if bias else ''}{'-tied' if tied else '-untied'}"
                changes = {"key_value_heads": groups, "bias": bias, "tied_embeddings": tied}
                count.check(name, lambda: load(name, changes))
    count.check("llama-odd-settings", lambda: load("odd", {"rotary_base": 500, "norm_epsilon": 0.01, "heads": 2, "key_value_heads": 2}))
    for name, changes in OTHERS.items():
        count.check(f"not a Llama: {name}", lambda: refuse(name.replace(" ", "-"), changes))
    return count.close()


if __name__ == "__main__":
    sys.exit(main())
