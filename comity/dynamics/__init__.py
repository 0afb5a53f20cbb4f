"""Populations and ratings of types, from nothing but what they are paid against each other.

The law of this room: arrays in, arrays out. It imports NumPy and SciPy and nothing else, knows no game, no agent and no
record, and draws nothing of its own.
"""
