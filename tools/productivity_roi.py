"""What an uplift on paid people is worth, against the tokens or seats that bring it."""

from __future__ import annotations

from pydantic import ConfigDict

from tools.contract import Query, Result, quantity
from tools.solve import Default, Relations, Rule, answer, product, total

RELATIONS = Relations(
    product("payroll_usd", "people", "salary_usd"),
    product("salary_usd", "wage_usd_per_hour", "hours_per_year"),
    product("labour_usd", "person_hours", "wage_usd_per_hour"),
    product("value_usd_per_year", "payroll_usd", "uplift_percent", scale=0.01),
    product("value_usd_per_person_year", "salary_usd", "uplift_percent", scale=0.01),
    product("hours_saved_per_person_year", "hours_per_year", "uplift_percent", scale=0.01),
    product("hours_saved_per_year", "hours_saved_per_person_year", "people"),
    # what it costs: seats, tokens or an amount for all
    product("seats_usd_per_year", "people", "seat_usd_per_month", constant=12.0, constant_unit="month"),
    product("tokens_usd_per_year", "tokens_per_year", "usd_per_mtok", scale=1e-6),
    product("tokens_per_year", "people", "tokens_per_person_day", "work_days_per_year"),
    product("tools_usd_per_year", "people", "tools_usd_per_person_year"),
    product("tools_usd_per_person_year", "tokens_usd_per_person_month", constant=12.0, constant_unit="month"),
    # what nobody named is not paid for: each of the three may be left out
    Rule("seats_paid_usd", ("seats_usd_per_year",), lambda s: s, "{seats_usd_per_year}"),
    Rule("tokens_paid_usd", ("tokens_usd_per_year",), lambda s: s, "{tokens_usd_per_year}"),
    Rule("tools_paid_usd", ("tools_usd_per_year",), lambda s: s, "{tools_usd_per_year}"),
    total("spend_usd", "seats_paid_usd", "tokens_paid_usd", "tools_paid_usd"),
    Rule("seats_usd_per_year", ("seats_paid_usd",), lambda s: s, "{seats_paid_usd}"),
    Rule(
        "net_gain_usd_per_year",
        ("value_usd_per_year", "spend_usd"),
        lambda v, s: v - s,
        "{value_usd_per_year} − {spend_usd}",
    ),
    product("net_gain_usd_per_person_year", "net_gain_usd_per_year", per=("people",))[:1],
    product("roi_multiple", "value_usd_per_year", per=("spend_usd",)),
    Rule("roi_percent", ("roi_multiple",), lambda m: 100 * (m - 1), "{roi_multiple} − 1"),
    Rule(
        "break_even_uplift_percent",
        ("spend_usd", "payroll_usd"),
        lambda s, p: 100 * s / p,
        "{spend_usd} / {payroll_usd}",
    ),
    Rule(
        "break_even_seat_usd_per_month",
        ("value_usd_per_person_year",),
        lambda v: v / 12,
        "{value_usd_per_person_year} / 12",
    ),
    # tokens and queries that the value (or a wage) would buy
    Rule(
        "tokens_bought",
        ("value_usd_per_year", "usd_per_mtok"),
        lambda v, p: v / p * 1e6,
        "{value_usd_per_year} / {usd_per_mtok}",
    ),
    Rule(
        "queries_bought",
        ("value_usd_per_year", "usd_per_query"),
        lambda v, q: v / q,
        "{value_usd_per_year} / {usd_per_query}",
    ),
    Rule(
        "queries_per_hour_of_pay",
        ("wage_usd_per_hour", "usd_per_query"),
        lambda w, q: w / q,
        "{wage_usd_per_hour} / {usd_per_query}",
    ),
    # the same output with fewer people, or more from the same
    Rule(
        "people_after",
        ("people", "uplift_percent"),
        lambda n, u: n / (1 + u / 100),
        "{people} / (1 + {uplift_percent})",
    ),
    Rule(
        "uplift_percent",
        ("people", "people_after"),
        lambda n, m: 100 * (n / m - 1),
        "{people} / {people_after} − 1",
    ),
    Rule("people_saved", ("people", "people_after"), lambda n, m: n - m, "{people} − {people_after}"),
    product("payroll_saved_usd", "people_saved", "salary_usd"),
)

_HOURS = Default("hours_per_year", 2000.0, "Hours count a working year of 2,000 hours (not stated).")
_DAYS = Default("work_days_per_year", 250.0, "Tokens a day count 250 working days a year (not stated).")
_ONLY = "Nothing is paid for but what was named."
_UNNAMED = tuple(Default(f"{kind}_paid_usd", 0.0, _ONLY) for kind in ("tokens", "tools", "seats"))
_SPENT = (
    "spend_usd",
    "seat_usd_per_month",
    "tokens_usd_per_person_month",
    "tools_usd_per_person_year",
    "tokens_per_person_day",
)
_ONE = Default("people", 1.0, "For one person (number not stated).")


class ProductivityRoiQuery(Query):
    """People, pay, uplift and what is spent on it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "a 15% productivity lift on 40 engineers who cost $250k each is worth how much a year?",
                    "input": {"uplift_percent": 15, "people": 40, "salary_usd": 250e3},
                    "want": "value_usd_per_year",
                },
                {
                    "question": "250 seats at $39 a month, people paid 180k, 8% more productive: return on the spend",
                    "input": {
                        "people": 250,
                        "seat_usd_per_month": 39,
                        "salary_usd": 180e3,
                        "uplift_percent": 8,
                    },
                    "want": "roi_multiple",
                },
                {
                    "question": "what uplift pays for $2M of tokens a year across 100 developers at 200k",
                    "input": {"spend_usd": 2e6, "people": 100, "salary_usd": 200e3},
                    "want": "break_even_uplift_percent",
                },
                {
                    "question": "a team of 80 does the work with 60: what uplift per head is that?",
                    "input": {"people": 80, "people_after": 60},
                    "want": "uplift_percent",
                },
                {
                    "question": "someone earning 220k gets 25% better with the tool: yearly value",
                    "input": {"salary_usd": 220e3, "uplift_percent": 25},
                    "want": "value_usd_per_year",
                },
                {
                    "question": "instead of 90 developers, how many are needed with a 20% boost",
                    "input": {"people": 90, "uplift_percent": 20},
                    "want": "people_after",
                },
                {
                    "question": "40 people doing the work of 50: productivity gain?",
                    "input": {"people": 50, "people_after": 40},
                    "want": "uplift_percent",
                },
                {
                    "question": "2,000 engineer hours at $120 an hour cost what?",
                    "input": {"person_hours": 2000, "wage_usd_per_hour": 120},
                    "want": "labour_usd",
                },
                {
                    "question": "with 30% higher output, how many of 120 coders would do the same work?",
                    "input": {"uplift_percent": 30, "people": 120},
                    "want": "people_after",
                },
                {
                    "question": "how many million tokens at $15/M does a 10% gain on a $200,000 salary buy?",
                    "input": {"uplift_percent": 10, "salary_usd": 200e3, "usd_per_mtok": 15},
                    "want": "tokens_bought",
                },
                {
                    "question": "queries at 40 cents that one hour of a 240k employee pays for",
                    "input": {"salary_usd": 240e3, "usd_per_query": 0.4},
                    "want": "queries_per_hour_of_pay",
                },
                {
                    "question": "net gain of 12% on a 50-person team at 160k if tooling costs 300 thousand a year",
                    "input": {
                        "uplift_percent": 12,
                        "people": 50,
                        "salary_usd": 160e3,
                        "spend_usd": 300e3,
                    },
                    "want": "net_gain_usd_per_year",
                },
            ]
        }
    )
    people: float | None = quantity(
        "Number of people",
        "person",
        default=None,
        above=0,
        words=(
            "people",
            "developers",
            "engineers",
            "team of",
            "employees",
            "headcount",
            "coders",
            "work of",
            "people instead",
        ),
        ask="How many people?",
    )
    salary_usd: float | None = quantity(
        "Pay of one person per year, all in",
        "USD",
        default=None,
        min=1000,
        words=(
            "salary",
            "paid",
            "pay",
            "compensation",
            "earns",
            "cost each",
            "on",
            "at",
            "earning",
            "loaded",
            "fully loaded",
            "apiece",
        ),
        ask="What is a person paid per year?",
    )
    wage_usd_per_hour: float | None = quantity(
        "Pay of one person per hour",
        "USD/hour",
        default=None,
        above=0,
        words=("wage", "hourly pay", "an hour", "per hour"),
    )
    hour_cost_usd: float | None = quantity(
        "Cost of one hour of work, in dollars",
        "USD",
        default=None,
        above=0,
        max=2000,
        words=("an hour of work costs", "engineer hour is", "developer hour costs", "hour costs"),
    )
    hours_per_year: float | None = quantity(
        "Working hours a year",
        "hour/year",
        default=None,
        above=0,
        max=8784,
        words=("working hours", "hours a year"),
    )
    person_hours: float | None = quantity(
        "Hours of work a job takes",
        "hour",
        default=None,
        above=0,
        words=("engineer hours", "person-hours", "man-hours", "hours of work"),
    )
    uplift_percent: float | None = quantity(
        "Gain in productivity",
        "percent",
        default=None,
        above=-100,
        words=("lift", "uplift", "more productive", "productivity gain", "faster", "improvement", "boost"),
        ask="What productivity gain, in percent?",
    )
    seat_usd_per_month: float | None = quantity(
        "Price of a seat per person and month",
        "USD/month",
        default=None,
        min=0,
        max=2000,
        words=("seat", "subscription", "per user per month", "licence", "a month", "monthly seat"),
    )
    spend_usd: float | None = quantity(
        "What is spent on tokens or tools per year, for all",
        "USD",
        default=None,
        above=0,
        words=(
            "spend",
            "token bill",
            "tooling",
            "tokens",
            "tools",
            "budget",
        ),
    )
    tokens_usd_per_person_month: float | None = quantity(
        "Tokens of one person, in dollars a month, besides the seat",
        "USD/month",
        default=None,
        min=0,
        max=1e5,
        words=("tokens per person a month", "API use each month", "in tokens on top", "token spend each"),
    )
    tools_usd_per_person_year: float | None = quantity(
        "Tokens or tools of one person, in dollars a year",
        "USD/person/year",
        default=None,
        min=0,
        words=(
            "a head per year",
            "per head a year",
            "tokens per person per year",
            "seats per head a year",
            "tooling per developer",
        ),
    )
    tokens_per_person_day: float | None = quantity(
        "Tokens per person and working day",
        "token/person/day",
        default=None,
        above=0,
        words=("tokens per day", "tokens a day each"),
    )
    work_days_per_year: float | None = quantity(
        "Working days a year", "day/year", default=None, above=0, max=366, words=("working days",)
    )
    usd_per_mtok: float | None = quantity(
        "Token price", "USD/Mtoken", default=None, above=0, words=("per million tokens", "token price", "/M")
    )
    usd_per_query: float | None = quantity(
        "Cost of one query",
        "USD",
        default=None,
        above=0,
        max=1000,
        words=("per query", "query costs", "queries at", "a request costs"),
    )
    people_after: float | None = quantity(
        "People that do the same work afterwards",
        "person",
        default=None,
        above=0,
        words=("could become", "shrinks to", "do the same work", "instead of", "with only"),
    )


class ProductivityRoiResult(Result):
    """What followed; a quantity that was given is not repeated."""

    roi_multiple: float | None = quantity(
        "Value over spend",
        "dimensionless",
        default=None,
        role="headline",
        words=("ROI", "return", "times the spend", "payback multiple", "value over spend", "return multiple"),
    )
    net_gain_usd_per_year: float | None = quantity(
        "Value less spend, per year", "USD/year", default=None, words=("net gain", "net", "after cost")
    )
    net_gain_usd_per_person_year: float | None = quantity(
        "Value less spend, per person and year",
        "USD/year",
        default=None,
        words=("net gain per person", "net per head", "net per developer"),
    )
    roi_percent: float | None = quantity(
        "Net gain over spend", "percent", default=None, words=("ROI in percent", "percent return")
    )
    break_even_uplift_percent: float | None = quantity(
        "Gain in productivity that pays for the spend",
        "percent",
        default=None,
        role="headline",
        words=(
            "break even",
            "uplift needed",
            "pays for itself",
            "justify",
            "justifies",
            "what uplift pays for",
            "gain that covers",
            "pays for",
        ),
    )
    uplift_percent: float | None = quantity(
        "Gain in productivity",
        "percent",
        default=None,
        role="headline",
        words=("gain", "lift", "uplift", "implied"),
    )
    labour_usd: float | None = quantity(
        "Cost of the hours of work",
        "USD",
        default=None,
        role="headline",
        words=("cost of the hours", "labour cost", "engineering cost"),
    )
    queries_per_hour_of_pay: float | None = quantity(
        "Queries that an hour of pay buys",
        "request",
        default=None,
        role="headline",
        words=("queries per hour", "queries an hour of"),
    )
    queries_bought: float | None = quantity(
        "Queries that the gain buys in a year", "request", default=None, words=("how many queries",)
    )
    tokens_bought: float | None = quantity(
        "Tokens that the gain buys in a year", "token", default=None, words=("tokens", "how many tokens")
    )
    value_usd_per_year: float | None = quantity(
        "Worth of the gain per year",
        "USD/year",
        default=None,
        role="headline",
        words=(
            "worth",
            "value",
            "gain",
            "how much",
            "worth per year",
            "worth of",
            "uplift is worth",
            "yearly value",
            "value a year",
        ),
    )
    people_after: float | None = quantity(
        "People that do the same work",
        "person",
        default=None,
        role="headline",
        words=(
            "people needed",
            "how many people",
            "same work",
            "would be enough",
            "headcount needed",
            "how many are needed",
        ),
    )
    people_saved: float | None = quantity(
        "People fewer for the same work",
        "person",
        default=None,
        words=("people saved", "fewer", "cut", "let go", "fewer engineers", "how many fewer", "fewer people"),
    )
    payroll_saved_usd: float | None = quantity(
        "Pay of the people fewer, per year", "USD/year", default=None, words=("payroll saved", "savings")
    )
    value_usd_per_person_year: float | None = quantity(
        "Worth of the gain per person and year",
        "USD/year",
        default=None,
        words=("per developer", "per person", "per engineer", "per employee", "per head", "each of them"),
    )
    payroll_usd: float | None = quantity("Pay of everybody per year", "USD", default=None, words=("payroll",))
    spend_usd: float | None = quantity(
        "Spend per year", "USD", default=None, words=("spend", "cost of the tokens", "bill")
    )
    tokens_per_year: float | None = quantity(
        "Tokens used per year", "token/year", default=None, words=("tokens used",)
    )
    hours_saved_per_year: float | None = quantity(
        "Hours gained by everybody per year", "hour/year", default=None, words=("hours saved", "hours")
    )
    hours_saved_per_person_year: float | None = quantity(
        "Hours gained per person and year", "hour/person/year", default=None, words=("hours per person",)
    )
    break_even_seat_usd_per_month: float | None = quantity(
        "Seat price at which the gain is used up",
        "USD/month",
        default=None,
        words=("break-even seat price", "could pay per seat"),
    )
    wage_usd_per_hour: float | None = quantity(
        "Pay per hour", "USD/hour", default=None, words=("hourly", "an hour costs")
    )
    salary_usd: float | None = quantity("Pay per year", "USD", default=None, words=("salary",))
    people: float | None = quantity("People", "person", default=None, words=("how many people",))
    seat_usd_per_month: float | None = quantity(
        "Price per seat and month", "USD/month", default=None, words=("per seat",)
    )


def productivity_roi(query: ProductivityRoiQuery) -> ProductivityRoiResult:
    """What a productivity gain on paid people is worth, against the tokens or seats it takes.

    Value = gain × people × pay per year; spend = seats + tokens + tools, each a month, a year or for all; return and
    net gain over the spend; the gain that breaks even; people needed for the same work, or the gain that a smaller
    team implies; tokens and queries that the gain, or an hour's pay, buys.
    """
    query = _one_reading(query)
    paid = any(getattr(query, name) is not None for name in (*_SPENT[1:], "salary_usd", "wage_usd_per_hour"))
    ones = [_ONE] if query.people_after is None and paid else []
    spent = any(getattr(query, name) is not None for name in _SPENT)
    result = answer(
        RELATIONS,
        query,
        ProductivityRoiResult,
        defaults=[_HOURS, _DAYS, *ones, *(_UNNAMED if spent else ())],
        ask_first=("value_usd_per_year",),
    )
    if query.uplift_percent is None and result.uplift_percent is not None and result.uplift_percent < 0:
        result.warnings.append("More people do the same work afterwards: a loss of productivity.")
    if result.net_gain_usd_per_year is not None and result.net_gain_usd_per_year < 0:
        result.warnings.append("It costs more than it brings.")
    return result


def _one_reading(query: ProductivityRoiQuery) -> ProductivityRoiQuery:
    """The query with what people leave unsaid put where it belongs.

    What an hour of work costs is the wage; hours said beside a salary and the cost of a query are those worked in a
    year, not those of a job.
    """
    if query.hour_cost_usd is not None and query.wage_usd_per_hour is None:
        query = query.model_copy(update={"wage_usd_per_hour": query.hour_cost_usd, "hour_cost_usd": None})
    asked = query.salary_usd is not None and query.usd_per_query is not None
    if asked and query.person_hours is not None and query.hours_per_year is None:
        return query.model_copy(update={"hours_per_year": query.person_hours, "person_hours": None})
    return query
