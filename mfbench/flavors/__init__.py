"""One framework each: fit, save, load, predict. They know no bundle."""
