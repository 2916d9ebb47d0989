"""What a person does with a draft: fill in, sign, release, withdraw.

Each act is one transaction: the signed document, its signature, its deliveries and the audit entry
are there together or not at all. Doing it twice changes nothing. START HERE: ``desk.Desk``.
"""

from connector.release.desk import Desk
from connector.release.fill import copy_fields, fill
from connector.release.overview import Detail, Line, detail, lines, standings, waiting_counts
from connector.release.preview import Preview, preview
from connector.release.sign import Done, release, sign
from connector.release.withdraw import withdraw

__all__ = [
    "Desk",
    "Detail",
    "Done",
    "Line",
    "Preview",
    "copy_fields",
    "detail",
    "fill",
    "lines",
    "preview",
    "release",
    "sign",
    "standings",
    "waiting_counts",
    "withdraw",
]
