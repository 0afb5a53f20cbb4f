"""One readable text per game and mechanism: what the players are told, what they choose, how it ends.

`python -m tests.playthroughs` writes them all anew, so that a change of a rule or of a word shows in review as a
change of text.
"""
