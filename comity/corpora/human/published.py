"""Who published what people chose: the layouts by name, with what their cards say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from comity.corpora.human.files import SourceFile
from comity.corpora.human.layouts import Form, Layout, Told
from comity.corpora.human.long_games import HUMAN, ROUNDS, engel_models, engel_people, montero, swarup
from comity.corpora.human.random_ends import df_all, df_all_r, df_subjects, df_subjects_r, frd, frd_r, nv, nv_r, rr

_UNLINKED = (
    "names of subjects: a person's supergames cannot be put together, so individual differences are not assessable"
)
_NO_SESSIONS = "sessions: who took part together is not told, so everybody of a treatment stands in one"
_RANDOM_END = {
    "information": "own and the other's last action",
    "horizon": "ends by chance, with a probability that all know",
    "leakage": "published, so models may have read of it",
}


def _form(reader: Callable[[Sequence[SourceFile]], Told], *columns: str) -> Form:
    return Form(frozenset(columns), reader)


_POINTS = ("payoff_R", "payoff_S", "payoff_T", "payoff_P")

_LAYOUTS = (
    Layout(
        name="dal_bo_frechette_2011_all",
        title="Repeated prisoner's dilemmas that end by chance, every decision",
        source="data of Dal Bó and Fréchette (2011), from the repository fdvorak/stratEst (DF2011all)",
        licence="CC BY 4.0, American Economic Association",
        citation="Dal Bó, P. and Fréchette, G. R. (2011), American Economic Review 101:411-429",
        forms=(
            _form(
                df_all,
                "treatment",
                "session",
                "match",
                "player_in_match",
                "supergame",
                "round",
                "action",
                "payoff",
                *_POINTS,
            ),
            _form(df_all_r, "coop", "date", "delta", "group", "id", "period", "r", "supergame"),
        ),
        ids=False,
        missing=(_UNLINKED,),
        limits=("a match is one stretch of one pair; whoever played it in other matches stands there as others",),
        protocol=_RANDOM_END,
    ),
    Layout(
        name="dal_bo_frechette_2011_subjects",
        title="Repeated prisoner's dilemmas that end by chance, the last part of each session",
        source="data of Dal Bó and Fréchette (2011), from the repository fdvorak/stratEst (DF2011)",
        licence="CC BY 4.0, American Economic Association",
        citation="Dal Bó, P. and Fréchette, G. R. (2011), American Economic Review 101:411-429",
        forms=(
            _form(
                df_subjects,
                "treatment",
                "participant",
                "supergame",
                "round",
                "action",
                "opponent_action",
                "payoff",
                "continuation_probability",
                *_POINTS,
            ),
            _form(df_subjects_r, "treatment", "id", "game", "period", "choice", "other.choice"),
            _form(df_subjects_r, "treatment", "id", "game", "period", "choice", "input"),
        ),
        sessions_known=False,
        missing=(_NO_SESSIONS, "who met whom"),
        limits=("people had played many supergames before: these are choices with experience",),
        protocol=_RANDOM_END,
    ),
    Layout(
        name="fudenberg_rand_dreber_2012",
        title="Repeated prisoner's dilemmas in which moves may be carried out wrongly, last four supergames",
        source="data of Fudenberg, Rand and Dreber (2012), from the repository fdvorak/stratEst (FRD2012)",
        licence="CC BY 4.0, American Economic Association",
        citation="Fudenberg, D., Rand, D. G. and Dreber, A. (2012), American Economic Review 102:720-749",
        forms=(
            _form(
                frd,
                "treatment",
                "participant",
                "supergame",
                "round",
                "intended_action",
                "realised_action",
                "previous_opponent_realised_action",
                *_POINTS,
            ),
            _form(frd_r, "treatment", "id", "game", "period", "choice", "last.choice", "last.other", "bc", "error"),
        ),
        sessions_known=False,
        missing=(_NO_SESSIONS, "who met whom", "what was carried out in the last round of a supergame"),
        limits=(
            "an action is the one that was chosen; last actions, own and the other's, are those that were carried out",
        ),
        protocol=_RANDOM_END,
    ),
    Layout(
        name="nay_vorobeychik_2016",
        title="Repeated prisoner's dilemmas of eight studies, pooled",
        source="data of Nay and Vorobeychik (2016), from the repository JohnNay/datafsm (NV_games)",
        licence="MIT (the package that they come with); cite the original studies",
        citation="Nay, J. J. and Vorobeychik, Y. (2016), PLOS ONE 11(5):e0155656",
        forms=(
            _form(nv, "study_code", "game_variant", "episode", "round", "action", "previous_opponent_action", *_POINTS),
            _form(nv_r, "period", "my.decision", "other.decision1", "data", "group", "r", "s", "t", "p"),
        ),
        ids=False,
        sessions_known=False,
        missing=(_UNLINKED, "sessions: everybody of a variant of a game stands in one", "who met whom"),
        limits=("an agent is one person's play of one repeated game: only the decision rule can be compared",),
        protocol={"leakage": "published in 2016, the studies from 1993 on"},
    ),
    Layout(
        name="montero_porras_2022",
        title="A hundred rounds of the prisoner's dilemma with fixed and with shuffled partners",
        source="data of Montero-Porras et al. (2022), Dryad 10.5061/dryad.37pvmcvmk; fix.csv and rand.csv",
        licence="as the deposit says; the repository eladiomontero/PairwiseStrategies has none",
        citation="Montero-Porras, E., Grujić, J., Fernández Domingos, E. and Lenaerts, T. (2022), Scientific Reports "
        "12:7589",
        forms=(
            _form(
                montero,
                "round",
                "player",
                "action_player",
                "opponent",
                "action_opponent",
                "payoff",
                "who_played",
                "treatment",
                "session",
            ),
        ),
        several=True,
        limits=("rows that were not played by the user count as nobody's choice",),
        protocol={"information": "the last round's actions and payoffs", "leakage": "published in 2022"},
    ),
    Layout(
        name="romero_rosokha_2018",
        title="Supergames of the prisoner's dilemma that end by chance",
        source="data of Romero and Rosokha (2018), from the repository yaroslavrosokha/sfem (action_data_RR2018.csv)",
        licence="none is stated: not to be handed on",
        citation="Romero, J. and Rosokha, Y. (2018), European Economic Review 104:185-219",
        forms=(_form(rr, "subject", "supergame", "period", "action", "opponentAction"),),
        missing=("who met whom", "payoffs"),
        limits=("treatment and session are read from the names of subjects, such as T1S1S01",),
        protocol={"horizon": "ends by chance", "leakage": "published in 2018"},
    ),
    Layout(
        name="swarup",
        title="Sixty rounds of the prisoner's dilemma against programs, one of them at a time",
        source="the folder human_subject_data of the repository samarthswarup/IPD_network_sim",
        licence="MIT (the repository)",
        citation="Swarup, S. et al., IPD_network_sim (software and data)",
        forms=(
            _form(
                swarup,
                "UUID",
                "roundOrder",
                "subjectDecision",
                "oppDecision",
                "payoff",
                "timerTriggered",
                "oppBotName",
            ),
        ),
        several=True,
        limits=(
            "people met programs only, so each is a session of its own; nobody influences anybody",
            "a choice at which the timer ran out is nobody's",
            "the condition is the name of the file: the rule of the programs is not in it",
        ),
        protocol={"labels": "A and B", "information": "the last round with one of several named programs"},
    ),
    Layout(
        name="engel_2025_people",
        title="Ten rounds of framed prisoner's dilemmas, people with GPT-4",
        source="data of Engel, Grossmann and Ockenfels (2025), repository mrpg/ego_paper_data, all_apps_wide-*.csv",
        licence="CC0 1.0",
        citation="Engel, C., Grossmann, M. R. P. and Ockenfels, A. (2025), Integrating machine behavior into human "
        "subject experiments",
        forms=(
            _form(
                engel_people,
                "participant.label",
                *(HUMAN.format(n, c) for n in ROUNDS for c in ("choice", "other_choice")),
                HUMAN.format(1, "treatment"),
            ),
        ),
        several=True,
        missing=("payoffs",),
        limits=(
            "GPT-4 moves first and the person second, so a person has seen the partner's action of the same round",
            "a session is a pair of a person and the model",
        ),
        protocol={"horizon": "ten rounds", "leakage": "collected in the summer of 2023"},
    ),
    Layout(
        name="engel_2025_models",
        title="Ten rounds of framed prisoner's dilemmas, a language model with itself",
        source="data of Engel, Grossmann and Ockenfels (2025), repository mrpg/ego_paper_data, data35_new.csv and "
        "data4_new.csv",
        licence="CC0 1.0",
        citation="Engel, C., Grossmann, M. R. P. and Ockenfels, A. (2025), Integrating machine behavior into human "
        "subject experiments",
        forms=(_form(engel_models, "experiment", "convo", "thread", "treatment", "round_", "choice"),),
        several=True,
        missing=("payoffs",),
        limits=(
            "these are models and not people",
            "one of a pair moves first, so the other has seen its action of the same round",
        ),
        protocol={"horizon": "ten rounds"},
    ),
)

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in _LAYOUTS}
"""The published layouts, by name. One that is asked for is looked for among the files of a folder by its columns."""
