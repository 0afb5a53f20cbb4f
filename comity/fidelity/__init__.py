"""The room where agents are held against people.

Its law: it knows arrays and tables and nothing of games, files or models; every number stands between a floor that a
cheap rule reaches and a ceiling that other people reach; and no verdict is one number.
"""
