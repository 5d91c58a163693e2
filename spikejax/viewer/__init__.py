"""The viewer: a page in the browser in which recordings are scrubbed like videos.

`view` and `Viewer` run the server: Starlette behind a guard, served by uvicorn in a thread. A
`Session` holds what is open and the threads that compute. The page in `static/` is plain modules.
"""

from spikejax.viewer.listing import Entry, list_recordings
from spikejax.viewer.photograph import Photograph
from spikejax.viewer.serving import HOST, Viewer, view

__all__ = ["HOST", "Entry", "Photograph", "Viewer", "list_recordings", "view"]
