"""PySpark: emits programs of its DataFrame API, and runs them in the sessions that SQL has, too."""
