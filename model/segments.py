"""Where the segments of continual landmarks begin and end, also when m does not divide n.

Segment i ends when floor((i + 1) n / m) tokens have been heard. Any m segments in a row then hold exactly n tokens.
"""

from __future__ import annotations


def segment_end(index: int, window: int, count: int) -> int:
    """How many tokens have been heard when segment `index` (0, 1, ...; -1 for the beginning) is complete."""
    return (index + 1) * window // count


def completed_segments(heard: int, window: int, count: int) -> int:
    """How many segments are complete once `heard` tokens have been heard."""
    return -(-(heard + 1) * count // window) - 1


def longest_segment(window: int, count: int) -> int:
    return -(-window // count)
