"""The LLM providers behind the ChatModel protocol: Anthropic, OpenAI and whatever speaks OpenAI's protocol.

The SDKs are imported only when a provider is used. Deadlines and retries are ours (`attempts.py`), because an
SDK may sleep as long as a server's Retry-After asks; a tool call counts only when the provider said it stopped
to use tools and its arguments are a JSON object (`parts.py`).
"""
