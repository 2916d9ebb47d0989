"""Our public keys at /.well-known/jwks.json: for anybody, nothing private in them, two at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest

from connector.errors import ConfigurationError
from connector.http.signing_key import SigningKey, new_key
from connector.service import _publish_keys
from connector.web import create_app

ADDRESS = "/.well-known/jwks.json"
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}


def published(home: Path, *files: str) -> Any:
    """What the service answers with these keys in its settings."""

    class Site:
        service = type("Service", (), {"publish_keys": files})

    app: Any = type("App", (), {"site": Site, "home": home})
    flask_app = create_app(None, None, "the-token")  # type: ignore[arg-type]
    _publish_keys(app, flask_app)
    return flask_app.test_client().get(ADDRESS)


def key(home: Path, name: str) -> SigningKey:
    file = home / name
    file.write_text(new_key())
    file.chmod(0o600)
    return SigningKey(file.read_text())


def proven(answer: Any, token: str) -> bool:
    """Whether a server that fetched this set takes the token, as PyJWT finds the key in it."""
    found = {one.key_id: one for one in jwt.PyJWKSet.from_dict(answer.get_json()).keys}
    wanted = found.get(jwt.get_unverified_header(token)["kid"])
    if wanted is None:
        return False
    return bool(jwt.decode(token, wanted.key, algorithms=["ES384"])["iss"])


def test_a_key_is_changed_while_both_are_published(tmp_path: Path) -> None:
    old, new = key(tmp_path, "old.pem"), key(tmp_path, "new.pem")
    claims = {"iss": "our-id"}
    before = published(tmp_path, "old.pem")
    assert proven(before, old.sign(claims)) and not proven(before, new.sign(claims))
    both = published(tmp_path, "new.pem", "old.pem")
    assert proven(both, old.sign(claims)) and proven(both, new.sign(claims))
    assert not proven(published(tmp_path, "new.pem"), old.sign(claims))


def test_nothing_private_leaves_and_others_may_keep_it_for_a_while(tmp_path: Path) -> None:
    key(tmp_path, "one.pem")
    answer = published(tmp_path, "one.pem")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert not [one for one in answer.get_json()["keys"] if PRIVATE & one.keys()]
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_without_keys_nothing_answers_there(tmp_path: Path) -> None:
    assert published(tmp_path).status_code == 401


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key(tmp_path, "one.pem")
    (tmp_path / "one.pem").chmod(0o644)
    with pytest.raises(ConfigurationError) as refused:
        published(tmp_path, "one.pem")
    assert refused.value.code == "secret_exposed"
