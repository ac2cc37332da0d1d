"""Training on clips made here: the loss falls, a seed repeats, also when resumed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model import Classifier, ModelConfig, save_classifier
from model.attention.fixed import FixedLandmarkKernel
from model.training import (
    Trainer,
    TrainingData,
    TrainingError,
    TrainingPlan,
    clip_probabilities,
    load_checkpoint,
    one_hot,
    save_checkpoint,
)
from tests.model.conftest import SMALL
from tests.model.family import every_row
from tests.model.made_clips import BAND_HZ, made_clips, made_sounds

PLAN = TrainingPlan(epochs=12, batch=6, crop=30, outlier_share=0.2)
LONGER = replace(PLAN, epochs=40, average_decay=0.9)


def trainer(plan: TrainingPlan, config: ModelConfig = SMALL, count: int = 24) -> Trainer:
    torch.manual_seed(plan.seed)
    clips, labels = made_clips(count)
    sounds = made_sounds()
    return Trainer(Classifier(config), TrainingData(clips, one_hot(labels, 3), BAND_HZ, sounds, sounds), plan)


def run(plan: TrainingPlan, config: ModelConfig = SMALL) -> tuple[list[float], Classifier]:
    training = trainer(plan, config)
    losses = []
    while not training.finished:
        losses.append(training.run_epoch().loss)
    return losses, training.average


def assert_same_weights(first: Classifier, second: Classifier) -> None:
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], tensor, rtol=0, atol=0)


@pytest.fixture(scope="module")
def trained() -> tuple[list[float], Classifier]:
    return run(LONGER)


def test_the_loss_falls_and_new_clips_are_recognised(trained: tuple[list[float], Classifier]) -> None:
    losses, classifier = trained
    assert losses[-1] < losses[0] - 0.2
    clips, labels = made_clips(30)
    answers = clip_probabilities(classifier, clips).mean(dim=1)
    assert (answers.argmax(dim=1) == labels).double().mean() > 0.8


def test_sounds_that_are_no_music_become_less_certain() -> None:
    """The outliers that were trained on as well; without them they get a genre like any clip."""
    sounds = made_sounds()

    def certainty(share: float) -> float:
        training = trainer(replace(PLAN, epochs=30, average_decay=0.9, outlier_share=share))
        while not training.finished:
            training.run_epoch()
        return clip_probabilities(training.average, sounds).mean(dim=1).max(dim=1).values.mean().item()

    assert certainty(2.0) < certainty(0.0) - 0.08


def test_a_pupil_learns_from_its_teachers_alone(trained: tuple[list[float], Classifier]) -> None:
    _, teacher = trained
    clips, labels = made_clips(24)
    wrong = TrainingData(clips, one_hot((labels + 1) % 3, 3), BAND_HZ)
    torch.manual_seed(1)
    pupil = Trainer(Classifier(SMALL), wrong, replace(LONGER, teacher_share=1.0), teachers=[teacher, teacher])
    while not pupil.finished:
        pupil.run_epoch()
    answers = clip_probabilities(pupil.average, clips).mean(dim=1)
    assert (answers.argmax(dim=1) == labels).double().mean() > 0.8


@every_row
def test_every_row_of_the_family_trains(config: ModelConfig) -> None:
    plan = replace(PLAN, epochs=2, answers=3)
    losses, classifier = run(plan, config)
    assert all(torch.isfinite(torch.tensor(losses)))
    start = trainer(plan, config).classifier
    moved = {name for name, value in start.named_parameters() if not torch.equal(value, classifier.get_parameter(name))}
    assert moved == {name for name, _ in start.named_parameters()}


def test_the_same_seed_gives_the_same_weights_and_another_seed_does_not() -> None:
    plan = replace(PLAN, epochs=2)
    first, again, other = run(plan)[1], run(plan)[1], run(replace(plan, seed=1))[1]
    assert_same_weights(first, again)
    assert any(not torch.equal(other.state_dict()[name], tensor) for name, tensor in first.state_dict().items())


@pytest.mark.parametrize(("instructions", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_convolutions_run_in_bfloat16_only_where_the_processor_has_instructions_for_it(
    instructions: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them an epoch takes seven times as long as in float32."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: instructions)
    training, seen = trainer(replace(PLAN, landmarks="random")), set()
    for layer in training.classifier.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(lambda module, given, made: seen.add(made.dtype))
    assert training.run_epoch().loss > 0.0
    assert seen == {dtype}


def test_the_average_is_rounded_when_training_ends_and_the_classifier_never() -> None:
    training = trainer(replace(PLAN, epochs=2), replace(SMALL, blocks=2))
    training.run_epoch()
    assert not matrices_of_few_digits(training.average)
    training.run_epoch()
    blocks = [f"encoder.blocks.{block}.{name}" for block in (0, 1) for name in ("attention.output", "widen", "narrow")]
    assert matrices_of_few_digits(training.average) == {f"{name}.weight" for name in ("tokenizer.projection", *blocks)}
    assert not matrices_of_few_digits(training.classifier)


def matrices_of_few_digits(classifier: Classifier) -> set[str]:
    matrices = {name: each for name, each in classifier.named_parameters() if each.dim() > 1}
    return {name for name, each in matrices.items() if (each == each.bfloat16()).all()}


@pytest.mark.parametrize(("after", "landmarks"), [(1, "kmeans"), (2, "kmeans"), (2, "layers"), (3, "layers")])
def test_a_resumed_run_ends_with_the_same_weights_to_the_bit(tmp_path: Path, after: int, landmarks: str) -> None:
    plan = replace(PLAN, epochs=4, landmarks=landmarks)
    whole = trainer(plan)
    while not whole.finished:
        whole.run_epoch()
    begun = trainer(plan)
    for _ in range(after):
        begun.run_epoch()
    save_checkpoint(begun, tmp_path / "checkpoint", "made", [{"epoch": after}])
    begun.run_epoch()  # what happens after the checkpoint is of no account
    torch.manual_seed(99)
    resumed = trainer(plan)
    assert load_checkpoint(resumed, tmp_path / "checkpoint", "made") == [{"epoch": after}]
    assert resumed.epoch == after
    while not resumed.finished:
        resumed.run_epoch()
    assert_same_weights(whole.average, resumed.average)
    assert_same_weights(whole.classifier, resumed.classifier)


def test_a_checkpoint_of_another_run_or_none_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(trainer(PLAN), path, "made", [])
    with pytest.raises(TrainingError, match="another plan"):
        load_checkpoint(trainer(replace(PLAN, seed=1)), path, "made")
    with pytest.raises(TrainingError, match="another model and data"):
        load_checkpoint(trainer(PLAN, replace(SMALL, width=12)), path, "others")
    save_classifier(trainer(PLAN).average, path)
    with pytest.raises(TrainingError, match="no checkpoint"):
        load_checkpoint(trainer(PLAN), path, "made")
    path.write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="cannot be read"):
        load_checkpoint(trainer(PLAN), path, "made")


def test_fixed_landmarks_start_from_the_tokens_of_the_first_epoch() -> None:
    """Their landmarks then are means of what tokens look like: near to some of them, which random ones are not."""

    def distance(start: str) -> float:
        training = trainer(replace(PLAN, epochs=5, landmarks=start))
        training.run_epoch()
        classifier = training.classifier.eval()
        clips = made_clips(24)[0]
        tokens, _ = classifier.tokenizer.steps(clips, classifier.tokenizer.init_state(24))
        block = classifier.encoder._blocks()[0]
        _, keys, _ = block.attention._project(block.attention_input(tokens.flatten(0, 1)).unsqueeze(0))
        kernel = block.attention.kernel
        assert isinstance(kernel, FixedLandmarkKernel)
        return torch.cdist(kernel.key_landmarks, keys).min(dim=2).values.mean().item()

    assert distance("kmeans") < 0.5 * distance("random")


def test_landmarks_fixed_layer_by_layer_stay_the_centres_of_what_is_heard() -> None:
    """Of 12 epochs the blocks take turns after the 10th and the 11th. What decides queries and keys is held from then
    on: the landmarks found again at the end are the same, and the rest has moved.
    """
    training = trainer(replace(PLAN, landmarks="layers"), replace(SMALL, blocks=2))
    fixed, before = [], {}
    while not training.finished:
        training.run_epoch()
        blocks = training.classifier.encoder._blocks()
        fixed.append([isinstance(block.attention.kernel, FixedLandmarkKernel) for block in blocks])
        if training.epoch == 11:
            before = {name: value.clone() for name, value in training.classifier.state_dict().items()}
    assert fixed == [[False, False]] * 9 + [[True, False], [True, True], [True, True]]
    now = training.classifier.state_dict()
    moved = {name for name in now if not torch.equal(now[name], before[name])}
    last = "encoder.blocks.1."
    assert {f"{last}attention.query_key_value.weight", f"{last}widen.weight", "encoder.head.weight"} <= moved
    held = "tokenizer", "encoder.blocks.0", f"{last}attention.kernel", f"{last}attention_norm"
    assert not [name for name in moved if name.startswith(held)]
    query_key_value = f"{last}attention.query_key_value.weight"
    rows = 2 * SMALL.width
    torch.testing.assert_close(now[query_key_value][:rows], before[query_key_value][:rows], rtol=0, atol=0)
    training._fix_landmarks()
    for name, value in training.classifier.state_dict().items():
        torch.testing.assert_close(value, now[name], rtol=0, atol=1e-6)
    assert training.average.state_dict().keys() == Classifier(replace(SMALL, blocks=2)).state_dict().keys()
    with pytest.raises(TrainingError, match="2 epochs are too few"):
        trainer(replace(PLAN, epochs=2, landmarks="layers"), replace(SMALL, blocks=2))


def test_what_has_learned_moves_less_than_its_new_head_and_keeps_its_means_and_landmarks() -> None:
    def train(share: float | None) -> dict[str, torch.Tensor]:
        """What has become of each tensor, after two epochs."""
        training = trainer(replace(PLAN, epochs=2, learned_share=share, weight_decay=0.0))
        torch.manual_seed(PLAN.seed)
        before = Classifier(SMALL).state_dict()
        training.run_epoch()
        training.run_epoch()
        after = training.classifier.state_dict()
        return {name: (after[name] - value).abs().max() for name, value in before.items()}

    anew, little, none = train(None), train(0.1), train(0.0)
    moved = [name for name in anew if name.endswith("weight") and "encoder" in name and "head." not in name]
    assert all(little[name] < 0.5 * anew[name] for name in moved)
    assert all(none[name] == 0.0 for name in moved)
    assert none["encoder.head.weight"] > 0.0
    assert max(none["tokenizer.band_mean"], little["tokenizer.band_mean"]) == 0.0
    assert anew["tokenizer.band_mean"] > 0.0


def test_a_loss_that_is_no_number_is_a_sentence() -> None:
    training = trainer(PLAN)
    training.classifier.encoder.head.weight.data.fill_(float("nan"))
    with pytest.raises(TrainingError, match="the loss became nan in epoch 1"):
        training.run_epoch()


def test_of_some_answers_each_is_the_last_of_its_stride() -> None:
    training = trainer(PLAN)
    clips = made_clips(3)[0]
    every = clip_probabilities(training.average, clips)
    torch.testing.assert_close(clip_probabilities(training.average, clips, answer_stride=4), every[:, 3::4])


def test_one_clip_alone_is_refused() -> None:
    with pytest.raises(TrainingError, match="1 clips"):
        trainer(PLAN, count=1)
