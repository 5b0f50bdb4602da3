"""The programs whose training step is timed: qkv and its peers, all on the same shape."""

import functools
import pathlib
import tempfile

import bench
import products

PRECISIONS = ["float32", "bfloat16"]


class Shape:
    """The timed shape: a config with settings, for `steps` steps, with the options' text, threads and peers."""

    limit_budget = 0.5  # seconds for each library

    def __init__(self, config, settings, steps, options):
        self.path = bench.ROOT / f"configs/{config}.json"
        self.steps = steps
        self.threads, self.python = options.threads, options.python
        self.device = getattr(options, "device", "cpu")
        self.nanogpt = getattr(options, "nanogpt", None)
        self.settings = {**settings, "training.steps": steps, "training.warmup_steps": min(100, steps),
                         # A very short validation text for the two saves.
                         "data.validation": [], "data.validation_fraction": 0.001}
        if config != "world":
            self.settings["data.train"] = [str(bench.existing(options.text, "text (--text)"))]
        self.config, self.vocabulary = bench.describe(self.path, self.settings)
        self.tokens = self.config["training"]["batch_size"] * self.config["model"]["context"]
        # qkv and its peers divide the work by whole sequences.
        self.busy = min(self.threads, self.config["training"]["batch_size"])
        self.products = products.shapes(self.config, self.vocabulary, self.busy)

    def limit(self, precision):
        """name → the shortest time in seconds of each product of a step."""
        if self.device != "cpu":
            raise bench.Skipped("the product limit is only for processors")
        return products.seconds(self.products, precision, self.busy, self.python, self.limit_budget)


# Each returns the seconds of a step and the most bytes that its process held.


def qkv_step(shape, precision, kernels):
    settings = {**shape.settings, "runtime.precision": precision, "runtime.device": shape.device,
                "runtime.kernels": kernels}
    with tempfile.TemporaryDirectory() as folder:
        done = bench.Training(shape.path, settings, shape.threads, pathlib.Path(folder) / "run")
    return bench.settled(done.seconds), done.peak_bytes


def peer_step(shape, precision, script, module, **request):
    bench.module_version(shape.python, module)
    config = shape.config
    told = bench.ask_peer(shape.python, script, model=config["model"], batch_size=config["training"]["batch_size"],
                          tokenizer=config["tokenizer"]["kind"], text=config["data"]["train"][0], steps=shape.steps,
                          threads=shape.threads, device=shape.device, precision=precision, **request)
    return bench.settled(told["seconds"]), told["peak_bytes"]


def nanogpt_step(shape, precision, compiled):
    folder = bench.existing(shape.nanogpt, "clone of nanoGPT (--nanogpt)")
    return peer_step(shape, precision, "nanogpt_step.py", "torch", compiled=compiled, nanogpt=str(folder))


def jax_step(shape, precision):
    return peer_step(shape, precision, "jax_step.py", "jax")


PROGRAMS = {
    "qkv fused": functools.partial(qkv_step, kernels="fused"),
    "qkv plain": functools.partial(qkv_step, kernels="plain"),
    "nanoGPT": functools.partial(nanogpt_step, compiled=False),
    "nanoGPT compiled": functools.partial(nanogpt_step, compiled=True),
    "JAX": jax_step,
}


def chosen(beginnings, precisions=None):
    """(name, step of (shape)) of the programs that begin with any of these words (None: all), in each precision."""
    return {f"{program} {precision}": functools.partial(step, precision=precision)
            for program, step in {**PROGRAMS, "limit": Shape.limit}.items() for precision in precisions or PRECISIONS
            if beginnings is None or any(program.startswith(word) for word in beginnings)}
