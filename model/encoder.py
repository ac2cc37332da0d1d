"""The encoder: blocks of continual attention, then a norm and a linear head at every token, where it has these.

Blocks are stacked "deep", every one single output over its own past, or "retroactive", the first updating all n outputs
of the window for the others: see "Blocks" in docs/attention.md. A token with a number that is NaN, infinite or
beyond 1e9 counts as one of zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from model.attention import AttentionState
from model.attention.kernel import Landmarks
from model.block import EncoderBlock, load_torch_norm, sizes_of_torch_layer
from model.config import EncoderConfig, ModelConfig
from model.definitions import LARGEST_TOKEN
from model.layers import RecyclingPositions, linear, norm, refuse_masks, replace_invalid, without_gradients


class EncoderState(NamedTuple):
    """One batch of streams between two tokens. Consumed by every step, see AttentionState."""

    blocks: tuple[AttentionState, ...]  # of the first block only where stacking is retroactive
    position: int  # tokens heard
    window: Tensor | None = None  # retroactive: (B, f, d) the tokens of the window, oldest first
    prepared: tuple[Landmarks | None, ...] = ()  # retroactive: the fixed landmarks of the other blocks

    def clone(self) -> EncoderState:
        return self._replace(blocks=tuple(block.clone() for block in self.blocks))


torch.serialization.add_safe_globals([EncoderState])


class Encoder(nn.Module):
    """Tokens (B, T, d) -> answers (B, T, outputs), one at every token for all heard in the window.

    Laws: `forward` equals `steps` in any chunking equals a loop of `step`; a stream is its state, and a fresh state is
    a reset. Tokens of another shape or dtype, and a state of another encoder, raise ValueError before anything changes.
    """

    head: nn.Linear  # an nn.Identity where the configuration names no outputs

    def __init__(self, config: EncoderConfig | ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.positions = RecyclingPositions(config.positions, config.width) if config.positions else None
        self.blocks = nn.ModuleList(EncoderBlock(config) for _ in range(config.blocks))
        self.head_norm = nn.LayerNorm(config.width) if config.final_norm else nn.Identity()
        self.head = nn.Linear(config.width, config.outputs) if config.outputs else nn.Identity()  # type: ignore[assignment]

    @classmethod
    def from_torch(
        cls, torchs: nn.TransformerEncoder | nn.TransformerEncoderLayer, window: int, **sizes: Any
    ) -> Encoder:
        """With the weights of torch's encoder, or of one layer, over a window of so many tokens; tokens are (B, T, d).

        Answers are torch's for the newest token: on the last `window` tokens where blocks are stacked retroactively, as
        two are, and under a banded causal mask where they are "deep", as more are. `sizes` are further fields of
        EncoderConfig; those of the layers are read. With Nystrom attention the answers approximate torch's; fixed
        landmarks must be set by `fix_landmarks` first. Raises ValueError for layers that no block of ours equals.
        """
        layers: list[Any] = [torchs]
        final = None
        if isinstance(torchs, nn.TransformerEncoder):
            layers, final = list(cast(nn.ModuleList, torchs.layers)), torchs.norm
        own: dict[str, Any] = {
            "attention": "softmax",
            "blocks": len(layers),
            "stacking": "retroactive" if len(layers) == 2 else "deep",
            **sizes_of_torch_layer(layers[0]),
            "final_norm": final is not None,
        }
        encoder = cls(EncoderConfig(window=window, **(own | sizes)))
        encoder.to(layers[0].linear1.weight).train(torchs.training)
        for block, layer in zip(encoder._blocks(), layers, strict=True):
            block.load_torch_layer(layer)
        if final is not None:
            load_torch_norm(encoder.head_norm, final)
        return encoder

    @property
    def receptive_field(self) -> int:
        """How many tokens an answer can depend on, the newest included."""
        return self.config.history

    @property
    def delay(self) -> int:
        """How many tokens after a token its answer comes: none. There is one from the first token on."""
        return 0

    @without_gradients
    def init_state(self, batch: int = 1) -> EncoderState:
        """The state of `batch` streams before their first token."""
        blocks = self._blocks()
        if self.config.stacking == "retroactive":
            window = self._like().new_empty(batch, 0, self.config.width)
            prepared = tuple(self.prepare(batch)[1:])
            return EncoderState((blocks[0].attention.init_state(batch),), 0, window, prepared)
        return EncoderState(tuple(block.attention.init_state(batch) for block in blocks), 0)

    def prepare(self, batch: int = 1) -> list[Landmarks | None]:
        """What the parameters of every block decide alone; `recompute` need not compute it again."""
        return [block.attention.kernel.prepare(batch) for block in self._blocks()]

    @without_gradients
    def step(self, token: Tensor, state: EncoderState) -> tuple[Tensor, EncoderState]:
        """token (B, d) -> its answer (B, outputs). Consumes the state."""
        self._check(token, 2)
        if state.window is None:
            token = self.enter(token.unsqueeze(1), state.position).squeeze(1)
            return self._through(EncoderBlock.step, token, state, heard=1)
        tokens, state = self.step_first(token, state)
        *_, last = others = self._blocks()[1:]
        for block, landmarks in zip(others, state.prepared, strict=True):
            tokens = block.recompute(tokens, tokens.shape[1], landmarks, last_only=block is last)
        return self._answer(tokens.squeeze(1)), state

    @without_gradients
    def steps(self, tokens: Tensor, state: EncoderState) -> tuple[Tensor, EncoderState]:
        """tokens (B, T, d) -> answers (B, T, outputs), what T steps would give. Consumes the state."""
        self._check(tokens, 3)
        if tokens.shape[1] == 0:
            return self._answer(tokens), state
        if state.window is None:
            tokens = self.enter(tokens, state.position)
            return self._through(EncoderBlock.steps, tokens, state, heard=tokens.shape[1])
        answers = []
        for token in tokens.unbind(1):
            answer, state = self.step(token, state)
            answers.append(answer)
        return torch.stack(answers, dim=1), state

    def step_first(self, token: Tensor, state: EncoderState) -> tuple[Tensor, EncoderState]:
        """Retroactive: token (B, d) -> what the first block makes of the window, (B, f, d), the newest last."""
        assert state.window is not None
        token = self.enter(token.unsqueeze(1), state.position)
        window = torch.cat([state.window, token], dim=1)[:, -self.config.window :]
        tokens, first = self._blocks()[0].step_all(window, state.blocks[0])
        return tokens, state._replace(blocks=(first,), position=state.position + 1, window=window)

    def forward(self, tokens: Tensor, mask: None = None, *, first: int = 0, **masks: object) -> Tensor:
        """Whole streams: tokens (B, T, d) -> answers (B, T, outputs); differentiable, for training.

        first: the number of their first token. With retroactive stacking every token's window is encoded by itself:
        T times the work. Masks raise ValueError: every token sees the last n, itself included.
        """
        refuse_masks(mask, masks)
        self._check(tokens, 3)
        if tokens.shape[1] == 0:
            return self._answer(tokens)
        if self.config.stacking == "retroactive":
            heard = range(1, tokens.shape[1] + 1)
            return torch.stack(
                [self.recompute(tokens[:, max(0, t - self.config.history) : t], first + t) for t in heard], dim=1
            )
        return self._answer(self._encode(tokens, first, [None] * self.config.blocks))

    def recompute(self, tokens: Tensor, heard: int, landmarks: list[Landmarks | None] | None = None) -> Tensor:
        """Non-continual: the last min(heard, history) tokens (B, T, d) of `heard` -> the newest answer (B, outputs).

        Raises ValueError where there is none.
        One block, or several stacked retroactively: the ordinary encoder on the window. Deep stacks: the ordinary
        encoder under a banded causal mask. `landmarks` are what `prepare` gave.
        """
        if tokens.shape[1] == 0:
            raise ValueError("no token has been heard: an answer needs one")
        blocks = self._blocks()
        landmarks = landmarks or [None] * len(blocks)
        if self.config.stacking == "deep" and len(blocks) > 1:
            return self._answer(self._encode(tokens, heard - tokens.shape[1], landmarks)[:, -1])
        tokens = self.enter(tokens, heard - tokens.shape[1])
        tokens = blocks[0].recompute(tokens, heard, landmarks[0])
        for block, block_landmarks in zip(blocks[1:], landmarks[1:], strict=True):
            tokens = block.recompute(tokens, tokens.shape[1], block_landmarks)
        return self._answer(tokens[:, -1])

    @torch.no_grad()
    def fix_landmarks(self, tokens: Tensor, only: int | None = None) -> None:
        """Set every block's fixed landmarks, or one block's, by k-means of what it sees of tokens (B, T, d).

        Raises ValueError.
        """
        tokens = self.enter(tokens, 0)
        for index, block in enumerate(self._blocks()):
            if only in (None, index):
                block.attention.fix_landmarks(block.attention_input(tokens).flatten(0, 1))
            tokens = block(tokens)

    def enter(self, tokens: Tensor, first: int) -> Tensor:
        """What the first block is given of tokens (B, T, d), the first of them number `first` of its stream."""
        tokens = replace_invalid(tokens, LARGEST_TOKEN, 0.0)
        return tokens if self.positions is None else self.positions(tokens, first)

    def _through(
        self, step: Callable[..., tuple[Tensor, AttentionState]], tokens: Tensor, state: EncoderState, heard: int
    ) -> tuple[Tensor, EncoderState]:
        """A deep stack's blocks take one step each, of this kind."""
        after = []
        for block, block_state in zip(self._blocks(), state.blocks, strict=True):
            tokens, block_state = step(block, tokens, block_state)
            after.append(block_state)
        return self._answer(tokens), EncoderState(tuple(after), state.position + heard)

    def _encode(self, tokens: Tensor, first: int, landmarks: list[Landmarks | None]) -> Tensor:
        """A deep stack over a stream from its token `first` on, (B, T, d) -> (B, T, d)."""
        tokens = self.enter(tokens, first)
        for block, block_landmarks in zip(self._blocks(), landmarks, strict=True):
            tokens = block(tokens, first=first, landmarks=block_landmarks)
        return tokens

    def _answer(self, tokens: Tensor) -> Tensor:
        if isinstance(self.head_norm, nn.LayerNorm):
            tokens = norm(self.head_norm, tokens)
        return linear(self.head, tokens) if isinstance(self.head, nn.Linear) else tokens

    def _check(self, tokens: Tensor, dimensions: int) -> None:
        if tokens.dim() != dimensions or tokens.shape[-1] != self.config.width:
            shape = f"({'batch' if dimensions == 2 else 'batch, time'}, {self.config.width})"
            raise ValueError(f"tokens have shape {tuple(tokens.shape)}; expected {shape}")

    def _like(self) -> Tensor:
        """A tensor of the weights' dtype and device."""
        return self._blocks()[0].attention.output.weight

    def _blocks(self) -> list[EncoderBlock]:
        return [block for block in self.blocks if isinstance(block, EncoderBlock)]
