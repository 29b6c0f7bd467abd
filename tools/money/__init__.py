"""What the money calculators share: query models and dated prices."""
