"""A vector register as a value in compiled functions: 16 numbers of float32, or 8 of float64.

For loops that a compiler does not vectorise well: a tile of outputs that is to stay in registers while all inputs are
gone through, and short loops, of which there is nothing left after the compiler has divided them up. Where registers
are shorter it takes several. Arrays are contiguous, and no index is checked.

    total = spread(np.float32(0.0))
    for k in range(width):
        total = multiply_add(load_spread(inputs, k), load(weights, k * count), total)
    store(total, outputs, 0)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import models, register_model

from model.compiled.compiling import operation

LANES = 16  # float32
WIDE_LANES = 8  # float64
WORDS = ir.VectorType(ir.IntType(32), LANES)
FUSED = ("contract",)  # a product and a sum may be one multiply-add


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


@operation
def load_wide(_: Any, array: Any, index: Any) -> Any:
    """The same of a float32 array, as float64: half as many."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        narrow = ir.VectorType(ir.FloatType(), WIDE_LANES)
        place = _place(context, builder, signature, arguments, 0, narrow)
        return builder.fpext(builder.load(place, align=4), _vector(types.float64))

    return Register(types.float64)(array, types.int64), generate


def _load_half(unpack: Callable[[Any, Any], Any]) -> Any:
    """Of a float32 array that holds two bfloat16 numbers in each place: of the neighbours from array[index] on, what
    `unpack` makes of them as words.
    """

    def load_half(_: Any, array: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            words = builder.load(_place(context, builder, signature, arguments, 0, WORDS), align=4)
            return builder.bitcast(unpack(builder, words), _vector(types.float32))

        return Register(types.float32)(array, types.int64), generate

    return operation(load_half)


load_low = _load_half(lambda builder, words: builder.shl(words, ir.Constant(WORDS, [16] * LANES)))
load_high = _load_half(lambda builder, words: builder.and_(words, ir.Constant(WORDS, [0xFFFF0000] * LANES)))


@operation
def load_spread(_: Any, array: Any, index: Any) -> Any:
    """array[index] in every lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return _spread(builder, builder.load(builder.gep(base, [arguments[1]])), array.dtype)

    return Register(array.dtype)(array, types.int64), generate


@operation
def store(_: Any, register: Any, array: Any, index: Any) -> Any:
    """The other way round."""

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
