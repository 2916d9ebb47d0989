"""The first load by ``$export``: waiting, files, tokens, crashes, expired links, no hole behind."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.fhir_r4 import FhirSourceSettings
from adapters.fhir_r4.cursor import read_cursor
from adapters.fhir_r4.page import digest
from adapters.fhir_r4.settings import IDENTIFIER_SYSTEM
from adapters.fhir_r4.source import FhirServer
from connector.errors import ConfigurationError, RetryLater
from connector.ports import AdapterContext, RawPage

TYPES = ["Patient", "Observation", "Practitioner"]
TOKEN = "the-token-for-the-ehr-alone"


@pytest.fixture
def export(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("EHR_TOKEN", TOKEN)
    place = Path(__file__).parents[2] / "export_counterpart.py"
    spec = importlib.util.spec_from_file_location("export_counterpart", place)
    assert spec is not None and spec.loader is not None
    module = sys.modules.setdefault("export_counterpart", importlib.util.module_from_spec(spec))
    if not hasattr(module, "Serving"):
        spec.loader.exec_module(module)
    serving = module.Serving()
    try:
        yield serving.export
    finally:
        serving.stop()


def source(export: Any, home: Path, settings: Any = None, **options: Any) -> FhirServer:
    given = {
        "base_url": export.url, "private_network": True, "types": TYPES,
        "authorization": {"bearer": {"token": {"env": "EHR_TOKEN"}}},
        "export": settings or {}, **options,
    }  # fmt: skip
    return FhirServer(FhirSourceSettings.model_validate(given), AdapterContext("ehr", home))


class Loader:
    """Takes pages as the engine does: each is stored with the state that it carries."""

    def __init__(self) -> None:
        self.state: str | None = None
        self.pages: list[RawPage] = []

    def load(self, server: FhirServer, most: int | None = None) -> None:
        """All pages, or ``most``, as if the process died then."""
        for page in server.export(self.state):
            self.state = page.cursor or self.state
            self.pages.append(page)
            if most is not None and len(self.pages) >= most:
                return

    @property
    def ids(self) -> list[str]:
        rows = [r for page in self.pages for batch in page.batches for r in batch.rows]
        return [("-" if row.deleted else "") + str(row.data.get("id")) for row in rows]

    @property
    def faults(self) -> list[str]:
        rows = [r.fault for page in self.pages for batch in page.batches for r in batch.rows]
        found = [fault.code for fault in rows if fault is not None]
        return found + [fault.error.code for page in self.pages for fault in page.faults]


def score(number: int) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": f"o-{number}", "status": "final"}


def person(number: int) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": f"p-{number}"}


def fill(export: Any, scores: int = 3) -> None:
    export.put("output", "Observation", "o.ndjson", [score(n) for n in range(scores)])
    export.put("output", "Patient", "p.ndjson", [person(1)])


def test_everything_is_loaded_people_first_and_the_polls_go_on_from_there(
    export: Any, tmp_path: Path
) -> None:
    fill(export)
    gone = {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"request": {"method": "DELETE", "url": "Observation/o-9"}},
    ]}  # fmt: skip
    export.put("deleted", "Bundle", "d.ndjson", [gone])
    loader = Loader()
    loader.load(source(export, tmp_path))
    assert loader.ids == ["p-1", "o-0", "o-1", "o-2", "-o-9"]
    cursor = read_cursor(loader.pages[-1].token, digest(export.url))
    assert set(cursor.types) == {"Patient", "Observation"}  # of people who treat, only some came
    since = cursor.types["Observation"].changed.since
    assert since == datetime(2026, 11, 20, 9, 58, tzinfo=UTC)
    assert ("DELETE", "/status/1", f"Bearer {TOKEN}") in export.asked
    kicked = export.paths("/fhir/")[0]
    assert kicked.startswith("/fhir/Patient/$export?_type=Patient%2CPractitioner%2CObservation")
    clear = [(b.key, b.origin) for page in loader.pages for b in page.batches]
    assert "o-1" not in str(clear) and len({key for key, _ in clear}) == len(clear)


def test_the_state_that_polls_left_is_that_of_polls(export: Any, tmp_path: Path) -> None:
    """The cursor fits how the source asks: else the first poll would read all again."""
    fill(export)
    server, loader = source(export, tmp_path), Loader()
    loader.load(server)
    cursor = read_cursor(loader.pages[-1].token, digest(export.url))
    assert cursor.of("Patient", server._digest_of("Patient")) == cursor.types["Patient"]


def test_the_server_is_asked_again_when_it_says(export: Any, tmp_path: Path) -> None:
    fill(export)
    export.waits = 1
    loader, server = Loader(), source(export, tmp_path)
    with pytest.raises(RetryLater) as caught:
        loader.load(server)
    assert caught.value.code == "export_running" and caught.value.until is not None
    loader.load(server)
    assert len(loader.ids) == 4 and len(export.paths("/fhir/")) == 1


def test_what_was_cut_off_goes_on_where_it_was(export: Any, tmp_path: Path) -> None:
    fill(export, scores=950)
    for most in range(1, 9):
        loader = Loader()
        loader.load(source(export, tmp_path), most)
        loader.load(source(export, tmp_path))
        assert loader.ids == ["p-1", *(f"o-{n}" for n in range(950))]
        keys = [batch.key for page in loader.pages for batch in page.batches]
        assert len(set(keys)) == len(keys)


def test_a_file_that_ends_too_soon_is_not_taken_for_whole(export: Any, tmp_path: Path) -> None:
    fill(export, scores=600)
    export.cut["/files/o.ndjson"] = 20_000
    loader, server = Loader(), source(export, tmp_path)
    with pytest.raises(RetryLater):
        loader.load(server)
    assert 0 < len(loader.ids) < 601
    loader.load(server)
    assert sorted(loader.ids) == sorted(["p-1", *(f"o-{n}" for n in range(600))])


def test_expired_links_are_asked_for_anew(export: Any, tmp_path: Path) -> None:
    fill(export, scores=450)
    loader = Loader()
    loader.load(source(export, tmp_path), 5)
    assert len(loader.ids) > 1
    export.expired, export.links = {"0"}, 1
    loader.load(source(export, tmp_path))
    assert loader.ids == ["p-1", *(f"o-{n}" for n in range(450))]
    assert len(export.paths("/fhir/")) == 1


def test_an_export_that_is_gone_is_begun_anew_but_not_for_ever(export: Any, tmp_path: Path) -> None:
    fill(export)
    loader = Loader()
    loader.load(source(export, tmp_path), 1)
    export.forgotten = True
    loader.load(source(export, tmp_path))
    assert len(export.paths("/fhir/")) == 2 and len(loader.ids) == 4
    plain = export.answer

    def always(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        return (404, {}, b"{}") if path == "/status/1" else plain(method, path)

    export.answer = always
    with pytest.raises(ConfigurationError) as caught:
        Loader().load(source(export, tmp_path))
    assert caught.value.code == "export_expires"


def test_the_token_goes_to_the_server_alone(export: Any, tmp_path: Path) -> None:
    fill(export)
    export.host = f"http://localhost:{export.port}"
    with pytest.raises(ConfigurationError) as caught:
        Loader().load(source(export, tmp_path))
    assert caught.value.code == "export_wants_token_elsewhere"
    export.needs_token = False
    with pytest.raises(ConfigurationError) as caught:
        Loader().load(source(export, tmp_path))
    assert caught.value.code == "export_at_other_host" and "localhost" in str(caught.value)
    assert export.paths("/files/") == []
    allowed = {"file_hosts": [f"localhost:{export.port}"]}
    loader = Loader()
    loader.load(source(export, tmp_path, allowed))
    assert len(loader.ids) == 4
    tokens = {token for _, path, token in export.asked if path.startswith("/files/")}
    assert tokens == {""}


def test_no_token_is_sent_for_files_that_need_none(export: Any, tmp_path: Path) -> None:
    fill(export)
    export.needs_token = False
    Loader().load(source(export, tmp_path))
    assert {token for _, path, token in export.asked if path.startswith("/files/")} == {""}


def test_what_the_server_could_not_export_is_shown_and_polled_for(
    export: Any, tmp_path: Path
) -> None:
    fill(export)
    issue = {"severity": "error", "code": "processing", "diagnostics": "Avery Samplewood"}
    remark = {"severity": "information", "code": "informational"}
    outcomes = [{"resourceType": "OperationOutcome", "issue": [one]} for one in (issue, remark)]
    export.put("error", "OperationOutcome", "e.ndjson", outcomes)
    loader = Loader()
    loader.load(source(export, tmp_path))
    assert loader.faults == ["export_error"]
    (fault,) = [fault for page in loader.pages for fault in page.faults]
    assert "processing" in str(fault.error) and "Avery" not in str(fault.error)
    assert read_cursor(loader.pages[-1].token, digest(export.url)).types == {}


def test_lines_that_can_t_be_read_are_set_aside_and_the_others_go_on(
    export: Any, tmp_path: Path
) -> None:
    ours = {**score(5), "identifier": [{"system": IDENTIFIER_SYSTEM, "value": "k"}]}
    good = [json.dumps(one).encode() for one in (score(1), ours, person(2), score(2))]
    long = json.dumps({**score(3), "note": [{"text": "x" * 20_000}]}).encode()
    lines = [good[0], b"", b"{", b"\xff", good[1], good[2], long, b'{"a":NaN}', good[3]]
    export.put("output", "Observation", "o.ndjson", b"\r\n".join(lines))
    loader = Loader()
    loader.load(source(export, tmp_path, {"longest_line": 10_000}))
    assert [one for one in loader.ids if one != "None"] == ["o-1", "o-2"]
    assert sorted(loader.faults) == [
        "bad_json", "bad_json", "bad_json", "line_too_long", "other_type",
    ]  # fmt: skip


def test_filters_are_left_out_where_the_server_refuses_them(export: Any, tmp_path: Path) -> None:
    fill(export)
    export.refuses_filters = True
    options = {"parameters": {"Observation": {"category": "survey"}}}
    loader = Loader()
    loader.load(source(export, tmp_path, **options))
    first, second = export.paths("/fhir/")
    assert "_typeFilter=Observation%3Fcategory%3Dsurvey" in first and "_typeFilter" not in second


def test_a_groups_export_leaves_the_polls_to_begin_anew(export: Any, tmp_path: Path) -> None:
    """Who is not in the group would never be read otherwise."""
    fill(export)
    loader = Loader()
    loader.load(source(export, tmp_path, {"level": "group", "group": "g-1"}))
    assert export.paths("/fhir/")[0].startswith("/fhir/Group/g-1/$export")
    assert read_cursor(loader.pages[-1].token, digest(export.url)).types == {}


@pytest.mark.parametrize(
    "given", [{"level": "group"}, {"group": "g-1"}, {"file_hosts": ["https://x/y"]}]
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"group|host"):
        FhirSourceSettings.model_validate({"base_url": "https://e.example/f", "export": given})


def test_a_state_that_can_t_be_read_begins_anew(export: Any, tmp_path: Path) -> None:
    fill(export)
    loader = Loader()
    loader.state = '{"status": 3}'
    loader.load(source(export, tmp_path))
    assert len(loader.ids) == 4
