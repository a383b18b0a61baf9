"""The OpenAPI document: what each operation takes and answers, made from its own types.

Imported with the first request for it, never with the app.
"""
