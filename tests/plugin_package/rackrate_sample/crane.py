"""A calculator: the crane time that lifting racks into a building takes."""

from __future__ import annotations

from pydantic import ConfigDict

from tools.contract import Query, Result, quantity


class CraneHoursQuery(Query):
    """Racks to lift, and the time of one lift."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "How many hours of crane time to hoist 60 racks if a hoist takes 20 minutes?",
                    "input": {"n_racks": 60, "minutes_per_lift": 20},
                    "want": "crane_hours",
                },
                {
                    "question": "crane hours for 200 racks, 12 minutes per lift",
                    "input": {"n_racks": 200, "minutes_per_lift": 12},
                    "want": "crane_hours",
                },
                {
                    "question": "a crane lifts a rack every 30 min; how long does it need for 16 racks?",
                    "input": {"n_racks": 16, "minutes_per_lift": 30},
                    "want": "crane_hours",
                },
            ]
        }
    )
    n_racks: float = quantity("Racks to lift", "rack", words=("racks", "racks to hoist"), above=0)
    minutes_per_lift: float = quantity(
        "Time of one lift", "minute", words=("minutes per lift", "minutes a lift", "time per hoist"), above=0
    )


class CraneHoursResult(Result):
    """The time the crane is needed."""

    crane_hours: float = quantity(
        "Crane time", "hour", words=("crane hours", "crane time", "hours of crane", "lift"), role="headline"
    )


def crane_hours(query: CraneHoursQuery) -> CraneHoursResult:
    """Crane time: racks times minutes per lift. Hoisting, lifting racks with a crane."""
    hours = query.n_racks * query.minutes_per_lift / 60
    said = f"{query.n_racks:g} racks × {query.minutes_per_lift:g} min / 60 = {hours:g} h"
    return CraneHoursResult(crane_hours=hours, formula=said)
