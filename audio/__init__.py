"""Sound in, log-mel frames out: devices, capture, files, resampling, streaming features.

Importing it costs next to nothing: PortAudio and FFmpeg are loaded when they are first used.
"""

from audio.capture import Capture
from audio.container import SUFFIXES
from audio.devices import input_devices, system_sound_help
from audio.file import FilePlayer, FileSource, LivePacedSource
from audio.frames import FrameStream, StreamingResampler
from audio.front_end import BANDS, FFT_LENGTH, FLOOR_POWER, FRAME_SECONDS, HOP, SAMPLE_RATE
from audio.logmel import StreamingLogMel, frame_flops, frame_levels
from audio.meter import Level, LevelMeter, LevelPreview
from audio.microphone import Microphone
from audio.pipe import PipePlayer, RawFormat, RawSource, StreamSource
from audio.source import AudioError, Block, NoAudioSystem, Source, UnreadableFile
from audio.speaker import PlayedAloud

__all__ = [
    "BANDS",
    "FFT_LENGTH",
    "FLOOR_POWER",
    "FRAME_SECONDS",
    "HOP",
    "SAMPLE_RATE",
    "SUFFIXES",
    "AudioError",
    "Block",
    "Capture",
    "FilePlayer",
    "FileSource",
    "FrameStream",
    "Level",
    "LevelMeter",
    "LevelPreview",
    "LivePacedSource",
    "Microphone",
    "NoAudioSystem",
    "PipePlayer",
    "PlayedAloud",
    "RawFormat",
    "RawSource",
    "Source",
    "StreamSource",
    "StreamingLogMel",
    "StreamingResampler",
    "UnreadableFile",
    "frame_flops",
    "frame_levels",
    "input_devices",
    "system_sound_help",
]
