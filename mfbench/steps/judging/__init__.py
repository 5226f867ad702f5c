"""How a model is judged by a recipe's gates."""
