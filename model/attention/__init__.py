"""Continual attention of every kind: one file per kind, the sums they share, and the heads around them."""

from model.attention.multi_head import AttentionState, MultiHeadAttention

__all__ = ["AttentionState", "MultiHeadAttention"]
