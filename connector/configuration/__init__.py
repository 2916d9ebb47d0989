"""Versions of a site's configuration: what stood in its own files, who approved it, going back.

``files`` reads and writes the files, ``ledger`` keeps and chooses versions. START HERE: ``ledger``.
"""
