"""Continual landmarks from torch to the compiled path and back: those that stand, and the segment that is not complete.

Of a single stream. torch keeps queries as they are, and keys and standing queries scaled; here queries are scaled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.attention.continual import ContinualState
from model.attention.nystrom import landmark_matrix_inverse
from model.compiled.classifier import CompiledClassifier, CompiledStream
from model.compiled.layout import doubles_at, floats_at
from model.segments import completed_segments

Array = NDArray[Any]


def set_landmarks(compiled: CompiledClassifier, stream: CompiledStream, block: int, kernel: ContinualState) -> Array:
    """Landmarks, inverse and segment of one block, from torch. Returns s Q~ (H, m, D), 0 where none stands yet."""
    sizes, config = compiled.sizes, compiled.config
    at, double_at = floats_at(sizes), doubles_at(sizes)
    floats, doubles = stream.encoder.floats[0, block], stream.encoder.doubles[0, block]
    standing, scale = kernel.memory.standing, config.head_width**-0.5
    queries, keys = (np.zeros((sizes.heads, sizes.landmarks, sizes.head_width)) for _ in range(2))
    queries[:, :standing] = scale * kernel.query_landmarks[:, :standing].numpy()
    keys[:, :standing] = kernel.key_landmarks[..., :standing].mT.numpy() / scale
    inverse = np.zeros((sizes.heads, sizes.landmarks, sizes.landmarks))
    inverse[:, :standing, :standing] = kernel.inverse.numpy()
    segment = (scale * kernel.segment_query.numpy(), kernel.segment_key.numpy())
    for begin, numbers in (
        (at.query_landmarks, queries.transpose(0, 2, 1)),
        (at.key_landmarks, keys.transpose(0, 2, 1)),
        (at.inverse, inverse),
    ):
        floats[begin : begin + numbers.size] = numbers.ravel()
    for begin, numbers in ((double_at.landmarks, np.stack([queries, keys])), (double_at.segment, np.stack(segment))):
        doubles[begin : begin + numbers.size] = numbers.ravel()
    return queries


def get_landmarks(compiled: CompiledClassifier, stream: CompiledStream, block: int, kernel: ContinualState) -> None:
    """The same back into a fresh state of torch, but for the averages, which are to be recomputed."""
    sizes, config, double_at = compiled.sizes, compiled.config, doubles_at(compiled.sizes)
    doubles, scale = stream.encoder.doubles[0, block], config.head_width**-0.5
    standing = min(sizes.landmarks, completed_segments(stream.position, sizes.window, sizes.landmarks))
    shape = 2, sizes.heads, sizes.landmarks, sizes.head_width
    landmarks = doubles[double_at.landmarks : double_at.landmarks + int(np.prod(shape))].reshape(shape)
    queries, keys = torch.from_numpy(landmarks[:, :, :standing].copy()).unbind(0)
    kernel.query_landmarks[:, :standing] = queries / scale
    kernel.key_landmarks[..., :standing] = keys.mT * scale
    kernel.memory.queries[:, :standing] = queries
    kernel.memory.standing = standing
    if standing:
        kernel.inverse = landmark_matrix_inverse(queries / scale, keys.mT * scale, config)
    segment = doubles[double_at.segment : double_at.segment + 2 * sizes.width].reshape(2, sizes.heads, -1)
    query, key = torch.from_numpy(segment.copy()).unbind(0)
    kernel.segment_query.copy_(query / scale)
    kernel.segment_key.copy_(key)
