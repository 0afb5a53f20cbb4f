"""Scripted play.

The law of this room: a strategy decides from what a decision shows it, and from what it has been shown before in the
same match; it draws nothing (it answers with a lottery, and the driver draws) and keeps nothing beyond the match.
"""
