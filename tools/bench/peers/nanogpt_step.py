"""Times nanoGPT's training step: its model and optimizer in its training loop's order, on its own batches.

request["nanogpt"] is a clone of nanoGPT. Its loop turns autocast off on the processor; here, bfloat16 turns it on. On a
CUDA device, as in its loop, float32 products use TF32, and the host waits for one loss in ten.
"""

import contextlib
import sys

from peer import read_ids, request, time_steps

sys.path.insert(0, request["nanogpt"])

import numpy
import torch

with contextlib.redirect_stdout(sys.stderr):  # it prints its size
    from model import GPT, GPTConfig

    torch.set_num_threads(request["threads"])
    torch.manual_seed(1)
    ids, vocabulary = read_ids()
    ids = numpy.array(ids, dtype=numpy.uint16)
    shape = request["model"]
    batch, context, width = request["batch_size"], shape["context"], shape["width"]
    model = GPT(GPTConfig(block_size=context, vocab_size=vocabulary, n_layer=shape["layers"], n_head=shape["heads"],
                          n_embd=width, dropout=shape["dropout"], bias=shape["bias"]))
    inner = shape["feed_forward"]["width"]
    if inner != 4 * width:
        for block in model.transformer.h:
            block.mlp.c_fc = torch.nn.Linear(width, inner, bias=shape["bias"])
            block.mlp.c_proj = torch.nn.Linear(inner, width, bias=shape["bias"])
    device = request["device"]
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    model.to(device)
    optimizer = model.configure_optimizers(0.1, 1e-3, (0.9, 0.99), device)
parameters = list(model.parameters())
if request["compiled"]:
    model = torch.compile(model)
autocast = torch.autocast(device, dtype=torch.bfloat16, enabled=request["precision"] == "bfloat16")


def get_batch():
    at = torch.randint(len(ids) - context, (batch,))
    made = (torch.stack([torch.from_numpy(ids[i + ahead : i + ahead + context].astype(numpy.int64)) for i in at])
            for ahead in (0, 1))
    return made if device == "cpu" else (part.pin_memory().to(device, non_blocking=True) for part in made)


def step():
    inputs, targets = get_batch()
    with autocast:
        _, loss = model(inputs, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss


time_steps(step, together=1 if device == "cpu" else 10)
