"""Sound in, log-mel frames out: devices, capture, files, resampling, streaming features.

Importing it costs next to nothing: PortAudio, libsndfile and FFmpeg are loaded when they are first used.
"""

from audio.capture import Capture
from audio.clock import Clock, SystemClock, VirtualClock
from audio.decode import DecodedFile, decode_blocks
from audio.devices import InputDevice, input_devices, system_sound_help
from audio.errors import AudioError, NoAudioSystem, NoMicrophone, UnreadableFile
from audio.file import FilePlayer, FileSource, LivePacedSource
from audio.frames import FrameStream
from audio.front_end import FrontEnd
from audio.logmel import StreamingLogMel
from audio.loss import Loss
from audio.meter import Level, LevelMeter
from audio.microphone import Microphone
from audio.preview import LevelPreview
from audio.raw import RawFormat, RawSource
from audio.resample import StreamingResampler
from audio.ring import RingCount, SampleRing
from audio.source import Block, Source
from audio.speaker import PlayedAloud, Speaker
from audio.spec import BANDS, FFT_LENGTH, FLOOR_POWER, FRAME_SECONDS, HOP, SAMPLE_RATE
from audio.stream_decode import StreamSource
from audio.watchdog import CaptureState

__all__ = [
    "BANDS",
    "FFT_LENGTH",
    "FLOOR_POWER",
    "FRAME_SECONDS",
    "HOP",
    "SAMPLE_RATE",
    "AudioError",
    "Block",
    "Capture",
    "CaptureState",
    "Clock",
    "DecodedFile",
    "FilePlayer",
    "FileSource",
    "FrameStream",
    "FrontEnd",
    "InputDevice",
    "Level",
    "LevelMeter",
    "LevelPreview",
    "LivePacedSource",
    "Loss",
    "Microphone",
    "NoAudioSystem",
    "NoMicrophone",
    "PlayedAloud",
    "RawFormat",
    "RawSource",
    "RingCount",
    "SampleRing",
    "Source",
    "Speaker",
    "StreamSource",
    "StreamingLogMel",
    "StreamingResampler",
    "SystemClock",
    "UnreadableFile",
    "VirtualClock",
    "decode_blocks",
    "input_devices",
    "system_sound_help",
]
