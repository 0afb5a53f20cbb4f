"""The ground: what a decision, a flow and a match are.

The law of this room: nothing here knows any game, mechanism, agent or file. Flows are pure; the one function that
waits is the driver `play_async`.
"""
