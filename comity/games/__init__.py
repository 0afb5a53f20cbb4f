"""Base games: what is played before any mechanism is put on it.

The law of this room: a game is a frozen dataclass, its payoffs come from one rule, and everything else about it (what a
seat sees, best replies, equilibria, the scale of its scores) is derived from that rule and never typed in beside it.
"""
