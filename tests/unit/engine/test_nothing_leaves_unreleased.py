"""Over random routes and states: what must be signed or released does not leave before.

Twice: by what is planned, and by what is sent whatever lies in the tables.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.engine import deliver
from connector.pipeline.deliver import FOR_REVIEW, Route, plan
from connector.pipeline.report import KINDS, MUST_BE_RELEASED
from connector.progress import DocumentSpec
from connector.store import NewDelivery, SignatureRow
from connector.testing import FakeDestination

NOW = datetime(2026, 11, 20, 22, tzinfo=UTC)
NAMES = ("filing", "chart", "hook")


@dataclass(frozen=True)
class Case:
    """A document and what a person has done with it."""

    spec: DocumentSpec
    signed: bool
    withdrawn: bool

    @property
    def may_leave(self):
        return self.spec.release == "none" or (self.signed and not self.withdrawn)


@st.composite
def cases(draw):
    """Documents; their ids are made unique by ``named``."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    signed = kind in MUST_BE_RELEASED and draw(st.booleans())
    spec = DocumentSpec(
        document_id="doc", kind=kind, patient_id=f"patient-{draw(st.integers(1, 2))}",
        as_of=date(2026, 11, 20), formats=draw(st.sampled_from([("json",), ("html", "json")])),
        release=MUST_BE_RELEASED.get(kind, "none"), context={}, digest="",
        draft_id="draft" if signed else None,
    )  # fmt: skip
    return Case(spec, signed, signed and draw(st.booleans()))


def named(found):
    """The same cases under ids that no other example has."""
    return [
        replace(
            case,
            spec=case.spec.model_copy(
                update={
                    "document_id": (id := uuid.uuid4().hex),
                    "digest": id,
                    "draft_id": f"draft-{id}" if case.signed else None,
                }
            ),
        )
        for case in found
    ]


@st.composite
def routes(draw):
    return [
        Route(
            destination=name, receives=tuple(draw(st.sets(st.sampled_from(sorted(KINDS))))),
            formats=draw(st.sampled_from([("json",), ("html", "json"), ("json", "html")])),
            one_format=draw(st.booleans()), unreleased=draw(st.booleans()),
        )
        for name in draw(st.sets(st.sampled_from(NAMES), min_size=1))
    ]  # fmt: skip


@given(st.lists(cases(), max_size=6), routes())
def test_no_plan_lets_a_draft_out(found, given_routes):
    found = named(found)
    keeping = {route.destination for route in given_routes if route.unreleased}
    drafts = {case.spec.document_id for case in found if case.spec.unreleased}
    for one in plan([case.spec for case in found], given_routes):
        in_review = one.path.startswith(f"{FOR_REVIEW}/")
        assert in_review == (one.document_id in drafts)
        assert not in_review or one.destination in keeping


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A site's work over one store; examples are apart by their documents."""
    from connector.app import open_app
    from connector.cli.site import make_site
    from connector.resources import Resources

    home = tmp_path_factory.mktemp("site") / "site"
    make_site(home, Resources().find("config/site.yaml.example").text())
    app = open_app(home)
    with app.open_store() as store:
        yield replace(app.work(store, renderer=None), now=lambda: NOW)


def put(tx, case):
    tx.documents.put_specs([case.spec], NOW)
    tx.documents.put_content(case.spec.document_id, "html", b"<p>rendered</p>", NOW)
    if not case.signed:
        return
    row = SignatureRow(
        case.spec.document_id, str(case.spec.draft_id), case.spec.kind, case.spec.patient_id, "r",
        1, "d", {}, NOW,
    )  # fmt: skip
    tx.signatures.add([row])
    if case.withdrawn:
        tx.signatures.withdraw(row, {"by": "x"}, NOW)


def rogue(case, destination, *, in_review):
    """A delivery that no plan would have made."""
    number = uuid.uuid4().hex
    place = f"{FOR_REVIEW}/x" if in_review else "x"
    return NewDelivery(
        key=f"rogue-{number}", destination=destination, document_id=case.spec.document_id,
        format=case.spec.formats[0], kind="decision", path=f"{place}/{number}",
        media_type="application/json", labels={"release": "none"},
    )  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_whatever_lies_in_the_tables_no_draft_is_sent(work, data):
    found = named(data.draw(st.lists(cases(), min_size=1, max_size=5)))
    given_routes = data.draw(routes())
    places = st.tuples(
        st.integers(0, len(found) - 1), st.integers(0, len(given_routes) - 1), st.booleans()
    )
    rogues = [
        rogue(found[case], given_routes[route].destination, in_review=in_review)
        for case, route, in_review in data.draw(st.lists(places, max_size=4))
    ]
    planned = [NewDelivery(**dict(one)) for one in plan([c.spec for c in found], given_routes)]

    def write(tx):
        for case in found:
            put(tx, case)
        tx.deliveries.add([*planned, *rogues], NOW)

    work.store.write(write)
    fakes = {name: FakeDestination() for name in NAMES}
    working = replace(work, routes=given_routes, destinations=fakes)
    keys = [row.key for row in [*planned, *rogues]]
    deliver.send(working, keys, by="test")

    keeping = {route.destination for route in given_routes if route.unreleased}
    by_id = {case.spec.document_id: case for case in found}
    rows = work.store.read(lambda tx: tx.deliveries.get_all(keys))
    for row in rows.values():
        stays_inside = row.destination in keeping and row.path.startswith(f"{FOR_REVIEW}/")
        allowed = by_id[row.document_id].may_leave or stays_inside
        assert (row.key in fakes[row.destination].sent) == allowed
        assert row.state == ("delivered" if allowed else "dead")
        assert row.code == (None if allowed else "not_released")
