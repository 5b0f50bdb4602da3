"""The matrix products of a training step, and the shortest time that they take on this machine: the product limit."""

import math
import os

from bench import BIN, PEERS, Skipped, finished, run


def shapes(config, vocabulary, threads):
    """name → (batch, rows, inner, columns, count, share), the work of one of `threads`.

    Each linear layer has three products of one size: forward, for its input's gradient and for its weight's.
    Attention has six per head; `share` is the part of them that a causal model needs. If rows hold separate documents,
    this part depends on their lengths, so attention is left out.
    """
    model = config["model"]
    sequences = math.ceil(config["training"]["batch_size"] / threads)
    context, width, layers = model["context"], model["width"], model["layers"]
    rows, head_width = sequences * context, width // model["heads"]
    inner = model["feed_forward"]["width"]
    found = {}

    def linear(name, inputs, outputs, count):
        found[f"{name} forward"] = (1, rows, inputs, outputs, count, 1)
        found[f"{name} backward to input"] = (1, rows, outputs, inputs, count, 1)
        found[f"{name} backward to weight"] = (1, outputs, rows, inputs, count, 1)

    linear("query, key, value", width, width + 2 * head_width * model["key_value_heads"], layers)
    linear("attention output", width, width, layers)
    linear("feed-forward up", width, 2 * inner if model["feed_forward"]["activation"] == "swiglu" else inner, layers)
    linear("feed-forward down", inner, width, layers)
    linear("logits", width, vocabulary, 1)
    if config["data"]["layout"] == "lines":
        return found
    share = 0.5 * (1 + 1 / context) if model["objective"] == "causal" else 1
    heads = sequences * model["heads"]
    # Scores and the weights' gradients; the mixed values and the gradients of query, key and value.
    found["attention to weights"] = (heads, context, head_width, context, 2 * layers, share)
    found["attention from weights"] = (heads, context, context, head_width, 4 * layers, share)
    return found


def operations(config, vocabulary):
    """Floating-point operations of a step's products."""
    return sum(2 * batch * rows * inner * columns * count * share
               for batch, rows, inner, columns, count, share in shapes(config, vocabulary, 1).values())


def sources(python):
    """The programs on this machine that can compute products; each is fastest for other sizes."""
    found = []
    if os.access(BIN / "qkv-products", os.X_OK):
        found.append([BIN / "qkv-products"])
    if run([python, "-c", "import torch"]).returncode == 0:
        found.append([python, PEERS / "products.py"])
    if not found:
        raise Skipped("neither qkv-products (configure with -DQKV_BENCH=ON) nor a Python with PyTorch")
    return found


def seconds(products, precision, threads, python, budget):
    """name → the shortest time of any source for all products of this kind in a step."""
    lines = "\n".join(" ".join(map(str, product[:-1])) for product in products.values())
    times = []
    for source in sources(python):
        told = finished(run([*source, precision, threads, budget], input=lines))
        times.append([float(line) / 1e3 for line in told.split()])
    return {name: min(each) * product[-1] for (name, product), each in zip(products.items(), zip(*times))}


def least(rounds):
    """The limit: the sum over products of the shortest time in any round."""
    return sum(min(times) for times in zip(*(each.values() for each in rounds)))
