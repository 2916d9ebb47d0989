"""Which Patient of the server a document is about. Wrong is worse than not at all."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from adapters.fhir_r4.page import read_page
from adapters.fhir_r4.server import ACCEPT
from adapters.fhir_r4.settings import FhirDestinationSettings
from connector.errors import ConfigurationError, Rejected
from connector.http import Http, NotFound
from connector.ports import AdapterContext, PatientReference

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def patient_id(
    http: Http,
    given: PatientReference | None,
    settings: FhirDestinationSettings,
    context: AdapterContext,
) -> str:
    """The id of the Patient. Raises Rejected where it is not sure, with what a person can do.

    A patient of ``patient_source`` is known by id. Another is searched for by chart number, by
    POST, so that no address holds the number.
    """
    if given is None:
        raise Rejected("no_patient", "the document does not say whose chart it belongs to")
    if given.source == settings.patient_source:
        if not _ID.fullmatch(given.source_id):
            raise Rejected("no_patient", "the patient's id is none that a FHIR server gives")
        return given.source_id
    system = settings.patient_identifier_system
    if system is None:
        raise Rejected(
            "patient_of_other_source",
            f"the patient comes from the source {given.source!r}, and this destination knows only "
            f"those of {settings.patient_source!r}; set patient_identifier_system so that others "
            "are found by chart number",
        )
    found = _search(http, system, given.chart_number, context)
    if len(found) != 1:
        how_many = "no patient" if not found else f"{len(found)} patients"
        raise Rejected(
            "patient_not_found" if not found else "patient_ambiguous",
            f"the server has {how_many} with this chart number under {system}; correct it in the "
            "chart there, then replay",
        )
    return found.pop()


def _search(http: Http, system: str, chart_number: str, context: AdapterContext) -> set[str]:
    form = urlencode({"identifier": f"{system}|{_escaped(chart_number)}", "_count": 10})
    headers = {**ACCEPT, "Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = http.request(
            "POST", "Patient/_search", headers=headers, body=form.encode(), repeatable=True
        )
    except NotFound as fault:
        raise _no_search(fault) from None
    except Rejected as fault:
        if fault.code != "method_refused":
            raise
        raise _no_search(fault) from None
    page = read_page(answer, "Patient", context.now)
    if page.next is not None:  # not followed: it may hold the number
        raise ConfigurationError(
            "no_patient_search",
            "the server does not select patients by identifier; use patient_source instead",
        )
    # A server that does not know the parameter gives everybody, so each one is looked at.
    return {
        item.id
        for item in page.items
        if item.fault is None and (system, chart_number) in _identifiers(item.resource)
    }


def _identifiers(resource: object) -> set[tuple[object, object]]:
    listed = resource.get("identifier") if isinstance(resource, dict) else None
    return {
        (one.get("system"), one.get("value"))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
        and isinstance(one.get("system"), str)
        and isinstance(one.get("value"), str)
        and one.get("use") != "old"
    }


def _escaped(value: str) -> str:
    """FHIR R4, search, "Escaping Search Parameters": ``$ , | \\`` have a meaning of their own."""
    return re.sub(r"([\\$,|])", r"\\\1", value)


def _no_search(fault: Rejected) -> ConfigurationError:
    return ConfigurationError(
        "no_patient_search",
        "the server takes no searches for patients by POST, and by GET the chart number would "
        "stand in its logs; use patient_source instead",
        detail=fault.detail,
    )
