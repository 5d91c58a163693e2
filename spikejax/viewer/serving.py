"""The server: `view` shows recordings in the browser."""

import logging
import secrets
import socket
import threading
import time
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from spikejax.deblur import DeblurSettings
from spikejax.formats import Recording
from spikejax.viewer.listing import Entry, entry_of
from spikejax.viewer.photograph import Photograph

HOST = "127.0.0.1"
_START_S = 30.0
_GRACE_S = 2  # seconds that requests get to end


class Viewer:
    """A running viewer; `close` ends it, and so does the end of a `with` block.

    Attributes:
        url: the address of the page, with its token.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        *,
        host: str = HOST,
        port: int = 0,
        weights: Sequence[tuple[str, Path]] = (),
        photograph: Photograph | None = None,
    ) -> None:
        """Starts the server in a thread.

        Args:
            entries: the recordings.
            host: the address to listen at; the default is reached from this computer alone.
            port: the port; 0 for any that is free.
            weights: files of weights and the networks that they are for.
            photograph: a blurry photograph of the first recording's exposure.

        Raises:
            ValueError: if the libraries of the viewer are missing, an option is wrong, or the port
                is in use.
        """
        try:
            import starlette
            import uvicorn

            del starlette
        except ImportError as error:
            raise ValueError(
                f"the viewer needs {error.name}: pip install 'spikejax[view]'"
            ) from None
        from spikejax.viewer.guard import Guard
        from spikejax.viewer.routes import application
        from spikejax.viewer.session import Session

        if not 0 <= port <= 65535:
            raise ValueError(f"port: expected 0 to 65535, got {port}")
        self._socket = _listening(host, port)
        port = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(18)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{port}/{token}/"
        try:
            self._session = Session(entries, weights=weights, photograph=photograph)
        except BaseException:
            self._socket.close()
            raise
        app: Any = Guard(application(self._session), token, host)
        config = uvicorn.Config(
            app,
            log_level=logging.WARNING,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="spikejax view", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_S
        while not self._server.started and self._thread.is_alive():
            if time.monotonic() > deadline:
                raise RuntimeError("the server of the viewer does not start")
            time.sleep(0.005)

    def wait(self) -> None:
        """Waits until the server ends."""
        while self._thread.is_alive():
            self._thread.join(0.2)

    def close(self) -> None:
        """Ends the server and its threads."""
        self._server.should_exit = True
        self._thread.join(_GRACE_S + 5)
        self._session.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Viewer({self.url})"


def view(
    *recordings: Recording,
    photograph: str | Path | None = None,
    settings: DeblurSettings | None = None,
    host: str = HOST,
    port: int = 0,
    browser: bool = True,
) -> Viewer:
    """Shows recordings in the browser.

    The server runs in a thread until `close`; `spikejax view` is the same as a command.

    Args:
        recordings: at least one opened recording.
        photograph: a blurry photograph of the first recording's exposure.
        settings: the facts about the photograph.
        host: the address to listen at; the default is reached from this computer alone.
        port: the port; 0 for any that is free.
        browser: whether to open the page.

    Returns:
        The running viewer.

    Raises:
        ValueError: if there is no recording, the libraries of the viewer are missing, or the port
            is in use.
    """
    if not recordings or not all(isinstance(r, Recording) for r in recordings):
        raise ValueError("view: expected recordings, as from sj.open_recording(path)")
    beside = None
    if photograph is not None:
        beside = Photograph(Path(photograph), settings or DeblurSettings())
    entries = [entry_of(recording) for recording in recordings]
    viewer = Viewer(entries, host=host, port=port, photograph=beside)
    if browser:
        webbrowser.open(viewer.url)
    return viewer


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise ValueError(f"port: cannot listen at {host}, port {port}: {reason}") from None
    return listening
