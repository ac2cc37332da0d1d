"""What torch's tools make of the models: compiled, exported and run by onnxruntime they answer as they do in Python."""

from __future__ import annotations

import importlib.util
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map, tree_map_only

from model import Encoder, EncoderConfig, StepModule
from tests.model.conftest import SMALL, music, small_classifier

KINDS: dict[str, dict[str, Any]] = {
    "softmax": {"attention": "softmax", "positions": 5, "rotary": True},
    "gaussian": {"attention": "gaussian"},
    "fixed landmarks": {"landmarks": "fixed"},
    "continual landmarks": {"landmarks": "continual"},
}
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
@pytest.mark.parametrize("blocks", [1, 2])
def test_the_step_of_fixed_shapes_answers_as_the_encoder_does(kind: dict[str, Any], blocks: int) -> None:
    """From the first token on, through every phase of the segments."""
    encoder, tokens = make({**kind, "blocks": blocks}), stream(30)
    module = StepModule(encoder, 2)
    assert_close(fold(module, module.init_state(), tokens), encoder.steps(tokens, encoder.init_state(2))[0])


def test_a_retroactive_encoder_has_no_step_of_fixed_shapes_and_says_so() -> None:
    with pytest.raises(ValueError, match="retroactive"):
        StepModule(make({"blocks": 2, "stacking": "retroactive"}))


@pytest.mark.parametrize(
    ("kind", "backend"), list(zip(KINDS, ["eager", "aot_eager", "aot_eager", "aot_eager"], strict=True))
)  # what passes the second has passed the first
def test_forward_and_step_compile_without_a_break(kind: str, backend: str) -> None:
    torch._dynamo.reset()
    encoder, tokens = make(KINDS[kind]), stream()
    forward = torch.compile(encoder, fullgraph=True, backend=backend)
    assert_close(forward(tokens), encoder(tokens))
    module = StepModule(encoder, 2)
    step = torch.compile(module, fullgraph=True, backend=backend)
    assert_close(fold(step, module.init_state(), tokens), encoder(tokens))


@every_kind
def test_forward_and_step_are_exported(kind: dict[str, Any]) -> None:
    encoder, tokens = make(kind), stream()
    module = StepModule(encoder, 2)
    forward = torch.export.export(encoder, (tokens,)).module()
    step = torch.export.export(module, (tokens[:, 0], *module.init_state())).module()
    assert_close(forward(tokens), encoder(tokens))
    assert_close(fold(step, module.init_state(), tokens), encoder(tokens))


def run_by_onnx(module: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
    """The module as a function of tensors, computed by onnxruntime."""
    import onnxruntime

    program = torch.onnx.export(module, inputs, dynamo=True, verbose=False)
    assert program is not None
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    names = [each.name for each in session.get_inputs()]

    def run(*given: Tensor) -> tuple[Tensor, ...]:
        feed = {name: tensor.numpy() for name, tensor in zip(names, given, strict=True)}
        return tuple(torch.as_tensor(output) for output in session.run(None, feed))

    return run


@needs_onnx
@every_kind
def test_forward_and_step_are_the_same_in_onnx(kind: dict[str, Any]) -> None:
    encoder, tokens = make(kind), stream()
    module = StepModule(encoder, 2)
    assert_close(run_by_onnx(encoder, (tokens,))(tokens)[0], encoder(tokens))
    step = run_by_onnx(module, (tokens[:, 0], *module.init_state()))
    assert_close(fold(step, module.init_state(), tokens), encoder(tokens))


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
