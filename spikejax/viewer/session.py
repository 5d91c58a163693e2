"""All that a viewer has open: recordings, methods, a photograph, the threads that compute."""

import threading
from collections.abc import Sequence
from pathlib import Path

from spikejax.formats import Recording
from spikejax.viewer.imaging import Imager
from spikejax.viewer.jobs import Jobs
from spikejax.viewer.listing import Entry
from spikejax.viewer.methods import Methods
from spikejax.viewer.motion import Motion
from spikejax.viewer.overview import Overview
from spikejax.viewer.photograph import OpenPhotograph, Photograph
from spikejax.viewer.worker import Worker

_PAUSE_S = 0.02  # between samples of the overview while somebody waits for an image
_OVERVIEWS = 16  # kept at once: each holds a count per pixel


class Session:
    """What a viewer has open.

    Attributes:
        entries: the recordings.
        methods: the methods.
        imager: makes images.
        motion: estimates flow.
        quick: the thread of classical images and of pixels.
        slow: the thread of networks.
        jobs: the exports.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        *,
        weights: Sequence[tuple[str, Path]] = (),
        photograph: Photograph | None = None,
    ) -> None:
        """Opens nothing yet but starts the threads.

        Args:
            entries: the recordings, at least one.
            weights: files of weights and the networks that they are for.
            photograph: a blurry photograph of the first recording's exposure.

        Raises:
            ValueError: if weights are for no network.
        """
        self.entries = list(entries)
        self.methods = Methods(weights)
        self.imager = Imager(self.methods)
        self.motion = Motion(dict(weights).get("stir"))
        self.quick = Worker("spikejax quick")
        self.slow = Worker("spikejax networks")
        self.jobs = Jobs()
        self.photograph = photograph
        self._open_photograph: OpenPhotograph | None = None
        self._overviews: dict[int, Overview] = {}
        self._wanted = threading.Condition()
        self._closed = False
        self._reader = threading.Thread(target=self._read_on, name="spikejax rates", daemon=True)
        self._reader.start()

    def entry(self, number: int) -> Entry:
        """Returns a recording of the list.

        Raises:
            ValueError: if the list has no such place.
        """
        if not 0 <= number < len(self.entries):
            raise ValueError(f"recording: expected 0 to {len(self.entries) - 1}, got {number}")
        return self.entries[number]

    def recording(self, number: int) -> Recording:
        """Returns an opened recording.

        Raises:
            OSError: if it cannot be read.
            ValueError: if the list has no such place, or it is damaged.
        """
        return self.entry(number).recording

    def overview(self, number: int) -> Overview:
        """Returns the rates of a recording, which the background goes on reading."""
        recording = self.recording(number)
        with self._wanted:
            overview = self._overviews.pop(number, None) or Overview(recording)
            self._overviews[number] = overview  # the last is the one that is looked at
            while len(self._overviews) > _OVERVIEWS:
                del self._overviews[next(iter(self._overviews))]
            self._wanted.notify()
        return overview

    def open_photograph(self) -> OpenPhotograph:
        """Returns the photograph with the spikes of its exposure, read once.

        Raises:
            OSError: if it cannot be read.
            ValueError: if there is none, or it does not fit the first recording.
        """
        if self.photograph is None:
            raise ValueError("the viewer was started without a photograph")
        if self._open_photograph is None:
            self._open_photograph = self.photograph.open(self.recording(0))
        return self._open_photograph

    def close(self) -> None:
        """Ends the threads and removes the files of exports."""
        with self._wanted:
            self._closed = True
            self._wanted.notify()
        self.quick.close()
        self.slow.close()
        self.jobs.close()

    def _read_on(self) -> None:
        """Advances the overview that was looked at last."""
        while True:
            with self._wanted:
                unfinished = [o for o in self._overviews.values() if not o.done]
                while not unfinished and not self._closed:
                    self._wanted.wait()
                    unfinished = [o for o in self._overviews.values() if not o.done]
                if self._closed:
                    return
                overview = unfinished[-1]
                if not self.quick.idle:
                    self._wanted.wait(_PAUSE_S)
            overview.advance()
