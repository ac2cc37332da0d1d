"""How functions are compiled, and vector registers for them.

A register is a value of 16 numbers of float32, or 8 of float64, for loops that a compiler does not vectorise well: a
tile of outputs that is to stay in registers while all inputs are gone through, and short loops, of which there is
nothing left after the compiler has divided them up. Where the processor's are shorter it takes several. Arrays are
contiguous, and no index is checked.

    total = spread(np.float32(0.0))
    for k in range(width):
        total = multiply_add(load_spread(inputs, k), load(weights, k * count), total)
    store(total, outputs, 0)
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import config, types
from numba.extending import intrinsic, models, register_model
from numba.np.unsafe.ndarray import to_fixed_tuple
from numpy.typing import NDArray

SHIPPED = Path(__file__).with_name("shipped")  # what a bundle brings along: the compiled functions,
PROCESSOR = "processor.json"  # and for which processor they are made: LLVM's name of it, and the features that make it


@cache
def shipped_folder() -> Path | None:
    """Where what is shipped lies, with numba told to compile for that processor. None in a checkout, where this
    processor lacks a feature, and where NUMBA_CPU_NAME asks for another.

    To be called before numba compiles anything: it asks only once what it compiles for.
    """
    try:
        made_for = json.loads((SHIPPED / PROCESSOR).read_text(encoding="utf-8"))
    except OSError:
        return None
    features = llvmlite.binding.get_host_cpu_features()
    if os.environ.get("NUMBA_CPU_NAME") or not all(features.get(name) for name in made_for["features"]):
        return None
    config.CPU_NAME, config.CPU_FEATURES = made_for["name"], ""  # type: ignore[attr-defined]
    return SHIPPED


shipped_folder()  # every file of this package imports this one first

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = NDArray[np.float32]
F = np.float32

OPTIONS: dict[str, Any] = {
    "fastmath": True,
    "error_model": "numpy",  # a check of every division stops loops from vectorising
    "_nrt": False,  # nothing is allocated, and no references are counted: that took a tenth of a step
}

LANES = 16  # float32
WIDE_LANES = 8  # float64
WORDS = ir.VectorType(ir.IntType(32), LANES)
FUSED = ("contract",)  # a product and a sum may be one multiply-add

FULL_WIDTH = '"prefer-vector-width"="512"'  # an attribute of a function, in LLVM's words
SINCE_ICE_LAKE = "avx512vbmi2"

as_tuple: Any = to_fixed_tuple  # (array, length) -> its first numbers as a tuple, inside a compiled function


def compiled(function: Function) -> Function:
    """A function of its own."""
    return cast(Function, njit(**OPTIONS)(function))


def inlined(function: Function) -> Function:
    """Compiled into every function that calls it, so that loops over it vectorise."""
    return cast(Function, njit(inline="always", **OPTIONS)(function))


def operation(typing: Callable[..., Any]) -> Any:
    """One that is written in LLVM's terms; see numba.extending.intrinsic."""
    return intrinsic(typing)


@operation
def full_width(_: Any) -> Any:
    """In a compiled function: its loops, and what is inlined into them, vectorise at full width.

    LLVM takes vectors of half the width on Intel processors with AVX-512, because the first of these slowed their clock
    down when they used wide ones. Those since Ice Lake hardly do, and a step is a fifth faster there at full width. An
    attribute of the function and not an option of the compiler: numba has those for the whole process, fixed by
    whatever is compiled first.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if keeps_its_clock():
            set.add(builder.function.attributes, FULL_WIDTH)  # llvmlite's own `add` knows no attributes with a value
        return context.get_dummy_value()

    return types.none(), generate


def keeps_its_clock() -> bool:
    """Whether the processor that is compiled for has 512-bit vectors that are worth using."""
    own = config.CPU_NAME is None  # type: ignore[attr-defined]  # another one can be named by NUMBA_CPU_NAME
    return own and bool(llvmlite.binding.get_host_cpu_features().get(SINCE_ICE_LAKE, False))


class Register(types.Type):
    """The numba type; `item` is the type of a lane."""

    def __init__(self, item: Any) -> None:
        super().__init__(name=f"Register({item})")
        self.item = item


@register_model(Register)
class _RegisterModel(models.PrimitiveModel):
    def __init__(self, manager: Any, of: Register) -> None:
        super().__init__(manager, of, _vector(of.item))  # type: ignore[no-untyped-call]


def _vector(item: Any) -> Any:
    return ir.VectorType(ir.FloatType(), LANES) if item == types.float32 else ir.VectorType(ir.DoubleType(), WIDE_LANES)


def _place(context: Any, builder: Any, signature: Any, arguments: Any, array: int, kind: Any) -> Any:
    """A pointer to a vector of this kind: where argument number `array` is at the index behind it."""
    base = context.make_array(signature.args[array])(context, builder, arguments[array]).data
    return builder.bitcast(builder.gep(base, [arguments[array + 1]]), kind.as_pointer())


def _spread(builder: Any, number: Any, item: Any) -> Any:
    kind = _vector(item)
    nothing, first = ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None)
    return builder.shuffle_vector(builder.insert_element(nothing, number, ir.IntType(32)(0)), nothing, first)


@operation
def load(_: Any, array: Any, index: Any) -> Any:
    """The neighbours from array[index] on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature, arguments, 0, _vector(array.dtype))
        return builder.load(place, align=array.dtype.bitwidth // 8)

    return Register(array.dtype)(array, types.int64), generate


def _load_as(item: Any, kind: Any, unpack: Callable[[Any, Any], Any]) -> Any:
    """Of the neighbours from array[index] on (float32), read as a vector of this kind, what `unpack` makes of them."""

    def load_as(_: Any, array: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            read = builder.load(_place(context, builder, signature, arguments, 0, kind), align=4)
            return unpack(builder, read)

        return Register(item)(array, types.int64), generate

    return operation(load_as)


# As float64: half as many. Then of an array that holds two bfloat16 numbers in each place: the lower, the upper ones.
load_wide = _load_as(
    types.float64,
    ir.VectorType(ir.FloatType(), WIDE_LANES),
    lambda builder, narrow: builder.fpext(narrow, _vector(types.float64)),
)
load_low = _load_as(
    types.float32,
    WORDS,
    lambda builder, words: builder.bitcast(
        builder.shl(words, ir.Constant(WORDS, [16] * LANES)), _vector(types.float32)
    ),
)
load_high = _load_as(
    types.float32,
    WORDS,
    lambda builder, words: builder.bitcast(
        builder.and_(words, ir.Constant(WORDS, [0xFFFF0000] * LANES)), _vector(types.float32)
    ),
)


@operation
def load_spread(_: Any, array: Any, index: Any) -> Any:
    """array[index] in every lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return _spread(builder, builder.load(builder.gep(base, [arguments[1]])), array.dtype)

    return Register(array.dtype)(array, types.int64), generate


@operation
def store(_: Any, register: Any, array: Any, index: Any) -> Any:
    """The register to the neighbours from array[index] on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature, arguments, 1, _vector(array.dtype))
        builder.store(arguments[0], place, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(register, array, types.int64), generate


@operation
def spread(_: Any, number: Any) -> Any:
    """This number in every lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _spread(builder, arguments[0], number)

    return Register(number)(number), generate


@operation
def multiply_add(_: Any, a: Any, b: Any, c: Any) -> Any:
    """a b + c, lane by lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        product = builder.fmul(arguments[0], arguments[1], flags=FUSED)
        return builder.fadd(product, arguments[2], flags=FUSED)

    return a(a, b, c), generate
