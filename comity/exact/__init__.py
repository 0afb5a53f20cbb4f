"""What can be known without playing.

The law of this room: everything here is worked out from the rules by the same flows that are played, or from tables
and automata given as data; an answer that would need sampling is refused. Where automata are played in bulk, the draws
are those that the flow makes under the same key, one by one.
"""
