"""The durable engine: DBOS workflows around the pure pipeline. The only package that imports DBOS.

Read in this order: ``work`` (what the engine needs to do its work), ``ingest``, ``evaluate``,
``deliver`` (one module per unit of work), ``workflows`` (the same units as durable workflows),
``runner`` (who calls them, until idle or for ever), ``clock`` (when), ``durable`` and ``takeover``
(starting, stopping and surviving).
"""

from connector.engine.later import import_driver_later

import_driver_later()
