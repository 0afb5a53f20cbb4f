"""A plan becomes records: what is to be played, who plays it, and how it gets onto the disk.

The law of this room: a plan is a value and what it plays is a pure, ordered list; who is asked when, and by which
process, changes nothing in the records. A failure is recorded or raised, never turned into a move.
"""
