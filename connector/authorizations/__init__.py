"""What payers have authorized and what is left of it. Pure: records in, views out."""

from connector.authorizations.burn_down import BurnDownRules, burn_down
from connector.progress import AuthorizationView

__all__ = ["AuthorizationView", "BurnDownRules", "burn_down"]
