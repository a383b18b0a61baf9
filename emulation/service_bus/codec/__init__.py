"""AMQP 1.0 on the wire: values, performatives, message sections (OASIS AMQP 1.0, parts 1 to 3)."""
