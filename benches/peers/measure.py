"""What both peers share: the sizes, the batch, the command line, and the clock."""

import argparse
import json
import platform
import resource
import sys
import time
from typing import NamedTuple

import numpy as np

LEARNING_RATE = 1e-4
BETA1, BETA2, ADAM_EPS = 0.9, 0.98, 1e-9
NORM_EPS = 1e-5
SMOOTHING = 0.1

WARM_UP = 3
FEWEST_STEPS, MOST_STEPS = 5, 300


class Size(NamedTuple):
    vocab_size: int
    d_model: int
    n_heads: int
    d_ff: int
    n_layers: int
    batch: int
    src_len: int
    tgt_len: int
    dropout: float


# Those of benches/train_step.rs.
SIZES = {
    "toy": Size(8, 64, 4, 256, 2, 1, 4, 5, 0.0),
    "tiny": Size(10_000, 128, 4, 256, 4, 128, 16, 16, 0.3),
    "small": Size(10_000, 256, 4, 1024, 3, 64, 32, 32, 0.1),
    "base": Size(16_000, 512, 8, 2048, 6, 32, 32, 32, 0.1),
}


def arguments(about, bf16=()):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long to measure")
    if bf16:
        parser.add_argument("--bf16", choices=bf16, help="round to bf16, and how")
    return parser.parse_args()


def random_batch(size):
    """Random sentences of full length: source, decoder input and labels, [batch, len] each."""
    random = np.random.default_rng(0)
    lengths = [size.src_len, size.tgt_len, size.tgt_len]
    return [random.integers(size.vocab_size, size=(size.batch, length)) for length in lengths]


def sinusoids(length, d_model):
    """The paper's positions (§3.5), [length, d_model]: sine and cosine take turns."""
    frequency = 10_000.0 ** (-np.arange(0, d_model, 2) / d_model)
    angle = np.arange(length)[:, None] * frequency  # [length, d_model / 2]
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, d_model).astype(np.float32)


def measure(step, seconds):
    """Times step(), which returns the loss when everything is computed."""

    def timed():
        started = time.perf_counter()
        loss = step()
        return time.perf_counter() - started, loss

    for _ in range(WARM_UP):
        step()
    expected, first_loss = timed()
    count = max(FEWEST_STEPS, min(MOST_STEPS, int(seconds / expected)))
    runs = [timed() for _ in range(count)]
    times = sorted(duration for duration, _ in runs)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return {
        "median_ms": 1e3 * times[count // 2],
        "min_ms": 1e3 * times[0],
        "steps": count,
        "peak_mb": kilobytes / 1024,
        "losses": [first_loss, runs[-1][1]],
    }


def report(figures, parameters, **versions):
    """Prints the line of JSON that run.py reads."""
    versions = {"python": platform.python_version()} | versions
    print(json.dumps(figures | {"parameters": parameters, "versions": versions}))
