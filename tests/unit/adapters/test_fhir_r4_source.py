"""The polling FHIR source: order, what is a row and what is not, refusals, deletions."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.fhir_r4 import ADAPTER, FhirDestinationSettings, FhirSourceSettings
from adapters.fhir_r4.settings import TYPES
from adapters.fhir_r4.source import FhirServer
from connector.errors import ConfigurationError, RetryLater
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext, RawPage, RawRow
from connector.resources import Resources


def source(fhir: Any, home: Path, **options: Any) -> FhirServer:
    given = {"base_url": fhir.url, "private_network": True, **options}
    settings = FhirSourceSettings.model_validate(given)
    return FhirServer(settings, AdapterContext("ehr", home))


class Poller:
    """Polls as the engine does: what was given is acknowledged by its cursor."""

    def __init__(self, fhir: Any, home: Path, **options: Any) -> None:
        self.source = source(fhir, home, **options)
        self.cursor: str | None = None
        self.keys: list[str] = []

    def poll(self) -> list[RawRow]:
        rows: list[RawRow] = []
        for page in self.source.fetch(self.cursor):
            self.cursor = page.cursor or self.cursor
            self.keys += [batch.key for batch in page.batches]
            rows += [row for batch in page.batches for row in batch.rows]
        return rows


def ids(rows: Iterable[RawRow]) -> list[str]:
    return [row.data["id"] for row in rows]


def tables(pages: Iterable[RawPage]) -> list[str]:
    return [batch.table for page in pages for batch in page.batches]


def entry_page(*entries: dict[str, Any], **more: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"resourceType": "Bundle", "type": "searchset", "entry": list(entries), **more}


def only_for(kind: str, answer: tuple[int, Any]) -> Any:
    return lambda fhir, method, path, query: answer if path == kind else None


def test_the_default_types_are_those_of_the_shipped_mapping() -> None:
    spec = load_mapping("fhir_r4", Resources())
    assert set(TYPES) == {table.resource for table in spec.tables.values()}


def test_people_come_first_and_a_page_of_the_server_is_a_page_here(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.put("Goal", "g-1")
    for number in range(3):
        fhir_counterpart.put("Patient", f"p-{number}")
    fhir_counterpart.put("Practitioner", "k-1")
    asked = ["Goal", "Patient", "Practitioner"]
    pages = list(source(fhir_counterpart, tmp_path, types=asked, page_size=2).fetch(None))
    assert tables(pages) == ["Patient", "Patient", "Practitioner", "Goal"]
    assert fhir_counterpart.paths[0] == "/fhir/Patient?_count=2&_sort=_lastUpdated"
    batches = [batch for page in pages for batch in page.batches]
    told = [(batch.key, batch.origin) for batch in batches], [page.cursor for page in pages]
    assert "p-1" not in str(told)


def test_types_that_the_server_does_not_offer_are_not_asked_for(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.offers = ["Patient", "Observation", "Medication"]
    assert list(source(fhir_counterpart, tmp_path).fetch(None)) == []
    asked = {path.split("?")[0].rpartition("/")[2] for path in fhir_counterpart.paths}
    assert asked == {"metadata", "Patient", "Observation"}


def test_a_correction_is_a_new_row_and_nothing_comes_twice(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    poller = Poller(fhir_counterpart, tmp_path, types=["Observation"], page_size=3)
    for number in range(7):
        fhir_counterpart.put("Observation", f"o-{number}")
    assert sorted(ids(poller.poll())) == [f"o-{number}" for number in range(7)]
    assert poller.poll() == []
    fhir_counterpart.put("Observation", "o-2", status="amended")
    (row,) = poller.poll()
    assert (row.data["id"], row.data["status"], row.deleted) == ("o-2", "amended", False)
    assert poller.poll() == []
    assert len(set(poller.keys)) == len(poller.keys)


def test_times_are_asked_for_in_a_way_that_every_server_reads(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    poller = Poller(fhir_counterpart, tmp_path, types=["Goal", "Encounter"], since="2026-11-01")
    fhir_counterpart.put("Goal", "g-1")
    poller.poll()
    goal, encounter = fhir_counterpart.paths
    assert "_lastUpdated=" not in goal  # a plan may be older than what it is needed for
    assert "_lastUpdated=ge2026-11-01T00%3A00%3A00Z" in encounter
    poller.poll()
    assert "_lastUpdated=ge2026-11-02T08%3A58%3A01Z" in fhir_counterpart.paths[2]


@pytest.mark.parametrize("refused", [("_sort",), ("_sort", "_lastUpdated")])
def test_a_server_that_refuses_to_sort_or_select_is_asked_without(
    fhir_counterpart: Any, tmp_path: Path, refused: tuple[str, ...]
) -> None:
    def override(fhir: Any, method: str, path: str, query: dict[str, str]) -> Any:
        wrong = {"resourceType": "OperationOutcome", "issue": [{"code": "not-supported"}]}
        return (400, wrong) if set(query) & set(refused) else None

    fhir_counterpart.override = override
    poller = Poller(fhir_counterpart, tmp_path, types=["Goal"], page_size=2)
    for number in range(5):
        fhir_counterpart.put("Goal", f"g-{number}")
    assert len(poller.poll()) == 5
    fhir_counterpart.put("Goal", "g-3", status="x")
    assert ids(poller.poll()) == ["g-3"]


@pytest.mark.parametrize(
    ("status", "code"), [(404, "type_not_offered"), (400, "search_refused"), (403, "not_allowed")]
)
def test_a_refused_type_stops_none_of_the_others(
    fhir_counterpart: Any, tmp_path: Path, status: int, code: str
) -> None:
    fhir_counterpart.refuses = {"Coverage": status}
    fhir_counterpart.put("Goal", "g-1")
    given: list[RawPage] = []
    with pytest.raises(ConfigurationError) as caught:
        for page in source(fhir_counterpart, tmp_path, types=["Coverage", "Goal"]).fetch(None):
            given.append(page)
    assert caught.value.code == code
    assert "Samplewood" not in str(caught.value)
    assert "Goal" in tables(given)


def test_nothing_more_is_asked_where_we_are_not_signed_in(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.refuses = {"Patient": 401}
    with pytest.raises(ConfigurationError) as caught:
        list(source(fhir_counterpart, tmp_path, types=["Goal", "Patient"]).fetch(None))
    assert caught.value.code == "not_signed_in"
    assert len(fhir_counterpart.paths) == 1


def test_remarks_and_included_resources_are_no_rows(
    fhir_counterpart: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    issue = {"severity": "warning", "code": "not-supported", "diagnostics": "Avery Samplewood"}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    fhir_counterpart.override = only_for(
        "Goal",
        entry_page(
            {"resource": {"resourceType": "Goal", "id": "g"}, "search": {"mode": "match"}},
            {"resource": {"resourceType": "Patient", "id": "p"}, "search": {"mode": "include"}},
            {"resource": {"resourceType": "Patient", "id": "p"}},
            {"resource": outcome, "search": {"mode": "outcome"}},
        ),
    )
    with caplog.at_level(logging.INFO):
        (row,) = Poller(fhir_counterpart, tmp_path, types=["Goal"]).poll()
    assert row.data == {"resourceType": "Goal", "id": "g"}
    assert "not-supported" in caplog.text and "Samplewood" not in caplog.text


BROKEN = [
    pytest.param(b'{"resourceType": "Goal", "id": "b", "id": "c"}', "bad_json", id="key twice"),
    pytest.param(b'{"resourceType": "Goal", "id": "b", "n": NaN}', "bad_json", id="NaN"),
    pytest.param(b'{"resourceType": "Goal", "id": "b\\u0000"}', "bad_character", id="NUL"),
    pytest.param(
        b'{"resourceType": "Goal", "id": "b", "x":' + b"[" * 250 + b"]" * 250 + b"}",
        "bad_json", id="too deep",
    ),
    pytest.param(b'{"id": "b"}', "not_fhir", id="no type"),
]  # fmt: skip


@pytest.mark.parametrize(("broken", "code"), BROKEN)
def test_a_resource_that_cant_be_read_is_a_row_with_a_fault_and_comes_once(
    fhir_counterpart: Any, tmp_path: Path, broken: bytes, code: str
) -> None:
    good = b'{"resourceType": "Goal", "id": "g"}'
    text = b'{"resourceType": "Bundle", "entry": [{"resource": %s}, {"resource": %s}]}'
    fhir_counterpart.override = only_for("Goal", (200, text % (broken, good)))
    poller = Poller(fhir_counterpart, tmp_path, types=["Goal"])
    rows = poller.poll()
    assert [row.data.get("id") for row in rows] == [None, "g"]
    assert rows[0].fault is not None and rows[0].fault.code == code
    assert poller.poll() == []


def test_two_that_cant_be_read_are_two(fhir_counterpart: Any, tmp_path: Path) -> None:
    broken = ({"resource": {"resourceType": "Goal", "id": f"b-{n}", "x": "\0"}} for n in "12")
    fhir_counterpart.override = only_for("Goal", entry_page(*broken))
    assert len(Poller(fhir_counterpart, tmp_path, types=["Goal"]).poll()) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"<html>maintenance</html>", b"[]", b'{"resourceType": "OperationOutcome"}', b"\xff",
        b'{"resourceType": "Bundle", "entry": {"resource": {}}}',
        b'{"resourceType": "Bundle", "link": "next"}',
    ],
)  # fmt: skip
def test_what_is_no_bundle_is_tried_again_later(
    fhir_counterpart: Any, tmp_path: Path, body: bytes
) -> None:
    fhir_counterpart.override = only_for("Goal", (200, body))
    with pytest.raises(RetryLater) as caught:
        Poller(fhir_counterpart, tmp_path, types=["Goal"]).poll()
    assert caught.value.code == "garbage_answer"


def test_a_link_to_another_host_is_not_followed(fhir_counterpart: Any, tmp_path: Path) -> None:
    links = [{"relation": "next", "url": "https://elsewhere.example/fhir/Goal?page=2"}]
    fhir_counterpart.override = only_for("Goal", entry_page(link=links))
    with pytest.raises(ConfigurationError) as caught:
        Poller(fhir_counterpart, tmp_path, types=["Goal"]).poll()
    assert caught.value.code == "link_to_other_host"


def test_resources_without_a_time_of_change_are_compared_by_content(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.dates = False
    poller = Poller(fhir_counterpart, tmp_path, types=["Goal"])
    fhir_counterpart.put("Goal", "g-1", text="a")
    fhir_counterpart.put("Goal", "g-2", text="a")
    assert ids(poller.poll()) == ["g-1", "g-2"]
    assert poller.poll() == []
    for text in ("b", "a", "b", "a"):
        fhir_counterpart.put("Goal", "g-1", text=text)
        assert [row.data["text"] for row in poller.poll()] == [text]
        assert poller.poll() == []
    assert len(set(poller.keys)) == len(poller.keys) == 5


def test_parameters_narrow_what_is_asked_for_and_others_begin_anew(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.put("Observation", "o-1")
    narrow = {"Observation": {"category": "survey"}}
    first = Poller(fhir_counterpart, tmp_path, types=["Observation"], parameters=narrow)
    assert ids(first.poll()) == ["o-1"]
    assert "category=survey" in fhir_counterpart.paths[0]
    second = Poller(fhir_counterpart, tmp_path, types=["Observation"])
    second.cursor = first.cursor
    assert ids(second.poll()) == ["o-1"]


def test_history_tells_what_was_deleted_since_the_first_poll(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    for own_id in ("g-1", "g-2", "g-3"):
        fhir_counterpart.put("Goal", own_id)
    fhir_counterpart.delete("Goal", "g-3")
    for _ in range(200):
        fhir_counterpart.put("Goal", "g-2")
    options = {"types": ["Goal"], "deletions": "history", "page_size": 7}
    poller = Poller(fhir_counterpart, tmp_path, **options)
    assert sorted(ids(poller.poll())) == ["g-1", "g-2"]
    assert poller.poll() == []
    fhir_counterpart.delete("Goal", "g-1")
    (row,) = poller.poll()
    assert row.deleted and row.data["id"] == "g-1" and "lastUpdated" in row.data["meta"]
    assert poller.poll() == []
    fhir_counterpart.put("Goal", "g-1")
    assert [(row.data["id"], row.deleted) for row in poller.poll()] == [("g-1", False)]
    fhir_counterpart.delete("Goal", "g-1")
    assert [(row.data["id"], row.deleted) for row in poller.poll()] == [("g-1", True)]
    assert len(set(poller.keys)) == len(poller.keys)


def test_no_history_is_told_in_words(fhir_counterpart: Any, tmp_path: Path) -> None:
    fhir_counterpart.override = only_for("Goal/_history", (404, {}))
    with pytest.raises(ConfigurationError) as caught:
        Poller(fhir_counterpart, tmp_path, types=["Goal"], deletions="history").poll()
    assert caught.value.code == "no_history" and "compare" in caught.value.message


def gone(fhir: Any, home: Path, known: dict[str, list[str]], **options: Any) -> list[RawRow]:
    options = {"types": list(known), "page_size": 3, **options}
    pages = source(fhir, home, **options).deletions(lambda table: known[table])
    return [row for page in pages for batch in page.batches for row in batch.rows]


def test_comparing_finds_what_is_gone_and_asks_for_each(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    for number in range(8):
        fhir_counterpart.put("Goal", f"g-{number}")
    known = [f"g-{number}" for number in range(8)]
    assert gone(fhir_counterpart, tmp_path, {"Goal": known}) == []
    fhir_counterpart.delete("Goal", "g-2")
    (row,) = gone(fhir_counterpart, tmp_path, {"Goal": [*known, "no id: at all"]})
    assert row.deleted and dict(row.data) == {"resourceType": "Goal", "id": "g-2"}
    assert gone(fhir_counterpart, tmp_path, {"Goal": known}, deletions="none") == []


def test_what_a_list_leaves_out_and_reading_finds_is_not_gone(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.put("Goal", "g-1")
    fhir_counterpart.override = only_for("Goal", entry_page())
    assert gone(fhir_counterpart, tmp_path, {"Goal": ["g-1"]}) == []


def test_nothing_is_concluded_from_a_list_that_is_not_whole(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.override = only_for("Goal", entry_page(total=7))
    with pytest.raises(RetryLater) as caught:
        gone(fhir_counterpart, tmp_path, {"Goal": ["g-1"]})
    assert caught.value.code == "listing_not_whole"


def test_where_most_is_gone_a_person_must_say_so(fhir_counterpart: Any, tmp_path: Path) -> None:
    known = {"Goal": [f"g-{number}" for number in range(30)], "Patient": ["p-1"]}
    fhir_counterpart.put("Patient", "p-2")
    rows: list[str] = []
    with pytest.raises(ConfigurationError) as caught:
        for page in source(fhir_counterpart, tmp_path, types=list(known)).deletions(
            lambda table: known[table]
        ):
            rows += [row.data["id"] for batch in page.batches for row in batch.rows]
    assert caught.value.code == "too_many_gone" and "30 of 30 Goal" in caught.value.message
    assert rows == ["p-1"]
    all_of_them = gone(fhir_counterpart, tmp_path, known, most_deleted_percent=100)
    assert len(all_of_them) == 31


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"types": []}, "one or more"),
        ({"types": ["observation"]}, "no resource type"),
        ({"parameters": {"Medication": {"x": "y"}}}, "not polled"),
        ({"parameters": {"Goal": {"_lastUpdated": "ge2020"}}}, "can't be set"),
        ({"authorization": {}}, "one of"),
        ({"page_size": 0}, "greater"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        FhirSourceSettings.model_validate({"base_url": "https://ehr.example/fhir", **options})


def test_a_token_is_read_from_where_the_settings_say_and_sent(
    fhir_counterpart: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = {"bearer": {"token": {"env": "TEST_EHR_TOKEN"}}}
    with pytest.raises(ConfigurationError) as caught:
        source(fhir_counterpart, tmp_path, authorization=proof)
    assert "TEST_EHR_TOKEN" in caught.value.message
    monkeypatch.setenv("TEST_EHR_TOKEN", "s3cret")
    poller = Poller(fhir_counterpart, tmp_path, types=["Goal"], authorization=proof)
    poller.poll()
    assert fhir_counterpart.headers[-1]["authorization"] == "Bearer s3cret"
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    password.chmod(0o600)
    proof = {"basic": {"user": "us", "password": {"file": "password"}}}
    Poller(fhir_counterpart, tmp_path, types=["Goal"], authorization=proof).poll()
    assert fhir_counterpart.headers[-1]["authorization"] == "Basic dXM6czNjcmV0"


def test_a_server_that_lets_everybody_in_is_worth_a_second_look() -> None:
    given = {"base_url": "https://ehr.example/fhir", "deletions": "none"}
    concerns = ADAPTER.concerns(FhirSourceSettings.model_validate(given))
    assert [word for word in ("authorization", "deletions") if word in " ".join(concerns)]


def test_a_token_by_client_credentials_is_fetched_once_and_kept_between_polls(
    fhir_counterpart: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300}
    fhir_counterpart.override = only_for("token", (200, given))
    monkeypatch.setenv("TEST_EHR_SECRET", "s3cret")
    client = {
        "token_url": f"{fhir_counterpart.url}/token", "client_id": "us",
        "secret": {"env": "TEST_EHR_SECRET"}, "scope": "system/*.rs",
    }  # fmt: skip
    proof = {"client_credentials": client}
    poller = Poller(fhir_counterpart, tmp_path, types=["Goal"], authorization=proof)
    poller.poll()
    poller.poll()
    asked = [target for target in fhir_counterpart.paths if "token" in target]
    assert len(asked) == 1 and len(fhir_counterpart.paths) == 3
    assert fhir_counterpart.headers[-1]["authorization"] == "Bearer t0ken"


def test_the_example_of_the_operations_guide_is_right_and_names_every_option() -> None:
    guide = Path(__file__).parents[3] / "docs" / "operations.md"
    section = guide.read_text(encoding="utf-8").split("## FHIR R4\n")[1].split("\n## ")[0]
    example = yaml.safe_load(section.split("```yaml\n")[1].split("```")[0])
    (given,) = example["sources"]
    FhirSourceSettings.model_validate(given["options"])
    (filed,) = example["destinations"]
    FhirDestinationSettings.model_validate(filed["options"])
    assert given["mapping"] == given["adapter"] == filed["adapter"] == ADAPTER.name
    options = {*FhirSourceSettings.model_fields, *FhirDestinationSettings.model_fields}
    assert [name for name in sorted(options) if f"| `{name}` |" not in section] == []


@pytest.mark.parametrize(("types", "told"), [(None, False), (["Patient", "RelatedPerson"], True)])
def test_related_persons_that_are_refused_are_told_only_where_they_were_asked_for(
    fhir_counterpart: Any, tmp_path: Path, types: list[str] | None, told: bool
) -> None:
    fhir_counterpart.put("Patient", "p-1")
    fhir_counterpart.refuses = {"RelatedPerson": 403}
    given = {} if types is None else {"types": types}
    pages, refused = [], False
    try:
        for page in source(fhir_counterpart, tmp_path, **given).fetch(None):
            pages.append(page)
    except ConfigurationError:
        refused = True
    assert (refused, tables(pages)) == (told, ["Patient"])


@pytest.mark.parametrize(("types", "told"), [(None, False), (["RelatedPerson", "Patient"], True)])
def test_a_server_that_breaks_down_over_related_persons_is_read_all_the_same(
    fhir_counterpart: Any, tmp_path: Path, types: list[str] | None, told: bool
) -> None:
    def broken(_: Any, method: str, path: str, query: Any) -> Any:
        return (200, {"resourceType": "Basic"}) if path == "RelatedPerson" else None

    for kind in ("Patient", "QuestionnaireResponse"):
        fhir_counterpart.put(kind, "1")
    fhir_counterpart.override = broken
    given = {} if types is None else {"types": types}
    server, pages, refused = source(fhir_counterpart, tmp_path, **given), [], False
    try:
        for page in server.fetch(None):
            pages.append(page)
        list(server.deletions(lambda kind: ["gone"] if kind == "RelatedPerson" else []))
    except RetryLater:
        refused = True
    read = ["Patient"] if told else ["Patient", "QuestionnaireResponse"]
    assert (refused, tables(pages)) == (told, read)
