"""What Inspect finds of ours, by the entry point `inspect_ai`: the tasks `comity/cooperation` and `comity/match`."""

from __future__ import annotations

from comity.inspect.tasks import cooperation, cooperation_rate, match, payoff, score, seats

__all__ = ["cooperation", "cooperation_rate", "match", "payoff", "score", "seats"]
