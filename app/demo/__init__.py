"""Music that the program makes itself, so that it can be shown with no microphone, no file and no network."""
