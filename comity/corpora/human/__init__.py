"""What people did, as data sets that agents can be held against.

The law of this room: whoever reads a number is told whose it is. A data set keeps a card with its source, licence and
citation, what was counted, and what is missing; what a source lacks (names of subjects, sessions, who met whom) is said
to be lacking and never made up; and nothing that was published only as an aggregate becomes an individual.
"""
