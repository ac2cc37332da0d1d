"""Vectors as wide as the processor has them.

LLVM takes vectors of half the width on Intel processors with AVX-512, because the first of these slowed their clock
down when they used wide ones. Those since Ice Lake hardly do, and a step is a fifth faster there at full width.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from numba.core import types

from model.compiled.compiling import operation

FULL_WIDTH = '"prefer-vector-width"="512"'  # an attribute of a function, in LLVM's words
SINCE_ICE_LAKE = "avx512vbmi2"


def keeps_its_clock() -> bool:
    """Whether this processor has 512-bit vectors that are worth using."""
    return bool(llvmlite.binding.get_host_cpu_features().get(SINCE_ICE_LAKE, False))


@operation
def full_width(_: Any) -> Any:
    """In a compiled function: its loops, and what is inlined into them, vectorise at full width.

    An attribute of the function and not an option of the compiler: numba has those for the whole process, fixed by
    whatever is compiled first.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if keeps_its_clock():
            set.add(builder.function.attributes, FULL_WIDTH)  # llvmlite's own `add` knows no attributes with a value
        return context.get_dummy_value()

    return types.none(), generate
