"""Who may ask the server of the viewer."""

import pytest
from starlette.responses import PlainTextResponse
from viewer_page import TOKEN, Client

from spikejax.viewer.guard import MAX_BODY, Guard


async def echo(scope, receive, send):
    more, body = True, b""
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await PlainTextResponse(f"{scope['path']} {len(body)}")(scope, receive, send)


def client(host="127.0.0.1"):
    return Client(Guard(echo, TOKEN, host))


def test_the_page_itself_gets_through():
    assert client().get(f"/{TOKEN}/api/image").text == "/api/image 0"
    assert client().get(f"/{TOKEN}/").text == "/ 0"


@pytest.mark.parametrize("path", ["/", "/other/", f"/{TOKEN}x/", f"/{TOKEN}", "/api/session"])
def test_without_the_token_there_is_nothing(path):
    assert client().get(path).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "", "127.0.0.1.evil"])
def test_another_name_of_the_server_is_refused(host):
    """DNS that points evil.example at 127.0.0.1 makes the browser send this."""
    assert client().get(f"/{TOKEN}/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_names_of_this_computer_are_ours(host):
    assert client().get(f"/{TOKEN}/", headers={"host": host}).status_code == 200


def test_an_address_of_the_network_is_ours_only_if_asked():
    headers = {"host": "192.168.1.5:8000"}
    assert client().get(f"/{TOKEN}/", headers=headers).status_code == 421
    assert client("0.0.0.0").get(f"/{TOKEN}/", headers=headers).status_code == 200
    evil = client("0.0.0.0").get(f"/{TOKEN}/", headers={"host": "evil.example"})
    assert evil.status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_requests_from_other_sites_are_refused(headers):
    assert client().post(f"/{TOKEN}/api/export", headers=headers).status_code == 403


def test_its_own_origin_is_accepted():
    headers = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    assert client().post(f"/{TOKEN}/api/export", headers=headers, content=b"12").text.endswith(" 2")


def test_long_requests_are_refused():
    long = b"x" * (MAX_BODY + 1)
    assert client().post(f"/{TOKEN}/a", content=long).status_code == 413
    assert client().get(f"/{TOKEN}/a", params={"x": "y" * 5000}).status_code == 414

    async def parts():  # without a length
        yield long[:40000]
        yield long[:40000]

    with pytest.raises(ValueError, match="at most"):
        client().post(f"/{TOKEN}/a", content=parts())


def test_other_methods_are_refused():
    assert client().request("DELETE", f"/{TOKEN}/a").status_code == 405


def test_every_answer_has_the_headers_of_a_strict_page():
    for answer in (client().get(f"/{TOKEN}/"), client().get("/")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
