"""Sound in, log-mel frames out: devices, capture, files, resampling, streaming features.

Importing it costs next to nothing: PortAudio, libsndfile, FFmpeg and librosa are loaded when they are first
used.
"""

from audio.decode import DecodedFile, decode_blocks
from audio.devices import InputDevice, input_devices
from audio.errors import AudioError, NoAudioSystem, NoMicrophone, UnreadableFile
from audio.file import FileSource, LivePacedSource
from audio.frames import FrameStream
from audio.logmel import StreamingLogMel
from audio.microphone import Microphone
from audio.resample import StreamingResampler
from audio.ring import RingCount, SampleRing
from audio.source import Block, Source
from audio.spec import BANDS, FFT_LENGTH, FLOOR_POWER, FRAME_SECONDS, HOP, SAMPLE_RATE

__all__ = [
    "BANDS",
    "FFT_LENGTH",
    "FLOOR_POWER",
    "FRAME_SECONDS",
    "HOP",
    "SAMPLE_RATE",
    "AudioError",
    "Block",
    "DecodedFile",
    "FileSource",
    "FrameStream",
    "InputDevice",
    "LivePacedSource",
    "Microphone",
    "NoAudioSystem",
    "NoMicrophone",
    "RingCount",
    "SampleRing",
    "Source",
    "StreamingLogMel",
    "StreamingResampler",
    "UnreadableFile",
    "decode_blocks",
    "input_devices",
]
