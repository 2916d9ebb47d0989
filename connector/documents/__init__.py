"""Reports, charts and payloads: what a document may say, how it is drawn, how it becomes bytes.

``therapist``, ``patient`` and ``insurer`` build the context of one recipient (pure); ``compose``
turns a context into HTML or JSON; ``render`` turns HTML into PDF in a child process.
"""
