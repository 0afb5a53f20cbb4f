"""The command that serves: a provider on this machine that answers without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from comity.cli.app import app, refuse

if TYPE_CHECKING:
    from comity.llm.fake import Brain, FakeProvider, Faults

_UNITS = {"ms": 0.001, "s": 1.0}


@app.command("fake-provider")
def fake_provider(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where it listens; 0 for a free port.")] = 0,
    strategy: Annotated[
        str | None,
        typer.Option(help="The strategy that every model plays.", show_default="the one each model is called by"),
    ] = None,
    at_random: Annotated[bool, typer.Option("--random", help="Fill every schema with values at random.")] = False,
    text: Annotated[str | None, typer.Option(help="Answer everything with this text.", show_default=False)] = None,
    noise: Annotated[float, typer.Option(min=0, max=1, help="How often a strategy does something else.")] = 0.0,
    latency: Annotated[str, typer.Option(help="The median time of an answer, like 200ms or 1.5s.")] = "0ms",
    sigma: Annotated[float, typer.Option(min=0, help="How the times vary: 0 for fixed, 0.5 for a long tail.")] = 0.0,
    fault: Annotated[
        list[str] | None, typer.Option(help="What goes wrong and how often, like rate_limit=0.1; may be repeated.")
    ] = None,
    capacity: Annotated[
        int | None,
        typer.Option(min=1, help="How many requests are served at once; others get 429.", show_default=False),
    ] = None,
    batch_time: Annotated[str, typer.Option(help="How long a batch takes, like 5s.")] = "0s",
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    require_key: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The environment variable with the only key it accepts.", show_default="any key"
        ),
    ] = None,
) -> None:
    """Serve a provider without a model, for tests: it speaks OpenAI's, Anthropic's and Google's protocols."""
    import asyncio

    from comity.llm.fake import Batching, FakeProvider, Latency

    provider = FakeProvider(
        _brain(strategy, at_random, text, noise, seed),
        faults=_faults(fault or []),
        latency=Latency(_seconds("--latency", latency), sigma),
        seed=seed,
        key=_key(require_key),
        capacity=capacity,
        batching=Batching(_seconds("--batch-time", batch_time)),
        port=port,
    )
    asyncio.run(_serve(provider))


async def _serve(provider: FakeProvider) -> None:
    import asyncio

    async with provider:
        urls = {"openai": provider.url_openai, "anthropic": provider.url_anthropic, "google": provider.url_google}
        told = [f"{name}={url}" for name, url in {**urls, "account": f"{provider.url}/fake/account"}.items()]
        print(*told, flush=True)
        await asyncio.Event().wait()


def _brain(strategy: str | None, at_random: bool, text: str | None, noise: float, seed: int) -> Brain:
    from comity.agents.brain import strategies
    from comity.llm.fake import canned, schema_filler
    from comity.runs.spelling import build_strategy

    if sum([strategy is not None, at_random, text is not None]) > 1:
        refuse("a fake provider answers in one way: give one of --strategy, --random and --text")
    if noise and (at_random or text is not None):
        refuse("--noise is for strategies: it goes with neither --random nor --text")
    if at_random:
        return schema_filler(seed)
    if text is not None:
        return canned(text)
    if strategy is not None:
        build_strategy(strategy)  # so that a name that is wrong is told now, and not to the first client
    return strategies(build_strategy, always=strategy, noise=noise)


def _faults(given: list[str]) -> Faults:
    from typing import get_args

    from comity.llm.fake import Fault, Faults

    rates: dict[Fault, float] = {}
    kinds: dict[str, Fault] = {kind: kind for kind in get_args(Fault)}
    for each in given:
        name, _, rate = each.partition("=")
        if name not in kinds:
            refuse(f"--fault {each}: there is no fault {name!r}; there are {', '.join(kinds)}")
        try:
            rates[kinds[name]] = float(rate)
        except ValueError:
            refuse(f"--fault {each}: after {name}= comes how often, a number from 0 to 1")
    try:
        return Faults(rates)
    except ValueError as error:
        refuse(f"--fault: {error}")


def _seconds(option: str, text: str) -> float:
    unit = "ms" if text.endswith("ms") else "s"
    try:
        seconds = float(text.removesuffix(unit)) * _UNITS[unit]
    except ValueError:
        seconds = -1.0
    if not (text.endswith(unit) and 0 <= seconds < float("inf")):
        refuse(f"{option} {text}: a time is a number with its unit, like 200ms or 1.5s")
    return seconds


def _key(name: str | None) -> str | None:
    import os

    if name is None:
        return None
    key = os.environ.get(name)
    if not key:
        refuse(f"--require-key {name}: the environment has no variable {name}, or it is empty")
    return key
