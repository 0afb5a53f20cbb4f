"""Who decides for a player.

The law of this room: an agent answers decisions and knows nothing of runs, files or tables. Scripts answer at once;
everybody else is waited for.
"""
