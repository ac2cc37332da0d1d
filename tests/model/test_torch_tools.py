"""What torch's tools make of the models: compiled, exported and run by onnxruntime they answer as they do in Python."""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_map, tree_map_only

from model import Classifier, Encoder, EncoderConfig, StepModule
from tests.model.conftest import SMALL, music, small_classifier

KINDS: dict[str, dict[str, Any]] = {
    "softmax": {"attention": "softmax", "positions": 5, "rotary": True},
    "gaussian": {"attention": "gaussian"},
    "fixed landmarks": {"landmarks": "fixed"},
    "continual landmarks": {"landmarks": "continual"},
}
RETROACTIVE: dict[str, Any] = {"blocks": 2, "stacking": "retroactive"}
STACKS: list[dict[str, Any]] = [{}, {"blocks": 2}, RETROACTIVE]
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="onnx, onnxscript or onnxruntime is not installed (pip install nystream[export])",
)


def make(kind: dict[str, Any]) -> Encoder:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"width": 12, "heads": 3, "window": 4, "feed_forward": 8, "outputs": 2, "landmark_count": 2}
    return Encoder(EncoderConfig(**(sizes | kind))).eval().requires_grad_(False)


def stream(length: int = 7) -> Tensor:
    return torch.randn(2, length, 12, generator=torch.Generator().manual_seed(1))


def fold(step: Any, state: tuple[Tensor, ...], tokens: Tensor) -> Tensor:
    answers = []
    for token in tokens.unbind(1):
        answer, *state = step(token, *state)
        answers.append(answer)
    return torch.stack(answers, dim=1)


def assert_close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5)


@every_kind
@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_the_step_of_fixed_shapes_answers_as_the_encoder_does(kind: dict[str, Any], stack: dict[str, Any]) -> None:
    """From the first token on, through every phase of the segments, also where they are of different lengths."""
    encoder, tokens = make({"window": 5, **kind, **stack}), stream(30)
    module = StepModule(encoder, 2)
    assert_close(fold(module, module.init_state(), tokens), encoder.steps(tokens, encoder.init_state(2))[0])


def test_the_step_of_a_classifier_takes_frames() -> None:
    """Until its level window is full, and after; a frame that no sound makes counts as silence."""
    classifier, frames = small_classifier(torch.float32), music(2, 20, SMALL, torch.float32)
    frames[0, 4, 3] = float("nan")
    module = StepModule(classifier, 2)
    assert_close(fold(module, module.init_state(), frames), classifier(frames))


# --- compiled, exported, and as ONNX has them

SHORT = {"window": 3, "positions": 3}  # a retroactive `forward` is a graph for every token
MODELS: dict[str, tuple[str, Callable[[], Encoder | Classifier]]] = {  # a backend of torch.compile, and a model
    "softmax": ("eager", lambda: make(KINDS["softmax"])),
    "softmax, retroactive": ("eager", lambda: make(KINDS["softmax"] | RETROACTIVE | SHORT)),
    "gaussian, two blocks": ("eager", lambda: make(KINDS["gaussian"] | {"blocks": 2})),
    "fixed landmarks, two blocks": ("aot_eager", lambda: make(KINDS["fixed landmarks"] | {"blocks": 2})),
    "continual landmarks": ("eager", lambda: make(KINDS["continual landmarks"])),
    "continual landmarks, retroactive": ("eager", lambda: make(KINDS["continual landmarks"] | RETROACTIVE | SHORT)),
    "classifier": ("eager", lambda: small_classifier(torch.float32, replace(SMALL, window=4, landmark_count=2))),
}
every_model = pytest.mark.parametrize("name", MODELS)


def inputs(model: Encoder | Classifier) -> Tensor:
    return music(2, 6, SMALL, torch.float32) if isinstance(model, Classifier) else stream(model.config.window + 2)


@every_model
def test_forward_and_step_compile_without_a_break(name: str) -> None:
    torch._dynamo.reset()
    backend, make_model = MODELS[name]
    model = make_model()
    given, module = inputs(model), StepModule(model, 2)
    expected = model(given)
    assert_close(torch.compile(model, fullgraph=True, backend=backend)(given), expected)
    step = torch.compile(module, fullgraph=True, backend=backend)
    assert_close(fold(step, module.init_state(), given), expected)


@cache
def exported(name: str) -> tuple[Any, Any]:
    """`forward` and step of a model, by torch.export."""
    model = MODELS[name][1]()
    given, module = inputs(model), StepModule(model, 2)
    step = torch.export.export(module, (given[:, 0], *module.init_state()))
    return torch.export.export(model, (given,)), step


@every_model
def test_forward_and_step_are_exported(name: str) -> None:
    model = MODELS[name][1]()
    given, expected = inputs(model), model(inputs(model))
    forward, step = (program.module() for program in exported(name))
    assert_close(forward(given), expected)
    assert_close(fold(step, StepModule(model, 2).init_state(), given), expected)


def run_by_onnx(program: Any) -> Any:
    """What was exported as a function of tensors, computed by onnxruntime."""
    import onnxruntime

    converted = torch.onnx.export(program, dynamo=True, verbose=False)
    assert converted is not None
    session = onnxruntime.InferenceSession(converted.model_proto.SerializeToString())
    names = [each.name for each in session.get_inputs()]

    def run(*given: Tensor) -> tuple[Tensor, ...]:
        feed = {name: tensor.numpy() for name, tensor in zip(names, given, strict=True)}
        return tuple(torch.as_tensor(output) for output in session.run(None, feed))

    return run


@needs_onnx
@every_model
def test_forward_and_step_are_the_same_in_onnx(name: str) -> None:
    """Step after step, the state in and out: every tensor of it is as StepModule has it."""
    model = MODELS[name][1]()
    given, module = inputs(model), StepModule(model, 2)
    forward, step = (run_by_onnx(program) for program in exported(name))
    assert_close(forward(given)[0], model(given))
    state = theirs = module.init_state()
    for one in given.unbind(1):
        _, *state = expected = module(one, *state)
        _, *theirs = answered = step(one, *theirs)
        for actual, wanted in zip(answered, expected, strict=True):
            assert_close(actual, wanted)


@every_kind
def test_a_state_is_a_pytree_of_its_tensors(kind: dict[str, Any]) -> None:
    """A copy leaf by leaf goes on to the same bits."""
    encoder, tokens = make(kind), stream()
    _, state = encoder.steps(tokens, encoder.init_state(2))
    copied = tree_map_only(Tensor, Tensor.clone, state)
    expected, _ = encoder.step(tokens[:, 0], state)
    answer, _ = encoder.step(tokens[:, 0], copied)
    torch.testing.assert_close(answer, expected, rtol=0, atol=0)
    classifier = small_classifier(torch.float32)
    _, heard = classifier.steps(music(1, 9, SMALL, torch.float32), classifier.init_state())
    assert tree_map(lambda leaf: leaf, heard).filled == heard.filled
    assert pickle.loads(pickle.dumps(copied)).position == copied.position


@every_kind
def test_bfloat16_streams_answer_as_float32_does_to_its_digits(kind: dict[str, Any]) -> None:
    encoder, tokens = make(kind), stream()
    coarse = make(kind).bfloat16()
    answers, _ = coarse.steps(tokens.bfloat16(), coarse.init_state(2))
    state = coarse.init_state(2)
    for t, token in enumerate(tokens.bfloat16().unbind(1)):
        answer, state = coarse.step(token, state)
        for given in (answer, answers[:, t]):
            torch.testing.assert_close(given.float(), encoder(tokens)[:, t], rtol=0.05, atol=0.1)


@every_kind
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_device_gives_the_same_answers(kind: dict[str, Any]) -> None:
    encoder, tokens = make(kind), stream()
    there = make(kind).cuda()
    state = there.init_state(2)
    for t, token in enumerate(tokens.cuda().unbind(1)):
        answer, state = there.step(token, state)
        assert_close(answer.cpu(), encoder(tokens)[:, t])
