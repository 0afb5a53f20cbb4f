"""The published moves of "Playing repeated games with large language models" (Akata et al., 2025), read into ours.

`names` says what its experiments and players are called here, `parquet` and `clone` read its two layouts into one form
(`account`), `check` plays every episode again by our rules and lists where the source disagrees, `kept` is what no
record can hold, and `frames` turns a run back into the source's two tables.
"""

from comity.corpora.disagreements import Disagreement
from comity.corpora.repeatedgames.check import Reading
from comity.corpora.repeatedgames.frames import Frames, frames
from comity.corpora.repeatedgames.imports import Imported, import_repeated_games, read_repeated_games
from comity.corpora.repeatedgames.kept import is_imported

__all__ = [
    "Disagreement",
    "Frames",
    "Imported",
    "Reading",
    "frames",
    "import_repeated_games",
    "is_imported",
    "read_repeated_games",
]
