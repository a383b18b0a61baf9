"""Events as Adaptive Cards for Microsoft Teams, by the webhook of a workflow."""
