"""What happened: the record of a match, the file a run keeps its records in, and the tables they become.

The law of this room: a record holds choices, not views. What a player saw, what it was paid and which round it was are
recomputed by replay, so that a log cannot contradict itself.
"""
