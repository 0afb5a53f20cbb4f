"""Networked play: the game on a graph, how it is told, who plays it, and the study of it."""
