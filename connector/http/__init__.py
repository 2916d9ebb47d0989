"""Everything this product knows about talking HTTP to a counterpart, in one place.

``Http`` is the session that adapters use; ``connector.posting`` is the light one for many small
posts. Both share the guard (which addresses may be connected to), the table of faults and these
rules: redirects are never followed, links lead to the same scheme, host and port, a token goes only
to the host that it is for, time and size have limits, and no message quotes what was sent or
answered.

What went wrong has a stable code. Those of RetryLater:

=================  ==============================================================================
unreachable        no address, no connection; nothing was sent (``NotSent``)
timed_out          no answer in time; repeating does no harm
connection_lost    the connection was closed without an answer; repeating does no harm
answer_lost        it was sent, the answer did not come: ask the counterpart before sending again
answer_cut_off     the answer ended before its end
garbage_answer     the answer is not what was promised (not JSON, not HTTP)
busy               429, with the time that it names
budget_spent       our own budget of requests is spent, or the counterpart asked for silence
unavailable        502, 503, 504
server_error       another 5xx
ask_again          408, 425
=================  ==============================================================================

Of Rejected: ``not_found`` (404, class NotFound), ``conflict`` (409), ``changed_meanwhile`` (412),
``too_large`` (413), ``content_refused`` (422), ``format_refused`` (406, 415), ``method_refused``
(405), ``refused`` (400 and the rest), ``gone`` (410, class Disabled).

Of ConfigurationError: ``not_signed_in`` (401), ``not_allowed`` (403), ``token_refused``,
``smart_not_offered``, ``key_unusable``, ``scope_refused``; of a person's sign-in
``sign_in_refused``, ``other_sign_in`` (an address of another sign-in than the one begun);
``redirected``, ``link_to_other_host``, ``link_refused``, ``url_refused``, ``header_refused``,
``not_encrypted``, ``address_refused``, ``certificate_refused``, ``tls_failed``,
``ca_file_unreadable``, ``certificate_unreadable``, ``secret_exposed``, ``answer_too_large``.
"""

from __future__ import annotations

from connector.http.answer import Answer, Headers
from connector.http.authorization import Authorization, BasicAuth, BearerToken, ClientCredentials
from connector.http.faults import OUTAGE_CODES, NotFound, NotSent, fault_of, in_doubt
from connector.http.session import Http
from connector.http.smart import SmartBackend

__all__ = [
    "OUTAGE_CODES",
    "Answer",
    "Authorization",
    "BasicAuth",
    "BearerToken",
    "ClientCredentials",
    "Headers",
    "Http",
    "NotFound",
    "NotSent",
    "SmartBackend",
    "fault_of",
    "in_doubt",
]
