"""Times the training step of the same model in JAX: one compiled function, whose buffers are reused.

GPT-2's layers (pre-norm, learned positions, exact GELU, tied embeddings), clipping and AdamW as in nanoGPT.
With bfloat16, only the products use it; weights, sums, softmax and loss stay in float32, as under autocast.
"""

import os

from peer import read_ids, request, time_steps

os.environ["JAX_PLATFORMS"] = request["device"]

import jax
import jax.numpy as jnp
import numpy

shape = request["model"]
batch, context, width, heads = request["batch_size"], shape["context"], shape["width"], shape["heads"]
layers, inner, drop = shape["layers"], shape["feed_forward"]["width"], shape["dropout"]
kind = jnp.dtype(request["precision"])
ids, vocabulary = read_ids()
ids = numpy.array(ids, dtype=numpy.int32)
draw = numpy.random.default_rng(1)


def initial_weights():
    def matrix(rows, columns, deviation=0.02):
        return jnp.asarray(draw.normal(0, deviation, (rows, columns)), jnp.float32)

    def layer():
        residual = 0.02 / (2 * layers) ** 0.5
        made = {"norm_1": jnp.ones(width), "qkv": matrix(width, 3 * width), "out": matrix(width, width, residual),
                "norm_2": jnp.ones(width), "up": matrix(width, inner), "down": matrix(inner, width, residual)}
        if shape["bias"]:
            made |= {name + "_bias": jnp.zeros(weight.shape[-1]) for name, weight in made.items()}
        return made

    made = {"tokens": matrix(vocabulary, width), "places": matrix(context, width),
            "layers": [layer() for _ in range(layers)], "norm": jnp.ones(width)}
    return made | ({"norm_bias": jnp.zeros(width)} if shape["bias"] else {})


def norm(weights, name, x):
    x = x - x.mean(-1, keepdims=True)
    return biased(weights, name, x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weights[name])


def linear(weights, name, x):
    return biased(weights, name, x.astype(kind) @ weights[name].astype(kind))


def biased(weights, name, x):
    return x + weights[name + "_bias"].astype(x.dtype) if shape["bias"] else x


def dropped(x, key, place):
    if drop == 0:
        return x
    kept = jax.random.bernoulli(jax.random.fold_in(key, place), 1 - drop, x.shape)
    return jnp.where(kept, x / (1 - drop), 0).astype(x.dtype)


def attention(weights, x, key, place):
    query, keys, value = jnp.split(linear(weights, "qkv", x).reshape(batch, context, 3 * heads, width // heads), 3, 2)
    scores = jnp.einsum("bqhd,bkhd->bhqk", query, keys).astype(jnp.float32) * (width // heads) ** -0.5
    scores = jnp.where(jnp.tril(jnp.ones((context, context), bool)), scores, -jnp.inf)
    shares = dropped(jax.nn.softmax(scores).astype(kind), key, place)
    mixed = jnp.einsum("bhqk,bkhd->bqhd", shares, value).reshape(batch, context, width)
    return dropped(linear(weights, "out", mixed), key, place + 1)


def loss_of(weights, inputs, targets, key):
    x = dropped(weights["tokens"][inputs] + weights["places"], key, 0)
    for index, layer in enumerate(weights["layers"]):
        x = x + attention(layer, norm(layer, "norm_1", x), key, 3 * index + 1)
        hidden = jax.nn.gelu(linear(layer, "up", norm(layer, "norm_2", x)), approximate=False)
        x = x + dropped(linear(layer, "down", hidden), key, 3 * index + 3)
    x = norm(weights, "norm", x)
    logits = (x.astype(kind) @ weights["tokens"].T.astype(kind)).astype(jnp.float32)
    chosen = jnp.take_along_axis(logits, targets[..., None], -1)[..., 0]
    return (jax.nn.logsumexp(logits, -1) - chosen).mean()


def update(weights, first, second, number, inputs, targets):
    key = jax.random.fold_in(jax.random.key(1, impl="rbg"), number)
    loss, gradients = jax.value_and_grad(loss_of)(weights, inputs, targets, key)
    number = number + 1
    length = jnp.sqrt(sum((gradient * gradient).sum() for gradient in jax.tree.leaves(gradients)))
    scale = jnp.minimum(1.0, 1.0 / (length + 1e-6))
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * scale * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.99 * v + 0.01 * (scale * g) ** 2, second, gradients)

    def moved(weight, m, v):
        decay = 0.1 if weight.ndim == 2 else 0.0
        m, v = m / (1 - 0.9 ** number), v / (1 - 0.99 ** number)
        return weight - 1e-3 * (m / (jnp.sqrt(v) + 1e-8) + decay * weight)

    return jax.tree.map(moved, weights, first, second), first, second, number, loss


compiled = jax.jit(update, donate_argnums=(0, 1, 2, 3))
weights = initial_weights()
zeros = jax.tree.map(jnp.zeros_like, weights)
state = [weights, zeros, jax.tree.map(jnp.copy, zeros), jnp.int32(0)]


def step():
    global state
    at = draw.integers(0, len(ids) - context, batch)
    window = at[:, None] + numpy.arange(context + 1)
    sequences = ids[window]
    *state, loss = compiled(*state, sequences[:, :-1], sequences[:, 1:])
    return loss


time_steps(step)
