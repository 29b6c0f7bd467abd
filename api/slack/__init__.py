"""The Slack app: mentions, direct messages, threads, a command, feedback and editable assumptions."""
