"""A made-up recording of our own, for tests that need a time-stamped document."""

from __future__ import annotations

TOPICS = (
    "tides rise where the moon pulls the ocean, twice in a little more than a day",
    "bread dough rests overnight so that yeast can raise it slowly in the cold",
    "a lighthouse keeper trims the lamp and winds the clockwork of the lens",
    "glaciers carry boulders down the valley and leave them in long ridges",
    "bees tell each other of a meadow by a dance upon the comb",
    "a cello is tuned in fifths, an octave below the viola",
)


def transcript(topics: tuple[str, ...] = TOPICS, minutes: int = 6) -> str:
    """A made-up recording: one utterance every ten seconds, one topic a minute."""
    lines = []
    for at in range(0, minutes * 60, 10):
        topic = topics[at // 60 % len(topics)]
        start, end = (f"00:{s // 60:02d}:{s % 60:02d}.000" for s in (at, at + 10))
        lines.append(f"[{start} --> {end}]   {topic} ({at})")
    return "\n".join(lines) + "\n"
