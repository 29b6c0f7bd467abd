"""Threads, follow-ups and the steps and words of an answer."""
