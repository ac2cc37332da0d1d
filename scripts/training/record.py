"""How a run went: a CSV with a row per epoch, and a plot of it. Both are written anew after every look at valid."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

FIELDS = ("epoch", "loss", "valid_accuracy", "valid_log_loss", "learning_rate", "seconds")


def write_csv(log: list[dict[str, Any]], path: Path) -> None:
    """Raises OSError."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(log)
    _replace(path, text.getvalue().encode())


def write_plot(log: list[dict[str, Any]], path: Path) -> None:
    """Loss and log-loss on the left, accuracy on valid on the right. Raises OSError."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    losses, accuracies = figure.subplots(1, 2)
    looked = [row for row in log if row["valid_accuracy"] is not None]
    losses.plot([row["epoch"] for row in log], [row["loss"] for row in log], label="loss, augmented clips")
    losses.set(xlabel="epoch", ylabel="nats")
    if looked:
        epochs = [row["epoch"] for row in looked]
        losses.plot(epochs, [row["valid_log_loss"] for row in looked], marker=".", label="log-loss, valid")
        accuracies.plot(epochs, [100 * row["valid_accuracy"] for row in looked], marker=".", color="C1")
    accuracies.set(xlabel="epoch", ylabel="accuracy on valid, %", ylim=(0, 100))
    losses.legend()
    for axes in (losses, accuracies):
        axes.grid(alpha=0.3)
    image = io.BytesIO()
    figure.savefig(image, dpi=120, format="png")
    _replace(path, image.getvalue())


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
