"""What the model and its cost have in common besides the configuration; known without torch."""

from __future__ import annotations

from typing import Any

# What no sound makes, and no tokenizer: such a frame counts as one of silence, such a token as one of zeros. NaN would
# stay for a window and longer, and larger numbers overflow.
LARGEST_DB = 1000.0  # of a band of a frame
SILENCE_DB = -100.0  # of all of them: the digital floor of the log-mel
LARGEST_TOKEN = 1e9  # of a number of a token

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


# The inverse P of the landmark matrix A = softmax(Q~ K~^T), (R, m, m) -> (R, m, m). Of torch's tensors and of numpy's
# arrays: `library` is torch or numpy.


def invert(matrix: Any, method: str, ridge: float, library: Any) -> Any:
    """By the configuration's `inverse`: "pinv", exact; "newton-schulz"; or "ridge", (A^T A + epsilon I)^-1 A^T.

    The last is for a learned, nearly singular A, whose exact pseudo-inverse amplifies noise.
    """
    if method == "pinv":
        return library.linalg.pinv(matrix)
    if method == "newton-schulz":
        return newton_schulz_inverse(matrix, library)
    regular = matrix.mT @ matrix + ridge * _identity(matrix, library)
    return library.linalg.solve(regular, matrix.mT)


def newton_schulz_inverse(matrix: Any, library: Any, iterations: int = NEWTON_SCHULZ_ITERATIONS) -> Any:
    """The approximate pseudo-inverse of Xiong et al., AAAI 2021, equation 11, and its start from Z = A^T."""
    largest_column = library.amax(library.abs(matrix).sum(-2), -1)
    largest_row = library.amax(library.abs(matrix).sum(-1), -1)
    inverse = matrix.mT / (largest_column * largest_row)[..., None, None]
    identity = _identity(matrix, library)
    for _ in range(iterations):
        product = matrix @ inverse
        inverse = inverse @ (13 * identity - product @ (15 * identity - product @ (7 * identity - product))) / 4
    return inverse


def _identity(matrix: Any, library: Any) -> Any:
    return library.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
