"""A training step of the Transformer in JAX, timed. Prints one line of JSON; README.md says what is measured."""

import math
import os
import sys

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax

    import measure
except ImportError as error:
    sys.exit(f"jax_step: {error}; pip install -r benches/peers/requirements.txt")


class Init:
    """Parameters as nested dictionaries of arrays: Xavier-uniform matrices, all else at rest."""

    def __init__(self, size):
        self.size, self.random = size, np.random.default_rng(1)

    def linear(self, d_in, d_out):
        limit = math.sqrt(6 / (d_in + d_out))
        weight = self.random.uniform(-limit, limit, (d_in, d_out))
        return {"weight": jnp.asarray(weight, jnp.float32), "bias": jnp.zeros(d_out)}

    def norm(self):
        return {"gamma": jnp.ones(self.size.d_model), "beta": jnp.zeros(self.size.d_model)}

    def attention(self):
        d = self.size.d_model
        return {name: self.linear(d, d) for name in ["query", "key", "value", "out"]} | {"norm": self.norm()}

    def feed_forward(self):
        d, d_ff = self.size.d_model, self.size.d_ff
        return {"linear1": self.linear(d, d_ff), "linear2": self.linear(d_ff, d), "norm": self.norm()}

    def layer(self, sublayers):
        attentions = {name: self.attention() for name in sublayers}
        return attentions | {"feed_forward": self.feed_forward()}

    def model(self):
        d, n_layers = self.size.d_model, range(self.size.n_layers)
        table = self.random.normal(0, d**-0.5, (self.size.vocab_size, d))
        return {
            "embedding": jnp.asarray(table, jnp.float32),
            "encoder": [self.layer(["self_attn"]) for _ in n_layers],
            "decoder": [self.layer(["self_attn", "cross_attn"]) for _ in n_layers],
        }


class Forward:
    """One forward pass; every dropout draws from a key of its own."""

    def __init__(self, size, key):
        self.size, self.key = size, key

    def dropout(self, x):
        if self.size.dropout == 0:
            return x
        self.key, key = jax.random.split(self.key)
        keep = 1 - self.size.dropout
        return jnp.where(jax.random.bernoulli(key, keep, x.shape), x / keep, 0)

    def residual(self, norm, x, y):
        """LayerNorm(x + Dropout(y))"""
        x = x + self.dropout(y)
        x = x - x.mean(-1, keepdims=True)
        rstd = jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + measure.NORM_EPS)
        return x * rstd * norm["gamma"] + norm["beta"]

    def attend(self, p, x, memory, causal=False):
        """[batch, len, d_model], [batch, k_len, d_model] -> [batch, len, d_model]"""

        def heads(part, y):
            return linear(p[part], y).reshape(*y.shape[:2], self.size.n_heads, -1)

        query, key, value = heads("query", x), heads("key", memory), heads("value", memory)
        context = jax.nn.dot_product_attention(query, key, value, is_causal=causal)
        return self.residual(p["norm"], x, linear(p["out"], context.reshape(x.shape)))

    def feed_forward(self, p, x):
        hidden = jax.nn.relu(linear(p["linear1"], x))
        return self.residual(p["norm"], x, linear(p["linear2"], hidden))

    def embed(self, table, ids):
        """[batch, len] -> [batch, len, d_model]"""
        positions = measure.sinusoids(ids.shape[1], self.size.d_model)
        return self.dropout(math.sqrt(self.size.d_model) * table[ids] + positions)

    def logits(self, params, src, tgt_in):
        """[batch, src_len], [batch, tgt_len] -> [batch, tgt_len, vocab_size]"""
        memory = self.embed(params["embedding"], src)
        for p in params["encoder"]:
            memory = self.attend(p["self_attn"], memory, memory)
            memory = self.feed_forward(p["feed_forward"], memory)
        y = self.embed(params["embedding"], tgt_in)
        for p in params["decoder"]:
            y = self.attend(p["self_attn"], y, y, causal=True)
            y = self.attend(p["cross_attn"], y, memory)
            y = self.feed_forward(p["feed_forward"], y)
        return y @ params["embedding"].T


def linear(p, x):
    return x @ p["weight"] + p["bias"]


def smoothed_cross_entropy(logits, labels):
    """The mean over all labels; a share SMOOTHING of each is spread evenly over the vocabulary."""
    of_label = jnp.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    aimed_at = (1 - measure.SMOOTHING) * of_label + measure.SMOOTHING * logits.mean(-1)
    return (jax.nn.logsumexp(logits, axis=-1) - aimed_at).mean()


def check_cores(threads):
    """XLA has no setting for its threads: it starts one for each core that the process may run on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if cores != threads:
        sys.exit(f"jax_step: {cores} cores for {threads} threads; run.py sees to that on Linux, as `taskset` does")


def main():
    options = measure.arguments(__doc__)
    check_cores(options.threads)
    size = measure.SIZES[options.size]
    adam = optax.adam(measure.LEARNING_RATE, measure.BETA1, measure.BETA2, measure.ADAM_EPS)
    src, tgt_in, labels = (jnp.asarray(ids, jnp.int32) for ids in measure.random_batch(size))

    def loss(params, key):
        return smoothed_cross_entropy(Forward(size, key).logits(params, src, tgt_in), labels)

    def update(params, moments, key):
        key, dropout_key = jax.random.split(key)
        value, gradients = jax.value_and_grad(loss)(params, dropout_key)
        change, moments = adam.update(gradients, moments)
        return optax.apply_updates(params, change), moments, key, value

    compiled = jax.jit(update, donate_argnums=(0, 1, 2))
    params = Init(size).model()
    parameters = sum(leaf.size for leaf in jax.tree.leaves(params))
    state = (params, adam.init(params), jax.random.key(0))
    del params  # donated to the first step

    def step():
        nonlocal state
        *state, value = jax.block_until_ready(compiled(*state))
        return float(value)

    figures = measure.measure(step, options.seconds)
    measure.report(figures, parameters, jax=jax.__version__, optax=optax.__version__)


if __name__ == "__main__":
    main()
