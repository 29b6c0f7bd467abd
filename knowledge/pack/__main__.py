"""``python -m knowledge.pack``: rebuild the vectors after the claims changed."""

from knowledge.pack import VECTORS, build_vectors

print(f"{build_vectors()} claims embedded into {VECTORS.name}")
