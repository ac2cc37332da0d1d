"""One encoder block: attention and feed-forward, each with a residual and a norm.

"pre":   x = x + attention(norm(x));   x = x + feed_forward(norm(x))
"post":  x = norm(x + attention(x));   x = norm(x + feed_forward(x))
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.attention import AttentionState, MultiHeadAttention
from model.attention.kernel import Landmarks
from model.config import ModelConfig
from model.layers import linear, norm, without_gradients


class EncoderBlock(nn.Module):
    """Tokens (B, T, d) -> tokens (B, T, d)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = MultiHeadAttention(config)
        self.feed_forward_norm = nn.LayerNorm(config.width)
        self.widen = nn.Linear(config.width, config.feed_forward)
        self.narrow = nn.Linear(config.feed_forward, config.width)

    @without_gradients
    def step(self, token: Tensor, state: AttentionState) -> tuple[Tensor, AttentionState]:
        """token (B, d) -> its output (B, d). Consumes the state."""
        attended, state = self.attention.step(self.attention_input(token), state)
        return self._finish(token, attended), state

    @without_gradients
    def step_all(self, tokens: Tensor, state: AttentionState) -> tuple[Tensor, AttentionState]:
        """The window's tokens (B, f, d), the newest last -> all their outputs (B, f, d). Consumes the state."""
        attended, state = self.attention.step_all(self.attention_input(tokens[:, -1]), state)
        return self._finish(tokens, attended), state

    @without_gradients
    def steps(self, tokens: Tensor, state: AttentionState) -> tuple[Tensor, AttentionState]:
        """tokens (B, T, d) -> outputs (B, T, d), what T steps would give. Consumes the state."""
        attended, state = self.attention.steps(self.attention_input(tokens), state)
        return self._finish(tokens, attended), state

    def parallel(self, tokens: Tensor, first: int = 0, landmarks: Landmarks | None = None) -> Tensor:
        """All single outputs of a stream from its token `first` on, (B, T, d) -> (B, T, d); differentiable."""
        return self._finish(tokens, self.attention.parallel(self.attention_input(tokens), first, landmarks))

    def recompute(
        self, tokens: Tensor, heard: int, landmarks: Landmarks | None = None, last_only: bool = False
    ) -> Tensor:
        """Non-continual: the last min(heard, history) tokens (B, T, d) of `heard` -> the window's outputs (B, f, d).

        With `last_only` the newest token's alone, (B, 1, d).
        """
        attended = self.attention.recompute(self.attention_input(tokens), heard, landmarks, last_only)
        return self._finish(tokens[:, -attended.shape[1] :], attended)

    def attention_input(self, tokens: Tensor) -> Tensor:
        """What attention is given of the tokens (..., d)."""
        return norm(self.attention_norm, tokens) if self.config.norm == "pre" else tokens

    @torch.no_grad()
    def load_torch_layer(self, layer: nn.TransformerEncoderLayer) -> None:
        """Take the weights of a torch layer: with softmax attention the output is then the layer's.

        Raises ValueError, before anything is changed, for a layer of other sizes, heads, norms or activation.
        """
        attention, probe = layer.self_attn, torch.linspace(-4.0, 4.0, 99).to(layer.linear1.weight)
        theirs = attention.num_heads, "pre" if layer.norm_first else "post", layer.norm1.eps, layer.norm2.eps
        ours = self.config.heads, self.config.norm, self.attention_norm.eps, self.feed_forward_norm.eps
        if theirs != ours:
            raise ValueError(f"the layer has heads, norm and epsilons {theirs}; this block has {ours}")
        if not torch.allclose(layer.activation(probe), self._activate(probe), rtol=0.0, atol=1e-5):
            raise ValueError(f"the layer's activation is not this block's, {self.config.activation}")
        if attention.bias_k is not None or attention.add_zero_attn:
            raise ValueError("the layer attends to more than its tokens (bias_k or add_zero_attn)")
        sources = {
            "attention.query_key_value.weight": attention.in_proj_weight,
            "attention.query_key_value.bias": attention.in_proj_bias,
            "attention.output.weight": attention.out_proj.weight,
            "attention.output.bias": attention.out_proj.bias,
            "widen.weight": layer.linear1.weight,
            "widen.bias": layer.linear1.bias,
            "narrow.weight": layer.linear2.weight,
            "narrow.bias": layer.linear2.bias,
            "attention_norm.weight": layer.norm1.weight,
            "attention_norm.bias": layer.norm1.bias,
            "feed_forward_norm.weight": layer.norm2.weight,
            "feed_forward_norm.bias": layer.norm2.bias,
        }
        for name, source in sources.items():
            if source is not None and source.shape != self.get_parameter(name).shape:
                expected = tuple(self.get_parameter(name).shape)
                raise ValueError(f"the layer has a {name} of {tuple(source.shape)}; this block's is {expected}")
        for name, source in sources.items():
            if source is None:
                self.get_parameter(name).zero_()
            else:
                self.get_parameter(name).copy_(source)

    def _finish(self, tokens: Tensor, attended: Tensor) -> Tensor:
        tokens = tokens + self._drop(attended)
        if self.config.norm == "pre":
            return tokens + self._drop(self._feed_forward(norm(self.feed_forward_norm, tokens)))
        tokens = norm(self.attention_norm, tokens)
        return norm(self.feed_forward_norm, tokens + self._drop(self._feed_forward(tokens)))

    def _feed_forward(self, tokens: Tensor) -> Tensor:
        return linear(self.narrow, self._drop(self._activate(linear(self.widen, tokens))))

    def _activate(self, hidden: Tensor) -> Tensor:
        if self.config.activation == "relu":
            return F.relu(hidden)
        # The tanh form takes a quarter of the time of the one with erf for a single token.
        return F.gelu(hidden, approximate="tanh" if self.config.activation == "gelu-tanh" else "none")

    def _drop(self, inputs: Tensor) -> Tensor:
        return F.dropout(inputs, self.config.dropout) if self.training else inputs
