"""Scores that staff type in, from paper or from an EHR that exports none.

The form (web page, ``connector score add``) stores entries in the inbox under the name of the
source with this adapter. There is nothing to poll: asked, it has nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from connector.ports import Adapter, AdapterContext, RawPage


class ScoreFormSettings(BaseModel):
    """No options: whose patients the scores are about says ``patients_of``."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScoreForm:
    """A source that is only written to, by people."""

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """Nothing."""
        return iter(())

    def acknowledge(self, page: RawPage) -> None:
        """Nothing."""


def _source(_settings: ScoreFormSettings, _context: AdapterContext) -> ScoreForm:
    return ScoreForm()


ADAPTER = Adapter(
    name="score_form",
    summary="Scores that staff type in (web page, connector score add)",
    source_settings=ScoreFormSettings,
    source=_source,
)
