"""The eval suite: cases, evaluators, mocked wire responses, runner, report. `rackrate eval` runs it."""
