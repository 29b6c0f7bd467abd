"""Questions that combine a number with what was said: values and derivations of the claims found."""
