"""What the source's experiments, games and players are called here. Tables and no logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from comity.corpora.repeatedgames.account import GameAccount, Labels

PD = GameAccount("pd", "PD Family", (((8, 8), (0, 10)), ((10, 0), (5, 5))))
BOS = GameAccount("bos", "Biased", (((10, 7), (0, 0)), ((0, 0), (7, 10))))

GRADATIONS: Mapping[int, GameAccount] = {
    number: GameAccount(
        f"bos_v{number}", "Biased", (((first, second), (0, 0)), ((0, 0), (second, first))), f"payoff {number}"
    )
    for number, (first, second) in enumerate([(10, 7), (9, 8), (8, 8), (8, 9), (7, 10)], 1)
}
"""The battle of the sexes with five gradations of payoffs, by the number the source gives them."""

MODELS: Mapping[str, str] = {
    "act_gpt4": "GPT-4",
    "GPT-4": "GPT-4",
    "act_gpt4_predictfirst": "GPT-4 SCoT",
    "act_gpt35": "text-davinci-003",
    "act_gpt3": "text-davinci-002",
    "act_claude": "Claude 2",
    "act_claude2": "Claude 2",
    "act_claude1": "Claude Instant 1",
    "act_llama2": "Llama 2 70B chat",
}
SCRIPTS: Mapping[str, str] = {
    "act_j": "always J",
    "act_f": "always F",
    "act_jf": "alternate, starting J",
    "act_fj": "alternate, starting F",
    "Alternate": "alternate, starting J",
    "act_defect_once": "defect once, then cooperate",
    "act_false_defector": "defect once, then cooperate",
    "act_tft": "tit for tat",
    "act_tftt": "tit for two tats",
    "act_stft": "suspicious tit for tat",
    "act_rtft": "reverse tit for tat",
    "act_htft": "hard tit for tat",
    "act_np10": "naive prober 10%",
    "act_np20": "naive prober 20%",
    "act_grim_trigger": "grim trigger",
}
DEFECT_ONCE = "Defect_once"
"""In the robustness checks the source calls the scripted partner so in both games; in one of them it alternates."""
PARTNERS: Mapping[str, str] = {
    "pd": "defect once, then cooperate",
    "bos": "alternate, starting with player 1's preferred option",
}

PEOPLE, SERVED = "people", "GPT-4 (to people)"
"""The agents of the experiment with people: the participants, and GPT-4 as its answers were read from tables."""

PLAIN = "plain game"
USUAL: tuple[Labels, ...] = (("J", "F"), ("Q", "X"), ("R", "H"))
"""The pairs of labels outside the sweep of all games, first option first, as the rules told them."""


@dataclass(frozen=True)
class Experiment:
    """One experiment of the source outside the sweep of all games: where its file lies and what is played in it.

    games: by the entry of its column `payoff`, where it has one, else under 0.
    """

    name: str
    path: str
    games: Mapping[int, GameAccount]
    rounds: int = 10
    story: str = PLAIN
    end: float | None = None


def _robust(short: str, game: GameAccount) -> tuple[Experiment, ...]:
    stories = {"game": PLAIN, "cooking": "cooking competition", "project": "collaborative project"}
    folder = f"{short}/variations_robustness/data/experiment_robustness_checks"
    return tuple(
        Experiment(f"{short}_robust_{name}", f"{folder}_{name}.csv", {0: game}, story=story)
        for name, story in stories.items()
    )


SWEEP, INFO, SWEEP_FOLDER = "all_games", "all_games/144_games_info.csv", "all_games/experiments"
ANSWERS = "human_experiment/analysis/repgames.csv"
LOOKUPS: Mapping[tuple[str, str], str] = {
    ("pd", "Base"): "human_experiment/experiment/lookups/pd_gpt4_lookup.json",
    ("pd", "SCoT"): "human_experiment/experiment/lookups/pd_variation_predict_gpt4_lookup.json",
    ("bos", "Base"): "human_experiment/experiment/lookups/bos_gpt4_lookup.json",
    ("bos", "SCoT"): "human_experiment/experiment/lookups/bos_variation_predict_gpt4_lookup.json",
}

EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment("pd_main", "pd/experiment_pd.csv", {0: PD}),
    Experiment("bos_main", "bos/experiment_bos.csv", {0: BOS}),
    Experiment("pd_20_rounds", "pd/tft/data/pd_base_gpt4_tfts.csv", {0: PD}, 20),
    Experiment("pd_20_rounds_gpt4", "pd/ending_probs/data/pd_basic_gpt4_tfts.csv", {0: PD}, 20),
    *(
        Experiment(f"pd_end_{chance}pct", f"pd/ending_probs/data/pd_gpt4_{chance}p.csv", {0: PD}, 20, end=chance / 100)
        for chance in (1, 40, 60, 80)
    ),
    *_robust("pd", PD),
    *_robust("bos", BOS),
    Experiment("bos_payoff_gradation", "bos/payoff_changes/experiment_payoff_changes.csv", GRADATIONS),
)
"""In the order of the source's tidy tables; the sweep of all games comes before them."""

MECHANISMS: Mapping[str, str] = {
    SWEEP: "main",
    "pd_main": "main",
    "bos_main": "main",
    "pd_20_rounds": "20 rounds",
    "pd_20_rounds_gpt4": "20 rounds, GPT-4",
    "pd_end_1pct": "ends 1 %",
    "pd_end_40pct": "ends 40 %",
    "pd_end_60pct": "ends 60 %",
    "pd_end_80pct": "ends 80 %",
    "bos_payoff_gradation": "gradation",
}
"""What tables call each experiment; any other is called by its name there. Robustness checks name their telling too."""

STORIES: Mapping[str, str] = {PLAIN: "plain", "cooking competition": "cooking", "collaborative project": "project"}
"""The cover stories in short."""

LEVELS: Mapping[str, str] = {
    PLAIN: "none",
    "cooking competition": "cooking",
    "collaborative project": "project",
    "audience votes": "votes",
    "prize tokens": "tokens",
}
"""Cover stories and units by the names of the levels of our presentations; other units are called there as here."""
