"""What the serving calculators share: deployments, limits, floors, constants and their calibration, sweeps."""
