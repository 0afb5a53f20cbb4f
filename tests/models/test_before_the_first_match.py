"""What stands against asking a model is found before the first match: one sentence, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.llm.fake import Faults, serving
from tests.commands import called
from tests.models.studies import KEY, found, playing, study, written

pytestmark = pytest.mark.slow


def refused(folder: Path, plan: str, environment: dict[str, str] | None = None) -> str:
    """The one sentence with which the run of that plan is refused, before anything is written."""
    path = written(folder, plan)
    ended = called(["run", str(path), "--out", str(folder / "run")], environment=environment)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert not (folder / "run").exists()
    assert "Traceback" not in ended.stderr
    assert KEY not in ended.stderr
    return ended.stderr


def test_a_key_that_is_missing(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        said = refused(tmp_path, study(provider).replace("OPENAI_API_KEY", "NO_SUCH_KEY"))
        assert provider.account.requests == 0
    assert "NO_SUCH_KEY is not set" in said
    assert "kind:" in said
    assert "mixed:" in said


def test_a_run_there_is_not_cannot_be_gone_on_with(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        path = written(tmp_path, study(provider))
        ended = called(["run", str(path), "--out", str(tmp_path / "run"), "--resume"])
        assert provider.account.requests == 0
    assert ended.returncode == 2
    assert ended.stderr == f"comity: {tmp_path / 'run'} holds no run to go on with; leave --resume out to begin one\n"
    assert not (tmp_path / "run").exists()


def test_a_model_that_is_called_by_its_name_is_named_once(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        plan = study(provider, base_url="ftp://somewhere").replace('label = "kind", ', "")
        said = refused(tmp_path, plan)
    assert "comity: openai-chat:tit_for_tat: base_url" in said
    assert "mixed: openai-chat:random(p=0.4): base_url" in said


def test_a_key_that_is_wrong(tmp_path: Path) -> None:
    with serving(playing(key="another")) as provider:
        said = refused(tmp_path, study(provider))
    assert "does not accept the key" in said
    assert said.count("\n") == 1


def test_a_second_key_for_the_same_model_that_is_wrong(tmp_path: Path) -> None:
    with serving(playing(key=KEY)) as provider:
        other = study(provider).replace(
            "agents = [", f'agents = [{{name = "model", model = "openai-chat:tit_for_tat", '
            f'base_url = "{provider.url_openai}", key = "OTHER_API_KEY", max_tokens = 9}},'
        )  # fmt: skip
        said = refused(tmp_path, other, {"OTHER_API_KEY": "sk-of-somebody-else"})
    assert "does not accept the key" in said


def test_no_money_in_the_account(tmp_path: Path) -> None:
    with serving(playing(faults=Faults({"quota": 1.0}))) as provider:
        assert "no money or quota left" in refused(tmp_path, study(provider))


def test_a_model_there_is_not(tmp_path: Path) -> None:
    with serving(playing(models=["tit_for_tat"])) as provider:
        said = refused(tmp_path, study(provider))
    assert "random(p=0.4)" in said
    assert "does not know this model" in said


def test_a_provider_that_is_not_there(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        plan = study(provider)
    said = refused(tmp_path, plan)
    assert "cannot be reached" in said


def test_a_provider_that_says_nothing(tmp_path: Path) -> None:
    with serving(playing(faults=Faults({"hang": 1.0}))) as provider:
        said = refused(tmp_path, study(provider, "timeout = 0.2"))
    assert "cannot be reached" in said


def test_a_provider_that_falters_is_tried_again(tmp_path: Path) -> None:
    with serving(playing(faults=Faults({"server_error": 1.0}), seed=1)) as provider:
        plan = study(provider, mechanisms='["none"]', games='["prisoners_dilemma"]')
        assert "HTTP 500" in refused(tmp_path, plan)
        asked = provider.account.requests
        provider.faults = Faults({"rate_limit": 0.3}, retry_after=0.05)
        ended = called(["run", str(tmp_path / "plan.toml"), "--out", str(tmp_path / "run"), "--no-report"])
    assert asked >= 3
    assert ended.returncode == 0
    assert len(found(tmp_path / "run").records) == 4


@pytest.mark.parametrize("resume", [(), ("--resume",)])
def test_a_folder_that_holds_another_run_is_refused_before_anybody_is_asked(
    resume: tuple[str, ...], tmp_path: Path
) -> None:
    scripted = 'name = "s"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["none"]\nagents = ["grim"]\n'
    assert called(["run", str(written(tmp_path, scripted)), "--out", str(tmp_path / "run")]).returncode == 0
    with serving(playing()) as provider:
        plan = written(tmp_path, study(provider))
        ended = called(["run", str(plan), "--out", str(tmp_path / "run"), *resume])
        assert provider.account.requests == 0
    assert ended.returncode == 2
    assert ("is the run of another plan" if resume else "holds a run already") in ended.stderr


@pytest.mark.parametrize("field", ["key", "base_url"])
@pytest.mark.parametrize("secret", ["sk-proj-Abcdefgh0123456789", "AIzaSyAbcdefgh0123456789", "0123456789abcdef"])
def test_a_key_in_the_plan_is_refused_and_not_repeated(field: str, secret: str, tmp_path: Path) -> None:
    value = {"key": secret, "base_url": f"http://me:{secret}@127.0.0.1:9/v1"}[field]
    with serving(playing()) as provider:
        said = refused(tmp_path, study(provider).replace(*misplaced(field, value, provider.url_openai)))
        assert provider.account.requests == 0
    assert secret not in said
    assert "environment variable" in said


def misplaced(field: str, value: str, url: str) -> tuple[str, str]:
    old = {"key": 'key = "OPENAI_API_KEY"', "base_url": f'base_url = "{url}"'}[field]
    return old, f'{field} = "{value}"'


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ("temperature = -1", "temperature must be at least 0"),
        ('stop = "END"', 'must be a list of texts, not "END"'),
        ("stop = [1]", "must be a valid string"),
        ('effort = "enormous"', "'none', 'minimal', 'low', 'medium' or 'high'"),
        ("max_tokens = 0", "max_tokens must be at least 1"),
        ("tagges = true", "tagges"),
    ],
)
def test_a_setting_there_is_not(fields: str, sentence: str, tmp_path: Path) -> None:
    with serving(playing()) as provider:
        plan = study(provider).replace("max_tokens = 200", fields)
        assert sentence in refused(tmp_path, plan)


@pytest.mark.parametrize(
    ("calls", "sentence"),
    [
        ("timeout = 0", "timeout"),
        ("attempts = 0", "attempts"),
        ("attempts = 1.5", "attempts"),
        ("retries = 3", "there is no field called 'retries'"),
        ("cap = -1", "cap"),
    ],
)
def test_a_way_of_calling_there_is_not(calls: str, sentence: str, tmp_path: Path) -> None:
    with serving(playing()) as provider:
        assert sentence in refused(tmp_path, study(provider, calls))


def test_a_cap_needs_prices_and_the_longest_answer(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        plan = study(provider, "cap = 1").replace("input_price = 10, output_price = 30", "re_asks = 1")
        said = refused(tmp_path / "prices", plan)
        assert "input_price and output_price" in said
        said = refused(tmp_path / "length", study(provider, "cap = 1").replace("max_tokens = 200,", ""))
        assert "max_tokens" in said
        assert provider.account.requests == 0
