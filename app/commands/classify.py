"""`nystream classify`: files in, one line each out."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import torch

from app.classify import FileAnswer, classify_file
from app.cli import EXIT_NO_MODEL, EXIT_OK, EXIT_SOME_FAILED
from audio import UnreadableFile
from model import WeightsError, load_classifier

SCHEMA = "nystream-classify-1"


def run_classify(options: argparse.Namespace) -> int:
    """Answers on standard output, everything else on standard error."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # names need not be UTF-8
    torch.set_num_threads(1)
    try:
        classifier = load_classifier(options.weights)
    except WeightsError as error:
        say(str(error))
        return EXIT_NO_MODEL
    answers: list[FileAnswer] = []
    errors: list[dict[str, str]] = []
    for path in options.paths:
        try:
            answer = classify_file(classifier, path)
        except UnreadableFile as error:
            say(f"{path}: {error}")
            errors.append({"path": str(path), "error": str(error)})
            continue
        if answer.invalid_samples:
            say(f"{path}: {answer.invalid_samples} samples were NaN or infinite and were heard as silence")
        answers.append(answer)
        if options.format == "table":
            print(f"{path}: {answer.genre} {answer.probability:.2f}", flush=True)
    if options.format == "json":
        files = [describe(answer) for answer in answers]
        print(
            json.dumps(
                {"schema": SCHEMA, "model": identify(options.weights), "files": files, "errors": errors},
                indent=2,
            )
        )
    return EXIT_SOME_FAILED if errors else EXIT_OK


def describe(answer: FileAnswer) -> dict[str, object]:
    return {
        "path": str(answer.path),
        "genre": answer.genre,
        "probability": answer.probability,
        "probabilities": answer.probabilities,
        "duration": answer.duration,
    }


def identify(weights: Path) -> dict[str, str]:
    """Which model answered: its name, and the SHA-256 of its file."""
    return {"name": weights.stem, "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}


def say(sentence: str) -> None:
    print(f"nystream: {sentence}", file=sys.stderr, flush=True)
