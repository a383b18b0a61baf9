"""The ports of a broker: AMQP at the `front_door`, faults and inspection at the `control` API."""
