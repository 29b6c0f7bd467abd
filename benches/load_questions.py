"""Questions for a load: made from templates and drawn values, so that no two need be the same.

A load of one repeated question measures caches. `unique` never repeats a text within a run (millions of
combinations); `repeated` goes round a small set, as a page with examples would.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

CHIPS = ("H100", "H200", "B200", "MI300X", "A100", "Trainium2", "L40S", "GB200")
MODELS = ("Llama 3.1 8B", "Llama 3.1 70B", "Llama 3.1 405B", "Mixtral 8x7B", "DeepSeek V3")
PRECISIONS = ("fp8", "bf16")

CALCULATOR = (
    "How many tokens can {n} {chip} cache for Llama 3.1 8B in {prec}?",
    "Max batch of Llama 3.1 70B in {prec} on {n}x{chip} at {ctx} tokens of context, {pct}% reserve?",
    "How much KV cache do {big} tokens of {model} take in {prec}?",
    "How many {chip} does it take to hold a {params}B parameter model in {prec}?",
    "What is {big} times {n} divided by {pct}?",
    "What does renting {n} {chip} cost a month at ${price} an hour?",
    "What is the gross margin when revenue is ${n} million and cost is ${pct} million?",
    "How long until {n} GPUs bought at ${purchase} each and rented at ${price} an hour pay back?",
    "How many {chip} fit into a {mw} MW site at a PUE of 1.{pct}?",
    "TTFT and TPOT of Llama 3.1 70B in fp8 on 8x{chip}, {ctx} tokens in, {n} out, batch {pct}?",
    "What is the compute-optimal model for a ${n} million training run?",
    "Cost of {big} input tokens and {ctx} output tokens with GPT-4o?",
)
FRAMES = (
    "what was said about {a}?",
    "What did they say on {a} and {b}?",
    "what does Dylan expect of {a}?",
    "Did anybody mention {a} when they spoke of {b}?",
    "what is their view on {a} against {b}?",
    "How do they see {a}, and what of {b}?",
    "according to the podcast, why does {a} matter for {b}?",
)
TOPICS = (
    "neoclouds", "Trainium", "TPUs", "HBM supply", "synthetic data", "pre-training limits", "inference margins",
    "Broadcom's custom chips", "AMD's software", "reasoning models", "Nvidia's market share", "gigawatt campuses",
    "liquid cooling", "networking", "optical links", "chip reliability", "capital spending", "GPU rental prices",
    "Google's fleet", "Amazon's clusters", "Microsoft's plans", "Meta's campus", "OpenAI's funding", "token prices",
    "small models", "test-time compute", "memory makers", "packaging at TSMC", "valuations", "sovereign demand",
    "power shortages", "depreciation", "the next scaling step", "enterprise adoption", "distillation", "CUDA",
)  # fmt: skip


def calculator(rng: random.Random) -> str:
    """A question a calculator answers."""
    return rng.choice(CALCULATOR).format(
        n=rng.randint(2, 999),
        chip=rng.choice(CHIPS),
        model=rng.choice(MODELS),
        prec=rng.choice(PRECISIONS),
        ctx=rng.randrange(1000, 64_000, 100),
        pct=rng.randint(5, 49),
        big=rng.randrange(1000, 9_000_000, 7),
        params=rng.randint(3, 3000),
        price=round(rng.uniform(1, 9), 2),
        purchase=rng.randrange(9000, 60_000, 50),
        mw=rng.randint(5, 2500),
    )


def knowledge(rng: random.Random) -> str:
    """A question only the knowledge base answers."""
    a, b = rng.sample(TOPICS, 2)
    return rng.choice(FRAMES).format(a=a, b=b)


KINDS: dict[str, Callable[[random.Random], str]] = {"calculator": calculator, "knowledge": knowledge}


def unique(kind: str, seed: int) -> Iterator[str]:
    """Questions of a kind without end, each text once until the templates are used up (then marked apart)."""
    rng, seen = random.Random(seed), set[str]()
    make = KINDS[kind]
    while True:
        question = make(rng)
        tries = 0
        while question in seen and tries < 50:
            question, tries = make(rng), tries + 1
        if question in seen:
            question = f"{question} ({len(seen)})"
        seen.add(question)
        yield question


def repeated(kind: str, seed: int, size: int = 64) -> Iterator[str]:
    """A few questions of a kind, round and round."""
    source = unique(kind, seed)
    few = [next(source) for _ in range(size)]
    while True:
        yield from few
