"""Every setting, read from the environment (`RACKRATE_*` and the SDKs' own variables).

Importing pydantic-settings costs about 0.25 s, so nothing that must start fast reads settings at import time.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_home() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("rackrate", appauthor=False))


def _from(*names: str) -> AliasChoices:
    """Environment names a field is read from, besides its Python name."""
    return AliasChoices(*names)


class Settings(BaseSettings):
    """The settings of one process. Secrets never print."""

    model_config = SettingsConfigDict(
        env_prefix="RACKRATE_", extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    home: Path = Field(default_factory=_default_home, description="Data folder: index, threads, own facts")
    provider: str | None = Field(None, description="offline, anthropic, openai or a plugin's name")
    model: str | None = Field(None, description="Model id of the provider; its dated default when unset")
    database_url: str | None = Field(None, description="Threads; default SQLite in the data folder")
    chroma_url: str | None = Field(None, description="A Chroma server; default embedded")
    api_keys: SecretStr | None = Field(None, description="Keys accepted by `serve`, comma separated")
    rate_limit: str | None = Field(None, description="Requests a key may make, such as 60/minute")
    limits_url: str | None = Field(None, description="Where rate limits are kept; default memory")
    slack_signing_secret: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_lease_s: float = Field(
        60.0, gt=0, description="An event whose replica is silent for so long is taken over by another"
    )
    slack_api_url: str | None = Field(None, description="Slack's API, or a stand-in")

    anthropic_api_key: SecretStr | None = Field(None, validation_alias=_from("ANTHROPIC_API_KEY"))
    anthropic_base_url: str | None = Field(None, validation_alias=_from("ANTHROPIC_BASE_URL"))
    openai_api_key: SecretStr | None = Field(None, validation_alias=_from("OPENAI_API_KEY"))
    openai_base_url: str | None = Field(None, validation_alias=_from("OPENAI_BASE_URL"))

    max_question_chars: int = Field(20_000, description="Longer questions are refused with one line")
    max_rounds: int = Field(8, ge=1, description="Rounds of plan and act before the loop is stopped")
    max_tool_calls: int = Field(24, ge=1, description="Tool calls one answer may make")
    max_thread_turns: int = Field(20, ge=1, description="Earlier turns of a thread a model is shown")
    answer_deadline_s: float = Field(120.0, gt=0, description="Wall-clock limit of one answer")
    provider_deadline_s: float = Field(60.0, gt=0, description="Wall-clock limit of one provider turn")
    provider_attempts: int = Field(3, ge=1, description="Attempts at one provider turn, the first included")
    max_usd_per_answer: float = Field(
        0.50, gt=0, description="An answer that costs more is stopped, and says so"
    )
    max_tokens_per_answer: int = Field(200_000, ge=1, description="Likewise for tokens in and out")

    tracing: bool | None = Field(
        None, description="OpenTelemetry spans; default on when OTEL_* names an exporter"
    )
    trace_content: bool = Field(False, description="Record questions, answers and arguments in spans")
    log_format: Literal["plain", "json"] = Field("plain", description="json: one object a line on stderr")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="With json logs")

    def chosen_provider(self) -> str:
        """The provider to use: the one set, else by the keys present, else offline."""
        if self.provider:
            return self.provider
        if self.anthropic_api_key:
            return "anthropic"
        if self.openai_api_key:
            return "openai"
        return "offline"

    def failover_order(self) -> list[str]:
        """The providers to try: the chosen one, then those with a key (anthropic, openai), then offline."""
        first = self.chosen_provider()
        if first == "offline":
            return [first]
        keyed = [("anthropic", self.anthropic_api_key), ("openai", self.openai_api_key)]
        return list(dict.fromkeys([first, *(name for name, key in keyed if key), "offline"]))


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
