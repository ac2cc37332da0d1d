"""Whole clips through a classifier, and its figures where their genres are known.

A clip's answer is the mean of its token probabilities. Tensor dimensions: N clips, T tokens, G genres.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from model.classifier import Classifier, probabilities
from model.config import ModelConfig
from model.encoder import Encoder
from model.training.calibration import expected_calibration_error, judge_unsure

CLIPS_AT_ONCE = 16


@torch.inference_mode()
def clip_probabilities(classifier: Classifier, clips: Tensor, answer_stride: int = 1) -> Tensor:
    """clips (N, T, bands) dB -> token probabilities (N, A, genres) on the CPU.

    With an answer stride only every so many tokens are asked, the last of each stride.
    """
    classifier.eval()
    device = classifier.tokenizer.band_mean.device
    answers = []
    for part in clips.split(CLIPS_AT_ONCE):
        frames = part.to(device)
        tokens, _ = classifier.tokenizer.steps(frames, classifier.tokenizer.init_state(len(frames)))
        places = list(range(answer_stride - 1, tokens.shape[1], answer_stride))
        answers.append(probabilities(answers_at(classifier.encoder, tokens, places)).cpu())
    return torch.cat(answers)


def answers_at(encoder: Encoder, tokens: Tensor, places: list[int]) -> Tensor:
    """The logits (B, len(places), genres) of some tokens of streams (B, T, d); differentiable.

    In retroactive stacks every asked token's window is encoded by itself, else all are there at once.
    """
    if encoder.config.stacking == "retroactive":
        windows = (tokens[:, max(0, place + 1 - encoder.config.history) : place + 1] for place in places)
        return torch.stack(
            [encoder.recompute(window, place + 1) for window, place in zip(windows, places, strict=True)], dim=1
        )
    logits: Tensor = encoder(tokens)
    return logits[:, places]


def clip_figures(
    tokens: Tensor, labels: Tensor, config: ModelConfig, frames_heard: dict[int, int] | None = None
) -> dict[str, Any]:
    """tokens (N, T, G) probabilities, labels (N,) index into the configuration's genres -> plain JSON values.

    frames_heard: for `seconds_heard`, how many frames are over after each number of seconds. `per_genre` is recall,
    null for a genre without clips; `confusion` has a row per true genre and a column per answer, both in the order
    of the configuration; `macro_f1` is over the genres that occur, in truth or in answers.
    """
    tokens = tokens.double()
    answers = tokens.mean(dim=1)
    genres = len(config.genres)
    confusion = torch.bincount(labels * genres + answers.argmax(dim=1), minlength=genres * genres).view(genres, genres)
    hits, of_truth, of_answers = confusion.diagonal(), confusion.sum(dim=1), confusion.sum(dim=0)
    occurs = (of_truth + of_answers) > 0
    f1 = 2.0 * hits / (of_truth + of_answers).clamp(min=1)
    rule = judge_unsure(answers, labels, config.unsure_probability, config.unsure_margin)
    return {
        "accuracy": _share_right(answers, labels),
        "accuracy_last": _share_right(tokens[:, -1], labels),
        "top2": (answers.topk(2, dim=1).indices == labels.unsqueeze(1)).any(dim=1).double().mean().item(),
        "log_loss": torch.nn.functional.nll_loss(answers.clamp_min(1e-12).log(), labels).item(),
        "ece": expected_calibration_error(answers, labels),
        "macro_f1": f1[occurs].mean().item(),
        "per_genre": {
            genre: hits[index].item() / of_truth[index].item() if of_truth[index] else None
            for index, genre in enumerate(config.genres)
        },
        "confusion": confusion.tolist(),
        "seconds_heard": {
            str(seconds): _share_right(tokens[:, :frames].mean(dim=1), labels)
            for seconds, frames in (frames_heard or {}).items()
        },
        "unsure": {"coverage": rule.coverage, "precision": rule.precision},
        "clips": len(labels),
    }


def _share_right(answers: Tensor, labels: Tensor) -> float:
    return (answers.argmax(dim=1) == labels).double().mean().item()
