"""Tables become numbers.

The law of this room: a metric is a function of tables and of nothing else, so no number exists that cannot be worked
out again from records. Every number comes with what it rests on: how many matches, how many replicates, and how many
matches of the design give no value for it.
"""

from comity.metrics.catalogue import METRICS, Metric, MetricError
from comity.metrics.design import told_apart, with_unplayed
from comity.metrics.dilemmas import is_social_dilemma, social_dilemmas
from comity.metrics.metagame import MetaGame, NoMetaGame, RoleMetaGame, meta_game, role_meta_game
from comity.metrics.proposals import DESIGN_METRICS, Quality, design_metrics, proposals, quality
from comity.metrics.result import ResultTable
from comity.metrics.table import KEYS, table

__all__ = [
    "DESIGN_METRICS",
    "KEYS",
    "METRICS",
    "MetaGame",
    "Metric",
    "MetricError",
    "NoMetaGame",
    "Quality",
    "ResultTable",
    "RoleMetaGame",
    "design_metrics",
    "is_social_dilemma",
    "meta_game",
    "proposals",
    "quality",
    "role_meta_game",
    "social_dilemmas",
    "table",
    "told_apart",
    "with_unplayed",
]
