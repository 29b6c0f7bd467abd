"""The offline reader of questions: see docs/offline-reader.md."""
