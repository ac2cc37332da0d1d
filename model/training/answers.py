"""Whole clips through a classifier in evaluation mode."""

from __future__ import annotations

import torch
from torch import Tensor

from model.classifier import Classifier, probabilities
from model.encoder import Encoder


@torch.inference_mode()
def clip_probabilities(
    classifier: Classifier, clips: Tensor, batch: int = 16, token_stride: int = 1, answer_stride: int = 1
) -> Tensor:
    """clips (N, T, bands) dB -> token probabilities (N, A, genres) on the CPU.

    With a token stride only every so many tokens go into the encoder; with an answer stride only every so many of
    those are asked. Of each the last of its stride counts.
    """
    classifier.eval()
    device = classifier.tokenizer.band_mean.device
    answers = []
    for part in clips.split(batch):
        frames = part.to(device)
        tokens, _ = classifier.tokenizer.steps(frames, classifier.tokenizer.init_state(len(frames)))
        tokens = tokens[:, token_stride - 1 :: token_stride]
        places = list(range(answer_stride - 1, tokens.shape[1], answer_stride))
        answers.append(probabilities(answers_at(classifier.encoder, tokens, places)).cpu())
    return torch.cat(answers)


def answers_at(encoder: Encoder, tokens: Tensor, places: list[int]) -> Tensor:
    """The logits (B, len(places), genres) of some tokens of streams (B, T, d); differentiable.

    In retroactive stacks every asked token's window is encoded by itself, else all are there at once.
    """
    if encoder.config.stacking == "retroactive":
        windows = (tokens[:, max(0, place + 1 - encoder.history) : place + 1] for place in places)
        return torch.stack(
            [encoder.recompute(window, place + 1) for window, place in zip(windows, places, strict=True)], dim=1
        )
    return encoder.parallel(tokens)[:, places]
