"""Plain arithmetic readings: a word problem read like a formula."""
