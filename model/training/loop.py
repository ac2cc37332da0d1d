"""The training loop: seeded, one answer asked of every token, an average of the weights kept."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.classifier import Classifier, probabilities
from model.level import subtract_level
from model.training.augment import Augmenter


@dataclass(frozen=True)
class TrainingPlan:
    """What a run does, besides its data."""

    epochs: int = 80
    seed: int = 0
    batch: int = 16  # clips
    crop: int = 192  # frames; at most the length of a clip
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    average_decay: float = 0.99  # of the exponential average of the weights, per step
    gradient_clip: float = 1.0
    teacher_share: float = 0.7  # of the target, where there are teachers


@dataclass(frozen=True)
class Progress:
    """One epoch done."""

    epoch: int  # counted from 1
    loss: float
    seconds: float  # since the run began
    classifier: Classifier  # the averaged weights as they are now, in evaluation mode


@dataclass(frozen=True)
class Examples:
    """What a run learns from. T frames and bands in dB everywhere."""

    clips: Tensor  # (N, T, bands) music
    labels: Tensor  # (N,) index into the genres
    band_hz: Tensor  # (bands,) centre frequencies
    not_music: Tensor | None = None  # (K, >= T, bands) to be answered with every genre alike
    backgrounds: Tensor | None = None  # (J, >= T, bands) to hear music through


def train(
    classifier: Classifier, examples: Examples, plan: TrainingPlan, teachers: Sequence[Classifier] = ()
) -> Iterator[Progress]:
    """Train; yields after every epoch. The same seed repeats the run.

    teachers: classifiers whose mean answer to the same frames becomes part of the target (Hinton et al., 2015).

    Raises ValueError when there are fewer than two clips, or clips shorter than a crop needs.
    """
    clips = examples.clips
    if len(clips) < 2:
        raise ValueError(f"{len(clips)} clips to train on; expected at least 2")
    torch.manual_seed(plan.seed)  # dropout
    generator = torch.Generator().manual_seed(plan.seed)
    augment = Augmenter(examples.band_hz, generator, backgrounds=examples.backgrounds)
    cut = min(clips.shape[1], round(plan.crop * augment.frames_needed))
    crop = min(plan.crop, clips.shape[1])
    _standardise(classifier, clips)
    clips, targets = _with_targets(examples, len(classifier.config.genres))
    _lay_out_for_training(classifier)
    average = copy.deepcopy(classifier).eval()
    optimizer = torch.optim.AdamW(_parameter_groups(classifier, plan.weight_decay), lr=plan.learning_rate)
    batches = max(1, len(clips) // plan.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, plan.learning_rate, total_steps=plan.epochs * batches, pct_start=0.1
    )
    began = time.monotonic()
    for epoch in range(1, plan.epochs + 1):
        classifier.train()
        total = 0.0
        order = torch.randperm(len(clips), generator=generator)
        for batch in range(batches):
            chosen = order[batch * plan.batch : (batch + 1) * plan.batch]
            frames = _random_crops(clips[chosen], cut, generator)
            frames, target = augment(frames, targets[chosen], crop)
            target = target * (1.0 - plan.label_smoothing) + plan.label_smoothing / target.shape[-1]
            if teachers:
                target = target.lerp(_mean_answer(teachers, frames), plan.teacher_share)
            loss = _token_loss(classifier, frames, target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(classifier.parameters(), plan.gradient_clip)
            optimizer.step()
            schedule.step()
            _update_average(average, classifier, plan.average_decay)
            total += loss.item()
        yield Progress(epoch, total / batches, time.monotonic() - began, average)


@torch.inference_mode()
def clip_probabilities(classifier: Classifier, clips: Tensor, batch: int = 16) -> Tensor:
    """clips (N, T, bands) dB -> token probabilities (N, T, genres), in evaluation mode."""
    classifier.eval()
    return torch.cat([probabilities(classifier(part)) for part in clips.split(batch)])


def _token_loss(classifier: Classifier, frames: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy with its target (B, T, genres) at every token."""
    return -(torch.log_softmax(_logits(classifier, frames), dim=-1) * target).sum(dim=-1).mean()


@torch.no_grad()
def _mean_answer(teachers: Sequence[Classifier], frames: Tensor) -> Tensor:
    """(B, T, bands) -> mean token probabilities of the teachers, (B, T, genres)."""
    return torch.stack([probabilities(_logits(teacher, frames)) for teacher in teachers]).mean(dim=0)


def _logits(classifier: Classifier, frames: Tensor) -> Tensor:
    fresh = classifier.tokenizer.init_state(len(frames))
    with torch.autocast("cpu", dtype=torch.bfloat16):  # the convolutions are nearly all of the work
        tokens, _ = classifier.tokenizer.steps(frames, fresh)
    return classifier.encoder.parallel(tokens.float())  # landmarks want float32


def _with_targets(examples: Examples, genres: int) -> tuple[Tensor, Tensor]:
    """All that is learned from, and what each clip is to be called: (N + K, T, bands), (N + K, genres)."""
    targets = F.one_hot(examples.labels, genres).float()
    if examples.not_music is None:
        return examples.clips, targets
    not_music = examples.not_music[:, : examples.clips.shape[1]]
    undecided = targets.new_full((len(not_music), genres), 1.0 / genres)
    return torch.cat([examples.clips, not_music]), torch.cat([targets, undecided])


def _lay_out_for_training(classifier: Classifier) -> None:
    """Channels last is what the convolutions are fastest with."""
    for layer in classifier.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)


def _standardise(classifier: Classifier, clips: Tensor) -> None:
    """Set the mean of every band, over level-normalised training frames; the scale keeps its default."""
    config = classifier.config
    nothing_heard = clips.new_empty(len(clips), 0)
    relative, _ = subtract_level(clips, nothing_heard, config.level_window, config.level_floor_db)
    classifier.tokenizer.band_mean.copy_(relative.mean(dim=(0, 1)))


def _parameter_groups(classifier: Classifier, weight_decay: float) -> list[dict[str, object]]:
    """Matrices decay; biases, norms and landmarks do not."""
    decayed: list[Tensor] = []
    kept: list[Tensor] = []
    for name, parameter in classifier.named_parameters():
        (kept if parameter.dim() < 2 or "landmarks" in name else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": kept, "weight_decay": 0.0}]


def _random_crops(clips: Tensor, length: int, generator: torch.Generator) -> Tensor:
    """(B, T, bands) -> (B, length, bands), each from a random place."""
    starts = torch.randint(clips.shape[1] - length + 1, (len(clips), 1), generator=generator)
    places = starts + torch.arange(length)
    return torch.gather(clips, 1, places.unsqueeze(-1).expand(-1, -1, clips.shape[2]))


@torch.no_grad()
def _update_average(average: Classifier, classifier: Classifier, decay: float) -> None:
    for mean, now in zip(average.parameters(), classifier.parameters(), strict=True):
        mean.lerp_(now, 1.0 - decay)
    for mean_buffer, buffer in zip(average.buffers(), classifier.buffers(), strict=True):
        mean_buffer.copy_(buffer)
