#!/usr/bin/env python3
"""Decoding by étudiant beside CTranslate2, with weights in float32 and in int8: ours, then theirs with each of its backends, and so again for
some rounds, each in a process of its own on the same cores. Every translation has 32 tokens, as has every source. Prints
a table in Markdown: target tokens a second, and how many times theirs ours are."""

import argparse
import json
import os
import re
import sys
from statistics import median

from measure import SIZES
from run import FOLDER, machine, our_versions, pin, run, tell_about_load

CASES = [
    ("tiny", 1, 1, "f32"),
    ("tiny", 1, 32, "f32"),
    ("tiny", 4, 32, "f32"),
    ("base", 1, 1, "f32"),
    ("base", 1, 32, "f32"),
    ("base", 4, 1, "f32"),
    ("base", 4, 32, "f32"),
    ("tiny", 1, 1, "int8"),
    ("base", 1, 1, "int8"),
    ("base", 1, 32, "int8"),
    ("base", 4, 1, "int8"),
]
COMPUTE_TYPES = {"f32": "float32", "int8": "int8"}
TOKENS = 32
OURS = re.compile(r"decode (\w+) beam (\d+) batch (\d+)(?: weights \w+)?: (?P<tokens>\d+) target tokens/s")
BACKENDS = {"oneDNN": "0", "MKL": "1"}  # what CT2_USE_MKL is set to; the better of the two counts


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", metavar="size", help="tiny, base; both without")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument("--threads", type=int, default=2, help="threads, and cores to run on (2)")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each measurement (4)")
    parser.add_argument("--python", default=sys.executable, help="the Python that has CTranslate2")
    options = parser.parse_args()
    known = sorted({size for size, *_ in CASES})
    if unknown := set(options.sizes) - set(known):
        parser.error(f"there is no size {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if options.rounds < 1 or options.threads < 1 or options.seconds <= 0:
        parser.error("--rounds and --threads are at least 1, --seconds is above 0")
    return options


def main():
    options = arguments()
    tell_about_load()
    run(["cargo", "build", "--release", "-p", "etudiant-cli"])
    pin(options.threads)
    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    versions = our_versions()
    print("| | étudiant | CTranslate2 | ours / theirs |\n|---|---:|---:|---:|")
    for size, beam, batch, weights in CASES:
        if options.sizes and size not in options.sizes:
            continue
        rounds = [measured(size, beam, batch, weights, options, versions) for _ in range(options.rounds)]
        ours, theirs = median(ours for ours, _ in rounds), median(theirs for _, theirs in rounds)
        search = "greedy" if beam == 1 else f"beam {beam}"
        ratio = median(ours / theirs for ours, theirs in rounds)
        print(f"| {size} {search}, batch {batch}, {weights} | {ours:.0f} | {theirs:.0f} | {ratio:.2f} |", flush=True)
    version = ", ".join(f"{name} {version}" for name, version in versions.items())
    print(f"\nTarget tokens a second. {machine()}; {options.threads} threads; medians of {options.rounds} rounds; {version}.")


def measured(size, beam, batch, weights, options, versions):
    """Target tokens a second of ours, and of the better of their backends."""
    shape = ["--beam", beam, "--batch", batch, "--len", TOKENS, "--tgt-len", TOKENS, "--seconds", options.seconds]
    command = ["cargo", "run", "-q", "--release", "-p", "etudiant-cli", "--", "bench", "decode", size]
    out = run([*command, *shape, "--vocab-size", SIZES[size].vocab_size, "--weights", weights])
    found = OURS.search(out)
    if not found:
        sys.exit(f"decode.py: no line `decode {size} ..` from `etudiant bench decode`, but\n{out}")
    theirs = []
    for backend in BACKENDS.values():
        os.environ["CT2_USE_MKL"] = backend
        of_theirs = ["--threads", options.threads, "--compute-type", COMPUTE_TYPES[weights]]
        out = run([options.python, FOLDER / "ct2_decode.py", size, *shape, *of_theirs])
        figures = json.loads(out.splitlines()[-1])
        versions |= figures["versions"]
        theirs.append(figures["tokens_per_second"])
    return float(found["tokens"]), max(theirs)


if __name__ == "__main__":
    main()
