"""The shipped instrument files against the decided values, codes and bands."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector.measures import Instrument, score
from connector.measures.instrument import THRESHOLDS

Instruments = dict[str, Instrument]

# id, min days, clinical, csc, reliable, SD/reliability, MID, response, remission, decimals,
# default encoding, blanks allowed
VALUES = """\
phq9 14 >=10 >=10 6 - 5 50 <5 0 weighted 2
phq2 14 >=3 >=3 - - - 50 - 0 weighted 0
gad7 14 >=10 >=8 4 - 4 50 <5 0 weighted 1
gad2 14 >=3 >=3 - - - 50 - 0 weighted 0
epds 7 >=13 >=13 4 - - 50 - 0 weighted 0
k10 28 >=20 >=20 - - - 50 - 0 weighted 0
core10 7 >=11 >=11 6 7.7/0.90 - 50 - 0 weighted 1
pss10 28 - - - - - 50 - 0 raw 0
ybocs 7 >=16 >=16 - - - 35 <=12 0 weighted 0
isi 14 >=15 >=15 6 - 6 50 <8 0 weighted 0
pcl5 7 >=31 >28 15 - 10 50 - 0 weighted 4
who5 14 <=50 <=50 - - 10 50 - 0 weighted 0
whodas12 28 - - - - - 50 - 1 weighted 1
dast10 90 >=3 >=3 - - - 50 - 0 raw 0
psc17 28 >=15 >=15 6 - - 50 - 0 weighted 3
scared 28 >=25 >=25 - - - 50 - 0 weighted 0
odi 7 - - 10 - 12 50 - 1 weighted 1
ndi 7 - - 10 - 14 50 - 1 weighted 1
lefs 7 - - 9 - 9 50 - 0 weighted 0
dash 7 - - - - 10 50 - 1 weighted 3
quickdash 7 - - - - 15 50 - 1 weighted 1
nprs 1 - - 2 - 2 50 - 0 weighted 0
koos_jr 14 - - - - 14 50 - 3 weighted 0
hoos_jr 14 - - - - 18 50 - 3 weighted 0
rmdq 7 - - 5 - 5 50 - 0 weighted 24
berg 7 <45 <45 - - - 50 - 0 weighted 0
psfs 7 - - 2 - 2 50 - 1 weighted 0
bdi2 14 >=14 >=14 - - - 50 - 0 weighted 0
oq45 7 >=64 >=64 14 - - 50 - 0 weighted 0
promis_depression 7 >=60 >=60 - - 3.5 50 - 1 weighted 0
tug 1 >=12 >=12 - - - 50 - 1 weighted 0
sixmwt 1 - - - - 30.5 50 - 1 weighted 0
phqa 14 >=10 >=10 6 - 5 50 <5 0 weighted 2
wsas 14 >=10 >=10 8 - - 50 - 0 weighted 0
ors 1 <25 <25 5 - - 50 - 1 weighted 0
srs 1 - - - - - 50 - 1 weighted 0
audit 90 >=8 >=8 - - - 50 - 0 weighted 0
auditc 90 - - - - - 50 - 0 weighted 0
mdq 1 - - - - - - - 0 weighted 0
cssrs_screener 28 - - - - - - - 0 weighted 0
dass21 7 - - - - - - - 0 weighted 0
bam 28 - - - - - - - 0 weighted 0
rcads25 28 - - - - - - - 0 weighted 0
vanderbilt_parent 28 - - - - - - - 0 weighted 0
koos 7 - - - - 10 - - 0 weighted 0
"""
# panel, total, items
LOINC: dict[str, tuple[str | None, str | None, str]] = {
    "audit": (
        "72110-0",
        "75624-7",
        "68518-0 68519-8 68520-6 97734-8 97735-5 97736-3 97737-1 97738-9 97739-7 97740-5",
    ),
    "auditc": ("72109-2", "75626-2", "68518-0 68519-8 68520-6"),
    "bam": (None, None, ""),
    "cssrs_screener": ("93373-9", "93374-7", ""),
    "dass21": (None, None, ""),
    "koos": ("72091-2", None, ""),
    "mdq": ("85102-2", None, ""),
    "ors": (None, None, ""),
    "phqa": ("89206-7", "89204-2", ""),
    "rcads25": (None, None, ""),
    "srs": (None, None, ""),
    "vanderbilt_parent": (None, None, ""),
    "wsas": (None, None, ""),
    "bdi2": ("89210-9", "89209-1", ""),
    "berg": (None, None, ""),
    "core10": (None, None, ""),
    "dash": (None, None, ""),
    "dast10": ("82666-9", "82667-7", ""),
    "epds": ("71354-5", "99046-5", ""),
    "gad2": (None, None, ""),
    "gad7": ("69737-5", "70274-6", "69725-0 68509-9 69733-4 69734-2 69735-9 69689-8 69736-7"),
    "hoos_jr": ("82316-1", "82323-7", ""),
    "isi": (None, None, ""),
    "k10": (None, None, ""),
    "koos_jr": ("82324-5", "82332-8", ""),
    "lefs": (None, None, ""),
    "ndi": ("82226-2", "82237-9", ""),
    "nprs": (None, "72514-3", ""),
    "odi": ("97908-8", "97909-6", ""),
    "oq45": (None, None, ""),
    "pcl5": ("101697-1", "101698-9", ""),
    "phq2": ("55757-9", "55758-7", "44250-9 44255-8"),
    "phq9": (
        "44249-1",
        "44261-6",
        "44250-9 44255-8 44259-0 44254-1 44251-7 44258-2 44252-5 44253-3 44260-8",
    ),
    "promis_depression": ("76343-3", "77861-3", ""),
    "psc17": (None, None, ""),
    "psfs": (None, None, ""),
    "pss10": (None, None, ""),
    "quickdash": (None, None, ""),
    "rmdq": (None, None, ""),
    "scared": (None, None, ""),
    "sixmwt": (None, "64098-7", ""),
    "tug": ("89422-0", "89423-8", ""),
    "who5": (None, None, ""),
    "whodas12": (None, None, ""),
    "ybocs": (None, None, ""),
}
BANDS = {
    "audit": "low 0-7, hazardous 8-15, harmful 16-19, possible_dependence 20-40",
    "phqa": "minimal 0-4, mild 5-9, moderate 10-14, moderately_severe 15-19, severe 20-27",
    "wsas": "low 0-9, significant 10-20, severe 21-40",
    "bdi2": "minimal 0-13, mild 14-19, moderate 20-28, severe 29-63",
    "core10": "healthy 0-5, low 6-10, mild 11-14, moderate 15-19, "
    "moderately_severe 20-24, severe 25-40",
    "dast10": "none 0, low 1-2, moderate 3-5, substantial 6-8, severe 9-10",
    "epds": "low 0-9, possible 10-12, likely 13-30",
    "gad2": "negative 0-2, positive 3-6",
    "gad7": "minimal 0-4, mild 5-9, moderate 10-14, severe 15-21",
    "isi": "none 0-7, subthreshold 8-14, moderate 15-21, severe 22-28",
    "k10": "low 10-19, mild 20-24, moderate 25-29, severe 30-50",
    "ndi": "none 0-8, mild 8.1-28, moderate 28.1-48, severe 48.1-68, complete 68.1-100",
    "nprs": "none 0, mild 1-3, moderate 4-6, severe 7-10",
    "odi": "minimal 0-20, moderate 20.1-40, severe 40.1-60, very_severe 60.1-80, extreme 80.1-100",
    "phq2": "negative 0-2, positive 3-6",
    "phq9": "minimal 0-4, mild 5-9, moderate 10-14, moderately_severe 15-19, severe 20-27",
    "promis_depression": "mild 55-59.9, moderate 60-64.9, moderately_severe 65-69.9",
    "pss10": "low 0-13, moderate 14-26, high 27-40",
    "who5": "likely_depression 0-28, low 29-50, adequate 51-100",
    "ybocs": "subclinical 0-7, mild 8-15, moderate 16-23, severe 24-31, extreme 32-40",
}

SOURCED_NUMBERS = (
    *THRESHOLDS,
    "screen",
    "screen_by",
    "bands",
    "patterns",
    "item_flags",
    "safety_items",
    "safety_questions",
    "reliable_points",
    "sd",
    "reliability",
    "mid",
    "response_percent",
    "min_days",
    "cadence_days",
)


def _number(cell: str) -> Decimal | None:
    return None if cell == "-" else Decimal(cell)


def _limit(cell: str) -> str:
    return "None" if cell == "-" else cell


@pytest.mark.parametrize("row", [line.split() for line in VALUES.splitlines()], ids=lambda r: r[0])
def test_decided_values(row: list[str], instruments: Instruments) -> None:
    found = instruments[row[0]]
    assert found.min_days == int(row[1])
    assert str(found.clinical_cutoff) == _limit(row[2])
    assert str(found.csc_cutoff) == _limit(row[3])
    assert found.reliable_points == _number(row[4])
    sd, reliability = row[5].split("/") if "/" in row[5] else ("-", "-")
    assert (found.sd, found.reliability) == (_number(sd), _number(reliability))
    assert found.mid == _number(row[6])
    assert found.response_percent == _number(row[7])
    assert str(found.remission) == _limit(row[8])
    assert found.decimals == int(row[9])
    assert found.default_encoding == row[10]
    assert found.blanks_allowed == int(row[11])


def test_every_shipped_instrument_is_in_the_tables(instruments: Instruments) -> None:
    assert set(instruments) == {line.split()[0] for line in VALUES.splitlines()}
    assert set(instruments) == set(LOINC)
    assert all(found.id == stem for stem, found in instruments.items())


@pytest.mark.parametrize("name", LOINC)
def test_loinc_codes(name: str, instruments: Instruments) -> None:
    panel, total, items = LOINC[name]
    found = instruments[name]
    assert (found.loinc_panel, found.loinc_total) == (panel, total)
    assert found.loinc_items == tuple(items.split())


def test_loinc_codes_of_some_items_and_of_scales(instruments: Instruments) -> None:
    known = instruments["cssrs_screener"].loinc.some_items
    assert known == {2: "93247-5", 3: "93248-3", 4: "93249-1", 5: "93250-9"}
    scales = {scale.name: scale.loinc for scale in instruments["koos"].subscales if scale.loinc}
    assert scales == {"symptoms": "72101-9", "pain": "72102-7"}


@pytest.mark.parametrize("name", ["phq9", "gad7"])
def test_loinc_answer_codes(name: str, instruments: Instruments) -> None:
    expected = {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}
    assert instruments[name].loinc.answers == expected


@pytest.mark.parametrize("name", BANDS)
def test_both_ends_of_every_band(name: str, instruments: Instruments) -> None:
    found = instruments[name]
    bands = [band.rsplit(" ", 1) for band in BANDS[name].split(", ")]
    names = [band.name for band in found.bands if band.low is not None and band.high is not None]
    assert names == [label for label, _ in bands]
    for label, span in bands:
        for end in span.split("-"):
            assert score(found, total=Decimal(end)).band == label, end


def test_instruments_without_published_bands_have_none(instruments: Instruments) -> None:
    assert {name for name, found in instruments.items() if not found.bands} == set(LOINC) - set(
        BANDS
    )


def test_every_number_states_its_source(instruments: Instruments) -> None:
    for found in instruments.values():
        for field in SOURCED_NUMBERS:
            if getattr(found, field) not in (None, ()):
                assert found.sources.get(field), (found.id, field)
        for field in THRESHOLDS:
            limit = getattr(found, field)
            assert limit is None or limit.source == found.sources[field]
        if any(scale.positive or scale.bands for scale in found.subscales):
            assert found.sources.get("subscales"), found.id
        if found.scoring.kind == "triage":
            assert found.sources.get("scoring"), found.id
        if found.blanks_allowed or found.missing.not_applicable:
            assert found.sources.get("missing"), found.id


def test_general_knowledge_waits_for_a_clinician(instruments: Instruments) -> None:
    for found in instruments.values():
        marked = {name.split(".")[0] for name in found.confirm}
        for field, source in found.sources.items():
            if "general knowledge" in source:
                assert field in marked, (found.id, field)


def test_safety_items(instruments: Instruments) -> None:
    stated = {
        name: [(safety.item, safety.op, safety.value) for safety in found.safety_items]
        for name, found in instruments.items()
        if found.safety_items
    }
    items = {"phq9": 9, "phqa": 9, "epds": 10, "core10": 6, "bdi2": 9, "oq45": 8}
    assert stated == {name: [(item, ">=", 1)] for name, item in items.items()}
    asking = {name for name, found in instruments.items() if found.asks_safety}
    assert asking == {*items, "cssrs_screener"}


def test_forms_whose_encoding_must_be_stated(instruments: Instruments) -> None:
    required = {name for name, found in instruments.items() if found.encoding_required}
    turned = {name for name, found in instruments.items() if found.reverse_items}
    assert turned == {"epds", "core10", "dast10", "pss10"}
    assert required == turned | {"k10", "whodas12"}


def test_screens_are_never_primary_and_drug_use_is_part2(instruments: Instruments) -> None:
    never = {name for name, found in instruments.items() if not found.primary_allowed}
    without_total = {name for name, found in instruments.items() if not found.has_total}
    assert without_total == {"cssrs_screener", "dass21", "bam", "vanderbilt_parent", "koos"}
    assert never == {"phq2", "gad2", "mdq", "srs"} | without_total
    part2 = {name for name, found in instruments.items() if found.part2}
    assert part2 == {"dast10", "audit", "auditc", "bam"}
    assert {name for name, found in instruments.items() if not found.for_payers} == {
        "srs",
        "cssrs_screener",
    }


def test_each_measure_is_known_by_one_short_name(instruments: Instruments) -> None:
    assert len({found.short_name.casefold() for found in instruments.values()}) == 45


def test_direction_and_best_score(instruments: Instruments) -> None:
    better = {name for name, found in instruments.items() if found.direction == "higher_is_better"}
    assert better == {
        "who5",
        "lefs",
        "koos",
        "koos_jr",
        "hoos_jr",
        "berg",
        "psfs",
        "sixmwt",
        "ors",
        "srs",
    }
    assert instruments["lefs"].best_score == 80
    assert instruments["phq9"].best_score == 0
    assert instruments["k10"].best_score == 10
    assert instruments["tug"].best_score is None
    assert instruments["sixmwt"].best_score is None


def test_open_ended_bands(instruments: Instruments) -> None:
    promis = instruments["promis_depression"]
    ends = {"20": "normal", "54.9": "normal", "70": "severe", "100": "severe"}
    assert {end: score(promis, total=Decimal(end)).band for end in ends} == ends


def test_totals_only_where_the_licence_says_so_and_t_scores(instruments: Instruments) -> None:
    only = {name for name, found in instruments.items() if found.totals_only}
    assert only == {"bdi2", "oq45", "promis_depression"}


# id, items, answers from to, total from to, items turned round, days until it is due again
SHAPES = """\
phq9 9 0-3 0-27 - 14
phq2 2 0-3 0-6 - -
gad7 7 0-3 0-21 - 14
gad2 2 0-3 0-6 - -
epds 10 0-3 0-30 3,5,6,7,8,9,10 28
k10 10 1-5 10-50 - 30
core10 10 0-4 0-40 2,3 -
pss10 10 0-4 0-40 4,5,7,8 30
ybocs 10 0-4 0-40 - 28
isi 7 0-4 0-28 - 14
pcl5 20 0-4 0-80 - 14
who5 5 0-5 0-100 - 14
whodas12 12 0-4 0-100 - 30
dast10 10 0-1 0-10 3 365
psc17 17 0-2 0-34 - 56
scared 41 0-2 0-82 - 56
odi 10 0-5 0-100 - 28
ndi 10 0-5 0-100 - 28
lefs 20 0-4 0-80 - 28
dash 30 1-5 0-100 - 28
quickdash 11 1-5 0-100 - 28
nprs 1 0-10 0-10 - -
koos_jr 7 0-4 0-100 - 28
hoos_jr 6 0-4 0-100 - 28
rmdq 24 0-1 0-24 - 14
berg 14 0-4 0-56 - 28
psfs - 0-10 0-10 - 28
bdi2 21 - 0-63 - 28
oq45 45 - 0-180 - -
promis_depression - - 20-100 - 28
tug 1 0- 0- - 28
sixmwt 1 0- 0- - 28
phqa 9 0-3 0-27 - 14
wsas 5 0-8 0-40 - 28
ors 4 0-10 0-40 - -
srs 4 0-10 0-40 - -
audit 10 0-4 0-40 - 365
auditc 3 0-4 0-12 - 90
mdq 13 0-1 0-13 - -
cssrs_screener 6 0-1 - - -
dass21 21 0-3 0-42 - 14
bam 17 0-4 - - 30
rcads25 25 0-3 0-75 - 28
vanderbilt_parent 55 0-3 - - 84
koos 42 0-4 0-100 - 28
"""


@pytest.mark.parametrize("row", [line.split() for line in SHAPES.splitlines()], ids=lambda r: r[0])
def test_items_ranges_turned_items_and_rhythm(row: list[str], instruments: Instruments) -> None:
    name, items, answers, totals, turned, cadence = row
    found = instruments[name]
    assert found.items == (None if items == "-" else int(items))
    low, _, high = totals.partition("-")
    assert (found.score_min, found.score_max) == (
        Decimal(low) if low else None,
        Decimal(high) if high else None,
    )
    if answers != "-":
        low, _, high = answers.partition("-")
        span = found.range_of(1)
        assert (span.min, span.max) == (Decimal(low), Decimal(high) if high else None)
    assert found.reverse_items == (
        () if turned == "-" else tuple(int(item) for item in turned.split(","))
    )
    assert found.cadence_days == (None if cadence == "-" else int(cadence))


def test_every_shipped_instrument_has_a_shape(instruments: Instruments) -> None:
    assert {line.split()[0] for line in SHAPES.splitlines()} == set(instruments)
