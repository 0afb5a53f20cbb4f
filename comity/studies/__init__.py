"""Published studies as plans.

The law of this room: a study is data. It is a plan that anybody can read, change and play, and nothing is done for it
that a plan of one's own could not ask for.
"""
