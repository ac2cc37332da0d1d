"""The costs that the papers publish, beside those of our closed form at the same dimensions.

    python3 scripts/reproduce_cost.py
    python3 scripts/reproduce_cost.py --json

First the online action detection models of Hedegaard et al. (ICLR 2023), counted as they count: n = 64, d = 1024,
feed-forward 1024, 8 heads, their input layer for our stem, and without head. What remains: the published count of the
window models leaves out the n^2 d products of attention, which that of the one-block step has, as ours does; beside
their linear layers they have a head of 22 classes, in the published code at all 64 tokens, 1.4 million multiply-adds
(reproduce_oad.py counts heads, one each); and that of the continual step of two blocks is below its linear layers,
without a word which of them is left out.

Then attention alone, FLOPs for one new token, as the window grows. The window models compute all n outputs, the others
the newest token's. The Nystromformer's segment means are sums, n d additions for queries and as many for keys. It is
counted with the ridge inverse, which both use here: with six iterations, as Xiong et al. (2021) have it, it costs 1.4
million FLOPs more at every n; nor has it the convolution that they put beside the values. The paper of continual
Nystrom attention (Carreto Picon et al., 2024) speaks of up to three orders of magnitude; without the n, d and m of that
figure there is no published number beside these.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

from app.text import to_json
from model import ModelConfig, step_cost, twin_cost

TOLERANCE = 0.02
DETECTION = ModelConfig(window=64, width=1024, heads=8, feed_forward=1024, attention="softmax")
STACKS = {1: DETECTION, 2: replace(DETECTION, blocks=2, stacking="retroactive")}
GROWTH = ModelConfig(width=192, heads=8, landmark_count=16)
KINDS = ("continual", "fixed")  # of landmarks
# Millions of multiply-adds for a prediction: the features and their width, before the linear layer that makes a token
# of them; blocks; the window model, the continual one.
PUBLISHED = (
    ("Kinetics", 4096, 1, 673.0, 10.6),
    ("Kinetics", 4096, 2, 1075.7, 411.9),
    ("ActivityNet", 3072, 1, 605.7, 9.6),
    ("ActivityNet", 3072, 2, 1008.1, 410.8),
)


@dataclass(frozen=True)
class Cell:
    """One number of theirs and ours: millions of multiply-adds, or a ratio of them."""

    name: str
    published: float
    ours: float
    linear_layers: float  # ours without the products of attention

    @property
    def difference(self) -> float:
        return self.ours / self.published - 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    cells, growth = published_beside_ours(), [growth_at(64 << doublings) for doublings in range(7)]
    passes = {landmarks: first_window_beyond(1000.0, landmarks) for landmarks in KINDS}
    if parser.parse_args().json:
        published = [asdict(cell) | {"difference": cell.difference} for cell in cells]
        print(to_json({"published": published, "growth": growth, "thousandfold_from_window": passes}))
    else:
        print("\n".join([*published_table(cells), "", *growth_table(growth, passes)]))
    return 0


def published_beside_ours() -> list[Cell]:
    cells = []
    for features, input_width, blocks, published_window, published_step in PUBLISHED:
        window, window_linear = multiply_adds(STACKS[blocks], input_width, continual=False)
        step, step_linear = multiply_adds(STACKS[blocks], input_width, continual=True)
        stack, ratio = f"{features}, b{blocks}", published_window / published_step
        cells += [
            Cell(f"OadTR, {stack}", published_window, window, window_linear),
            Cell(f"CoOadTR, {stack}", published_step, step, step_linear),
            Cell(f"ratio, {stack}", ratio, window / step, window_linear / step_linear),
        ]
    return cells


def multiply_adds(config: ModelConfig, input_width: int, continual: bool) -> tuple[float, float]:
    """Millions in all and in linear layers, for a prediction; their input layer for our stem, and without head."""
    parts = (step_cost if continual else twin_cost)(config).parts
    tokens = 1 if continual else config.window
    linear = tokens * input_width * config.width + (parts["projections"] + parts["feed-forward"]) / 2
    return (linear + parts["attention"] / 2) / 1e6, linear / 1e6


def growth_at(window: int) -> dict[str, float]:
    """FLOPs of attention alone for one new token, and how many times continual Nystrom attention a Transformer is."""
    nystrom = replace(GROWTH, window=window)
    softmax, continual = replace(nystrom, attention="softmax"), replace(nystrom, landmarks="continual")
    transformer = twin_cost(softmax).parts["attention"]
    costs = {"continual_landmarks": step_cost(continual), "fixed_landmarks": step_cost(nystrom)}
    ours = {name: cost.parts["attention"] for name, cost in costs.items()}
    return {
        "window": window,
        "transformer": transformer,
        "continual_transformer": step_cost(softmax).parts["attention"],
        "nystromformer": twin_cost(continual).parts["attention"],
        **ours,
        **{f"ratio_{kind}": transformer / ours[f"{kind}_landmarks"] for kind in KINDS},
    }


def first_window_beyond(ratio: float, landmarks: str) -> int:
    """The smallest window at which the Transformer costs `ratio` times as much as continual Nystrom attention."""
    window = GROWTH.landmark_count
    while growth_at(window)[f"ratio_{landmarks}"] <= ratio:
        window += 1
    return window


def published_table(cells: list[Cell]) -> list[str]:
    """Millions of multiply-adds, for a reader."""
    lines = [f"{'millions of multiply-adds':28}{'published':>10}{'ours':>10}{'':>9}{'linear layers alone':>23}"]
    for cell in cells:
        digits = 2 if cell.name.startswith("ratio") else 1
        lines.append(
            f"{cell.name:28}{cell.published:10.{digits}f}{cell.ours:10.{digits}f}{cell.difference:+9.1%}"
            f"{cell.linear_layers:14.{digits}f}{cell.linear_layers / cell.published - 1:+9.1%}"
        )
    beyond = [cell.name for cell in cells if abs(cell.difference) > TOLERANCE]
    return [*lines, f"beyond {TOLERANCE:.0%}: {'; '.join(beyond) or 'none'}; --help says what remains"]


def growth_table(growth: list[dict[str, float]], passes: dict[str, int]) -> list[str]:
    """FLOPs, and the Transformer's against them, for a reader."""
    lines = [f"attention alone, FLOPs; d = {GROWTH.width}, {GROWTH.heads} heads, m = {GROWTH.landmark_count}"]
    widths = {name: max(len(name), 14) for name in growth[0]}
    lines.append("  ".join(f"{name.replace('_', ' '):>{width}}" for name, width in widths.items()))
    lines += ["  ".join(f"{at[name]:{width},.0f}" for name, width in widths.items()) for at in growth]
    beyond = ", ".join(f"n = {window} on with {kind} landmarks" for kind, window in passes.items())
    return [*lines, f"the Transformer costs more than 1000 times as much from {beyond}"]


if __name__ == "__main__":
    sys.exit(main())
