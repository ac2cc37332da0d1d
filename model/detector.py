"""Online action detection (OadTR and its continual forms): features of frames in, classes of the newest frame out.

OadTR (Wang et al., ICCV 2021) encodes a window of features and a class token behind them; a decoder attends to all that
leaves the encoder with a query for every frame that is anticipated, and the class head reads the class token beside the
mean of what is decoded. CoOadTR (Hedegaard et al., ICLR 2023) has no decoder, and no class token or one that joins
after the first block: the blocks before it may then be continual. All of them are here, told by `DetectorConfig`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.config import DetectorConfig
from model.encoder import Encoder, EncoderState
from model.layers import without_gradients


class Detection(NamedTuple):
    """Logits at the newest frame of every stream."""

    classes: Tensor  # (B, classes) of this frame
    ahead: Tensor | None  # (B, queries, classes) of the frames after it; None where nothing is anticipated


class OnlineDetector(nn.Module):
    """Features (B, features) of one frame after the other -> Detection.

    Law: `step` answers at every frame what `recompute` answers for the window.
    """

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        sizes = config.encoder
        self.input = nn.Linear(config.features, sizes.width)
        self.encoder = Encoder(sizes)
        self.class_token = nn.Parameter(torch.zeros(1, 1, sizes.width)) if config.class_token is not None else None
        if config.queries:
            self.queries = nn.Parameter(0.02 * torch.randn(1, config.queries, sizes.width))
            layer = nn.TransformerDecoderLayer(  # post-norm, queries masked among themselves, as published
                sizes.width, config.decoder_heads, config.decoder_feed_forward, sizes.dropout, "gelu", batch_first=True
            )
            self.decoder = nn.TransformerDecoder(layer, config.decoder_layers, nn.LayerNorm(sizes.width))
            self.anticipation = nn.Linear(sizes.width, config.classes)
        self.head = nn.Linear((2 if config.queries else 1) * sizes.width, config.classes)

    def init_state(self, batch: int = 1) -> EncoderState:
        """The state of `batch` streams before their first frame. Raises ValueError for a detector without a step."""
        self.config.check_continual()
        return self.encoder.init_state(batch)

    @without_gradients
    def step(self, features: Tensor, state: EncoderState) -> tuple[Detection, EncoderState]:
        """features (B, features) of the next frame, and the state after it. Consumes the state."""
        self._check(features, 2)
        if self.config.is_plain:
            token, state = self.encoder.step(self.input(features), state)
            return self._read(token.unsqueeze(1)), state
        tokens, state = self.encoder.step_first(self.input(features), state)
        return self._read(self._others(tokens)), state

    def recompute(self, features: Tensor, heard: int) -> Detection:
        """Non-continual, differentiable: the last min(heard, history) frames (B, T, features) of `heard`."""
        self._check(features, 3)
        encoder, tokens = self.encoder, self.input(features)
        if self.config.is_plain:
            return self._read(encoder.recompute(tokens, heard).unsqueeze(1))
        tokens = encoder.enter(tokens, heard - features.shape[1])
        if self.config.class_token == 0:
            tokens = self._with_class_token(tokens)
        return self._read(self._others(encoder._blocks()[0].recompute(tokens, tokens.shape[1])))

    def _others(self, tokens: Tensor) -> Tensor:
        """What leaves the first block, (B, f, d) -> what leaves the encoder, the class token last where there is one.

        Without a decoder the newest output, or the class token's, alone.
        """
        others = self.encoder._blocks()[1:]
        if self.config.class_token == 1:
            tokens = self._with_class_token(tokens)
        for block in others:
            tokens = block.recompute(tokens, tokens.shape[1], last_only=block is others[-1] and not self.config.queries)
        outputs: Tensor = self.encoder.head_norm(tokens)
        return outputs

    def _read(self, outputs: Tensor) -> Detection:
        """What leaves the encoder, (B, f, d), to logits."""
        newest = outputs[:, -1]
        if not self.config.queries:
            return Detection(self.head(newest), None)
        later = torch.ones(self.config.queries, self.config.queries, dtype=torch.bool, device=outputs.device).triu(1)
        queries = self.queries.expand(len(outputs), -1, -1)
        decoded = self.decoder(queries, outputs, tgt_mask=later, tgt_is_causal=False)  # False: nothing to find out
        return Detection(self.head(torch.cat([newest, decoded.mean(dim=1)], dim=-1)), self.anticipation(decoded))

    def _with_class_token(self, tokens: Tensor) -> Tensor:
        assert self.class_token is not None
        return torch.cat([tokens, self.class_token.expand(len(tokens), -1, -1)], dim=1)

    def _check(self, features: Tensor, dimensions: int) -> None:
        if features.dim() != dimensions or features.shape[-1] != self.config.features:
            shape = f"({'batch' if dimensions == 2 else 'batch, time'}, {self.config.features})"
            raise ValueError(f"features have shape {tuple(features.shape)}; expected {shape}")
