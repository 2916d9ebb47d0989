"""The first sign-in at Jane, in the browser: PKCE, state, the token that is kept, its refusals."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import yaml

from adapters.jane import ADAPTER
from adapters.jane.fake import CLIENT_SECRET, FakeJane, fill
from connector.cli.connect import connect_command
from connector.cli.redirect import wait_for_redirect
from connector.errors import ConfigurationError
from connector.ports import AdapterContext
from tests.free_ports import free_port


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeJane]:
    monkeypatch.setenv("JANE_SECRET", CLIENT_SECRET)
    made = fill(FakeJane())
    with made.serving():
        yield made


@pytest.fixture
def port() -> int:
    return free_port()


def options(fake: FakeJane, **more: Any) -> Any:
    """The options of the source as the stand-in prints them for a site file."""
    (tmp,) = yaml.safe_load(fake.trial())["sources"]
    assert ADAPTER.source_settings is not None
    return ADAPTER.source_settings.model_validate({**tmp["options"], **more})


def begun(fake: FakeJane, home: Path, **more: Any) -> Any:
    (home / "data").mkdir(exist_ok=True)
    assert ADAPTER.sign_in is not None
    return ADAPTER.sign_in(options(fake, **more), AdapterContext("jane", home))


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def browser(address: str) -> str:
    """Where a browser is sent from a page."""
    opener = urllib.request.build_opener(_Stays)
    with pytest.raises(urllib.error.HTTPError) as sent:
        opener.open(address, timeout=60)
    with sent.value as answer:
        return str(answer.headers["Location"])


def test_a_person_signs_in_and_the_source_reads(fake: FakeJane, tmp_path: Path) -> None:
    waiting = begun(fake, tmp_path)
    asked = parse_qs(urlsplit(waiting.address).query)
    assert asked["code_challenge_method"] == ["S256"] and "code_verifier" not in asked
    assert asked["scope"][0].split()[0] == "appointments:read"
    assert "Signed in" in waiting.finish(browser(waiting.address))
    file = tmp_path / "data" / "jane-refresh"
    assert file.read_text() == fake.refresh and file.stat().st_mode & 0o077 == 0
    assert ADAPTER.source is not None
    source = ADAPTER.source(options(fake), AdapterContext("jane", tmp_path))
    assert [b.table for page in source.fetch(None) for b in page.batches]
    assert file.read_text() == fake.refresh == "made-up-refresh-2"


@pytest.mark.parametrize(
    ("sandbox", "realm", "clinic"),
    [(False, "/realms/jane/", "riverside.janeapp.com"),
     (True, "/realms/jane_partner_sandbox/", "riverside.jane.qa")],
)  # fmt: skip
def test_a_real_clinic_signs_in_at_jane_and_nowhere_else(
    fake: FakeJane, tmp_path: Path, sandbox: bool, realm: str, clinic: str
) -> None:
    waiting = begun(fake, tmp_path, trial_url=None, clinic="riverside", sandbox=sandbox)
    parts = urlsplit(waiting.address)
    assert (parts.scheme, parts.netloc) == ("https", "login.id.janeapp.com")
    assert parts.path.startswith(realm)
    assert parse_qs(parts.query)["resource"] == [f"https://{clinic}"]
    assert waiting._token_url == f"https://login.id.janeapp.com{realm}protocol/openid-connect/token"


def test_before_that_the_source_says_what_to_do_and_is_made_all_the_same(
    fake: FakeJane, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    assert ADAPTER.source is not None
    source = ADAPTER.source(options(fake), AdapterContext("jane", tmp_path))
    with pytest.raises(ConfigurationError) as needed:
        list(source.fetch(None))
    assert needed.value.code == "sign_in_needed" and "connector connect" in needed.value.message


def test_an_answer_to_another_sign_in_is_not_taken(fake: FakeJane, tmp_path: Path) -> None:
    first, second = begun(fake, tmp_path), begun(fake, tmp_path)
    returned = browser(first.address)
    twice = f"{returned}&state=b"
    for wrong in (returned, twice, returned.replace("state=", "x="), "http://[", ""):
        with pytest.raises(ConfigurationError) as refused:
            second.finish(wrong)
        assert refused.value.code == "other_sign_in"
    assert not (tmp_path / "data" / "jane-refresh").exists()


def test_a_code_is_good_once_and_only_with_its_verifier(fake: FakeJane, tmp_path: Path) -> None:
    waiting = begun(fake, tmp_path)
    returned = browser(waiting.address)
    object.__setattr__(waiting._grant, "verifier", "another" * 10)
    with pytest.raises(ConfigurationError) as refused:
        waiting.finish(returned)
    assert refused.value.code == "sign_in_refused" and "made-up" not in str(refused.value)
    waiting = begun(fake, tmp_path)
    returned = browser(waiting.address)
    waiting.finish(returned)
    with pytest.raises(ConfigurationError):
        waiting.finish(returned)


@pytest.mark.parametrize(("said", "shown"), [("access_denied", True), ("<b>Ana</b>", False)])
def test_one_who_does_not_allow_it_changes_nothing(
    fake: FakeJane, tmp_path: Path, said: str, shown: bool
) -> None:
    waiting = begun(fake, tmp_path)
    answer = urlencode({"error": said, "state": waiting._grant.state})
    with pytest.raises(ConfigurationError) as refused:
        waiting.finish(f"{waiting.redirect_uri}?{answer}")
    assert refused.value.code == "sign_in_refused" and (said in str(refused.value)) is shown


def test_the_browser_comes_back_to_this_machine(fake: FakeJane, tmp_path: Path, port: int) -> None:
    waiting = begun(fake, tmp_path, redirect_uri=f"http://127.0.0.1:{port}/signed-in")
    said: list[str] = []
    thread = threading.Thread(
        target=lambda: said.append(
            wait_for_redirect(waiting.redirect_uri, waiting.finish, seconds=60)
        )
    )
    thread.start()
    returned = browser(waiting.address)
    pages = []
    for address in (f"http://127.0.0.1:{port}/favicon.ico", waiting.redirect_uri, returned):
        while True:  # until it listens
            try:
                with urllib.request.urlopen(address, timeout=60) as page:
                    pages.append(page.read().decode())
                break
            except urllib.error.HTTPError as fault:
                with fault:
                    pages.append(str(fault.code))
                break
            except urllib.error.URLError:
                assert thread.is_alive()
                threading.Event().wait(0.02)
    thread.join()
    assert said and "Signed in" in said[0]
    assert pages[0] == "404" and "did not work" in pages[1] and "You are signed in" in pages[2]


def test_the_command_takes_a_pasted_address(
    fake: FakeJane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = {"practice": {"id": "trial", "name": "Trial", "synthetic": True},
            **yaml.safe_load(fake.trial())}  # fmt: skip
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    (tmp_path / "data").mkdir()
    shown: list[str] = []
    monkeypatch.setattr("click.echo", lambda text="", **_: shown.append(str(text)))
    monkeypatch.setattr("click.prompt", lambda *_, **__: browser(shown[1].strip()))
    call: Any = getattr(connect_command.callback, "__wrapped__")  # noqa: B009 (not in its type)
    call(tmp_path, "jane", paste=True, wait=1)
    assert "Signed in" in shown[-1] and (tmp_path / "data" / "jane-refresh").exists()
    with pytest.raises(ConfigurationError) as unknown:
        call(tmp_path, "jne", paste=True, wait=1)
    assert unknown.value.code == "no_sign_in" and unknown.value.suggestion == "jane"


def test_where_nobody_comes_or_the_port_is_taken_it_says_so(port: int) -> None:
    address = f"http://127.0.0.1:{port}/signed-in"
    with pytest.raises(ConfigurationError) as nobody:
        wait_for_redirect(address, str, seconds=0)
    assert nobody.value.code == "nobody_came"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(ConfigurationError) as refused:
            wait_for_redirect(address, str, seconds=0)
    assert refused.value.code == "port_taken" and "--paste" in refused.value.message
