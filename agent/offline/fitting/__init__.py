"""Fitting what was read to the fields of a calculator."""
