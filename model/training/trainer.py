"""The training loop, one epoch at a time, and all that lasts from one epoch to the next.

Tensor dimensions: B batch, T frames, N clips, G genres.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from model.classifier import Classifier, probabilities
from model.config import ModelConfig
from model.tokenizer import subtract_level
from model.training.augmentation import Augmenter
from model.training.evaluation import answers_at
from model.training.landmarks import LayerByLayer
from model.weights import round_weights

LANDMARK_CLIPS = 48  # whose tokens are clustered
WARM_UP_SHARE = 0.1  # of all steps the learning rate rises


class TrainingError(Exception):
    """The run cannot begin or go on; the text is one sentence that says why and what to do."""


@dataclass(frozen=True)
class TrainingPlan:
    """What a run does, besides its data."""

    epochs: int = 500
    seed: int = 0
    batch: int = 16  # clips
    crop: int = 96  # frames; at most the length of a clip. Short crops and more steps learn more in the same time
    learning_rate: float = 2e-3
    learned_share: float | None = None  # of the rate, for all but the head of a classifier that has learned; None: none
    weight_decay: float = 0.3
    label_smoothing: float = 0.1
    average_decay: float = 0.99  # of the exponential average of the weights, per step
    gradient_clip: float = 1.0
    outlier_share: float = 0.3  # of a batch, on top of it: sounds that are no music, called all genres alike
    teacher_share: float = 0.7  # of the target, where there are teachers
    # How fixed landmarks start: of the tokens after the first epoch; or "random". Or "layers": see landmarks.py.
    landmarks: str = "kmeans"
    answers: int = 4  # tokens per crop that are asked where every one has a window of its own (retroactive stacking)


@dataclass(frozen=True)
class TrainingData:
    """Tensors on the CPU, in dB. N clips, T frames, G genres."""

    clips: Tensor  # (N, T, bands)
    targets: Tensor  # (N, G) probabilities of the genres, one-hot or softer
    band_hz: Tensor  # (bands,) centre frequencies
    backgrounds: Tensor | None = None  # (K, at least the crop's frames, bands): heard together with music
    outliers: Tensor | None = None  # (K, at least the crop's frames, bands): no music


@dataclass(frozen=True)
class Epoch:
    """One epoch done."""

    number: int  # counted from 1
    loss: float
    learning_rate: float  # at its end
    seconds: float  # that it took


class Trainer:
    """`run_epoch` until `finished`. The same seed repeats the run to the bit on the same CPU with as many threads.

    classifier: what is trained. average: the exponential average of its weights, in evaluation mode: what is kept.
    Raises TrainingError when the data are too few or too short.
    """

    def __init__(
        self,
        classifier: Classifier,
        data: TrainingData,
        plan: TrainingPlan,
        device: torch.device | None = None,
        teachers: Sequence[Classifier] = (),
    ) -> None:
        """teachers: their mean answer to the same frames becomes part of the target (Hinton et al., 2015)."""
        if len(data.clips) < 2:
            raise TrainingError(f"{len(data.clips)} clips to train on; at least 2 are needed, of different genres")
        self.plan = plan
        self.epoch = 0  # how many are done
        self.device = device or torch.device("cpu")
        self._data = data
        torch.manual_seed(plan.seed)  # dropout
        self.generator = torch.Generator().manual_seed(plan.seed)  # order, crops, augmentation
        self._augment = Augmenter(data.band_hz, self.generator, backgrounds=data.backgrounds)
        self._crop = min(plan.crop, data.clips.shape[1])
        self._cut = min(data.clips.shape[1], math.ceil(self._crop * self._augment.frames_needed))
        for pool in (data.backgrounds, data.outliers):
            if pool is not None and pool.shape[1] < self._cut:
                raise TrainingError(f"the made sounds are {pool.shape[1]} frames long; {self._cut} are needed")
        if plan.learned_share is None:
            _standardise(classifier, data.clips)
        _lay_out_for_training(classifier)
        self.classifier = classifier.to(self.device)
        self._teachers = [teacher.to(self.device).eval() for teacher in teachers]
        self.average = copy.deepcopy(self.classifier).eval()
        groups = _parameter_groups(self.classifier, plan)
        self.optimizer = torch.optim.AdamW(groups, lr=plan.learning_rate)
        self._batches = max(1, len(data.clips) // plan.batch)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            [group["lr"] for group in groups],
            total_steps=plan.epochs * self._batches,
            pct_start=WARM_UP_SHARE,
        )
        config = classifier.config
        self._has_landmarks = config.attention == "nystrom" and config.landmarks == "fixed"
        self._layers = None
        if self._has_landmarks and plan.landmarks == "layers" and plan.learned_share is None:
            try:
                self._layers = LayerByLayer((self.classifier, self.average), plan.epochs)
            except ValueError as error:
                raise TrainingError(str(error)) from None

    @property
    def finished(self) -> bool:
        return self.epoch >= self.plan.epochs

    def go_on_after(self, epoch: int) -> None:
        """The modules as they are once so many epochs are done, for the weights of that moment."""
        self.epoch = epoch
        if self._layers is not None:
            self._layers.fix(self._layers.fixed_after(epoch))

    def run_epoch(self) -> Epoch:
        """Raises TrainingError when the loss is no number any more: this trainer is then of no use."""
        began = time.monotonic()
        self.classifier.train()
        held = self._layers.held_rows() if self._layers is not None else []
        if held:
            self.classifier.tokenizer.eval()  # its batch norms would go on measuring
        order = torch.randperm(len(self._data.clips), generator=self.generator)
        total = 0.0
        for chosen in order[: self._batches * self.plan.batch].split(self.plan.batch):
            loss = self._loss(*self._batch(chosen))
            if not math.isfinite(loss.item()):
                raise TrainingError(
                    f"the loss became {loss.item()} in epoch {self.epoch + 1}: lower the learning rate, which is "
                    f"{self.plan.learning_rate}, or look for clips that are not like the others"
                )
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.classifier.parameters(), self.plan.gradient_clip)
            self.optimizer.step()
            for parameter, rows in held:
                parameter.data[: len(rows)] = rows
            self.schedule.step()
            _update_average(self.average, self.classifier, self.plan.average_decay)
            total += loss.item()
        self.epoch += 1
        if self.finished:
            round_weights(self.average)
        begins_anew = self.plan.learned_share is None
        if self._layers is not None:
            if (fixed := self._layers.fixed_after(self.epoch)) > self._layers.fixed:
                self._layers.fix(fixed)
                self._fix_landmarks(fixed - 1)
        elif self.epoch == 1 and begins_anew and self.plan.landmarks == "kmeans" and not self.finished:
            self._fix_landmarks()
        rate = float(self.schedule.get_last_lr()[0])
        return Epoch(self.epoch, total / self._batches, rate, time.monotonic() - began)

    def _batch(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Augmented frames (B, crop, bands) and what each is to be called (B, crop, G), on the device."""
        frames = _random_crops(self._data.clips[chosen], self._cut, self.generator)
        targets = self._data.targets[chosen]
        if self._data.outliers is not None and self.plan.outlier_share:
            count = max(1, round(self.plan.outlier_share * len(chosen)))
            picked = torch.randint(len(self._data.outliers), (count,), generator=self.generator)
            outliers = _random_crops(self._data.outliers[picked], self._cut, self.generator)
            uniform = targets.new_full((count, targets.shape[1]), 1.0 / targets.shape[1])
            frames, targets = torch.cat([frames, outliers]), torch.cat([targets, uniform])
        frames, targets = self._augment(frames, targets, self._crop)
        return frames.to(self.device), targets.to(self.device)

    def _loss(self, frames: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy with its target (B, T, G) at every token."""
        plan = self.plan
        targets = targets * (1.0 - plan.label_smoothing) + plan.label_smoothing / targets.shape[-1]
        if self._teachers:
            with torch.no_grad():
                answers = [probabilities(teacher.encoder(_tokens(teacher, frames))) for teacher in self._teachers]
            targets = targets.lerp(torch.stack(answers).mean(dim=0), plan.teacher_share)
        tokens = _tokens(self.classifier, frames)
        places = list(range(tokens.shape[1]))
        if self.classifier.config.stacking == "retroactive":
            places = sorted(torch.randperm(len(places), generator=self.generator)[: plan.answers].tolist())
        logits = answers_at(self.classifier.encoder, tokens, places)
        return -(torch.log_softmax(logits, dim=-1) * targets[:, places]).sum(dim=-1).mean()

    @torch.no_grad()
    def _fix_landmarks(self, block: int | None = None) -> None:
        """Fixed landmarks, or one block's, become the k-means centres of what a stem makes that has seen some music."""
        if not self._has_landmarks:
            return
        clips = self._data.clips[:: max(1, len(self._data.clips) // LANDMARK_CLIPS), : self._crop].to(self.device)
        self.classifier.eval()
        tokens, _ = self.classifier.tokenizer.steps(clips, self.classifier.tokenizer.init_state(len(clips)))
        on_cpu = copy.deepcopy(self.classifier.encoder).cpu()
        with threadpool_limits(1):  # several threads add up in an order that differs from run to run
            on_cpu.fix_landmarks(tokens.cpu(), block)
        kept = {name: value for name, value in on_cpu.named_parameters() if "landmarks" in name}
        for encoder in (self.classifier.encoder, self.average.encoder):
            for name, parameter in encoder.named_parameters():
                if name in kept:
                    parameter.copy_(kept[name])
                    self.optimizer.state.pop(parameter, None)  # how the old ones moved means nothing for the new


def one_hot(labels: Tensor, genres: int) -> Tensor:
    """labels (N,) -> targets (N, G)."""
    return F.one_hot(labels, genres).float()


def _tokens(classifier: Classifier, frames: Tensor) -> Tensor:
    """frames (B, T, bands) -> tokens (B, T, d), float32: landmarks want that."""
    fresh, dtype = classifier.tokenizer.init_state(len(frames)), _stem_dtype(frames.device)
    # In another type or layout than the features it would drag these along when it is put before them.
    stem = tuple(heard.to(dtype, memory_format=torch.channels_last) for heard in fresh.stem)
    fresh = replace(fresh, stem=stem)
    with torch.autocast(frames.device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        tokens, _ = classifier.tokenizer.steps(frames, fresh)
    return tokens.float()


def _stem_dtype(device: torch.device) -> torch.dtype:
    """Of the convolutions, which are nearly all of the work: bfloat16 where that is quicker.

    A processor that has no instructions for it takes seven times as long with it as with float32.
    """
    quicker = device.type != "cpu" or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if quicker else torch.float32


def _lay_out_for_training(classifier: Classifier) -> None:
    """Channels last is what the convolutions are fastest with, forwards and backwards."""
    for layer in classifier.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    classifier.tokenizer.stem.convolutions[-1].register_full_backward_pre_hook(_channels_last_gradients)


def _channels_last_gradients(_: nn.Module, gradients: Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    return tuple(
        None if gradient is None else gradient.contiguous(memory_format=torch.channels_last) for gradient in gradients
    )


@torch.no_grad()
def _standardise(classifier: Classifier, clips: Tensor) -> None:
    """Set the mean of every band, over level-normalised training frames; the scale keeps its default."""
    config = classifier.config
    nothing_heard = clips.new_empty(len(clips), 0)
    relative, _ = subtract_level(clips, nothing_heard, config.level_window, config.level_floor_db)
    classifier.tokenizer.band_mean.copy_(relative.mean(dim=(0, 1)))


def _parameter_groups(classifier: Classifier, plan: TrainingPlan) -> list[dict[str, Any]]:
    """Matrices decay; biases, norms and landmarks do not. The rate is lower for what has learned already."""
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in classifier.named_parameters():
        decay = 0.0 if parameter.dim() < 2 or "landmarks" in name else plan.weight_decay
        share = 1.0 if plan.learned_share is None or name.startswith("encoder.head.") else plan.learned_share
        groups.setdefault((decay, share * plan.learning_rate), []).append(parameter)
    in_order = sorted(groups.items(), reverse=True, key=lambda group: group[0])
    return [{"params": members, "weight_decay": decay, "lr": rate} for (decay, rate), members in in_order]


def with_genres(learned: Classifier, config: ModelConfig) -> Classifier:
    """What it has learned, as the beginning of a classifier of this configuration. That may have other genres: the head
    knows those of the same name, and begins anew for the others.
    """
    made, state = Classifier(config), learned.state_dict()
    for name, fresh in made.encoder.head.named_parameters():
        before = state[f"encoder.head.{name}"]
        state[f"encoder.head.{name}"] = rows = fresh.detach().clone()
        for place, genre in enumerate(config.genres):
            if genre in learned.config.genres:
                rows[place] = before[learned.config.genres.index(genre)]
    made.load_state_dict(state)
    return made


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
