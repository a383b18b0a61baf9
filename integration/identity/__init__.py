"""Who we are to Entra: tokens for Dynamics 365, and the credential that the Azure SDKs take (no azure-identity)."""

from integration.identity.app_identity import AppIdentity
from integration.identity.tokens import Tokens, scope_for

__all__ = ["AppIdentity", "Tokens", "scope_for"]
