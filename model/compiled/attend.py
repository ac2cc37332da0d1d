"""Attention for one token, by whichever mechanism the model has."""

from __future__ import annotations

from typing import Any

from model.compiled.arithmetic import copy
from model.compiled.compiling import Floats, compiled
from model.compiled.continual import attend_continual
from model.compiled.exact import attend_exactly
from model.compiled.fixed import attend_fixed
from model.compiled.layout import DoublesAt, FloatsAt, Sizes


@compiled
def attend(
    projected: Floats,
    floats: Floats,
    doubles: Any,
    inverse: Floats,
    mixed: Floats,
    position: int,
    sizes: Sizes,
    at: FloatsAt,
    doubles_at: DoublesAt,
) -> None:
    """mixed (d,): what attention was given, of which `projected` was made -> what it gives, the heads side by side.

    floats, doubles: one block's state. inverse: see WeightsAt.
    """
    if sizes.moving:
        attend_continual(projected, floats, doubles, inverse[0], mixed, position, sizes, at, doubles_at)
    elif sizes.pairs:
        slot = at.inputs + position % sizes.window * sizes.width
        copy(mixed, floats[slot : slot + sizes.width])
        attend_fixed(projected, floats, doubles, inverse, mixed, position, sizes, at, doubles_at)
    else:
        attend_exactly(projected, floats, mixed, position, sizes, at)
