"""Numbers that the parts of the model and their cost have in common; known without torch."""

# The stem's convolutions.
KERNEL_TIME = 3  # frames
KERNEL_BANDS = 3
FIRST_KERNEL_BANDS = 5

# Attention.
NEWTON_SCHULZ_ITERATIONS = 6
QUERY_CHUNK = 256  # queries at once in a parallel pass: bounds the banded mask
MIX_PIECE = 128  # tokens that are mixed by one masked matrix product
