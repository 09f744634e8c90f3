"""A training step of the Transformer in PyTorch, timed. Prints one line of JSON; README.md says what is measured.

With --bf16 autocast, operations that PyTorch holds to be safe compute in bf16, and with --bf16 products only what products
multiply is rounded; parameters and Adam stay in f32."""

import math
import sys

try:
    import torch
    import torch.nn.functional as F
    from torch import nn

    import measure
except ImportError as error:
    sys.exit(f"torch_step: {error}; pip install -r benches/peers/requirements.txt")


class Translator(nn.Module):
    """nn.Transformer between embeddings and projection, which are one matrix, as in the paper."""

    def __init__(self, size):
        super().__init__()
        self.scale = math.sqrt(size.d_model)
        self.embedding = nn.Embedding(size.vocab_size, size.d_model)
        nn.init.normal_(self.embedding.weight, std=1 / self.scale)
        positions = measure.sinusoids(max(size.src_len, size.tgt_len), size.d_model)
        self.register_buffer("positions", torch.from_numpy(positions))
        self.dropout = nn.Dropout(size.dropout)
        self.transformer = nn.Transformer(
            d_model=size.d_model,
            nhead=size.n_heads,
            num_encoder_layers=size.n_layers,
            num_decoder_layers=size.n_layers,
            dim_feedforward=size.d_ff,
            dropout=size.dropout,
            layer_norm_eps=measure.NORM_EPS,
            batch_first=True,
        )
        only_what_the_paper_has(self.transformer)
        self.register_buffer("causal", nn.Transformer.generate_square_subsequent_mask(size.tgt_len))

    def embed(self, ids):
        """[batch, len] -> [batch, len, d_model]"""
        return self.dropout(self.scale * self.embedding(ids) + self.positions[: ids.shape[1]])

    def forward(self, src, tgt_in):
        """[batch, src_len], [batch, tgt_len] -> [batch * tgt_len, vocab_size]"""
        hidden = self.transformer(
            self.embed(src), self.embed(tgt_in), tgt_mask=self.causal, tgt_is_causal=True
        )
        return F.linear(hidden.flatten(0, 1), self.embedding.weight)


def only_what_the_paper_has(transformer):
    """Takes out what nn.Transformer adds and étudiant doesn't compute: the norms at the top of the stacks, and dropout
    of attention weights and of hidden units. With them PyTorch would do more work than the others."""
    for stack in [transformer.encoder, transformer.decoder]:
        stack.norm = None
        for layer in stack.layers:
            layer.dropout = nn.Identity()  # of hidden units; dropout1 to dropout3 are those of sublayers' outputs
    for module in transformer.modules():
        if isinstance(module, nn.MultiheadAttention):
            module.dropout = 0.0


def main():
    options = measure.arguments(__doc__, bf16=["autocast", "products"])
    if options.bf16 == "products":
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=options.bf16 == "autocast")
    size = measure.SIZES[options.size]
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = Translator(size).train()
    betas = (measure.BETA1, measure.BETA2)
    adam = torch.optim.Adam(
        model.parameters(), measure.LEARNING_RATE, betas=betas, eps=measure.ADAM_EPS, fused=True
    )
    src, tgt_in, labels = (torch.from_numpy(ids) for ids in measure.random_batch(size))

    def step():
        adam.zero_grad(set_to_none=True)
        with autocast:
            loss = F.cross_entropy(model(src, tgt_in), labels.flatten(), label_smoothing=measure.SMOOTHING)
        loss.backward()
        adam.step()
        return loss.item()

    figures = measure.measure(step, options.seconds)
    measure.report(figures, sum(p.numel() for p in model.parameters()), torch=torch.__version__.split("+")[0])


if __name__ == "__main__":
    main()
