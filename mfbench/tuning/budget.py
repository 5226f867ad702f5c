"""How long a search goes on that says nothing of it. Apart, because a check tells it and loads no Optuna."""

DEFAULT_TRIALS = 50
