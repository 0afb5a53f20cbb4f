"""The room where agents are held against people.

Its law: a statistic is a function of observations and knows nothing of games, records, files or models; every number
stands between a floor that a cheap rule reaches and a ceiling that other people reach; and no verdict is one number.
At the doors stands what makes observations and circumstances of records (`from_run`, `circumstances`, `probes`,
`swept`), reads the rules of a game (`parity`, `fits`), or keeps what was found in a file (`kept`).
"""
