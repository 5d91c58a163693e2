"""The addresses of the server and what they answer."""

import asyncio
import importlib.resources
import mimetypes
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

import spikejax
from spikejax.pictures import COLOUR_MAPS, SCREEN, colour_table
from spikejax.viewer import probing
from spikejax.viewer.answers import answering, as_json, as_pixels, explain
from spikejax.viewer.exporting import Export, Step
from spikejax.viewer.imaging import WINDOW
from spikejax.viewer.look import MAX_WINDOW, Look, whole
from spikejax.viewer.repeating import as_command, as_python, file_name
from spikejax.viewer.session import Session
from spikejax.viewer.worker import Worker


def application(session: Session) -> Starlette:
    """Returns the ASGI application of a session; `Guard` belongs in front of it.

    Args:
        session: what is open.
    """
    api = _Endpoints(session)
    routes = [
        ("/", api.page, "GET"),
        ("/static/{name}", api.static, "GET"),
        ("/api/session", api.session, "GET"),
        ("/api/recording", api.recording, "GET"),
        ("/api/overview", api.overview, "GET"),
        ("/api/outliers", api.outliers, "GET"),
        ("/api/image", api.image, "GET"),
        ("/api/pixel", api.pixel, "GET"),
        ("/api/region", api.region, "GET"),
        ("/api/flow", api.flow, "GET"),
        ("/api/photograph", api.photograph, "GET"),
        ("/api/blurry", api.blurry, "GET"),
        ("/api/sharp", api.sharp, "GET"),
        ("/api/repeat", api.repeat, "POST"),
        ("/api/export", api.export, "POST"),
        ("/api/export/{id:int}", api.export_state, "GET"),
        ("/api/export/{id:int}/end", api.export_end, "POST"),
        ("/api/export/{id:int}/{name}", api.export_file, "GET"),
    ]
    return Starlette(
        routes=[Route(path, answering(answer), methods=[method]) for path, answer, method in routes]
    )


class _Endpoints:
    """One coroutine per address."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._static = importlib.resources.files("spikejax.viewer").joinpath("static")
        self._files = {file.name for file in self._static.iterdir()}

    async def page(self, request: Request) -> Response:
        return Response(self._static.joinpath("index.html").read_bytes(), media_type="text/html")

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._files:
            return as_json({"problem": f"there is no {name[:80]}"}, 404)
        kind = {".js": "text/javascript"}.get(name[-3:]) or mimetypes.guess_type(name)[0]
        return Response(self._static.joinpath(name).read_bytes(), media_type=kind)

    async def session(self, request: Request) -> Response:
        session = self._session
        return as_json(
            {
                "version": spikejax.__version__,
                "recordings": [entry.name for entry in session.entries],
                "methods": [choice.to_dict() for choice in session.methods.values()],
                "colours": {
                    name: np.rint(colour_table(name) * 255).astype(int).tolist()
                    for name in COLOUR_MAPS
                },
                "window": WINDOW,
                "max_window": MAX_WINDOW,
                "gamma": SCREEN.gamma,
                "photograph": session.photograph is not None,
            }
        )

    async def recording(self, request: Request) -> Response:
        entry = self._session.entry(_place(request))
        recording = await asyncio.to_thread(lambda: entry.recording)
        readouts, height, width = recording.shape
        return as_json(
            {
                "name": entry.name,
                "readouts": readouts,
                "height": height,
                "width": width,
                "rate_hz": recording.rate_hz,
                "gain": recording.gain,
                "sensor": recording.sensor,
                "bytes": None if entry.path is None else entry.path.stat().st_size,
                "warning": entry.warning(),
            }
        )

    async def overview(self, request: Request) -> Response:
        overview = await asyncio.to_thread(self._session.overview, _place(request))
        return as_json(
            {**overview.curve(), "warning": self._session.entry(_place(request)).warning()}
        )

    async def outliers(self, request: Request) -> Response:
        overview = await asyncio.to_thread(self._session.overview, _place(request))
        return as_json(await asyncio.to_thread(overview.outliers))

    async def image(self, request: Request) -> Response:
        session, number, look = self._session, _place(request), Look.parse(request.query_params)
        choice = session.methods[look.method]
        started = time.perf_counter()

        def work() -> tuple[np.ndarray, list[float]]:
            image = session.imager.image(number, session.recording(number), look)
            levels = SCREEN.fixed(image).levels or (0.0, 1.0)
            return image, list(levels)

        image, levels = await _do(session.quick if choice.quick else session.slow, request, work)
        facts = {"centre": look.centre, "method": look.method, "levels": levels}
        return as_pixels(image, {**facts, "ms": 1e3 * (time.perf_counter() - started)})

    async def pixel(self, request: Request) -> Response:
        query, session, number = request.query_params, self._session, _place(request)
        row, column = whole(query, "row", 0, 1 << 30), whole(query, "column", 0, 1 << 30)
        centre, span = whole(query, "centre", 0, 1 << 50), whole(query, "span", 2, probing.MAX_SPAN)
        window = whole(query, "window", 1, MAX_WINDOW)
        return as_json(
            await _do(
                session.quick,
                request,
                lambda: probing.pixel(
                    session.recording(number), row, column, centre=centre, span=span, window=window
                ),
            )
        )

    async def region(self, request: Request) -> Response:
        query, session, number = request.query_params, self._session, _place(request)
        top, bottom, left, right = (
            whole(query, name, 0, 1 << 30) for name in ("top", "bottom", "left", "right")
        )
        centre, window = whole(query, "centre", 0, 1 << 50), whole(query, "window", 1, MAX_WINDOW)
        return as_json(
            await _do(
                session.quick,
                request,
                lambda: probing.region(
                    session.recording(number),
                    (top, bottom),
                    (left, right),
                    centre=centre,
                    window=window,
                ),
            )
        )

    async def flow(self, request: Request) -> Response:
        session, number = self._session, _place(request)
        centre = whole(request.query_params, "centre", 0, 1 << 50)
        flow = await _do(
            session.slow, request, lambda: session.motion(session.recording(number), centre)
        )
        return as_pixels(flow, {"centre": centre})

    async def photograph(self, request: Request) -> Response:
        session = self._session
        return as_json(await _do(session.slow, request, lambda: session.open_photograph().facts()))

    async def blurry(self, request: Request) -> Response:
        session = self._session
        image = await _do(session.slow, request, lambda: session.open_photograph().stored())
        return as_pixels(image, {})

    async def sharp(self, request: Request) -> Response:
        session = self._session
        centre = whole(request.query_params, "centre", 0, 1 << 50)
        method = request.query_params.get("method", "")
        image = await _do(
            session.slow, request, lambda: session.open_photograph().sharp(centre, method)
        )
        return as_pixels(image, {"centre": centre, "method": method})

    async def repeat(self, request: Request) -> Response:
        number, export, choice = await self._export(request)
        entry = self._session.entry(number)
        return as_json(
            {
                "name": file_name(entry, export, choice),
                "command": as_command(entry, export, choice),
                "python": as_python(entry, export, choice),
            }
        )

    async def export(self, request: Request) -> Response:
        number, export, choice = await self._export(request)
        session = self._session
        recording = session.recording(number)

        def write(path: Any, step: Step) -> None:
            made = None
            if export.kind != "dat":
                made = session.methods.make(choice.id, export.look.window)
            export.write(recording, made, path, step)

        name = file_name(session.entry(number), export, choice)
        return as_json(session.jobs.start(name, write, explain).to_dict())

    async def export_state(self, request: Request) -> Response:
        return as_json(self._session.jobs.find(request.path_params["id"]).to_dict())

    async def export_end(self, request: Request) -> Response:
        job = self._session.jobs.find(request.path_params["id"])
        job.given_up = True
        return as_json(job.to_dict())

    async def export_file(self, request: Request) -> Response:
        job = self._session.jobs.find(request.path_params["id"])
        if job.file is None or job.file.name != request.path_params["name"]:
            return as_json({"problem": "there is no such file"}, 404)
        return FileResponse(job.file, filename=job.file.name)

    async def _export(self, request: Request) -> tuple[int, Export, Any]:
        values = await _body(request)
        number = whole({"recording": 0, **values}, "recording", 0, len(self._session.entries) - 1)
        recording = await asyncio.to_thread(self._session.recording, number)
        export = Export.parse(values, recording)
        return number, export, self._session.methods[export.look.method]


async def _body(request: Request) -> dict[str, Any]:
    import json

    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise ValueError("expected JSON")
    try:
        values = json.loads(await request.body())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("expected JSON") from None
    if not isinstance(values, dict):
        raise ValueError("expected a JSON object")
    return values


async def _do(worker: Worker, request: Request, work: Callable[[], Any]) -> Any:
    """Does the work in a thread; a newer request of the same place of a page takes its place."""
    client = request.query_params.get("client", "")[:64]
    slot = request.query_params.get("slot", "")[:16]
    future = worker.submit((client, request.url.path, slot), work)
    return await asyncio.wrap_future(future)


def _place(request: Request) -> int:
    return whole({"recording": 0, **request.query_params}, "recording", 0, 1 << 20)
