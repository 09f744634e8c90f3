#!/usr/bin/env python3
"""CTranslate2 translating by a model of a size's shape whose numbers are random: prints a line of JSON."""

import argparse
import json
import shutil
import tempfile
import time

import ctranslate2
import numpy as np
from ctranslate2.specs import common_spec, transformer_spec

from measure import SIZES, sinusoids

LONGEST = 512
WARM_UP, FEWEST = 1, 5


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--len", type=int, default=32, help="tokens of a source")
    parser.add_argument("--tgt-len", type=int, default=32, help="tokens of a translation")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compute-type", default="float32", help="float32, int8")
    parser.add_argument("--seconds", type=float, default=5.0)
    return parser.parse_args()


def specification(size):
    """The paper's model, post-norm and ReLU, with one matrix for both embeddings and the projection."""
    random = np.random.default_rng(0)
    d_model = size.d_model
    spec = transformer_spec.TransformerSpec.from_config(
        (size.n_layers, size.n_layers), size.n_heads, pre_norm=False, activation=common_spec.Activation.RELU
    )

    def linear(layer, d_out, d_in):
        layer.weight = (random.standard_normal((d_out, d_in)) * d_in**-0.5).astype(np.float32)
        layer.bias = np.zeros(d_out, np.float32)

    def norm(layer):
        layer.gamma, layer.beta = np.ones(d_model, np.float32), np.zeros(d_model, np.float32)

    def attention(layer, parts):
        for projection, width in zip(layer.linear, parts):
            linear(projection, width * d_model, d_model)
        norm(layer.layer_norm)

    def feed_forward(layer):
        linear(layer.linear_0, size.d_ff, d_model)
        linear(layer.linear_1, d_model, size.d_ff)
        norm(layer.layer_norm)

    embedding = (random.standard_normal((size.vocab_size, d_model)) * d_model**-0.5).astype(np.float32)
    for side in (spec.encoder, spec.decoder):
        layer = side.embeddings[0] if isinstance(side.embeddings, list) else side.embeddings
        layer.weight = embedding
        side.scale_embeddings = True
        side.position_encodings.encodings = sinusoids(LONGEST, d_model)
    for layer in spec.encoder.layer:
        attention(layer.self_attention, [3, 1])
        feed_forward(layer.ffn)
    for layer in spec.decoder.layer:
        attention(layer.self_attention, [3, 1])
        attention(layer.attention, [1, 2, 1])
        feed_forward(layer.ffn)
    spec.decoder.projection.weight = embedding
    spec.decoder.projection.bias = np.zeros(size.vocab_size, np.float32)
    tokens = ["<unk>", "<s>", "</s>"] + [f"t{i}" for i in range(size.vocab_size - 3)]
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    return spec


def main():
    options = arguments()
    size = SIZES[options.size]
    folder = tempfile.mkdtemp()
    try:
        spec = specification(size)
        spec.validate()
        spec.optimize(quantization=None)
        spec.save(folder)
        translator = ctranslate2.Translator(
            folder, device="cpu", compute_type=options.compute_type, inter_threads=1, intra_threads=options.threads
        )
        print(json.dumps(measured(translator, size, options) | {"versions": {"CTranslate2": ctranslate2.__version__}}))
    finally:
        shutil.rmtree(folder)


def measured(translator, size, options):
    random = np.random.default_rng(1)
    words = random.integers(size.vocab_size - 3, size=(options.batch, options.len))
    sources = [[f"t{word}" for word in row] for row in words]

    def translate():
        started = time.perf_counter()
        found = translator.translate_batch(
            sources,
            beam_size=options.beam,
            min_decoding_length=options.tgt_len,
            max_decoding_length=options.tgt_len,
            max_batch_size=options.batch,
        )
        assert all(len(one.hypotheses[0]) == options.tgt_len for one in found)
        return time.perf_counter() - started

    for _ in range(WARM_UP):
        translate()
    times, began = [], time.perf_counter()
    while len(times) < FEWEST or time.perf_counter() - began < options.seconds:
        times.append(translate())
    times.sort()
    return {"tokens_per_second": options.batch * options.tgt_len / times[len(times) // 2], "rounds": len(times)}


if __name__ == "__main__":
    main()
