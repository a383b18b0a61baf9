"""What waits on the worker's own queues: accepted messages, deliveries to try again, orders."""
