"""Populations in motion, and ratings of types, from nothing but what types are paid for playing against each other.

The law of this room: arrays in, arrays out. It imports NumPy, SciPy and HiGHS and nothing else; it knows no game, no
agent and no record, only payoffs T[i, j1, ..., jm]: what a player of type i is paid whose m co-players are of the types
j1 ... jm (`payoffs`). Nothing is drawn but by a generator that the caller brings.
"""
