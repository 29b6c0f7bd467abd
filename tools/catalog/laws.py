"""Published scaling laws: data from ``laws.yaml``, each able to say its compute-optimal run.

>>> from tools.catalog.laws import law
>>> round(law("chinchilla").optimum(5.88e23).params / 1e9)
70
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from tools import _core
from tools.contract import Source
from tools.errors import InputError, UnknownName

TRAIN_FLOP_PER_PARAM_TOKEN = 6.0
DATA = Path(__file__).with_name("laws.yaml")
DEFAULT = "chinchilla-20"

Form = Literal["parametric", "optimum", "ratio", "compute"]
Parameters = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Run:
    """A training run a law speaks of: parameters, tokens, FLOP, loss in nats per token (None: no loss)."""

    params: float
    tokens: float
    loss: float | None

    @property
    def flop(self) -> float:
        return TRAIN_FLOP_PER_PARAM_TOKEN * self.params * self.tokens


@dataclass(frozen=True, slots=True)
class Law:
    """One published law; what a form does not have is None."""

    id: str
    name: str
    form: Form
    aliases: tuple[str, ...]
    source: Source
    note: str | None = None
    parameters: Parameters | None = None
    intervals_95: dict[str, tuple[float, float]] = field(default_factory=dict)
    tokens_per_param: float | None = None
    side: Literal["params", "tokens"] = "params"
    coefficient: float | None = None
    exponent: float | None = None
    own_loss_exponent: float | None = None
    compute_scale: float | None = None
    loss_from: str | None = None
    half_lives: tuple[float, float] | None = None

    def optimum(self, flop: float) -> Run:
        """The compute-optimal split of `flop`; InputError when it is not positive and finite."""
        if not (math.isfinite(flop) and flop > 0):
            raise InputError("flop", flop, "a positive finite number of FLOP")
        if self.parameters:
            return Run(*_core.law_optimum(self.parameters, flop))
        params = self._size(flop)
        tokens = flop / (TRAIN_FLOP_PER_PARAM_TOKEN * params)
        return Run(params, tokens, self.loss(params, tokens))

    def _size(self, flop: float) -> float:
        if self.tokens_per_param:
            return math.sqrt(flop / (TRAIN_FLOP_PER_PARAM_TOKEN * self.tokens_per_param))
        assert self.coefficient is not None
        assert self.exponent is not None
        power = float(self.coefficient * flop**self.exponent)
        return power if self.side == "params" else flop / (TRAIN_FLOP_PER_PARAM_TOKEN * power)

    def loss(self, params: float, tokens: float) -> float | None:
        """Loss of a run in nats per token, by this law or by the one it borrows; None when it has none."""
        if self.parameters:
            return _core.law_loss(self.parameters, params, tokens)
        if self.compute_scale and self.own_loss_exponent:
            flop = TRAIN_FLOP_PER_PARAM_TOKEN * params * tokens
            return float((self.compute_scale / flop) ** self.own_loss_exponent)
        return law(self.loss_from).loss(params, tokens) if self.loss_from else None

    def flop_for(self, *, params: float | None = None, tokens: float | None = None) -> float:
        """The compute whose optimum has this many parameters, or this many tokens."""
        name, wanted = ("params", params) if params is not None else ("tokens", tokens)
        if wanted is None or not (math.isfinite(wanted) and wanted > 0):
            raise InputError(name, wanted, "a positive finite number")
        if self.parameters:
            solve = _core.law_flop_for_params if name == "params" else _core.law_flop_for_tokens
            return solve(self.parameters, wanted)
        return self._flop_for_side(name, wanted)

    def _flop_for_side(self, name: str, wanted: float) -> float:
        """Both sides are powers of compute: `x = k C^p`, so `C = (x/k)^(1/p)`."""
        at_one = self.optimum(1.0)
        coefficient = at_one.params if name == "params" else at_one.tokens
        params_exponent = self.params_exponent
        exponent = params_exponent if name == "params" else 1.0 - params_exponent
        return float((wanted / coefficient) ** (1.0 / exponent))

    def flop_for_loss(self, loss: float) -> float:
        """Least compute that reaches `loss`; InputError when the law says none does."""
        if self.parameters:
            try:
                return _core.law_flop_for_loss(self.parameters, loss)
            except _core.CoreError as error:
                floor = self.parameters[2]
                raise InputError(
                    "loss", loss, f"above {floor:g}, the irreducible loss of {self.id}"
                ) from error
        if self.compute_scale and self.own_loss_exponent and loss > 0:
            return float(self.compute_scale / loss ** (1.0 / self.own_loss_exponent))
        return self._flop_by_bisection(loss)

    def _flop_by_bisection(self, loss: float) -> float:
        low, high = 10.0, 60.0  # powers of ten of FLOP
        if (self.optimum(10.0**high).loss or math.inf) >= loss:
            raise InputError("loss", loss, f"a loss that {self.id} can reach")
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if (self.optimum(10.0**middle).loss or 0.0) > loss else (low, middle)
        return float(10.0**high)

    @property
    def params_exponent(self) -> float:
        """`a` of N* ~ C^a."""
        if self.parameters:
            return self.parameters[4] / (self.parameters[3] + self.parameters[4])
        if self.tokens_per_param:
            return 0.5
        assert self.exponent is not None
        return self.exponent if self.side == "params" else 1.0 - self.exponent

    @property
    def loss_exponent(self) -> float | None:
        """`γ`: along the optimum the reducible loss (Kaplan: the loss) falls as C^-γ."""
        if self.parameters:
            alpha, beta = self.parameters[3:]
            return alpha * beta / (alpha + beta)
        if self.own_loss_exponent is not None:
            return self.own_loss_exponent
        return law(self.loss_from).loss_exponent if self.loss_from else None

    @property
    def loss_floor(self) -> float:
        """Irreducible loss `E` in nats per token; 0 for a pure power law."""
        if self.parameters:
            return self.parameters[2]
        return law(self.loss_from).loss_floor if self.loss_from else 0.0


@lru_cache(maxsize=1)
def load_laws() -> dict[str, Law]:
    """Every published law by id."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw = yaml.load(DATA.read_text("utf-8"), Loader=loader)
    return {law_id: _law(law_id, entry) for law_id, entry in raw.items()}


def _law(law_id: str, raw: dict[str, Any]) -> Law:
    side: Literal["params", "tokens"] = "tokens" if "tokens_coefficient" in raw else "params"
    return Law(
        id=law_id,
        name=raw["name"],
        form=raw["form"],
        aliases=tuple(str(alias).lower() for alias in raw.get("aliases", ())),
        source=Source(**raw["source"]),
        note=raw.get("note"),
        parameters=_parameters(raw),
        intervals_95={k: (v[0], v[1]) for k, v in raw.get("intervals_95", {}).items()},
        tokens_per_param=raw.get("tokens_per_param"),
        side=side,
        coefficient=raw.get(f"{side}_coefficient"),
        exponent=raw.get(f"{side}_exponent"),
        own_loss_exponent=raw.get("loss_exponent"),
        compute_scale=raw.get("compute_scale"),
        loss_from=raw.get("loss_from"),
        half_lives=(raw["data_half_life"], raw["params_half_life"]) if "data_half_life" in raw else None,
    )


def _parameters(raw: dict[str, Any]) -> Parameters | None:
    if raw["form"] != "parametric":
        return None
    scale = [math.exp(raw[f"ln_{name}"]) if f"ln_{name}" in raw else float(raw[name]) for name in "ABE"]
    return (scale[0], scale[1], scale[2], float(raw["alpha"]), float(raw["beta"]))


@lru_cache(maxsize=1)
def law_names() -> dict[str, str]:
    """Every id and alias in lower case → id."""
    names = {_plain(law_id): law_id for law_id in load_laws()}
    for law_id, entry in load_laws().items():
        names.update({_plain(alias): law_id for alias in (*entry.aliases, entry.name)})
    return names


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())


def law(name: str) -> Law:
    """The law of that id or alias; UnknownName with the nearest otherwise."""
    found = law_names().get(_plain(name))
    if found:
        return load_laws()[found]
    from rapidfuzz import process

    near = [
        match for match, _, _ in process.extract(_plain(name), list(law_names()), limit=6, score_cutoff=40)
    ]
    raise UnknownName("law", name, list(dict.fromkeys(law_names()[n] for n in near))[:3] or list(load_laws()))
