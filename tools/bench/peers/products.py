"""The shortest time in which PyTorch can compute the matrix products of a training step.

usage: products.py float32|bfloat16 THREADS SECONDS <PRODUCTS >MILLISECONDS

The same as qkv-products (../products.cc) with the products in PyTorch: those of MKL, and of a newer oneDNN, also on
packed weights. One process per core, with one thread each.
"""

import multiprocessing
import sys
import time

import torch

TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def candidates(batch, rows, inner, columns, kind):
    """Calls that all compute the same product, from matrices in different layouts."""
    left, right = torch.rand(batch, rows, inner).to(kind), torch.rand(batch, inner, columns).to(kind)
    out = torch.empty(batch, rows, columns, dtype=kind)
    if batch > 1:
        turned = right.mT.contiguous().mT
        yield lambda: torch.bmm(left, right, out=out)
        yield lambda: torch.bmm(left, turned, out=out)
        return
    left, right, out = left[0], right[0], out[0]
    for a in (left, left.T.contiguous().T):
        for b in (right, right.T.contiguous().T):
            yield lambda a=a, b=b: torch.mm(a, b, out=out)
    if torch.backends.mkldnn.is_available():
        packed = torch.ops.mkldnn._reorder_linear_weight(right.T.contiguous(), rows)
        yield lambda: torch.ops.mkldnn._linear_pointwise(left, packed, None, "none", [], "")


def took(call, count):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return 1e3 * (time.perf_counter() - start)


@torch.inference_mode()
def work(shapes, kind, seconds, ready, results):
    fastest = []
    for *sizes, _ in shapes:
        calls = list(candidates(*sizes, kind))
        fastest.append(min(calls, key=lambda call: min(took(call, 1) for _ in range(5))))
    ready.wait()
    least = [float("inf")] * len(shapes)
    until = time.monotonic() + seconds
    while True:
        for index, call in enumerate(fastest):
            least[index] = min(least[index], took(call, shapes[index][-1]))
        if time.monotonic() > until:
            break
    results.put(least)


def main():
    kind, threads, seconds = TYPES[sys.argv[1]], int(sys.argv[2]), float(sys.argv[3])
    shapes = [tuple(map(int, line.split())) for line in sys.stdin]
    torch.set_num_threads(1)
    fork = multiprocessing.get_context("fork")
    ready, results = fork.Barrier(threads), fork.Queue()
    workers = [fork.Process(target=work, args=(shapes, kind, seconds, ready, results)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    times = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    for slowest in map(max, zip(*times)):
        print(slowest)


if __name__ == "__main__":
    main()
