"""What is augmented keeps its shape, its targets add up, and every change is the one that it is called."""

from __future__ import annotations

import torch

from model.training import Augmenter
from tests.model.conftest import SMALL
from tests.model.made_clips import BAND_HZ, made_clips


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
        "style_share": 0.0,
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


def test_a_mixed_style_lies_between_two_clips_and_leaves_what_happens_as_it_was() -> None:
    clips, labels = made_clips(12, frames=40)
    targets = torch.nn.functional.one_hot(labels, 3).float()
    clips = clips * torch.linspace(0.5, 2.0, 12).view(-1, 1, 1)  # some livelier than others
    frames, each = quiet(style_share=1.0)(clips, targets, 40)
    mean, deviation = clips.mean(dim=1), clips.std(dim=1)
    styles = torch.stack([mean, deviation])  # (2, B, M)
    got = torch.stack([frames.mean(dim=1), frames.std(dim=1)])
    low, high = styles.unsqueeze(1).minimum(styles.unsqueeze(2)), styles.unsqueeze(1).maximum(styles.unsqueeze(2))
    between = ((got.unsqueeze(2) > low - 0.1) & (got.unsqueeze(2) < high + 0.1)).all(dim=3).all(dim=0)  # (B, B)
    assert between.any(dim=1).all()
    assert (got - styles).abs().amax(dim=(1, 2)).min() > 1.0  # dB: both did change
    happening = (clips - mean.unsqueeze(1)) / deviation.unsqueeze(1)
    kept = (frames - got[0].unsqueeze(1)) / got[1].unsqueeze(1)
    torch.testing.assert_close(kept, happening, rtol=0, atol=1e-2)
    torch.testing.assert_close(each, targets.unsqueeze(1).expand(-1, 40, -1))
