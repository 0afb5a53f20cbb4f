"""Games made from games.

The law of this room: a mechanism is a frozen dataclass with a field `base`, itself a game, and its `play` reads like
the method section of the paper it comes from. It mutates nothing, knows no particular base game, and says in facts,
and only there, what its players know.
"""
