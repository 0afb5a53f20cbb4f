"""Why players say they act: labels on reasons, given by judges, and how far the labels may be trusted.

The law of this room: a judge is a measuring instrument and is treated as one. What it reads is data and never an
instruction, what it answers is a labelling or no answer at all, and no share is told without how well judges agree.
"""
