"""What the training calculators share: fits of scaling laws, budgets, training speed, topologies."""
