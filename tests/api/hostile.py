"""An answer as a hostile plugin, document or question would have it: every text of it tries something."""

from __future__ import annotations

from agent.answer import Answer, ToolResult
from knowledge.citation import Citation
from tools.contract import Figure

MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
SLACK = "<!channel> <@U1> <http://evil.example|click>"
FORMULAS = ('=HYPERLINK("http://evil.example")', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1")


def answer() -> Answer:
    """Status `answered`; its table's cells are formulas."""
    bad = f"{MARKUP} {SLACK} [a](javascript:alert(1)) **b**"
    figure = Figure(name=bad, value=1.0, unit="dimensionless", note=bad)
    run = ToolResult(
        tool="hostile",
        input={"field": bad},
        output={"out": bad},
        figures=[figure],
        formula=bad,
        warnings=[bad],
        assumptions=[bad],
        sources=[{"title": bad, "url": "javascript:alert(1)", "says": bad, "as_of": "2026-01"}],
        table={"columns": ["=cmd()", "b"], "rows": [[formula, 1.5] for formula in FORMULAS]},
    )
    cited = Citation(source="s", title=bad, locator=bad, text=bad, as_of="2026-01", score=1.0)
    return Answer(
        question=bad, status="answered", text=bad, headline=figure, figures=[figure], tool_calls=[run],
        citations=[cited], assumptions=[bad], warnings=[bad], provider="offline",
    )  # fmt: skip
