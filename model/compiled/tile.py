"""The one loop that is written in the compiler's own language, because no loop in Python becomes it.

A tile of outputs stays in registers while all inputs are gone through: four rows of two vectors are eight independent
chains of multiply-adds, as many as two units with a latency of four cycles can work on. A loop over memory loads and
stores every output again for every few inputs.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

ROWS = 4
LANES = 16  # numbers of a vector; where registers are shorter the compiler takes several

VECTOR = ir.VectorType(ir.FloatType(), LANES)
EVERY_LANE = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)  # of a shuffle: the first number
register: Any = cgutils.alloca_once_value  # a variable of a function, which the compiler keeps in a register
FUSED = ("contract",)  # a product and a sum may be one multiply-add


def tile_product(vectors: int) -> Any:
    """A function of this many vectors of columns, to be called in compiled functions."""

    def multiply_tile(_: Any, weights: Any, count: Any, inputs: Any, stride: Any, width: Any, outputs: Any) -> Any:
        """outputs (ROWS, .) += inputs (ROWS, width) times weights (width, .).

        weights, outputs: begin at the tile's first number; `count` numbers further on is the same column of the next
        row, as `stride` numbers are for inputs. Contiguous float32 arrays; nothing is checked.
        """
        signature = types.void(weights, types.int64, inputs, types.int64, types.int64, outputs)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            weights, inputs, outputs = (
                context.make_array(signature.args[place])(context, builder, arguments[place]).data
                for place in (0, 2, 5)
            )
            count, stride, width = arguments[1], arguments[3], arguments[4]

            def vector_at(base: Any, row: Any, number: int) -> Any:
                first = builder.add(builder.mul(row, count), count.type(number * LANES))
                return builder.bitcast(builder.gep(base, [first]), VECTOR.as_pointer())

            rows = [count.type(row) for row in range(ROWS)]
            places = [[vector_at(outputs, row, number) for number in range(vectors)] for row in rows]
            totals = [[register(builder, builder.load(at, align=4)) for at in row] for row in places]
            taken = [builder.gep(inputs, [builder.mul(row, stride)]) for row in rows]
            with cgutils.for_range(builder, width) as loop:
                k = loop.index
                loaded = [builder.load(vector_at(weights, k, number), align=4) for number in range(vectors)]
                for mine, row in zip(totals, taken, strict=True):
                    x = _spread(builder, builder.load(builder.gep(row, [k])))
                    for total, weight in zip(mine, loaded, strict=True):
                        product = builder.fmul(x, weight, flags=FUSED)
                        builder.store(builder.fadd(builder.load(total), product, flags=FUSED), total)
            for mine, at in zip(totals, places, strict=True):
                for total, place in zip(mine, at, strict=True):
                    builder.store(builder.load(total), place, align=4)
            return context.get_dummy_value()

        return signature, generate

    return intrinsic(multiply_tile)


def _spread(builder: Any, number: Any) -> Any:
    """A vector of this number alone."""
    nothing = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, EVERY_LANE.type.element(0))
    return builder.shuffle_vector(first, nothing, EVERY_LANE)
