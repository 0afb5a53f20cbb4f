"""Agents exchange pieces of information that cost nothing to share, and are paid for tasks that need several of them.

After Yadav, Black and Sourbut (2026). The rules of effect are in `state`, what an agent sees in `views`, what it may do
in `turns`, what is drawn in `world`; `game` plays the rounds.
"""
