"""The SQL of subscription rules: filters and actions.

Source: "Subscription Rule SQL Filter Syntax" and "Subscription Rule SQL Action Syntax".
"""
