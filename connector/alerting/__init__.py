"""Who is told of an alert, by which channel, with which words, and who is next. Pure.

``plan`` is the site file's ``alerting`` section, ``rota`` who is on call at a moment, ``chain``
who is told next, ``texts`` what they read. Storing and sending is the engine's
(``connector/engine/notify.py``). START HERE, then docs/alerts.md.
"""
