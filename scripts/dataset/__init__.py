"""GTZAN clips as log-mel frames, from a pack of them or from a folder of audio: one dataset, whichever it was."""

from scripts.dataset.arguments import add_data_arguments, add_split_arguments, read_dataset
from scripts.dataset.clips import Dataset, DatasetError
from scripts.dataset.folder import CLIP_FRAMES, read_folder
from scripts.dataset.pack import read_pack

__all__ = [
    "CLIP_FRAMES",
    "Dataset",
    "DatasetError",
    "add_data_arguments",
    "add_split_arguments",
    "read_dataset",
    "read_folder",
    "read_pack",
]
