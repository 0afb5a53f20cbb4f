"""Language models over the wire.

The law of this room: it knows no game. A request is text and settings, a completion is text and what it cost. What was
paid for is on disk before anybody reads it, what may not be spent is never asked, and no failure looks like an answer.
"""
