"""Where the site names who signs, nobody else's name is taken."""

from __future__ import annotations

import pytest

from connector.errors import ConfigurationError
from connector.pipeline.release import signer
from connector.release.refusals import refuse_strangers
from connector.settings import PracticeSettings

SIGNERS = ("Dana Okafor, LCSW", "Lennox Fictbrook, PT")


@pytest.mark.parametrize("by", ["Dana Okafor, LCSW", "dana  okafor,LCSW"])
def test_who_is_named_may_sign_and_without_names_everybody(by):
    refuse_strangers(signer(by), SIGNERS)
    refuse_strangers(signer("Somebody Else, PhD"), ())


@pytest.mark.parametrize("by", ["Dana Okafor, PhD", "Dana, LCSW", "Somebody Else, LCSW"])
def test_another_name_is_refused_with_those_who_sign(by):
    with pytest.raises(ConfigurationError) as refused:
        refuse_strangers(signer(by), SIGNERS)
    assert refused.value.code == "not_a_signer"
    assert all(name in str(refused.value) for name in SIGNERS)


def test_the_nearest_name_is_offered():
    with pytest.raises(ConfigurationError, match="Did you mean 'Dana Okafor, LCSW'"):
        refuse_strangers(signer("Dana Okafour, LCSW"), SIGNERS)


@pytest.mark.parametrize("name", ["Dana Okafor", "", ", LCSW"])
def test_a_signer_has_a_credential_in_the_site_file_too(name):
    with pytest.raises(ValueError, match="signers"):
        PracticeSettings(id="riverside", name="Riverside", signers=(name,))
