"""Is an answer right? An engine's answer and the reference -> None, or the first difference."""
