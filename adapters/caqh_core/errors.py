"""The rule's error codes, and what each means for who acts. No sentence quotes an answer."""

from __future__ import annotations

import re

from connector.errors import ConfigurationError, ConnectorError, Rejected, RetryLater

SUCCESS = "Success"
_FIELD = re.compile(
    r"(PayloadType|ProcessingMode|PayloadID|PayloadLength|TimeStamp|UserName|Password|SenderID|"
    r"ReceiverID|CORERuleVersion|CheckSum|Checksum|Payload|ErrorCode|ErrorMessage)"
    r"(Required|Illegal|NotUnderstood)"
)
_SETTINGS = {
    "PayloadType": "payload_types", "ProcessingMode": "mode", "UserName": "user",
    "Password": "password", "SenderID": "sender_id", "ReceiverID": "receiver_id",
}  # fmt: skip
_WHAT = {
    "Required": "is missing",
    "Illegal": "is not one it takes",
    "NotUnderstood": "is not understood",
}


def fault_of(code: str, host: str) -> ConnectorError | None:
    """The error that an ErrorCode means; None for success. The receiver took nothing then."""
    if code == SUCCESS:
        return None
    if code == "Receiver":
        return RetryLater("server_error", f"{host} failed with an error of its own (Receiver)")
    if code == "UnAuthorized":
        return ConfigurationError(
            "not_signed_in",
            f"{host} does not accept our user, password or certificate, or does not allow us this "
            "exchange (UnAuthorized)",
        )
    if code == "VersionMismatch":
        return ConfigurationError(
            "core_version", f"{host} speaks another version of the CORE rule than 2.2.0"
        )
    if code.lower() == "checksummismatched":
        return RetryLater("damaged_on_the_way", f"{host} received the file damaged (checksum)")
    found = _FIELD.fullmatch(code)
    if found is None:
        return Rejected(
            "core_refused", f"{host} refuses it, with a code that the rule does not name"
        )
    field, what = found[1], _WHAT[found[2]]
    if field in _SETTINGS:
        return ConfigurationError(
            "core_field", f"{host} says that {field} {what}: correct {_SETTINGS[field]}"
        )
    return Rejected("core_refused", f"{host} says that {field} {what}")
