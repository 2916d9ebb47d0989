"""Builds the Flask application: limits, security headers, sign-in, pages."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as AnyResponse

from connector.chart_desk import ChartDesk
from connector.errors import ConnectorError
from connector.logs import outline
from connector.ports import RawPage, Webhook
from connector.progress import PracticeProfile
from connector.score_entry import ScoreDesk
from connector.store.store import Store
from connector.web.charts import charts
from connector.web.copy_sheets import SCRIPTED, FileSheet, copy_sheets
from connector.web.pages import pages
from connector.web.scores import scores
from connector.web.webhooks import PREFIX as WEBHOOKS
from connector.web.webhooks import webhooks as webhook_addresses

_COOKIE = "connector_session"
_MAX_REQUEST_BYTES = 1_000_000
_OPEN_TO_ALL = {"static", "health", "ready", "sign_in", "keys.key_set"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
# A report opened in the browser brings its own style block and fonts and needs nothing else.
_DOCUMENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; sandbox"
)
# Browsers do not show a PDF in a sandbox, and their viewer styles its own frame.
_PDF_POLICY = (
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)


def create_app(
    store: Store,
    practice: PracticeProfile,
    token: str,
    is_working: Callable[[], bool] = lambda: True,
    webhooks: Mapping[str, Webhook] | None = None,
    store_page: Callable[[str, RawPage], int] | None = None,
    score_desk: ScoreDesk | None = None,
    file_sheet: FileSheet | None = None,
    chart_desk: Callable[[], ChartDesk] | None = None,
) -> Flask:
    """The application. ``token`` signs a person in; it is printed where the service was started.

    ``webhooks`` are the sources that are posted to, by name; ``store_page`` stores what they give
    and returns after the commit. Without both, nothing answers under ``/webhooks/``. Where the site
    takes scores typed by staff, ``score_desk`` is their way in; ``file_sheet`` closes a copy sheet
    that a person has filed; ``chart_desk`` gives, when somebody asks, what
    checks charts and shows the records that breaks name.
    """
    app = _Application(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_REQUEST_BYTES
    session = secrets.token_urlsafe(32)
    receives = webhooks is not None and store_page is not None

    @app.before_request
    def only_signed_in() -> None:
        if request.endpoint in _OPEN_TO_ALL or (receives and request.path.startswith(WEBHOOKS)):
            return
        if not _same(request.cookies.get(_COOKIE, ""), session):
            abort(401)

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if policy := _policy(response):
            response.headers["Content-Security-Policy"] = policy
        return response

    @app.get("/sign-in/<given>")
    def sign_in(given: str) -> AnyResponse:
        if not _same(given, token):
            abort(401)
        response = redirect(url_for("pages.results"))
        response.set_cookie(_COOKIE, session, httponly=True, samesite="Strict")
        return response

    _add_health(app, store, is_working)
    app.register_error_handler(401, _not_signed_in)
    app.register_error_handler(ConnectorError, _trouble)
    _add_pages(app, store, practice, score_desk, file_sheet, chart_desk)
    if webhooks is not None and store_page is not None:
        app.register_blueprint(webhook_addresses(webhooks, store_page))
    return app


def _add_health(app: Flask, store: Store, is_working: Callable[[], bool]) -> None:
    @app.get("/healthz")
    def health() -> tuple[str, int]:
        return ("ok", 200) if is_working() else ("the engine has stopped", 503)

    @app.get("/readyz")
    def ready() -> tuple[str, int]:
        store.read(lambda tx: tx.due.count())
        return ("ready", 200) if is_working() else ("the engine has stopped", 503)


def _add_pages(
    app: Flask,
    store: Store,
    practice: PracticeProfile,
    score_desk: ScoreDesk | None,
    file_sheet: FileSheet | None,
    chart_desk: Callable[[], ChartDesk] | None,
) -> None:
    app.register_blueprint(pages(store, practice))
    app.jinja_env.globals["checks_charts"] = chart_desk is not None
    if chart_desk is not None:
        app.register_blueprint(charts(store, practice, chart_desk))
    app.jinja_env.globals["files_sheets"] = file_sheet is not None
    if file_sheet is not None:
        app.register_blueprint(copy_sheets(store, practice, file_sheet))
    app.jinja_env.globals["takes_scores"] = score_desk is not None
    if score_desk is not None:
        app.register_blueprint(scores(score_desk, practice))


def _policy(response: Response) -> str:
    """The content policy of an answer that has one of its own."""
    if request.endpoint in SCRIPTED:
        return f"{_HEADERS['Content-Security-Policy']}; script-src 'self'"
    if request.endpoint != "pages.document":
        return ""
    return _PDF_POLICY if response.mimetype == "application/pdf" else _DOCUMENT_POLICY


class _Application(Flask):
    """Logs where a page failed, without the failure's text: it may quote a record."""

    def log_exception(self, exc_info: Any) -> None:
        self.logger.error("%s failed: %s", request.endpoint, outline(exc_info[1]))


def _not_signed_in(_: Exception) -> ResponseReturnValue:
    text = "Open the address that the service printed when it started; it signs you in."
    return text, 401, _PLAIN


def _trouble(fault: Exception) -> ResponseReturnValue:
    current_app.logger.error("%s: %s", request.endpoint, fault)
    return getattr(fault, "message", "not available now"), 503, _PLAIN


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode())
