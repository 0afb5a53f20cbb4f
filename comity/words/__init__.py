"""Decisions in words, and typed words as choices.

The law of this room: text lives here and only here, and it says what the facts say. Everything in a decision's `sees`
is rendered and nothing else is, so that what theory assumes known is what a player was shown. What annotates a game for
its analysis (its name, its roles, which action cooperates) is shown to nobody.

A wording is three tables: facts by type, questions by kind, answers by space. Another wording is another table.
"""
