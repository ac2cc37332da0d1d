"""The same model compiled for one core: numpy and numba, the weights straight from their file, no torch.

torch stays the reference, the trainer and the twin. What is covered: softmax attention and Nystrom attention with fixed
and with continual landmarks, any number of blocks one on another; NotCoveredError is raised for the rest.
"""
