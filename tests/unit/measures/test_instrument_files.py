"""Instrument files that must be refused, and what the error says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from subprocess import run

import pytest

from connector.errors import ConfigurationError
from connector.measures import Instrument, parse_instrument

GOOD = """\
id: demo
version: "1"
name: Demo
short_name: Demo
plain_name: demo score
domain: demo
direction: higher_is_worse
items: 3
item_range: {min: 0, max: 4}
item_exceptions:
  - {items: [3], range: {max: 4, values: [0, 2, 4]}}
scoring: {kind: sum}
score_min: 0
score_max: 12
bands:
  - {name: low, low: 0, high: 5, label: low}
  - {name: high, low: 6, high: 12, label: high}
clinical_cutoff: ">=6"
remission: "<3"
min_days: 7
loinc: {panel: "44249-1", total: "44261-6"}
licence: free
citation: none
sources:
  bands: made up
  clinical_cutoff: made up
  remission: made up
  min_days: made up
"""


def _refused(text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        parse_instrument(text, "mappings/instruments/demo.yaml")
    return caught.value


def test_a_good_file() -> None:
    found = parse_instrument(GOOD, "demo.yaml")
    assert found.clinical_cutoff is not None
    assert (found.clinical_cutoff.op, found.clinical_cutoff.value) == (">=", 6)
    assert found.clinical_cutoff.source == "made up"
    assert found.range_of(3).values == (0, 2, 4)
    assert (found.default_encoding, found.encoding_required) == ("weighted", False)
    assert (found.totals_only, found.for_payers) == (False, True)


@pytest.mark.parametrize(
    ("old", "new", "code", "parts"),
    [
        ("direction:", "directoin:", "unknown_key", ["directoin", "'direction'"]),
        ("{min: 0, max: 4}", "{min: 0, mx: 4}", "unknown_key", ["item_range.mx", "'max'"]),
        (
            "higher_is_worse",
            "higher_is_wrose",
            "invalid_value",
            ["direction", "'higher_is_worse'", "Valid values: higher_is_worse, higher_is_better"],
        ),
        ("kind: sum}", "kind: summ}", "invalid_value", ["scoring", "'summ'", "'sum'", "mean"]),
        ("kind: sum}", "kind: sum_times}", "invalid_value", ["scoring.times"]),
        ("kind: sum}", "kind: sum, tims: 4}", "unknown_key", ["scoring.tims"]),
        ("items: 3\n", 'items: "three"\n', "invalid_value", ["items"]),
        ('">=6"', '"6 or more"', "invalid_value", ["clinical_cutoff", "'6 or more'", ">=10"]),
        ('">=6"', '"<=6"', "instrument_inconsistent", ["clinical_cutoff", "wrong side"]),
        ('">=6"', '">=13"', "instrument_inconsistent", ["clinical_cutoff", "outside the scale"]),
        ('"<3"', '">3"', "instrument_inconsistent", ["remission", "wrong side"]),
        ("low: 6,", "low: 7,", "instrument_inconsistent", ["bands", "high must begin 1 above"]),
        ("high: 12,", "high: 11,", "instrument_inconsistent", ["bands", "score_max"]),
        ("score_max: 12", "score_max: 11", "instrument_inconsistent", ["0 to 12"]),
        ("44261-6", "44261-7", "instrument_inconsistent", ["44261-7", "check digit"]),
        ('total: "44261-6"', 'total: "44249-1"', "instrument_inconsistent", ["different codes"]),
        ("  bands: made", "  band: made", "instrument_inconsistent", ["'bands'"]),
        ("  bands: made up\n", "", "instrument_inconsistent", ["state where bands comes from"]),
        ("  min_days: made up\n", "", "instrument_inconsistent", ["min_days"]),
        ("items: [3]", "items: [4]", "instrument_inconsistent", ["no item 4"]),
        (
            "licence: free",
            "licence: free\nlicence: paid",
            "instrument_unreadable",
            ["licence", "line 23"],
        ),
        ("licence: free", "licence: [free", "instrument_unreadable", ["YAML", "line"]),
        ("licence: free\n", "", "invalid_value", ["licence"]),
        (
            "min_days: 7",
            "min_days: 7\nencodings: {accepted: [weighted], default: raw}",
            "instrument_inconsistent",
            ["encodings.default", "'raw' is not accepted"],
        ),
        (
            "min_days: 7",
            "min_days: 7\nencodings: {accepted: [weighted, one_based]}",
            "instrument_inconsistent",
            ["encodings.shift", "one_based"],
        ),
        (
            "min_days: 7",
            "min_days: 7\nmissing: {blanks_allowed: 3}",
            "instrument_inconsistent",
            ["missing.blanks_allowed", "all items"],
        ),
        (
            "min_days: 7",
            "min_days: 7\nsd: 3\n",
            "instrument_inconsistent",
            ["reliability", "together"],
        ),
    ],
)
def test_refused_files(old: str, new: str, code: str, parts: list[str]) -> None:
    assert old in GOOD
    error = _refused(GOOD.replace(old, new, 1))
    assert error.code == code
    assert "mappings/instruments/demo.yaml" in error.message
    for part in parts:
        assert part in error.message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words"])
def test_a_file_that_is_no_mapping(text: str) -> None:
    assert _refused(text).code == "instrument_unreadable"


def test_an_interval_table_must_fit_the_raw_sums() -> None:
    table = "scoring: {kind: interval_table, table: [100, 50, 0]}"
    text = GOOD.replace("scoring: {kind: sum}", table).replace("score_max: 12", "score_max: 100")
    assert "3 entries for 13 raw sums" in _refused(text).message


def test_importing_the_measures_reads_no_yaml() -> None:
    code = "import sys, connector.measures; sys.exit('yaml' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_instrument_cannot_be_changed(instruments: dict[str, Instrument]) -> None:
    change: Callable[[], None] = lambda: setattr(instruments["phq9"], "mid", None)  # noqa: E731
    with pytest.raises(ValueError, match="frozen"):
        change()
