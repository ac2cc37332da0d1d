"""What a frame costs, in closed form from the configuration.

FLOPs: a multiply-add counts as 2. Counted are matrix products, convolutions, inverses, and the products that move the
windowed sums; solving m equations for m right sides counts as 8/3 m^3, an exact pseudo-inverse as 23 m^3.
Not counted, on either side: exponentials and softmax, norms, activations, residuals, positions, level, scaling,
divisions, and the running sums of a segment.

Steady state: the window is full, and no sum had to be recomputed because it had lost its digits, which the data decide
and no formula knows. A ratio of FLOPs is not a ratio of times: what the clock says depends on memory and call overhead
too, and is measured apart.
"""

from model.cost.detector import detector_step_cost, detector_window_cost
from model.cost.frame import Cost, history_frames, step_cost, twin_cost

__all__ = ["Cost", "detector_step_cost", "detector_window_cost", "history_frames", "step_cost", "twin_cost"]
