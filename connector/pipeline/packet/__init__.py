"""A payer packet's parts beside the report: the request, what is attached, the copy sheet.

START HERE: ``parts.request_parts`` drafts them with the report; ``parts.completed_parts`` are the
same with what the clinician wrote; ``formats.build`` makes the bytes of a signed one.
"""
