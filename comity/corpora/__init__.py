"""Published records read into ours.

The law of this room: a source is believed in what was chosen and in nothing else. What was paid, who won a vote and
what a mediator played is worked out again by our own games and mechanisms; where the source says something else, that
is listed and never smoothed over; and what a source lacks is said to be lacking.
"""
