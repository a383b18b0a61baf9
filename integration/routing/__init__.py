"""Which events go to which targets: filters, the indexed route table, explanations, target templates."""
