"""Numbers become a page.

The law of this room: one file that needs nothing beside it. Every number on the page comes from `comity.metrics` or
from the tables of the run, says what it rests on, and can be read without colour, figures or scripts; whatever a
run brings along as text is shown as text.
"""
