"""One encoder block: attention and feed-forward, each with a residual and a norm.

"pre":   x = x + attention(norm(x));   x = x + feed_forward(norm(x))
"post":  x = norm(x + attention(x));   x = norm(x + feed_forward(x))
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.attention import AttentionState, MultiHeadAttention
from model.attention.kernel import Landmarks
from model.config import CHOICES, BlockConfig
from model.layers import linear, norm, refuse_masks, without_gradients


class EncoderBlock(nn.Module):
    """Tokens (B, T, d) -> tokens (B, T, d)."""

    def __init__(self, config: BlockConfig) -> None:
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

    def forward(
        self,
        tokens: Tensor,
        mask: None = None,
        *,
        first: int = 0,
        landmarks: Landmarks | None = None,
        **masks: object,
    ) -> Tensor:
        """All single outputs of a stream from its token `first` on, (B, T, d) -> (B, T, d); differentiable.

        landmarks: what `prepare` gave. Masks raise ValueError.
        """
        refuse_masks(mask, masks)
        return self._finish(tokens, self.attention(self.attention_input(tokens), first=first, landmarks=landmarks))

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
        attention = layer.self_attn
        theirs = attention.num_heads, "pre" if layer.norm_first else "post", layer.norm1.eps, layer.norm2.eps
        ours = self.config.heads, self.config.norm, self.attention_norm.eps, self.feed_forward_norm.eps
        if theirs != ours:
            raise ValueError(f"the layer has heads, norm and epsilons {theirs}; this block has {ours}")
        if name_activation(layer) != self.config.activation:
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
        return linear(self.narrow, self._drop(activate(linear(self.widen, tokens), self.config.activation)))

    def _drop(self, inputs: Tensor) -> Tensor:
        return F.dropout(inputs, self.config.dropout) if self.training else inputs


def activate(hidden: Tensor, activation: str) -> Tensor:
    """By the configuration's name for it."""
    if activation == "relu":
        return F.relu(hidden)
    # The tanh form takes a quarter of the time of the one with erf for a single token.
    return F.gelu(hidden, approximate="tanh" if activation == "gelu-tanh" else "none")


# --- torch's layers


def sizes_of_torch_layer(layer: nn.TransformerEncoderLayer) -> dict[str, Any]:
    """The fields of BlockConfig that it decides. Raises ValueError for an activation that no block has."""
    activation = name_activation(layer)
    if activation is None:
        raise ValueError(f"the layer's activation is none of {', '.join(CHOICES['activation'])}")
    return {
        "width": layer.self_attn.embed_dim,
        "heads": layer.self_attn.num_heads,
        "feed_forward": layer.linear1.out_features,
        "norm": "pre" if layer.norm_first else "post",
        "activation": activation,
        "dropout": layer.dropout.p,
    }


@torch.no_grad()
def name_activation(layer: nn.TransformerEncoderLayer) -> str | None:
    """Which of ours gives the same numbers."""
    probe = torch.linspace(-4.0, 4.0, 99, dtype=torch.float32, device=layer.linear1.weight.device)
    theirs = layer.activation(probe)
    for name in CHOICES["activation"]:
        if torch.allclose(theirs, activate(probe, name), rtol=0.0, atol=1e-5):
            return name
    return None


@torch.no_grad()
def load_torch_norm(ours: nn.Module, theirs: nn.Module) -> None:
    """Take the weights of a layer norm. Raises ValueError for any other module, and for another epsilon."""
    if not isinstance(theirs, nn.LayerNorm) or not isinstance(ours, nn.LayerNorm) or theirs.eps != ours.eps:
        raise ValueError(f"the norm after torch's layers is {theirs}; expected a LayerNorm with torch's own epsilon")
    ours.weight.copy_(torch.ones_like(ours.weight) if theirs.weight is None else theirs.weight)
    ours.bias.copy_(torch.zeros_like(ours.bias) if theirs.bias is None else theirs.bias)
