"""Answers that are missing in matches that went on without them: neither moves nor forfeits, and counted as nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from comity.records.tables import Tables


def missed(tables: Tables) -> pd.DataFrame:
    """How many answers of each agent are missing, most first: the columns agent, missed and asked (its actions in all).

    Only agents of which some are. Counted are actions in plays: a match that was forfeited has none.
    """
    plays = tables.plays
    absent = plays["action"].isna() & plays["cooperated"].isna()
    counts = absent.groupby(plays["agent"], sort=False).agg(["sum", "size"]).astype(int)
    found = counts[counts["sum"] > 0].sort_values("sum", ascending=False, kind="stable")
    return found.rename(columns={"sum": "missed", "size": "asked"}).rename_axis("agent").reset_index()


def told(tables: Tables) -> Iterator[str]:
    """What a reader of numbers must know of missing answers: one sentence, if there are any."""
    found = missed(tables)
    if len(found):
        each = ", ".join(
            f"{missing:,} of {asked:,} of {agent}" for agent, missing, asked in found.itertuples(index=False)
        )
        yield f"answers are missing, and count neither as cooperation nor as defection: {each}"
