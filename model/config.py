"""The whole configuration of an encoder or a classifier: one frozen value, stored in every weights file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

GTZAN_GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")

LARGEST = 1 << 30  # of any size or number
LANDMARKS = 16  # of a window that holds as many
NONE_ALLOWED = ("positions", "outputs", "queries")
ADDED = ("rotary",)  # what weights written before it lack: they have the default
LEAST_RIDGE = 1e-9  # what is smaller is lost beside 1 in the inverse

CHOICES = {
    "attention": ("softmax", "nystrom", "gaussian"),
    "landmarks": ("fixed", "continual"),
    "inverse": ("ridge", "pinv", "newton-schulz"),
    "stacking": ("deep", "retroactive"),
    "norm": ("pre", "post"),
    "activation": ("gelu-tanh", "gelu", "relu"),
}


Config = TypeVar("Config", bound="BlockConfig")


@dataclass(frozen=True)
class BlockConfig:
    """Sizes of blocks of continual attention: what an encoder alone and a classifier have in common."""

    width: int = 128  # d, of a token
    heads: int = 4  # H
    window: int = 387  # n, tokens that attention looks back on
    attention: str = "nystrom"  # or "softmax": exact; or "gaussian": of distances, not normalised
    landmarks: str = "fixed"  # learned; or "continual": means of the stream's segments. Of Nystrom attention only
    landmark_count: int = None  # type: ignore[assignment] # m; left out: 16, or one for every token of a shorter window
    inverse: str = "ridge"  # of the landmark matrix; or "pinv", or "newton-schulz"
    inverse_ridge: float = 1e-3  # epsilon in (A^T A + epsilon I)^-1 A^T
    blocks: int = 1
    stacking: str = "deep"  # every block single output; or "retroactive": all blocks but the last give all n outputs
    positions: int = 0  # period of the recycling positional encoding, at least n; 0 for none
    rotary: bool = False  # queries and keys turn with their positions, so that scores depend on the distance in time
    feed_forward: int = 256
    norm: str = "pre"  # or "post", as torch.nn.TransformerEncoderLayer has it by default
    activation: str = "gelu-tanh"  # or "gelu" or "relu"
    dropout: float = 0.1  # training only

    def __post_init__(self) -> None:
        if self.landmark_count is None and _is_whole(self.window, 1):
            object.__setattr__(self, "landmark_count", min(LANDMARKS, self.window))
        _check_numbers(self)
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(choices)}")
        if self.stacking == "retroactive" and self.blocks < 2:
            raise ValueError(f"retroactive stacking of {self.blocks} block; it is defined for 2 and more")
        if self.positions and self.positions < self.window:
            raise ValueError(f"positions recycle after {self.positions} tokens; expected at least {self.window}")
        if self.width % self.heads:
            raise ValueError(f"width {self.width} cannot be split evenly over {self.heads} heads")
        if self.rotary and self.head_width % 2:
            raise ValueError(f"rotary positions turn pairs of numbers; heads are {self.head_width} wide")
        if self.rotary and self.attention == "nystrom" and self.landmarks == "fixed":
            raise ValueError("rotary positions with fixed landmarks, which have no position; expected continual ones")
        if self.landmark_count > self.window:
            raise ValueError(
                f"{self.landmark_count} landmarks in a window of {self.window} tokens; expected at most one each"
            )
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout is {self.dropout}; expected at least 0 and less than 1")
        if not LEAST_RIDGE <= self.inverse_ridge <= 1.0:
            raise ValueError(f"inverse_ridge is {self.inverse_ridge}; expected {LEAST_RIDGE} to 1")

    @property
    def head_width(self) -> int:
        """d_head, the width of one attention head."""
        return self.width // self.heads

    @property
    def attention_history(self) -> int:
        """How many tokens one block's output can depend on: the oldest continual landmark reaches back behind n."""
        if self.attention == "nystrom" and self.landmarks == "continual":
            longest_segment = -(-self.window // self.landmark_count)
            return self.window + longest_segment - 1
        return self.window

    @property
    def history(self) -> int:
        """How many tokens an answer can depend on."""
        one = self.attention_history
        return one if self.stacking == "retroactive" else self.blocks * (one - 1) + 1

    def with_window(self: Config, window: int) -> Config:
        """The same model looking back on `window` tokens, with at most one continual landmark for each of them.

        Raises ValueError when what is learned does not allow that: recycling positions of a shorter period, or more
        fixed landmarks than tokens.
        """
        learned = self.attention == "nystrom" and self.landmarks == "fixed"
        landmark_count = self.landmark_count if learned else min(self.landmark_count, window)
        return replace(self, window=window, landmark_count=landmark_count)

    def to_json(self) -> str:
        """Without what was added later, where it has its default: such files are those of before."""
        added = {field.name: field.default for field in fields(self) if field.name in ADDED}
        values = {name: value for name, value in asdict(self).items() if name not in added or value != added[name]}
        return json.dumps(values, sort_keys=True)

    @classmethod
    def from_json(cls: type[Config], text: str) -> Config:
        """Raises ValueError for anything but an object with the fields of a configuration; those in ADDED may lack."""
        try:
            given: Any = json.loads(text)
        except RecursionError:
            raise ValueError("the configuration is nested too deeply") from None
        if not isinstance(given, dict):
            raise ValueError("the configuration is not a JSON object")
        known = {field.name for field in fields(cls)}
        unknown, missing = sorted(set(given) - known), sorted(known - set(given) - set(ADDED))
        if unknown or missing:
            raise ValueError(f"the configuration has unknown fields {unknown} and lacks {missing}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
        }
        return cls(**values)


@dataclass(frozen=True)
class EncoderConfig(BlockConfig):
    """Sizes of an encoder alone: tokens of any kind in, answers of any kind out.

    Raises ValueError, naming what was given and what was expected, when the sizes do not fit together.
    """

    outputs: int = 0  # numbers of an answer, by a linear head; 0: no head, an answer is the token as it leaves (width,)
    final_norm: bool = True  # a layer norm after the blocks; torch.nn.TransformerEncoder has none by default


@dataclass(frozen=True)
class DetectorConfig:
    """Sizes of an online action detector (model/detector.py).

    Raises ValueError, naming what was given and what was expected, when they do not fit together.
    """

    encoder: EncoderConfig  # its outputs are 0: the heads are the detector's
    features: int  # numbers of a frame
    classes: int = 22  # the background is one
    class_token: int | None = None  # a learned token joins after so many blocks, 0 or 1, and the class is read from it
    queries: int = 0  # frames that are anticipated, by a decoder; 0: there is none
    decoder_layers: int = 5
    decoder_heads: int = 4
    decoder_feed_forward: int = 1024

    def __post_init__(self) -> None:
        _check_numbers(self)
        if self.encoder.outputs:
            raise ValueError(f"the encoder has {self.encoder.outputs} outputs; expected 0, the detector has the heads")
        if self.class_token not in (None, 0, 1):
            raise ValueError(f"class_token is {self.class_token!r}; expected None, 0 or 1")
        if self.encoder.width % self.decoder_heads:
            raise ValueError(f"width {self.encoder.width} cannot be split evenly over {self.decoder_heads} heads")
        if not self.is_plain and (self.encoder.attention, self.encoder.stacking) != ("softmax", "retroactive"):
            raise ValueError("a class token and a decoder need softmax attention, stacked retroactively")

    @property
    def is_plain(self) -> bool:
        """Whether the encoder's newest output is all that is read: then it may be any encoder."""
        return self.class_token is None and not self.queries

    def check_continual(self) -> None:
        """Raises ValueError for a detector that can only be computed on whole windows."""
        if self.class_token == 0:
            raise ValueError("a class token before the first block has no continual form; expected None or 1")


@dataclass(frozen=True)
class ModelConfig(BlockConfig):
    """Sizes of a classifier. The defaults are the model that ships.

    Raises ValueError, naming what was given and what was expected, when the sizes do not fit together.
    """

    # frames in
    bands: int = 120  # log-mel bands per frame
    level_window: int = 129  # frames over which the level is averaged; 129 frames of 77.5 ms are 10 s
    level_floor_db: float = 50.0  # what lies further below the level than this is heard as this
    # stem: one entry per convolution, in order
    stem_channels: tuple[int, ...] = (16, 32, 64, 64)
    stem_dilations: tuple[int, ...] = (1, 1, 2, 4)  # in time; bands are halved by every convolution
    # answers out
    genres: tuple[str, ...] = GTZAN_GENRES
    unsure_probability: float = 0.5  # a leading genre less probable than this is unsure,
    unsure_margin: float = 0.1  # and so is one that leads the next by less than this

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("stem_channels", "stem_dilations"):
            if not all(_is_whole(value, 1) for value in getattr(self, name)):
                raise ValueError(f"{name} are {getattr(self, name)!r}; expected whole numbers of at least 1")
        if len(self.stem_channels) != len(self.stem_dilations) or not self.stem_channels:
            raise ValueError(
                f"{len(self.stem_channels)} stem channels with {len(self.stem_dilations)} dilations; expected one each"
            )
        if self.level_floor_db <= 0.0:
            raise ValueError(f"level_floor_db is {self.level_floor_db}; expected more than 0")
        for name in ("unsure_probability", "unsure_margin"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a probability, 0 to 1")
        if len(self.genres) < 2:
            raise ValueError(f"{len(self.genres)} genres; expected at least 2 to choose between")
        if not isinstance(self.genres, tuple) or not all(
            isinstance(genre, str) and genre and genre.isprintable() for genre in self.genres
        ):
            raise ValueError(f"genres are {self.genres!r}; expected names without control characters")
        if len(set(self.genres)) < len(self.genres):
            raise ValueError(f"genres are {self.genres!r}; expected each once")

    @property
    def outputs(self) -> int:
        """Numbers of an answer: the logits of the genres."""
        return len(self.genres)

    @property
    def final_norm(self) -> bool:
        return True

    @property
    def stem_bands(self) -> tuple[int, ...]:
        """Bands into each convolution of the stem, and out of the last; each halves them, rounded up."""
        bands = [self.bands]
        for _ in self.stem_channels:
            bands.append(-(-bands[-1] // 2))
        return tuple(bands)

    @property
    def stem_features(self) -> int:
        """Numbers per frame that leave the last convolution: channels x remaining bands."""
        return self.stem_channels[-1] * self.stem_bands[-1]


def _check_numbers(config: BlockConfig | DetectorConfig) -> None:
    """Raises ValueError for a field of another type than it says, or out of range."""
    for field in fields(config):
        value, least = getattr(config, field.name), int(field.name not in NONE_ALLOWED)
        if field.type == "int" and not _is_whole(value, least):
            raise ValueError(f"{field.name} is {value!r}; expected a whole number of at least {least}")
        if field.type == "bool" and type(value) is not bool:
            raise ValueError(f"{field.name} is {value!r}; expected true or false")
        if field.type == "float" and not (type(value) in (int, float) and abs(value) <= LARGEST):  # nor is NaN
            raise ValueError(f"{field.name} is {value!r}; expected a number")


def _is_whole(value: object, least: int) -> bool:
    return type(value) is int and least <= value <= LARGEST
