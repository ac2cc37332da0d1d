"""The half-band filter as loops that numba compiles and vectorises: in one call what audio/halfband.py does by numpy.

No quicker by itself, but nothing in it lets go of Python, which a busy window then keeps for a while. As Python it
would take seconds: who calls it compiles it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 8  # taps: a sum is loaded and stored once for so many multiply-adds
GROUP = 8 * AT_ONCE  # taps: summed by themselves, so that an output is not rounded at every tap

Samples = NDArray[np.float32]


def halve_blocks(samples: Samples, taps: Samples, block: int, odd: Samples, sums: Samples, outputs: Samples) -> None:
    """samples from the first neighbour of the first output on -> outputs, a whole number of blocks.

    taps: the outer ones that are not zero, a multiple of AT_ONCE; the middle one is 1/2. odd (block + taps - 1,) and
    sums (block,): of any content, for this call alone.
    """
    length = len(taps)
    for begin in range(0, len(outputs), block):
        heard, halved = samples[2 * begin :], outputs[begin : begin + block]
        for i in range(block + length - 1):
            odd[i] = heard[2 * i]
        for i in range(block):
            halved[i] = np.float32(0.5) * heard[length - 1 + 2 * i]
        for first in range(0, length, GROUP):
            for i in range(block):
                sums[i] = np.float32(0.0)
            for k in range(first, min(first + GROUP, length), AT_ONCE):
                t0, t1, t2, t3 = taps[k], taps[k + 1], taps[k + 2], taps[k + 3]
                t4, t5, t6, t7 = taps[k + 4], taps[k + 5], taps[k + 6], taps[k + 7]
                near = odd[k : k + block + AT_ONCE - 1]
                for i in range(block):
                    low = near[i] * t0 + near[i + 1] * t1 + (near[i + 2] * t2 + near[i + 3] * t3)
                    high = near[i + 4] * t4 + near[i + 5] * t5 + (near[i + 6] * t6 + near[i + 7] * t7)
                    sums[i] += low + high
            for i in range(block):
                halved[i] += sums[i]
