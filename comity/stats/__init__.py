"""What a number may be trusted for: intervals, contrasts, ranks, and how much play it takes to see a difference.

The law of this room: arrays in, arrays out. It imports NumPy, SciPy and statsmodels and nothing else, and knows no
game, no agent and no record. Whoever calls says what was independently drawn; nothing here takes draws for independent
that are not.
"""
