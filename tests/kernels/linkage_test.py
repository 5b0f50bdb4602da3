"""Objects compiled for more than the baseline contain no function that other objects also contain.

Of an inline function the linker keeps any one copy. If it kept one with AVX-512 instructions, programs
would die on processors without them. So in such an object only functions in the namespace of its own
instruction set may be shared.

usage: linkage_test.py OBJECT...
"""

import pathlib
import re
import subprocess
import sys

SETS = re.compile(r"_(avx2|avx512|avx512bf16|amx|tiles)\.cc\.")


def shared_functions(path):
    """The functions for which the linker may use another object's copy instead."""
    listed = subprocess.run(
        ["nm", "--demangle", "--defined-only", path], capture_output=True, text=True, check=True
    ).stdout
    return [line.split(maxsplit=2)[2] for line in listed.splitlines() if re.match(r"\S+ W ", line)]


def main():
    looked_at = 0
    problems = []
    for path in map(pathlib.Path, sys.argv[1:]):
        found = SETS.search(path.name)
        if not found:
            continue
        looked_at += 1
        own = f"::{found.group(1).replace('tiles', 'amx')}::"  # files *_tiles.cc are first compiled for AMX
        problems += [
            f"{path.name}: {name}" for name in shared_functions(path) if not re.search(r"\bqkv::\w+" + own, name)
        ]
    print("\n".join(problems) if problems else f"{looked_at} objects share nothing")
    sys.exit(1 if problems or looked_at == 0 else 0)


if __name__ == "__main__":
    main()
