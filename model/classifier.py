"""The classifier: log-mel frames in, genre logits out, at every frame and from the first one on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.config import ModelConfig
from model.encoder import Encoder, EncoderState
from model.layers import lay_out_for_single_tokens, without_gradients
from model.tokenizer import Tokenizer, TokenizerState


@dataclass(frozen=True)
class ClassifierState:
    """Everything remembered of one batch of streams between two frames."""

    tokenizer: TokenizerState
    encoder: EncoderState
    window: int  # n

    @property
    def filled(self) -> int:
        """How many tokens of the attention window have been heard, 0 .. n."""
        return min(self.encoder.position, self.window)

    def clone(self) -> ClassifierState:
        """A copy that goes its own way: `step` consumes the state it is given."""
        return ClassifierState(self.tokenizer, self.encoder.clone(), self.window)


torch.serialization.add_safe_globals([ClassifierState, TokenizerState])
for state in (ClassifierState, TokenizerState):
    torch.export.register_dataclass(state)


class Classifier(nn.Module):
    """Log-mel frames (B, T, bands) in dB -> genre logits (B, T, genres).

    Laws: `forward` equals `steps` in any chunking equals a loop of `step`; the modules remember nothing, a
    stream is its state, and a fresh state is a reset; adding a constant number of dB to all frames changes
    nothing.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = Tokenizer(config)
        self.encoder = Encoder(config)

    def init_state(self, batch: int = 1) -> ClassifierState:
        """The state of `batch` streams before their first frame."""
        return ClassifierState(self.tokenizer.init_state(batch), self.encoder.init_state(batch), self.config.window)

    @without_gradients
    def step(self, frame: Tensor, state: ClassifierState) -> tuple[Tensor, ClassifierState]:
        """frame (B, bands) dB -> logits (B, genres) for all heard in the window. Consumes the state."""
        self._check(frame, 2, state)
        token, tokenizer = self.tokenizer.step(frame, state.tokenizer)
        logits, encoder = self.encoder.step(token, state.encoder)
        return logits, ClassifierState(tokenizer, encoder, state.window)

    @without_gradients
    def steps(self, frames: Tensor, state: ClassifierState) -> tuple[Tensor, ClassifierState]:
        """frames (B, T, bands) dB -> logits (B, T, genres), what T steps would give. Consumes the state."""
        self._check(frames, 3, state)
        tokens, tokenizer = self.tokenizer.steps(frames, state.tokenizer)
        logits, encoder = self.encoder.steps(tokens, state.encoder)
        return logits, ClassifierState(tokenizer, encoder, state.window)

    def forward(self, frames: Tensor) -> Tensor:
        """frames (B, T, bands) dB of whole streams -> logits (B, T, genres)."""
        self._check(frames, 3)
        tokens, _ = self.tokenizer.steps(frames, self.tokenizer.init_state(frames.shape[0]))
        logits: Tensor = self.encoder(tokens)
        return logits

    def for_inference(self) -> Classifier:
        """Evaluation mode, batch norms folded into their convolutions, no gradients. It cannot be trained."""
        self.eval().requires_grad_(False)
        self.tokenizer.stem.fuse()
        lay_out_for_single_tokens(self)
        return self

    def with_window(self, window: int) -> Classifier:
        """The same weights, shared and not copied, looking back on `window` tokens: no weight depends on n.

        Of a classifier that is ready for inference; so is the one that is given back. Raises ValueError, see
        ModelConfig.with_window.
        """
        other = Classifier(self.config.with_window(window)).for_inference()
        other.load_state_dict(self.state_dict(), assign=True)
        return other

    def _check(self, frames: Tensor, dimensions: int, state: ClassifierState | None = None) -> None:
        """Raises ValueError before anything is changed."""
        bands, dtype = self.config.bands, self.tokenizer.band_mean.dtype
        shape = "(batch, bands)" if dimensions == 2 else "(batch, time, bands)"
        if frames.dim() != dimensions or frames.shape[-1] != bands:
            raise ValueError(f"frames have shape {tuple(frames.shape)}; expected {shape} with {bands} bands")
        if frames.dtype != dtype:
            raise ValueError(f"frames are {frames.dtype}; this model is {dtype}")
        if state is not None and state.tokenizer.levels.shape[0] != frames.shape[0]:
            streams = state.tokenizer.levels.shape[0]
            raise ValueError(f"frames of {frames.shape[0]} streams with a state of {streams}; expected equal")


def probabilities(logits: Tensor) -> Tensor:
    """(..., genres) -> (..., genres)."""
    return torch.softmax(logits, dim=-1)
