"""Tables become numbers.

The law of this room: a metric is a function of tables and of nothing else, so no number exists that cannot be worked
out again from records. Every number comes with how far it may be off, and with what it rests on: how many matches, how
many replicates, and how many matches of the design give no value for it.
"""

from comity.metrics.catalogue import METRICS, asked, metrics_of
from comity.metrics.contrasts import Contrasts
from comity.metrics.design import told_apart, under, with_unplayed
from comity.metrics.dilemmas import is_social_dilemma, social_dilemmas
from comity.metrics.metagame import MetaGame, NoMetaGame, RoleMetaGame, meta_game, meta_games, role_meta_game
from comity.metrics.metric import Metric, MetricError
from comity.metrics.proposals import Quality, design_metrics, proposals, quality
from comity.metrics.result import ResultTable
from comity.metrics.table import KEYS, contrasts, table

__all__ = [
    "KEYS",
    "METRICS",
    "Contrasts",
    "MetaGame",
    "Metric",
    "MetricError",
    "NoMetaGame",
    "Quality",
    "ResultTable",
    "RoleMetaGame",
    "asked",
    "contrasts",
    "design_metrics",
    "is_social_dilemma",
    "meta_game",
    "meta_games",
    "metrics_of",
    "proposals",
    "quality",
    "role_meta_game",
    "social_dilemmas",
    "table",
    "told_apart",
    "under",
    "with_unplayed",
]
