"""Times nanoGPT's own generate() with random weights, after a first token that warms it up.

request["nanogpt"] is a clone of nanoGPT, request["tokens"] the number of tokens to generate, for one prompt, as in sample.py.
"""

import contextlib
import sys
import time

from peer import answer, read_ids, request

sys.path.insert(0, request["nanogpt"])

import torch

with contextlib.redirect_stdout(sys.stderr):  # it prints its size
    from model import GPT, GPTConfig

    torch.set_num_threads(request["threads"])
    torch.manual_seed(1)
    _, vocabulary = read_ids()
    shape = request["model"]
    model = GPT(GPTConfig(block_size=shape["context"], vocab_size=vocabulary, n_layer=shape["layers"],
                          n_head=shape["heads"], n_embd=shape["width"], dropout=0.0, bias=shape["bias"])).eval()

start = torch.zeros((1, 1), dtype=torch.long)
model.generate(start, 1, temperature=0.8, top_k=200)
begun = time.perf_counter()
generated = model.generate(start, request["tokens"], temperature=0.8, top_k=200)
answer(seconds=time.perf_counter() - begun, tokens=generated.shape[1] - 1)
