"""FLOPs of attention without its projections: the continual steps, and the window recomputed from nothing.

Letters as in the kernels: n window, d width, H heads, m landmarks. A sum's weight is kept behind its weighted values,
so that d + H numbers per head-wise row are summed where d of them are values.
"""

from __future__ import annotations

from typing import NamedTuple

from model.config import ModelConfig
from model.definitions import NEWTON_SCHULZ_ITERATIONS


class StepFlops(NamedTuple):
    """Over the n steps of a window."""

    plain: int  # at every step
    renewal: int = 0  # on top of it, at a step that renews
    renewals: int = 0  # how many of n steps do


def step_flops(config: ModelConfig) -> StepFlops:
    """All blocks."""
    if config.stacking == "retroactive":
        first = _all_outputs_step(config)
        return first._replace(plain=first.plain + recompute_flops(config, config.window, outputs=1))
    one = _single_output_step(config)
    return StepFlops(config.blocks * one.plain, config.blocks * one.renewal, one.renewals)


def recompute_flops(config: ModelConfig, tokens: int, outputs: int) -> int:
    """One block from nothing, fixed landmarks as prepared: `outputs` of the window, from the last `tokens`."""
    n, d, m = config.window, config.width, config.landmark_count
    if config.attention == "softmax":
        return 4 * outputs * tokens * d
    flops = (
        4 * m * n * d  # query landmarks over the window: scores, averages
        + 2 * m * m * d  # the inverse times these
        + 4 * outputs * m * d  # queries over key landmarks: scores, outputs
    )
    if config.landmarks == "continual":
        flops += 2 * 2 * m * tokens * d  # segment means of queries and of keys
        flops += landmark_inverse_flops(config, m)
    return flops


def landmark_inverse_flops(config: ModelConfig, landmarks: int) -> int:
    """The landmark matrices of all heads, and their inverses."""
    cube = landmarks**3
    inverse = {
        "ridge": 2 * cube + 8 * cube // 3,  # A^T A; then solve
        "pinv": 21 * cube + 2 * cube,  # singular values; then the product
        "newton-schulz": NEWTON_SCHULZ_ITERATIONS * 4 * 2 * cube,
    }
    return 2 * landmarks**2 * config.width + config.heads * inverse[config.inverse]


def landmark_weights_flops(config: ModelConfig, queries: int, landmarks: int) -> int:
    """softmax(q K~^T) P."""
    return 2 * queries * landmarks * config.width + 2 * queries * config.heads * landmarks**2


def _single_output_step(config: ModelConfig) -> StepFlops:
    n, d, m = config.window, config.width, config.landmark_count
    if config.attention == "softmax":
        return StepFlops(4 * n * d)
    plain = _slide(config, m) + landmark_weights_flops(config, 1, m) + _mix(config, 1)
    if config.landmarks == "fixed":
        return StepFlops(plain, renewal=_sum_again(config, m), renewals=1)
    return StepFlops(plain, renewal=_sum_again(config, 1) + landmark_inverse_flops(config, m), renewals=m)


def _all_outputs_step(config: ModelConfig) -> StepFlops:
    n, m = config.window, config.landmark_count
    if config.attention == "softmax":
        return StepFlops(_slide(config, n) + _sum_again(config, 1))
    plain = _slide(config, m) + landmark_weights_flops(config, 1, m) + _mix(config, n)
    if config.landmarks == "fixed":
        return StepFlops(plain, renewal=_sum_again(config, m), renewals=1)
    renewal = _sum_again(config, 1) + landmark_inverse_flops(config, m) + landmark_weights_flops(config, n - 1, m)
    return StepFlops(plain, renewal, renewals=m)


def _slide(config: ModelConfig, standing: int) -> int:
    """One token enters and one leaves the sums of `standing` queries: scores, then sums."""
    d, heads = config.width, config.heads
    return 2 * (2 * standing * d + 2 * standing * (d + heads))


def _sum_again(config: ModelConfig, standing: int) -> int:
    """The sums of `standing` queries from the whole window: scores, then sums."""
    return 4 * standing * config.window * config.width


def _mix(config: ModelConfig, outputs: int) -> int:
    """Landmark weights times sums."""
    return 2 * outputs * config.landmark_count * (config.width + config.heads)
