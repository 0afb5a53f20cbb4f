"""Our matches in Inspect, and our runs in its viewer.

The law of this room: Inspect is a guest. Our rules drive, our words ask and our readers read; Inspect calls the models,
keeps the log and shows it. One sample is one match; every seat has a role, a span and messages of its own; what a seat
failed to answer is never a move. Nothing here, and nothing of Inspect, is imported before somebody asks for it.
"""
