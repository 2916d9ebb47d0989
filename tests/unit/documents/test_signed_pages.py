"""Signed payer reports as pages: what they say, that their bytes come again, both papers."""

from __future__ import annotations

import io
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from connector.documents import completion, compose
from connector.errors import ConfigurationError
from connector.pipeline.release import (
    Act,
    Former,
    completed_packet,
    packet_digest,
    released,
    signed_packet,
    signer,
)

GOLDEN = Path(__file__).parent / "golden" / "signed_insurer.txt"
WHO = signer("Dana Example, LCSW", "LCSW-0042", "1000000012")
AT = datetime(2026, 3, 13, 14, 5, tzinfo=UTC)
FIRST = Act(AT, ZoneInfo("America/New_York"), 1, 1, None)
FORMER = Former(number=1, signed_on="03/13/2026", by="Dana Example, LCSW", digest="a" * 64)
SECOND = Act(AT, ZoneInfo("America/New_York"), 2, 2, FORMER)


def texts_of(context, text="As seen at the last visit."):
    return {
        key: "F33.1, moderate" if "icd" in key else text[: completion.longest(context, key)]
        for key in completion.fields(context)
    }


@pytest.fixture
def signed(documents):
    """Signs the packet of a situation."""

    def build(situation, act=SECOND, who=WHO, **more):
        found = documents(situation)
        texts = texts_of(found["insurer"].context, **more)
        return signed_packet(found["insurer"], found["packet_manifest"], texts, who, act)

    return build


def lines(content: bytes) -> list[str]:
    pages = PdfReader(io.BytesIO(content)).pages
    return [re.sub(r"\s+", " ", page.extract_text().replace("\u00a0", " ")) for page in pages]


@pytest.mark.parametrize("paper", compose.PAPERS)
@pytest.mark.parametrize("situation", ["better", "lefs", "no_scores", "worst_case"])
def test_a_signed_report_is_no_draft_and_shows_who_when_and_what(
    renderer, signed, resources, situation, paper
):
    report, _ = signed(situation)
    content = renderer.pdf(compose.html(report, resources, paper))
    pages = lines(content)
    assert len(pages) <= 6
    assert "version 2, amends version 1 signed 03/13/2026" in pages[0]
    for page in pages:
        assert "Version 2, signed 03/13/2026 10:05 AM EDT" in page
        assert "draft" not in page.lower() and "To be completed" not in page
    last = pages[-1]
    for part in (
        "I have reviewed this report and answer for its content.",
        "Dana Example, LCSW", "License LCSW-0042", "NPI 1000000012", "Signed electronically",
        "It amends version 1, signed 03/13/2026 by Dana Example, LCSW",
        report.context["signature"]["digest_words"],
    ):  # fmt: skip
        assert part in last, part


def test_the_bytes_of_a_signed_report_come_again(renderer, signed, resources):
    once, again = (
        renderer.pdf(compose.html(signed("better")[0], resources, "Letter")) for _ in range(2)
    )
    assert once == again
    other = signed("better", who=signer("Lee Other, PhD"))[0]
    assert other.document_id != signed("better")[0].document_id


def test_a_draft_says_so_on_every_page(renderer, documents, resources):
    draft = documents("better")["insurer"]
    for page in lines(renderer.pdf(compose.html(draft, resources, "Letter"))):
        assert "Draft, not signed" in page


def test_the_signed_text_is_the_one_that_was_looked_at(renderer, signed, resources):
    content = renderer.pdf(compose.html(signed("better")[0], resources, "Letter"))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    # The document's own digest changes with every word of another part; the words do not.
    text = re.sub(r"document [0-9A-F]{8}", "document ........", "\n\n".join(pages)) + "\n"
    text = text.replace("\u00a0", " ")
    text = re.sub(r"(?:[0-9a-f]{8} ){7}[0-9a-f]{8}", "........", text)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_longest_texts_and_names_stay_on_their_pages(renderer, signed, resources):
    wide = signer(f"{'Wilhelmina ' * 5}Example, LCSW", "L" * 60, "1000000012")
    report, _ = signed("worst_case", who=wide, text="WWMWMW MWMWWM " * 70)
    for paper in compose.PAPERS:
        pages = lines(renderer.pdf(compose.html(report, resources, paper)))
        assert len(pages) <= 17, "the pages that a payer's fax intake sees on average"
        assert report.context["signature"]["digest_words"] in pages[-1]


def test_a_report_without_its_sources_is_signed_all_the_same(signed, resources, tmp_path):
    from connector.resources import Resources

    own = tmp_path / "report_templates" / "insurer"
    own.mkdir(parents=True)
    shipped = resources.find("report_templates/insurer/report.yaml").text()
    (own / "report.yaml").write_text(shipped.replace(", sources]", "]", 1))
    page = compose.html(signed("better")[0], Resources(tmp_path), "Letter")
    assert "not included" in page and "Signed electronically" in page


def test_the_digest_covers_every_word_and_not_the_signature(documents, signed):
    found = documents("better")
    texts = texts_of(found["insurer"].context)
    complete = completed_packet(found["insurer"], found["packet_manifest"], texts, SECOND)
    packet = signed("better")
    assert packet_digest(packet) == packet_digest(complete)
    assert packet_digest(packet) == packet[0].context["signature"]["digest"]
    assert packet_digest(signed("better", text="Otherwise.")) != packet_digest(packet)
    assert packet_digest(signed("better", act=FIRST)) != packet_digest(packet)
    by_other = signed("better", who=signer("Lee Other, PhD"))
    assert packet_digest(by_other) == packet_digest(packet)
    assert {one.draft_id for one in packet} == {
        found["insurer"].document_id, found["packet_manifest"].document_id,
    }  # fmt: skip
    assert all(not one.unreleased for one in packet) and found["insurer"].unreleased


def test_a_released_patient_report_is_the_same_page(documents, resources):
    draft = documents("better")["patient"]
    made, digest = released(draft, "Dana Example", FIRST)
    again, other = released(made.model_copy(update={"document_id": "x"}), "Lee", FIRST)
    assert (made.draft_id, made.unreleased) == (draft.document_id, False)
    assert made.document_id not in (draft.document_id, again.document_id) and digest == other
    pages = [
        compose.html(one, resources, "Letter").replace(one.digest[:8].upper(), "run")
        for one in (made, draft)
    ]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("by", "code"),
    [
        ("Dana Example", "credential_missing"),
        ("Dana Example, ", "credential_missing"),
        (", LCSW", "credential_missing"),
        ("Dana Example, PTA", "assistant_signs"),
        ("Dana Example, BS, COTA/L", "assistant_signs"),
        (" ", "name_malformed"),
        ("x" * 90 + ", PT", "name_malformed"),
        ("Dana\u202e, PT", "name_malformed"),
    ],
)
def test_who_can_not_sign(by, code):
    with pytest.raises(ConfigurationError) as caught:
        signer(by)
    assert caught.value.code == code


def test_a_signer_has_name_credential_and_perhaps_numbers():
    made = signer("  Arden   Fictstead , PT, DPT ", npi="1000000061")
    assert (made.name, made.credential, made.full) == (
        "Arden Fictstead", "PT, DPT", "Arden Fictstead, PT, DPT",
    )  # fmt: skip
    with pytest.raises(ConfigurationError, match="ten digits"):
        signer("A, PT", npi="12345")
