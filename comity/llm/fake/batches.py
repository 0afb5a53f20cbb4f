"""The batch endpoints of the fake provider: OpenAI's, through files, and Anthropic's."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from comity.llm.fake.chance import Chance
from comity.llm.fake.wires.anthropic import MESSAGES
from comity.llm.fake.wires.openai import CHAT, RESPONSES
from comity.llm.fake.wires.wire import BadCall, Json, Wire, rows, table

if TYPE_CHECKING:
    from aiohttp import web

    Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ENDPOINTS: Mapping[str, Wire] = {"/v1/responses": RESPONSES, "/v1/chat/completions": CHAT}
_DAY = timedelta(days=1)
_FAILED = "The server had an error while processing your request."
_EXPIRED = "This request could not be executed before the completion window expired."


@dataclass(frozen=True)
class Batching:
    """How batches go.

    seconds: from the taking of a batch until it is done. failed: the share of its requests that get an error in place
    of an answer. expired: the share that is not reached in time.
    """

    seconds: float = 0.0
    failed: float = 0.0
    expired: float = 0.0

    def __post_init__(self) -> None:
        if self.seconds < 0 or min(self.failed, self.expired) < 0 or self.failed + self.expired > 1:
            raise ValueError(f"{self}: seconds are not negative, and shares lie between 0 and 1, also together")

    def drawn(self, chance: Chance) -> Literal["answered", "failed", "expired"]:
        """What becomes of the request whose draw lies there."""
        draw = chance.uniform()
        if draw < self.failed:
            return "failed"
        return "expired" if draw < self.failed + self.expired else "answered"


class Row(NamedTuple):
    """What came of one request. body: an answer or an error, in the words of its protocol; none where it expired."""

    name: str
    fate: Literal["answered", "failed", "expired"]
    status: int
    body: Json


Serve: TypeAlias = Callable[[Wire, Mapping[str, Any], str], tuple[int, Json]]
"""Answers the body of a request under its name: the status, and an answer or an error."""


@dataclass
class _Job:
    """A batch. made: in seconds since 1970. due: when it is done, by the clock that never jumps."""

    identifier: str
    wire: Wire
    requests: Mapping[str, Mapping[str, Any]]
    due: float
    address: str = ""
    source: str = ""
    faulty: Sequence[str] = ()
    made: float = field(default_factory=time.time)
    rows: list[Row] | None = None

    @property
    def fates(self) -> list[str]:
        return [row.fate for row in self.rows or ()]


class Batches:
    """Every batch that was taken, and the files that OpenAI's come and go in.

    admits: whether a request carries the key. serve: what answers each request, once for all. batching: may be set
    anew.
    """

    def __init__(self, admits: Callable[[web.Request], bool], serve: Serve, chance: Chance, batching: Batching) -> None:
        self.batching = batching
        self._admits = admits
        self._serve = serve
        self._chance = chance
        self._jobs: dict[str, _Job] = {}
        self._files: dict[str, bytes] = {}
        self._numbers = count(1)

    def routes(self) -> list[web.RouteDef]:
        """Where batches are taken, and given."""
        from aiohttp import web

        openai = [
            web.post("/v1/files", self._guarded(RESPONSES, self._take_file)),
            web.get("/v1/files/{name}/content", self._guarded(RESPONSES, self._give_file)),
            web.delete("/v1/files/{name}", self._guarded(RESPONSES, self._delete_file)),
            web.post("/v1/batches", self._guarded(RESPONSES, self._take_openai)),
            web.get("/v1/batches/{name}", self._guarded(RESPONSES, self._tell_openai)),
        ]
        anthropic = [
            web.post("/v1/messages/batches", self._guarded(MESSAGES, self._take_anthropic)),
            web.get("/v1/messages/batches/{name}", self._guarded(MESSAGES, self._tell_anthropic)),
            web.get("/v1/messages/batches/{name}/results", self._guarded(MESSAGES, self._give_anthropic)),
        ]
        return [*openai, *anthropic]

    def _guarded(self, wire: Wire, handler: Handler) -> Handler:
        """With the refusals that all have in common, in the words of the protocol."""
        from aiohttp import web

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                if self._admits(request):
                    return await handler(request)
                status, body = wire.refuse("unauthorized", "Incorrect API key provided.")
            except BadCall as error:
                status, body = wire.refuse("bad_request", str(error))
            except KeyError as error:
                status, body = wire.refuse("not_found", f"There is no {error.args[0]!r}.")
            return web.json_response(body, status=status)

        return guarded

    def _done(self, job: _Job) -> bool:
        """Whether a batch is done. Its requests are answered when that is first asked, and never again."""
        if job.rows is None and time.monotonic() >= job.due:
            job.rows = [self._row(job, name, body) for name, body in job.requests.items()]
        return job.rows is not None

    def _row(self, job: _Job, name: str, body: Mapping[str, Any]) -> Row:
        fate = self.batching.drawn(self._chance.at(name, job.identifier))
        if fate == "expired":
            return Row(name, fate, 0, {})
        if fate == "failed":
            return Row(name, fate, *job.wire.refuse("server_error", _FAILED))
        status, answer = self._serve(job.wire, body, name)
        return Row(name, "answered" if status == 200 else "failed", status, answer)

    def _take(self, prefix: str, wire: Wire, requests: Mapping[str, Mapping[str, Any]], **more: Any) -> _Job:
        due = time.monotonic() + self.batching.seconds
        job = _Job(f"{prefix}_{next(self._numbers)}", wire, requests, due, **more)
        self._jobs[job.identifier] = job
        return job

    # OpenAI

    async def _take_file(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField) or form.get("purpose") != "batch":
            raise BadCall("this provider takes files for batches only")
        return web.json_response(_file(self._keep(file.file.read()), file.filename))

    def _keep(self, content: bytes) -> str:
        name = f"file-{next(self._numbers)}"
        self._files[name] = content
        return name

    async def _give_file(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        return web.Response(body=self._files[request.match_info["name"]], content_type="application/octet-stream")

    async def _delete_file(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        name = request.match_info["name"]
        del self._files[name]
        return web.json_response({"id": name, "object": "file", "deleted": True})

    async def _take_openai(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        asked = _object(await request.read())
        address, source = asked.get("endpoint"), asked.get("input_file_id")
        if not isinstance(address, str) or address not in _ENDPOINTS:
            raise BadCall(f"endpoint must be one of {', '.join(_ENDPOINTS)}")
        if not isinstance(source, str):
            raise BadCall("input_file_id must be the name of a file")
        requests, faulty = _lines(self._files[source], address)
        job = self._take("batch", _ENDPOINTS[address], requests, address=address, source=source, faulty=faulty)
        return web.json_response(self._openai(job))

    async def _tell_openai(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        return web.json_response(self._openai(self._jobs[request.match_info["name"]]))

    def _openai(self, job: _Job) -> Json:
        status, errors, files = "in_progress", None, {}
        if job.faulty:
            status, errors = "failed", {"object": "list", "data": [{"message": why} for why in job.faulty]}
        elif self._done(job):
            status = "expired" if "expired" in job.fates else "completed"
            files = self._written(job)
        counts = {
            "total": len(job.requests),
            "completed": job.fates.count("answered"),
            "failed": len(job.fates) - job.fates.count("answered"),
        }
        return {
            "id": job.identifier,
            "object": "batch",
            "endpoint": job.address,
            "errors": errors,
            "input_file_id": job.source,
            "completion_window": "24h",
            "status": status,
            "created_at": int(job.made),
            "expires_at": int(job.made + _DAY.total_seconds()),
            "request_counts": counts,
            **files,
        }

    def _written(self, job: _Job) -> Json:
        """The names of the files with what came, which are written when they are first asked for."""
        sound = [row for row in job.rows or () if row.fate == "answered"]
        rest = [row for row in job.rows or () if row.fate != "answered"]
        files = {"output_file_id": sound, "error_file_id": rest}
        for kind, found in files.items():
            self._files.setdefault(f"{kind}-{job.identifier}", _text(map(_openai_line, found)))
        return {kind: f"{kind}-{job.identifier}" for kind, found in files.items() if found}

    # Anthropic

    async def _take_anthropic(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        listed = rows(_object(await request.read()).get("requests"), "requests")
        requests = {str(one.get("custom_id")): table(one.get("params"), "params") for one in listed}
        if len(requests) < len(listed):
            raise BadCall("requests: every custom_id must be there once")
        return web.json_response(self._anthropic(self._take("msgbatch", MESSAGES, requests), request))

    async def _tell_anthropic(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        return web.json_response(self._anthropic(self._jobs[request.match_info["name"]], request))

    def _anthropic(self, job: _Job, request: web.Request) -> Json:
        done = self._done(job)
        made = datetime.fromtimestamp(job.made, UTC)
        results = str(request.url.with_path(f"/v1/messages/batches/{job.identifier}/results").with_query(None))
        fates = job.fates
        return {
            "id": job.identifier,
            "type": "message_batch",
            "processing_status": "ended" if done else "in_progress",
            "request_counts": {
                "processing": 0 if done else len(job.requests),
                "succeeded": fates.count("answered"),
                "errored": fates.count("failed"),
                "expired": fates.count("expired"),
                "canceled": 0,
            },
            "created_at": made.isoformat(),
            "expires_at": (made + _DAY).isoformat(),
            "ended_at": made.isoformat() if done else None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": results if done else None,
        }

    async def _give_anthropic(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        job = self._jobs[request.match_info["name"]]
        if not self._done(job):
            raise BadCall("the batch has not ended yet")
        text = _text(_anthropic_line(row) for row in reversed(job.rows or ()))  # in no order that one may count on
        return web.Response(body=text, content_type="application/x-jsonl")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise BadCall("the body is not JSON") from None
    return table(found, "the body")


def _file(name: str, filename: str) -> Json:
    made = int(time.time())
    told = {"id": name, "object": "file", "filename": filename, "purpose": "batch", "status": "processed"}
    return {**told, "bytes": 0, "created_at": made}


def _lines(content: bytes, address: str) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """The requests in a file, and what is wrong with it."""
    requests: dict[str, Mapping[str, Any]] = {}
    faulty = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            found = _object(line)
            name, body = found.get("custom_id"), table(found.get("body"), "body")
        except BadCall as error:
            faulty.append(f"line {number}: {error}")
            continue
        if not isinstance(name, str) or name in requests or found.get("url") != address:
            faulty.append(f"line {number}: it needs a custom_id of its own, and the url {address}")
        else:
            requests[name] = body
    return requests, faulty


def _openai_line(row: Row) -> Json:
    if row.fate == "expired":
        return {"custom_id": row.name, "response": None, "error": {"code": "batch_expired", "message": _EXPIRED}}
    response = {"status_code": row.status, "request_id": row.name, "body": row.body}
    return {"custom_id": row.name, "response": response, "error": None}


def _anthropic_line(row: Row) -> Json:
    result: Json = {"type": "expired"}
    if row.fate == "answered":
        result = {"type": "succeeded", "message": row.body}
    elif row.fate == "failed":
        result = {"type": "errored", "error": row.body}
    return {"custom_id": row.name, "result": result}


def _text(found: Iterable[Json]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in found)
