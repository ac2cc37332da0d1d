"""What is timed, each in the middle of a stream with a full window: a call does it for one new token."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from app.stream.backend import Backend, CompiledBackend
from app.stream.front_end import compile_front_end
from audio import HOP, FrontEnd, StreamingLogMel
from model import Classifier, ModelConfig, step_cost
from model.compiled.classifier import CompiledClassifier
from model.compiled.prepare import NotCoveredError
from model.encoder import Encoder
from model.layers import lay_out_for_single_tokens

Call = Callable[[], Any]
TOKENS = 64  # different tokens that are stepped through


def compile_classifier(classifier: Classifier, halves: bool = True) -> CompiledClassifier | None:
    """None where the compiled path does not cover it. halves: as CompiledClassifier has it."""
    tensors = {name: tensor.detach().numpy() for name, tensor in classifier.state_dict().items()}
    try:
        return CompiledClassifier(classifier.config, tensors, halves)
    except NotCoveredError:
        return None


def weight_bytes(classifier: Classifier, compiled: CompiledClassifier | None) -> int:
    """What one frame reads of the model's weights, tokenizer and encoder, as they are stored."""
    if compiled is None:
        return sum(parameter.nbytes for parameter in classifier.parameters())
    stem = compiled.tokenizing
    return sum(each.nbytes for each in (stem.weights, stem.standard, stem.projection, compiled.blocks, compiled.head))


def state_bytes(classifier: Classifier, compiled: CompiledClassifier | None) -> int:
    """What the encoder of what is timed remembers of one stream; torch's in closed form."""
    if compiled is None:
        return step_cost(classifier.config).state_bytes
    return compiled.init_state().encoder.nbytes


def torch_step(encoder: Encoder) -> Call:
    """The continual step in torch."""
    _, state = encoder.steps(torch.randn(1, 2 * encoder.config.window, encoder.config.width), encoder.init_state())
    tokens, index = torch.randn(TOKENS, 1, encoder.config.width).unbind(0), 0

    def step() -> None:
        nonlocal state, index
        index = (index + 1) % TOKENS
        _, state = encoder.step(tokens[index], state)

    return step


def compiled_step(compiled: CompiledClassifier) -> Call:
    """The continual step, compiled."""
    random, config = np.random.default_rng(0), compiled.config
    state = compiled.init_state()
    compiled.encode(random.normal(size=(2 * config.window, config.width)).astype(np.float32), state)
    tokens, index = random.normal(size=(TOKENS, 1, config.width)).astype(np.float32), 0

    def step() -> None:
        nonlocal index
        index = (index + 1) % TOKENS
        compiled.encode(tokens[index], state)

    return step


def twin(encoder: Encoder) -> Call:
    """The same encoder over what an answer depends on, from nothing; fixed landmarks are prepared."""
    tokens, landmarks = torch.randn(1, encoder.history, encoder.config.width), encoder.prepare()
    return lambda: encoder.recompute(tokens, 4 * encoder.history, landmarks)


def ordinary(config: ModelConfig) -> Call:
    """A sliding-window transformer of these sizes: exact attention by torch's fused kernel, all outputs."""
    encoder = Encoder(replace(config, attention="softmax", stacking="deep", blocks=1)).eval()
    lay_out_for_single_tokens(encoder)
    return twin(encoder)


def torch_encoder(config: ModelConfig) -> Call:
    """torch.nn.TransformerEncoderLayer on the window; with relu, its fastest: its fused path has no tanh gelu."""
    layer = nn.TransformerEncoderLayer(
        config.width, config.heads, config.feed_forward, 0.0, "relu", batch_first=True, norm_first=True
    ).eval()
    tokens = torch.randn(1, config.window, config.width)
    return lambda: layer(tokens)


def peer(config: ModelConfig) -> Call | None:
    """The single-output layer of continual-inference; None where that is not installed."""
    if importlib.util.find_spec("continual") is None:
        return None
    continual = importlib.import_module("continual")
    torch.set_default_device(None)  # importing it sets one, which slows every later call of torch
    layer = continual.SingleOutputTransformerEncoderLayer(
        config.width, config.heads, config.feed_forward, 0.0, nn.GELU("tanh"), sequence_len=config.window
    ).eval()
    token = torch.randn(1, config.width)
    for _ in range(2 * config.window):
        layer.forward_step(token)
    return lambda: layer.forward_step(token)


def batch_step(compiled: CompiledClassifier, streams: int) -> Call:
    """One token of each of `streams` streams, windows full."""
    remembered, random = compiled.init_streams(streams), np.random.default_rng(0)
    tokens = random.normal(size=(8, streams, compiled.config.width)).astype(np.float32)
    index = 0

    def step() -> None:
        nonlocal index
        index = (index + 1) % len(tokens)
        compiled.step_streams(tokens[index], remembered)

    for _ in range(compiled.config.window):
        step()
    return step


def frame_parts(classifier: Classifier, compiled: CompiledClassifier | None) -> tuple[Call, Call, Call]:
    """From the samples of a hop to an answer: log-mel, then token, then step; each passes on what it made."""
    from app.stream.torch_backend import TorchBackend

    backend: Backend = TorchBackend(classifier) if compiled is None else CompiledBackend(compiled)
    front_end = FrontEnd()
    front_end.take_over(compile_front_end())
    log_mel, random = StreamingLogMel(front_end), np.random.default_rng(0)
    samples = (0.1 * random.normal(size=HOP)).astype(np.float32)
    frame = np.zeros((1, classifier.config.bands), np.float32)
    filling = random.normal(-30.0, 12.0, (2 * classifier.config.window, frame.shape[1])).astype(np.float32)
    backend.encode(backend.tokenize(filling))
    token = np.zeros((1, classifier.config.width), np.float32)
    while not len(log_mel.push(samples)):
        pass

    def hear() -> None:
        nonlocal frame
        frame = log_mel.push(samples)

    def tokenize() -> None:
        nonlocal token
        token = backend.tokenize(frame)

    return hear, tokenize, lambda: backend.encode(token)
