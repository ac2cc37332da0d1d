"""Softmax averages of standing queries over a sliding window: what enters is added, what leaves is subtracted.

All of continual attention rests on this: equation 2 of docs/attention.md. The standing queries are the landmarks of
Nystrom attention, or, in retroactive attention, the queries of every token in the window. The published form of this
subtraction overflows and drifts. This one does not:

- all of it is float64: what leaves is computed again from the same query and key, and equals what entered to 1e-15;
- a query's reference changes only when its sums are recomputed from the window, and that happens at once when they
  come near to overflowing, or when the weight has fallen below MIN_SHARE of its peak (a dominant token has left, and
  what remains is small beside the rounding of what was there).

Tensor dimensions: R rows (one per head and stream), S standing queries, D head width, n window.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._pytree import register_pytree_node

State = TypeVar("State", bound="WrittenInPlace")

MIN_SHARE = 1e-6
HEADROOM = 1e45  # a weight that times this overflows is recomputed: its weighted values have not overflowed yet


class WrittenInPlace:
    """A dataclass whose tensors are written in place: however it is copied or stored, the copy shares none of them.

    Two processes that are sent one tensor write into the same memory. And a tensor that was made under
    torch.inference_mode cannot be written to outside of it: none is.
    """

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: _own(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, _own(value))
        self.prepare_views()

    def prepare_views(self) -> None:
        """What is no field, from the fields."""


def as_pytree(state: type[State]) -> type[State]:
    """Register a WrittenInPlace dataclass: its tensors and states are the leaves, all else is its context."""

    def flatten(given: Any) -> tuple[list[Any], tuple[list[str], dict[str, Any]]]:
        values = {each.name: getattr(given, each.name) for each in fields(given)}
        parts = [name for name, value in values.items() if isinstance(value, Tensor | WrittenInPlace)]
        context = {name: value for name, value in values.items() if name not in parts}
        return [values[name] for name in parts], (parts, context)

    def unflatten(parts: Iterable[Any], context: tuple[list[str], dict[str, Any]]) -> Any:
        made = state.__new__(state)
        vars(made).update(dict(zip(context[0], parts, strict=True)) | context[1])
        made.prepare_views()
        return made

    register_pytree_node(state, flatten, unflatten, serialized_type_name=f"model.{state.__name__}")
    return state


@torch.inference_mode(False)
def _own(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else copy.copy(value)


@as_pytree
@dataclass
class SlidingAverage(WrittenInPlace):
    """The last n keys and values of some rows, and every standing query's sums. `push` changes it in place."""

    keys: Tensor  # (R, n, D) ring; NaN where nothing was written yet, so that a read too early shows
    values: Tensor  # (R, n, D) ring
    queries: Tensor  # (R, S, D) float64, scaled by 1 / sqrt(D)
    reference: Tensor  # (R, S, 1) float64, what is subtracted from a score before exp
    sums: Tensor  # (R, S, D + 1) float64, weighted values and, last, the weight
    peak: Tensor  # (R, S) float64, HEADROOM times the largest weight since the reference was chosen
    standing: int = 0  # how many of the S queries have been set; they are set in order
    position: int = 0  # tokens pushed

    def __post_init__(self) -> None:
        self.prepare_views()

    @torch.inference_mode(False)
    def prepare_views(self) -> None:
        if not isinstance(self.keys, Tensor):
            return  # a pytree of something else
        rows, _, width = self.keys.shape
        # What leaves and what enters, side by side: one product for both. The last value is the weight's +-1.
        # The views are made once, because making one takes as long as the arithmetic on it.
        self._two_keys = self.queries.new_zeros(rows, width, 2)
        self._two_values = self.queries.new_ones(rows, 2, width + 1)
        self._two_values[:, 0, -1] = -1.0
        self._leaving_key, self._entering_key = self._two_keys.unbind(-1)
        self._leaving_value, self._entering_value = self._two_values[..., :-1].unbind(1)

    @classmethod
    def empty(cls, rows: int, standing: int, head_width: int, window: int, like: Tensor) -> SlidingAverage:
        """Room for `standing` queries, with the dtype and device of `like` for keys and values."""

        def unwritten(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
            return like.new_full(shape, float("nan"), dtype=dtype)

        return cls(
            keys=unwritten(rows, window, head_width, dtype=like.dtype),
            values=unwritten(rows, window, head_width, dtype=like.dtype),
            queries=unwritten(rows, standing, head_width),
            reference=unwritten(rows, standing, 1),
            sums=unwritten(rows, standing, head_width + 1),
            peak=unwritten(rows, standing),
        )

    @property
    def window(self) -> int:
        return self.keys.shape[1]

    @property
    def filled(self) -> int:
        return min(self.position, self.window)

    def push(self, key: Tensor, value: Tensor) -> None:
        """Let key and value, each (R, D), enter, and what is n tokens older leave."""
        window = self.keys.shape[1]
        slot, full = self.position % window, self.position >= window
        key_here, value_here = self.keys.select(1, slot), self.values.select(1, slot)
        if full:
            self._leaving_key.copy_(key_here)
            self._leaving_value.copy_(value_here).neg_()
        key_here.copy_(key)
        value_here.copy_(value)
        self.position += 1
        if not self.standing:
            return
        if self.position == 1:
            self.recompute()
            return
        self._entering_key.copy_(key)
        self._entering_value.copy_(value)
        two_keys, two_values = self._two_keys, self._two_values
        if not full:
            two_keys, two_values = two_keys[..., 1:], two_values[:, 1:]
        queries, reference, sums, peak = self.queries, self.reference, self.sums, self.peak
        if self.standing < queries.shape[1]:
            queries, reference, sums, peak = (self._standing(each) for each in (queries, reference, sums, peak))
        sums.baddbmm_(torch.bmm(queries, two_keys).sub_(reference).exp_(), two_values)
        self._recompute_untrue(sums.select(-1, -1), peak)

    def set_query(self, place: int, query: Tensor) -> None:
        """Let the query (R, D) stand at `place` from now on, over the tokens that the window holds."""
        self.queries.select(1, place).copy_(query).mul_(query.shape[-1] ** -0.5)
        self.standing = max(self.standing, place + 1)
        self._recompute_places(slice(place, place + 1))

    def set_queries(self, queries: Tensor) -> None:
        """Let all S queries (R, S, D) stand from now on."""
        self.queries = queries.double() * queries.shape[-1] ** -0.5
        self.standing = queries.shape[1]
        self.recompute()

    def averages(self) -> Tensor:
        """(R, standing, D)."""
        sums = self._standing(self.sums)
        return (sums[..., :-1] / sums[..., -1:]).to(self.keys.dtype)

    def mix(self, weights: Tensor) -> Tensor:
        """weights (R, T, standing) float64 -> (R, T, D): the averages, weighted and added up."""
        sums = self._standing(self.sums)
        shares = weights / sums.select(-1, -1).unsqueeze(1)
        return torch.bmm(shares, sums).narrow(-1, 0, self.keys.shape[-1]).to(self.keys.dtype)

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Push many at once: keys and values (R, T, D) -> all that they see, (R, at most n - 1 + T, D) each."""
        past_keys, past_values = self.history(min(self.filled, self.window - 1))
        length = keys.shape[1]
        kept = min(length, self.window)
        slots = self._slots(self.position + length, kept)
        self.keys[:, slots] = keys[:, length - kept :]
        self.values[:, slots] = values[:, length - kept :]
        self.position += length
        self.recompute()
        return torch.cat([past_keys, keys], dim=1), torch.cat([past_values, values], dim=1)

    def history(self, length: int) -> tuple[Tensor, Tensor]:
        """The last `length` keys and values, (R, length, D) each, oldest first."""
        slots = self._slots(self.position, length)
        return self.keys[:, slots], self.values[:, slots]

    def in_order(self, per_token: Tensor) -> Tensor:
        """(R, n, ...) rows that stand where their tokens stand in the ring -> (R, filled, ...), oldest first."""
        if self.position <= self.window:
            return per_token[:, : self.filled]
        return per_token.roll(-(self.position % self.window), dims=1)

    def recompute(self) -> None:
        """All sums from the window, as if nothing had ever left it."""
        self._recompute_places(slice(0, self.standing))

    def _standing(self, per_query: Tensor) -> Tensor:
        """Of the S queries' numbers those that are set."""
        return per_query if self.standing == per_query.shape[1] else per_query[:, : self.standing]

    def _slots(self, end: int, length: int) -> Tensor:
        return torch.arange(end - length, end, device=self.keys.device) % self.window

    def _recompute_untrue(self, weight: Tensor, peak: Tensor) -> None:
        """weight and peak (R, standing)."""
        torch.maximum(peak, weight * HEADROOM, out=peak)
        # False also where the peak has overflowed: nothing is more than infinity, nor more than NaN.
        true = torch.sub(weight, peak, alpha=MIN_SHARE / HEADROOM) > 0.0
        if not true.all():
            rows, places = true.logical_not().nonzero(as_tuple=True)
            if len(rows) <= len(true):
                self._recompute_each(rows, places)
            else:
                self.recompute()

    def _recompute_places(self, places: slice) -> None:
        """The same places of every row."""
        if places.stop == places.start or not self.filled:
            return
        first, count = places.start, places.stop - places.start
        keys, values = self.keys.narrow(1, 0, self.filled), self.values.narrow(1, 0, self.filled)
        reference, sums = _sums_from_nothing(self.queries.narrow(1, first, count), keys, values)
        self.reference.narrow(1, first, count).copy_(reference)
        self.sums.narrow(1, first, count).copy_(sums)
        torch.mul(sums.select(-1, -1), HEADROOM, out=self.peak.narrow(1, first, count))

    def _recompute_each(self, rows: Tensor, places: Tensor) -> None:
        """Single queries, P of them: rows (P,), places (P,)."""
        keys, values = self.keys[rows, : self.filled], self.values[rows, : self.filled]
        reference, sums = _sums_from_nothing(self.queries[rows, places].unsqueeze(1), keys, values)
        self.reference[rows, places] = reference.squeeze(1)
        self.sums[rows, places] = sums.squeeze(1)
        self.peak[rows, places] = HEADROOM * sums[:, 0, -1]


def _sums_from_nothing(queries: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """queries (R, S, D), keys and values (R, T, D) -> references (R, S, 1) and sums (R, S, D + 1)."""
    scores = torch.bmm(queries, keys.double().mT)  # (R, S, T)
    reference = scores.amax(dim=-1, keepdim=True)
    terms = scores.sub_(reference).exp_()
    return reference, torch.cat([torch.bmm(terms, values.double()), terms.sum(dim=-1, keepdim=True)], dim=-1)
