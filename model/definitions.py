"""What the model and its cost have in common besides the configuration; known without torch."""

from __future__ import annotations

# The stem's convolutions.
KERNEL_TIME = 3  # frames
KERNEL_BANDS = 3
FIRST_KERNEL_BANDS = 5

# Attention.
NEWTON_SCHULZ_ITERATIONS = 6
QUERY_CHUNK = 256  # queries at once in a parallel pass: bounds the banded mask
MIX_PIECE = 128  # tokens that are mixed by one masked matrix product


# The segments of continual landmarks, also where m does not divide n: segment i ends when floor((i + 1) n / m) tokens
# have been heard. Any m segments in a row then hold exactly n tokens.


def segment_end(index: int, window: int, count: int) -> int:
    """How many tokens have been heard when segment `index` (0, 1, ...; -1 for the beginning) is complete."""
    return (index + 1) * window // count


def completed_segments(heard: int, window: int, count: int) -> int:
    """How many segments are complete once `heard` tokens have been heard."""
    return -(-(heard + 1) * count // window) - 1


def longest_segment(window: int, count: int) -> int:
    return -(-window // count)
