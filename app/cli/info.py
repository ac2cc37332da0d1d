"""`nystream info`: which program, which model, and what the model says of itself."""

from __future__ import annotations

import argparse
import platform
from typing import Any

from app import __version__
from app.cli import EXIT_OK
from app.installed import PACKAGES, version_of
from app.stream.weights import default_weights
from app.text import one_line, to_json

SCHEMA = "nystream-info-1"


def run(options: argparse.Namespace) -> int:
    """Versions, the model, and the model card; torch is not imported for that. Raises WeightsError."""
    from app.stream.backend import describe_backend
    from app.stream.models import identify
    from model import read_notes
    from model.weights import learned_numbers, read_weights, unfitting

    config, tensors = read_weights(options.weights)
    try:
        live_path = describe_backend(config, tensors)
    except ValueError as error:
        raise unfitting(options.weights, error) from None
    described: dict[str, Any] = {
        "schema": SCHEMA,
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: version_of(name) for name in PACKAGES},
        "model": identify(options.weights) | {"path": str(options.weights)},
        "genres": config.genres,
        "parameters": learned_numbers(tensors),
        "live_path": live_path,
        "notes": read_notes(options.weights),
    }
    if options.json:
        print(to_json(described, indent=1))
        return EXIT_OK
    print(f"nystream {__version__}, Python {described['python']}, {described['system']}")
    print(", ".join(f"{name} {version or 'missing'}" for name, version in described["packages"].items()))
    print(f"model {one_line(described['model']['path'])}\nSHA-256 {described['model']['hash']}")
    print(f"{described['parameters']:,} parameters; genres: {', '.join(described['genres'])}")
    print("frames are computed by {name}: {note}".format(**described["live_path"]))
    for name, note in described["notes"].items():
        print(one_line(f"{name}: {note}"))
    card = default_weights().with_name("MODEL_CARD.md")
    if options.weights == default_weights() and card.is_file():
        lines = card.read_text(encoding="utf-8").strip().splitlines()
        print("", *(line for line in lines if not line.startswith("<!--")), sep="\n")
    return EXIT_OK
