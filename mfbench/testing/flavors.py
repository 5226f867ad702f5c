"""What every flavor has to do. `make` gives one, `model(task)` a quick estimator of each task that it knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mfbench.core.errors import FitError
from mfbench.flavors.base import FitInput, Flavor
from mfbench.recipe.schema import Model


class FlavorContract:
    """Subclass it and give `make` and `model`."""

    tasks: tuple[str, ...] = ("classification", "regression")

    def make(self) -> Flavor:
        raise NotImplementedError

    def model(self, task: str) -> Model:
        raise NotImplementedError

    def test_it_says_what_it_is(self) -> None:
        flavor = self.make()
        assert flavor.name
        assert flavor.distributions
        for task in self.tasks:
            assert flavor.estimator_name(self.model(task), task)
            flavor.check(self.model(task), task, weighted=False)

    def test_a_wrong_estimator_is_an_error_with_its_key(self) -> None:
        for task in self.tasks:
            with pytest.raises(FitError) as caught:
                self.make().check(Model(flavor=self.make().name, estimator="NoSuchThing"), task, weighted=False)
            assert caught.value.key[0] == "model"

    def test_fit_save_load_predict(self, tmp_path: Path) -> None:
        import numpy as np

        flavor = self.make()
        for task in self.tasks:
            data = sample(task)
            fitted = flavor.fit(self.model(task), task, data)
            types = flavor.save(fitted, tmp_path / task)
            before = flavor.predict(fitted, data.x, task)
            after = flavor.predict(flavor.load(tmp_path / task, types), data.x, task)
            assert before.values.shape == (len(data.x),)
            assert np.array_equal(before.values, after.values)
            if task == "classification":
                assert flavor.gives(self.model(task), task) != "values"
                if before.scores is not None:
                    assert before.scores.shape == (len(data.x), 2)
                    assert np.allclose(before.scores.sum(axis=1), 1) or not before.probabilities

    def test_stages_end_where_a_whole_fit_does(self) -> None:
        """Where an estimator can be fitted in stages, which a search may prune; else it says that it cannot."""
        import numpy as np

        flavor = self.make()
        for task in self.tasks:
            model, data = self.model(task), sample(task)
            try:
                flavor.check_stages(model, task)
            except FitError:
                continue
            answers = [flavor.predict(one, data.x, task).values for one in flavor.fit_stages(model, task, data, 4)]
            assert len(answers) == 4
            assert np.array_equal(answers[-1], flavor.predict(flavor.fit(model, task, data), data.x, task).values)

    def test_the_same_inputs_give_the_same_files(self, tmp_path: Path) -> None:
        flavor = self.make()
        for task in self.tasks:
            contents = []
            for attempt in ("one", "two"):
                flavor.save(flavor.fit(self.model(task), task, sample(task)), tmp_path / attempt / task)
                files = sorted((tmp_path / attempt / task).iterdir())
                contents.append([(file.name, file.read_bytes()) for file in files])
            assert contents[0] == contents[1]


def sample(task: str) -> FitInput:
    """200 rows that can be learned: x (200, 3), the first column a category as a number."""
    import numpy as np

    random = np.random.default_rng(0)
    x: Any = np.column_stack([random.integers(0, 3, 200), random.normal(size=(200, 2))]).astype(np.float64)
    y = x[:, 1] + 0.1 * x[:, 0]
    target = (y > 0).astype(np.float64) if task == "classification" else y
    return FitInput(x=x, y=target, weight=None, categorical=1, seed=7, cpus=1)
