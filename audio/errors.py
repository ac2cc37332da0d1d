"""What can go wrong with sound, each as one sentence that a user can act on."""


class AudioError(Exception):
    """The text is one sentence for the user: what is wrong and, where there is something to do, what to do
    next.
    """


class UnreadableFile(AudioError):  # noqa: N818
    """A file gives no sound. The text does not name the path: whoever prints it does."""


class NoAudioSystem(AudioError):  # noqa: N818
    """PortAudio is missing or does not start: nothing can be captured, files still can be read."""


class NoMicrophone(AudioError):  # noqa: N818
    """There is no input device, none of that name, or the device refuses to be opened."""
