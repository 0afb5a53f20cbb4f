"""The published records of CoopEval (Tewolde, Zhang, Guzman Piedrahita, Conitzer and Jin, ICML 2026), read into ours.

`terms` says what its games and mechanisms are called here, `folders` and `parquet` read its two layouts into one form
(`account`), and `check` plays every match again by our rules and lists where the source disagrees.
"""

from comity.corpora.coopeval.check import Disagreement, Reading
from comity.corpora.coopeval.imports import Import, Imported, import_coopeval, read_coopeval

__all__ = ["Disagreement", "Import", "Imported", "Reading", "import_coopeval", "read_coopeval"]
