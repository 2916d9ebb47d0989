"""Where care takes place, by which way a request goes, and what it names of what the payer has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.errors import InvalidRecord
from connector.pipeline.deliver import Route, plan
from connector.pipeline.packet.case import claim_number, request_case
from connector.pipeline.packet.complete import Before, complete, lacking
from connector.pipeline.packet.copy_sheet import copy_sheet
from connector.pipeline.packet.formats import build, file_formats
from connector.pipeline.packet.pas import refuse_unsendable
from connector.pipeline.packet.place import place_of
from connector.pipeline.report_kinds import specification
from connector.records import Provenance, Visit
from connector.x12.content.trading import Trading
from tests.unit.pipeline.test_packet import AT, VALUES, ZONE, request

DAY = date(2026, 11, 20)
SEAL = {"signature": {"at": AT.isoformat()}}
TRADING = Trading.model_validate(
    {
        "requester": {"organization": "Riverside", "npi": "1000000095"},
        "sender": {"id": "SYNRIVERSIDE"}, "originator": "9SYNTHETIC",
        "place_of_service": "11", "telehealth_place_of_service": "10",
    }
)  # fmt: skip


def visit(days_ago: int, telehealth: bool | None, status: str = "attended") -> Visit:
    at = datetime.combine(DAY - timedelta(days=days_ago), datetime.min.time(), UTC)
    return Visit.model_validate(
        {
            "id": f"v{days_ago}", "version": at, "patient_id": "p-1", "starts_at": at,
            "status": status, "telehealth": telehealth,
            "provenance": Provenance(
                source="s", origin="o", source_id="1", mapping="m", mapping_version="1"
            ),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("visits", "code"),
    [
        ([], "11"),
        ([visit(5, True)], "10"),
        ([visit(5, True), visit(12, False)], "11"),
        ([visit(5, True), visit(120, False)], "10"),
        ([visit(5, True), visit(-7, False, "scheduled")], "11"),
        ([visit(5, True), visit(12, False, "client_cancel")], "10"),
        ([visit(5, None)], "11"),
    ],
)
def test_the_place_follows_how_visits_are_held(visits: list[Visit], code: str) -> None:
    assert place_of(visits, TRADING, DAY)["place_of_service"] == code


def test_a_place_that_nobody_stated_is_named_with_where_to_state_it() -> None:
    plain = TRADING.model_copy(update={"telehealth_place_of_service": None})
    found = place_of([visit(5, True)], plain, DAY)
    assert found == {"place_of_service": None, "telehealth": True}
    context = complete(request(channels=["pas"]), VALUES, 1)
    context["event"] |= found
    (item,) = lacking(context)
    assert "by video" in item["text"] and "`telehealth_place_of_service`" in item["fix"]
    assert lacking({**context, "channels": ["x12"]}) == [], "the 278 takes it and can do without"


@pytest.mark.parametrize(
    ("channels", "formats"),
    [
        (["pas", "x12"], ("pas", "x12")), (["x12", "pas"], ("x12", "pas")),
        (["clearinghouse", "portal"], ("x12",)), (["portal", "fax"], ()),
    ],
)  # fmt: skip
def test_formats_follow_the_payers_channels(channels: list[str], formats: tuple[str, ...]) -> None:
    assert file_formats("authorization_request", request(channels=channels)) == formats


def _planned(formats: tuple[Any, ...], *routes: Route) -> list[tuple[str, str]]:
    parts = [
        specification("authorization_request", "p", DAY, ("json", *formats), {"a": 1}, "draft-1"),
        specification("attachment", "p", DAY, ("x12",), {"a": 1}, "draft-2"),
    ]
    return sorted((one.destination, f"{one.kind[:3]} {one.format}") for one in plan(parts, routes))


KINDS = ("authorization_request", "attachment")
DROP = Route(destination="drop", receives=KINDS, formats=("x12",))
PLAN = Route(destination="plan", receives=KINDS, formats=("pas", "cdex"))


def test_a_request_goes_by_one_way_the_first_of_the_payers_that_is_there() -> None:
    assert _planned(("pas", "x12"), DROP, PLAN) == [("plan", "aut pas")]
    assert _planned(("x12", "pas"), DROP, PLAN) == [("drop", "att x12"), ("drop", "aut x12")]
    assert _planned(("pas", "x12"), DROP) == [("drop", "att x12"), ("drop", "aut x12")]


def _fhir(before: Before | None = None) -> dict[str, Any]:
    done = complete(request(channels=["pas"]), VALUES, 3, before)
    done["event"]["place_of_service"] = "11"
    return done


def test_a_pended_request_is_revised_and_its_claim_updated() -> None:
    before = Before(({"document": "d1", "version": 1}, {"document": "d2", "version": 2}), "PEND-7")
    context = _fhir(before)
    event = request_case(context, AT, ZONE).event
    assert (event.certification, event.previous_reference) == ("S", "PEND-7")
    assert claim_number(context) == "AR-0123456789-1-U2"
    assert claim_number(_fhir()) == "AR-0123456789-3"
    refuse_unsendable(context, AT, ZoneInfo("UTC"))


def test_what_a_payer_would_refuse_as_fhir_is_refused_before_the_signature() -> None:
    context = _fhir()
    context["event"]["place_of_service"] = None
    with pytest.raises(InvalidRecord, match="place of service"):
        refuse_unsendable(context, AT, ZONE)


@pytest.mark.parametrize(
    ("words", "urgent"),
    [("", False), (", urgent", True), (" (expedited)", True), (", not urgent", False)],
)
def test_an_urgent_request_says_so_by_every_way(words: str, urgent: bool) -> None:
    values = {"visits_asked_for_and_dates": VALUES["visits_asked_for_and_dates"] + words}
    done = complete(request(), values, 1)
    assert request_case(done, AT, ZONE).event.urgent is urgent
    content = build(
        specification("authorization_request", "p", DAY, ("x12",), {**done, **SEAL}, "draft"),
        "x12", b"", ZONE,
    )  # fmt: skip
    assert (b"*U*" in content) is urgent
    sheet = copy_sheet(done, {"summary": []}, {"name": "Riverside"})
    kind = next(row["value"] for row in sheet["rows"] if row["field"] == "kind_of_request")
    assert kind.endswith("urgent") is urgent
