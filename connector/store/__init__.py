"""All durable state: inbox, records, progress, alerts, documents, deliveries, audit.

Start with ``store.py`` (``Store``, ``Tx``); one module per table group beside it.
"""

from connector.store.alerts import AlertRow
from connector.store.audit_chain import AuditEntry, AuditHead, AuditRow
from connector.store.crypto import KeyRing
from connector.store.deliveries import DeliveryRow, NewDelivery
from connector.store.documents import DocumentRow
from connector.store.drafts import DraftRow, FieldRow
from connector.store.due import DuePatient
from connector.store.inbox import InboxItem
from connector.store.progress import DecisionRow
from connector.store.quarantine import QuarantineEntry, quarantine_id
from connector.store.records import UpsertResult
from connector.store.signatures import SignatureRow
from connector.store.store import Store, Tx

__all__ = [
    "AlertRow",
    "AuditEntry",
    "AuditHead",
    "AuditRow",
    "DecisionRow",
    "DeliveryRow",
    "DocumentRow",
    "DraftRow",
    "DuePatient",
    "FieldRow",
    "InboxItem",
    "KeyRing",
    "NewDelivery",
    "QuarantineEntry",
    "SignatureRow",
    "Store",
    "Tx",
    "UpsertResult",
    "quarantine_id",
]
