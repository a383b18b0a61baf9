"""AMQP 1.0 as bytes: values and performatives (OASIS AMQP 1.0, parts 1, 2 and 5)."""
