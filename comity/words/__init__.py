"""Decisions in words, and typed words as choices.

The law of this room: text lives here and only here, and it says what the facts say. Everything in a decision's `sees`
is rendered and nothing else is, so that what theory assumes known is what a player was shown. What annotates a game for
its analysis (its name, its roles, which action cooperates) is shown to nobody.

A wording is data: a file of templates, with labels for options and names for units. One renderer per type of fact
says which template is filled with what. How a presentation has a game told takes effect in one place,
`comity.words.presentation`. What another player wrote stays inside quotation marks that it cannot close.
"""
