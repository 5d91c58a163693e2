"""What the page of the viewer asks for, without a network."""

import asyncio
import json

import httpx
import numpy as np

from spikejax.viewer.guard import Guard
from spikejax.viewer.routes import application

TOKEN = "a-token"


class Client:
    """Sends requests to an ASGI application."""

    def __init__(self, app, base_url="http://127.0.0.1:8000"):
        self._app, self._base = app, base_url

    def request(self, method, path, **options):
        async def send():
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=self._base) as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)


class Page:
    """The requests of a page to a session."""

    def __init__(self, session):
        self.http = Client(Guard(application(session), TOKEN))

    def get(self, path, status=200, **words):
        return self._checked(self.http.get(f"/{TOKEN}/api/{path}", params=words), status)

    def post(self, path, status=200, **values):
        return self._checked(self.http.post(f"/{TOKEN}/api/{path}", json=values), status)

    def pixels(self, path, **words):
        response = self.http.get(f"/{TOKEN}/api/{path}", params=words)
        assert response.status_code == 200, response.text
        length = int.from_bytes(response.content[:4], "little")
        facts = json.loads(response.content[8 : 8 + length])
        pixels = np.frombuffer(response.content[8 + length :], facts["type"])
        return facts, pixels.reshape(facts["shape"])

    def _checked(self, response, status):
        assert response.status_code == status, response.text
        return response.json()
