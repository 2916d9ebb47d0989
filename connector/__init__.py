"""Progress Connector: outcome evidence, joined to reports, alerts and authorizations.

Reading order: ``app.py`` (what is built from what), ``pipeline/__init__.py`` and its five steps,
``ports.py`` (the adapter API), then one adapter.
"""

__version__ = "0.1.0"
