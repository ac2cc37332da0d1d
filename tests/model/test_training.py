"""Training on clips made here: the loss falls, a seed repeats, what is augmented keeps its shape."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from model import Classifier
from model.training import Augmenter, Examples, TrainingPlan, clip_probabilities, train
from tests.model.conftest import SMALL

BAND_HZ = torch.linspace(100.0, 8000.0, SMALL.bands)
PLAN = TrainingPlan(epochs=12, batch=6, crop=30)


def made_clips(clips: int, frames: int = 36) -> tuple[torch.Tensor, torch.Tensor]:
    """Three genres, each with its own hump over the bands: (N, T, bands) dB and labels (N,)."""
    generator = torch.Generator().manual_seed(clips)
    labels = torch.arange(clips) % 3
    place = torch.arange(SMALL.bands).view(1, 1, -1)
    hump = 25.0 * torch.exp(-0.1 * (place - 2.5 - 5.0 * labels.view(-1, 1, 1)) ** 2)
    return hump - 40.0 + 4.0 * torch.randn(clips, frames, SMALL.bands, generator=generator), labels


def run(plan: TrainingPlan) -> tuple[list[float], Classifier]:
    torch.manual_seed(plan.seed)
    clips, labels = made_clips(24)
    losses, averaged = [], None
    for progress in train(Classifier(SMALL), Examples(clips, labels, BAND_HZ), plan):
        losses.append(progress.loss)
        averaged = progress.classifier
    assert averaged is not None
    return losses, averaged


def test_the_loss_falls_and_new_clips_are_recognised() -> None:
    losses, classifier = run(replace(PLAN, epochs=40, average_decay=0.9))
    assert losses[-1] < losses[0] - 0.2
    clips, labels = made_clips(30)
    answers = clip_probabilities(classifier, clips).mean(dim=1)
    assert (answers.argmax(dim=1) == labels).double().mean() > 0.8


def test_what_is_no_music_is_learned_to_be_undecided() -> None:
    clips, labels = made_clips(24)
    flat = torch.randn(8, 36, SMALL.bands, generator=torch.Generator().manual_seed(5)) - 40.0
    torch.manual_seed(0)
    *_, last = train(
        Classifier(SMALL),
        Examples(clips, labels, BAND_HZ, not_music=flat, backgrounds=flat),
        replace(PLAN, epochs=40, average_decay=0.9),
    )
    confident = clip_probabilities(last.classifier, clips).mean(dim=1).amax(dim=1)
    undecided = clip_probabilities(last.classifier, flat).mean(dim=1).amax(dim=1)
    assert undecided.mean() < confident.mean() - 0.1


def test_a_pupil_learns_from_its_teachers_alone() -> None:
    teacher = run(replace(PLAN, epochs=40, average_decay=0.9))[1]
    clips, labels = made_clips(24)
    wrong = (labels + 1) % 3
    plan = replace(PLAN, epochs=40, average_decay=0.9, teacher_share=1.0)
    torch.manual_seed(1)
    *_, last = train(Classifier(SMALL), Examples(clips, wrong, BAND_HZ), plan, teachers=[teacher, teacher])
    answers = clip_probabilities(last.classifier, clips).mean(dim=1)
    assert (answers.argmax(dim=1) == labels).double().mean() > 0.8


def test_the_same_seed_gives_the_same_weights_and_another_seed_does_not() -> None:
    plan = replace(PLAN, epochs=2)
    first, again, other = run(plan)[1], run(plan)[1], run(replace(plan, seed=1))[1]
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, rtol=0, atol=0)
    assert any(not torch.equal(other.state_dict()[name], tensor) for name, tensor in first.state_dict().items())


def test_one_clip_alone_is_refused() -> None:
    clips, labels = made_clips(1)
    with pytest.raises(ValueError, match="1 clips"):
        next(train(Classifier(SMALL), Examples(clips, labels, BAND_HZ), PLAN))


def test_augmentation_keeps_shapes_targets_sum_to_one_and_everything_is_finite() -> None:
    clips, labels = made_clips(8, frames=60)
    targets = torch.nn.functional.one_hot(labels, 3).float()
    backgrounds = made_clips(3, frames=80)[0]
    augment = Augmenter(BAND_HZ, torch.Generator().manual_seed(0), backgrounds=backgrounds, background_share=1.0)
    frames, mixed = augment(clips, targets, length=50)
    assert frames.shape == (8, 50, SMALL.bands)
    assert torch.isfinite(frames).all()
    torch.testing.assert_close(mixed.sum(dim=2), torch.ones(8, 50))
    assert not torch.equal(frames, clips[:, :50])


def test_augmentation_with_nothing_switched_on_is_the_identity() -> None:
    clips, labels = made_clips(5, frames=40)
    targets = torch.nn.functional.one_hot(labels, 3).float()
    frames, each = quiet()(clips, targets, length=40)
    torch.testing.assert_close(frames, clips, rtol=0, atol=1e-3)
    torch.testing.assert_close(each, targets.unsqueeze(1).expand(-1, 40, -1))


def quiet(**switched_on: object) -> Augmenter:
    """An augmenter that does only what is switched on."""
    off: dict[str, object] = {
        "tempo": 0.0,
        "semitones": 0.0,
        "tilt_db": 0.0,
        "ripple_db": 0.0,
        "reverberation_share": 0.0,
        "noise_share": 0.0,
        "band_limit_share": 0.0,
        "clipping_share": 0.0,
        "floor_db": (500.0, 500.0),
        "mixup": 0.0,
        "masks": 0,
        "join_share": 0.0,
    }
    return Augmenter(BAND_HZ, torch.Generator().manual_seed(0), **(off | switched_on))  # type: ignore[arg-type]


def test_where_the_music_changes_the_target_changes_with_it() -> None:
    clips, labels = made_clips(12, frames=40)
    clips = clips.mean(dim=1, keepdim=True).expand(-1, 40, -1).contiguous()  # every frame tells its clip
    targets = torch.nn.functional.one_hot(labels, 3).float()
    frames, each = quiet(join_share=1.0, join_level_db=0.0)(clips, targets, length=40)
    changed = 0
    for heard, called in zip(frames, each, strict=True):
        nearest = torch.cdist(heard, clips[:, 0]).argmin(dim=1)
        torch.testing.assert_close(called, targets[nearest])
        changed += int((nearest[1:] != nearest[:-1]).sum())
    assert 6 <= changed <= 12


def test_a_background_is_added_at_the_wanted_ratio() -> None:
    clips, labels = made_clips(6, frames=40)
    backgrounds = made_clips(4, frames=60)[0]
    targets = torch.nn.functional.one_hot(labels, 3).float()
    heard = quiet(backgrounds=backgrounds, background_share=1.0, background_snr_db=(0.0, 0.0))(clips, targets, 40)[0]
    alone = quiet()(clips, targets, 40)[0]
    added = 10 ** (heard / 10) - 10 ** (alone / 10)
    torch.testing.assert_close(added.mean(dim=(1, 2)), (10 ** (alone / 10)).mean(dim=(1, 2)), rtol=1e-3, atol=0)


def test_a_limited_band_loses_its_ends_and_a_clipped_clip_its_peaks() -> None:
    clips, labels = made_clips(40, frames=40)
    targets = torch.nn.functional.one_hot(labels, 3).float()
    alone = quiet()(clips, targets, 40)[0]
    limited = quiet(band_limit_share=1.0)(clips, targets, 40)[0] - alone
    middle = limited[:, :, SMALL.bands // 3].mean()
    assert limited[:, :, 0].mean() < middle - 0.1
    assert limited[:, :, -1].mean() < middle - 1.0
    clipped = quiet(clipping_share=1.0)(clips, targets, 40)[0]
    assert (clipped.amax(dim=(1, 2)) < alone.amax(dim=(1, 2)) - 2.0).all()
