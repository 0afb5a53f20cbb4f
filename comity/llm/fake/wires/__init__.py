"""The wire formats: how each provider's protocol says a question, an answer, a refusal and a list of models."""
