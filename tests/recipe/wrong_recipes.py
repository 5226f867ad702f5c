"""Wrong recipes, each with the place that its message has to point to and the words that it has to hold.

A recipe is BASE with something changed or added. The sign ‸ marks the place of the error; it is taken out before
the recipe is read, and its line and column are what the message must name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MARK = "‸"
BASE = """\
[recipe]
name = "late"
task = "classification"

[data]
source = "rows.csv"
target = "late"

[model]
estimator = "LogisticRegression"

[register]
"""


@dataclass(frozen=True)
class Wrong:
    """`says`: parts of the message. `where`: the place, where no ‸ in the text marks it."""

    name: str
    text: str
    says: tuple[str, ...]
    sets: tuple[str, ...] = ()
    where: str | None = None
    task: str = field(default="classification")


CASES: list[Wrong] = []


def wrong(name: str, text: str, *says: str, sets: tuple[str, ...] = (), where: str | None = None) -> None:
    CASES.append(Wrong(name, text, says, sets, where))


def change(old: str, new: str, base: str = BASE) -> str:
    assert base.count(old) == 1, old
    return base.replace(old, new)


def add(text: str, base: str = BASE) -> str:
    return f"{base}{text}\n"


def data(text: str) -> str:
    """BASE with lines added to [data]."""
    return change('target = "late"\n', f'target = "late"\n{text}\n')


REGRESSION = (
    BASE.replace("classification", "regression").replace('"late"\n\n', '"minutes"\n\n').replace("LogisticR", "LinearR")
)

# -- TOML ------------------------------------------------------------------------------------------------------------
wrong(
    "text without quotes",
    change('"classification"', "‸classification"),
    "not valid TOML",
    "expected a value",
    "found 'classification'",
    '"classification"',
)
wrong(
    "expression without quotes",
    change('"late"\n\n', "minutes ‸> 15\n\n").replace("minutes ‸>", "‸minutes >"),
    "expected a value",
    "found 'minutes > 15'",
    '"minutes > 15"',
)
wrong(
    "duration without quotes",
    add('[data.split]\nby = "day"\ntest = 28‸d'),
    "expected the end of the line",
    "found 'd'",
    '"28d"',
)
wrong("True as in Python", add("[data.split]\nrefit = ‸True"), "found 'True'", "write true")
wrong("yes for true", add("[data.split]\nrefit = ‸yes"), "found 'yes'", "write true")
wrong("None", data("key = ‸None"), "found 'None'", "leave the line out")
wrong("no value", data("key = ‸"), "expected a value", "found the end of the line", "value is missing")
wrong("no closing quote", change('"rows.csv"', '"rows.csv‸'), "expected a closing quote", "found the end of the line")
wrong(
    "quotes in quotes",
    change('"late"\n\n', "'it‸'s'\n\n".replace("‸'s'", "'‸s'")),
    "expected the end of the line",
    'found "s\'"',
    "other kind",
)
wrong("typographic quotes", change('"rows.csv"', "‸“rows.csv”"), "expected a value", "straight quotes")
wrong("a backslash path", change('"rows.csv"', r'"C:‸\data\rows.csv"'), "found '\\\\data", "write a path with /")
wrong("a Unicode escape", change('"rows.csv"', r'"C:‸\Users\rows.csv"'), "escape", "single quotes")
wrong(
    "key given twice",
    change('name = "late"\n', 'name = "late"\n‸name = "later"\n'),
    "the key 'recipe.name' is written twice",
    "line 2",
)
wrong("table given twice", add('‸[data]\nkey = "id"'), "the table 'data' is written twice", "line 5")
wrong(
    "table given after its inline form",
    data("csv = { header = true }\n") + "‸[data.csv]\nseparator = ';'\n",
    "'data.csv' is written twice",
    "line 8",
)
wrong(
    "key given twice in braces",
    add('[features]\ncarrier = { kind = "categorical", ‸kind = "drop" }'),
    "'features.carrier.kind' is written twice",
)
wrong("colon for equals", change('task = "cl', 'task‸: "cl'), "expected '='", "found ':")
wrong("key with a space", add('[features]\nair ‸temp = "temp * 2"'), "expected '='", "quotes")
wrong("table without bracket", change("[model]", "[model‸"), "expected ']'", "found the end of the line")
wrong(
    "table with its key beside it",
    change("[model]\nestimator", "[model] ‸estimator"),
    "expected the end of the line",
    "alone on its line",
)
wrong("list not closed", data('use = ["dist", "temp"\n‸exclude = []'), "expected ',' or ']'", "found 'exclude")
wrong("list without commas", data('use = ["dist" ‸"temp"]'), "expected ',' or ']'", "found '\"temp\"]'")
wrong("braces on two lines", data('split = { by = "day",‸\n test = 0.2 }'), "expected a key", "end of the line")
wrong("comma at the end of braces", data("split = { test = 0.2, ‸}"), "expected a key", "found '}'", "no comma")
wrong("value without key", data('‸= "id"'), "expected a key", "found '= ")
wrong("leading zero", add("[run]\nseed = 0‸7"), "expected the end of the line", "leading zero")
wrong("number without digit", add("[data.split]\ntest = ‸.2"), "found '.2'", "digit on each side")
wrong("decimal comma", add("[data.split]\ntest = 0‸,2"), "found ',2'", "decimal point", "0.2")
wrong("text of several lines not closed", change('"rows.csv"', '‸"""rows.csv'), "no closing quotes")
wrong("JSON", '‸{"recipe": {"name": "late"}}\n', "expected a key or a [table]")
wrong("a control character", change('"rows.csv"', '"rows‸\x01.csv"'), "control character")
wrong("a number of 70 bits", add("[run]\n‸seed = 1180591620717411303424"), "too large")

# -- keys ------------------------------------------------------------------------------------------------------------
wrong("empty file", "", "the recipe lacks the table [recipe]", where="recipe.toml:1:1")
wrong("no [data]", '[recipe]\nname = "x"\ntask = "regression"\n', "lacks the table [data]", where="recipe.toml:1:1")
wrong("no name", change('name = "late"\n', "").replace("[recipe]", "‸[recipe]"), "[recipe] lacks 'name'", "name = ")
wrong(
    "no task",
    change('task = "classification"\n', "").replace("[recipe]", "‸[recipe]"),
    "[recipe] lacks 'task'",
    "classification",
)
wrong("no source", change('source = "rows.csv"\n', "").replace("[data]", "‸[data]"), "[data] lacks 'source'")
wrong("no target", change('target = "late"\n', "").replace("[data]", "‸[data]"), "[data] lacks 'target'")
wrong("unknown table", add("‸[modle]\nC = 1"), "there is no table [modle]", "did you mean 'model'?")
wrong("unknown list of tables", add('‸[[checks]]\ncolumn = "id"'), "'checks'", "[data]")
wrong("key above all tables", '‸name = "late"\n' + BASE, "the key 'name' stands in no table", "[recipe]")
wrong(
    "unknown key in [recipe]",
    change('task = "', '‸tsak = "regression"\ntask = "'),
    "no key 'tsak' in [recipe]",
    "did you mean 'task'?",
)
wrong("a key of another table", change('task = "', '‸seed = 1\ntask = "'), "no key 'seed' in [recipe]", "[run]")
wrong("unknown key in [data]", data('‸targets = "late"'), "no key 'targets' in [data]", "did you mean 'target'?")
wrong("split's key in [data]", data('‸by = "day"'), "no key 'by' in [data]", "[data.split]")
wrong("unknown key in [data.csv]", add('[data.csv]\n‸sep = ";"'), "no key 'sep' in [data.csv]", "separator")
wrong(
    "unknown key in [data.split]",
    data("split = { ‸tset = 0.2 }"),
    "no key 'tset' in [data.split]",
    "did you mean 'test'?",
)
wrong(
    "unknown key in a check",
    add('[[data.checks]]\ncolumn = "id"\nmin = 1\n\n[[data.checks]]\ncolumn = "id"\n‸maximum = 2'),
    "no key 'maximum' in [data.checks, entry 2]",
    "did you mean 'max'?",
)
wrong(
    "unknown key in a feature",
    add('[features]\ncarrier = { ‸type = "categorical" }'),
    "no key 'type' in [features.carrier]",
    "kind",
)
wrong("unknown key in [evaluate]", add('[evaluate]\n‸metric = ["f1"]'), "no key 'metric' in [evaluate]", "'metrics'")
wrong("unknown key in [run]", add("[run]\n‸sed = 1"), "no key 'sed' in [run]", "did you mean 'seed'?")
wrong("unknown key in [register]", add('‸gate = ["f1 > 0"]'), "no key 'gate' in [register]", "did you mean 'gates'?")

# -- types -----------------------------------------------------------------------------------------------------------
wrong(
    "recipe is text",
    '‸recipe = "late"\n[data]\nsource = "rows.csv"\ntarget = "late"\n',
    "expected a table",
    "found the text 'late'",
)
wrong(
    "name is a number",
    change('name = "late"', "‸name = 7"),
    "recipe.name: expected text, found the number 7",
    'name = "7"',
)
wrong(
    "task is a list",
    change('"classification"', '["classification"]').replace("task", "‸task"),
    "recipe.task: expected 'classification' or 'regression'",
    "found a list",
)
wrong(
    "task with a slip",
    change('task = "classification"', '‸task = "clasification"'),
    "expected 'classification' or 'regression' or 'forecasting', found the text 'clasification'",
    "did you mean 'classification'?",
)
wrong(
    "a tag is a number",
    change('task = "', 'tags = { ‸cost_center = 4711 }\ntask = "'),
    "recipe.tags.cost_center: expected text, found the number 4711",
    '"4711"',
)
wrong("tags are a list", change('task = "', '‸tags = ["ops"]\ntask = "'), "recipe.tags: expected a table, found a list")
wrong(
    "source is a number", change('source = "rows.csv"', "‸source = 1"), "data.source: expected text or a list of text"
)
wrong(
    "a source is a number",
    change('"rows.csv"', '["rows.csv", ‸2]'),
    "data.source, entry 2: expected text",
    "found the number 2",
)
wrong("source is a table", change('source = "rows.csv"', '‸source = { sql = "select 1" }'), "not built yet", "file")
wrong(
    "use is text", data('‸use = "dist"'), "data.use: expected a list of text, found the text 'dist'", 'use = ["dist"]'
)
wrong(
    "exclude holds a number", data('exclude = ["id", ‸3]'), "data.exclude, entry 2: expected text, found the number 3"
)
wrong("format with a slip", data('‸format = "parqet"'), "expected 'csv' or 'parquet' or 'jsonl'", "mean 'parquet'?")
wrong(
    "header is text",
    add('[data.csv]\n‸header = "no"'),
    "data.csv.header: expected true or false",
    "found the text 'no'",
    "write header = false without quotes",
)
wrong("nulls are text", add('[data.csv]\n‸nulls = "?"'), "data.csv.nulls: expected a list of text", 'nulls = ["?"]')
wrong(
    "split is a number",
    data("‸split = 0.2"),
    "data.split: expected a table, found the number 0.2",
    "split = { test = 0.2 }",
)
wrong("test is true", data("split = { ‸test = true }"), "data.split.test: expected text or a number, found true")
wrong(
    "checks are one table",
    add('‸[data.checks]\ncolumn = "id"'),
    "data.checks: expected a list of tables, found a table",
    "[[data.checks]]",
)
wrong(
    "a check's type",
    add('[[data.checks]]\ncolumn = "id"\n‸type = "int"'),
    "data.checks, entry 1, type: expected 'integer'",
    "found the text 'int'",
)
wrong(
    "unique is a number",
    add('[[data.checks]]\ncolumn = "id"\n‸unique = 1'),
    "expected true or false, found the number 1",
)
wrong(
    "allowed is text",
    add('[[data.checks]]\ncolumn = "carrier"\n‸allowed = "AA"'),
    "a list of text or a number or true or false",
    "found the text 'AA'",
    'allowed = ["AA"]',
)
wrong("a feature is a number", add("[features]\n‸hour = 3"), "features.hour: expected a table, found the number 3")
wrong(
    "a feature's kind",
    add('[features]\ncarrier = { ‸kind = "category" }'),
    "found the text 'category'",
    "did you mean 'categorical'?",
)
wrong(
    "a part of a date",
    add('[features]\nday = { parts = ["month", ‸"dow"] }'),
    "features.day.parts, entry 2",
    "'weekday'",
    "found the text 'dow'",
)
wrong(
    "min_frequency is a share",
    add("[features]\ncarrier = { ‸min_frequency = 0.1 }"),
    "expected a whole number, found the number 0.1",
)
wrong(
    "estimator is a table",
    change('estimator = "LogisticRegression"', '‸estimator = { name = "Ridge" }'),
    "model.estimator: expected text, found a table",
)
wrong("metrics are text", add('[evaluate]\n‸metrics = "f1"'), "expected a list of text", 'metrics = ["f1"]')
wrong(
    "seed is text", add('[run]\n‸seed = "7"'), "run.seed: expected a whole number, found the text '7'", "without quotes"
)
wrong("cpus are half", add("[run]\n‸cpus = 1.5"), "run.cpus: expected a whole number, found the number 1.5")
wrong("gates are text", add('‸gates = "f1 > 0.5"'), "register.gates: expected a list of text", 'gates = ["f1 > 0.5"]')
wrong(
    "params are a list", change("[model]\n", "[model]\n‸params = [1]\n"), "model.params: expected a table, found a list"
)

# -- what the types cannot say ----------------------------------------------------------------------------------------
for name, bad in {
    "slash": "a/b",
    "space": "my model",
    "hidden": ".late",
    "empty": "",
    "dot at its end": "late.",
}.items():
    wrong(f"a name with {name}", change('name = "late"', f'‸name = "{bad}"'), repr(bad), "cannot be a name", "letters")
wrong("a name that Windows reserves", change('name = "late"', '‸name = "COM1"'), "'COM1'", "Windows reserves it")
wrong("a reserved name with an ending", add('‸model = "nul.model"'), "'nul.model'", "Windows reserves it")
wrong("an alias with a colon", add('‸alias = "late:2"'), "'late:2'", "cannot be a name")
wrong(
    "unknown flavor",
    change("[model]\n", '[model]\n‸flavor = "sklern"\n'),
    "no flavor 'sklern'",
    "did you mean 'sklearn'?",
)
wrong("unknown executor", add('[run]\n‸executor = "locla"'), "no executor 'locla'", "did you mean 'local'?")
wrong("share of 20", data("split = { ‸test = 20 }"), "expected a share between 0 and 1, found 20", "0.2")
wrong("share of nothing", data("split = { ‸test = 0.0 }"), "between 0 and 1, found 0")
wrong(
    "test is no duration",
    data('split = { by = "day", ‸test = "four weeks" }'),
    "'four weeks' is not a duration",
    "'28d'",
)
wrong(
    "gap is no duration", data('split = { by = "day", ‸gap = "1 month" }'), "split.gap", "'1 month' is not a duration"
)
wrong("timeout is no duration", add('[run]\n‸timeout = "30 minutes"'), "'30 minutes' is not a duration", "'30m'")
wrong("a duration without a time", data('split = { ‸test = "28d" }'), "test = '28d'", "needs `by`")
wrong("a gap without a time", data('split = { ‸gap = "1d" }'), "gap = '1d'", "needs `by`")
wrong("strata by time", data('split = { by = "day", ‸stratify = true }'), "cannot be stratified")
wrong("strata of a regression", add("[data.split]\n‸stratify = true", REGRESSION), "classification")
wrong("positive of a regression", REGRESSION.replace("[model]", "‸positive = true\n[model]"), "only a classification")
wrong("separator of two", add('[data.csv]\n‸separator = ";;"'), "expected one character, found ';;'")
wrong("comma twice", add("[data.csv]\n‸decimal_comma = true"), "comma", 'separator = ";"')
wrong("unknown encoding", add('[data.csv]\n‸encoding = "latn-1"'), "no encoding 'latn-1'", "did you mean 'latin-1'?")
wrong("no cpus", add("[run]\n‸cpus = 0"), "expected at least 1, found 0")
wrong("seed below zero", add("[run]\n‸seed = -1"), "from 0 to", "found -1")
wrong("source is empty", change('source = "rows.csv"', '‸source = ""'), "data.source is empty")
wrong("no source in the list", change('source = "rows.csv"', "‸source = []"), "data.source", "at least one file")
wrong("target is empty", change('target = "late"', '‸target = ""'), "data.target is empty")
wrong("a gate in words", add('gates = ["f1 > 0", ‸"good f1"]'), "'good f1' is no gate", "roc_auc >= 0.68")
wrong("a gate without number", add('gates = [‸"f1 >="]'), "'f1 >=' is no gate")
wrong("a gate of equality", add('gates = [‸"f1 == 1"]'), "'f1 == 1' is no gate")
wrong("a check without column", add("‸[[data.checks]]\nmin = 0"), "lacks `column`", "'min'")
wrong("a check of nothing", add('‸[[data.checks]]\ncolumn = "id"'), "checks nothing", "nulls")
wrong("nulls as a count", add('[[data.checks]]\ncolumn = "id"\n‸nulls = 5'), "share from 0 to 1, found 5")
wrong(
    "a variable that is not set",
    change('"rows.csv"', '"${NO_SUCH_FOLDER}/rows.csv"').replace("source", "‸source"),
    "NO_SUCH_FOLDER is not set",
    "export",
)
wrong("a variable in a list", change('"rows.csv"', '["rows.csv", ‸"${NO_SUCH_FOLDER}"]'), "NO_SUCH_FOLDER is not set")
wrong(
    "parameter given twice",
    change("[model]\n", "[model]\nparams = { C = 1.0 }\n‸C = 2.0\n").replace("‸C", "C").replace("{ C", "{ ‸C"),
    "'C' is given twice",
    "[model.params]",
)


# -- the search --------------------------------------------------------------------------------------------------------
def tune(text: str, base: str = BASE) -> str:
    """BASE with [tune] and a space, and lines added."""
    return add(f'[tune]\n{text}\n[tune.space]\n"model.tol" = [0.1, 0.2]', base)


def space(text: str, more: str = "") -> str:
    return add(f"[tune]\n{more}\n[tune.space]\n{text}")


wrong("a search of nothing", add("‸[tune]\ntrials = 40"), "its space is empty", "[tune.space] needs an entry")
wrong("no trials", tune("‸trials = 0"), "tune.trials: expected 1 to 100,000, found 0")
wrong("a time without unit", tune('‸timeout = "5"'), "tune.timeout")
wrong("a search of no time", tune('‸timeout = "0s"'), "tune.timeout")
wrong("too many processes", tune("‸parallel = 4000"), "tune.parallel: expected 1 to 256, found 4000")
wrong("a searched column that is none", space('‸"features.nosuch.scale" = ["standard", "none"]'), "no column 'nosuch'")
wrong("metric and objectives", tune('‸metric = "roc_auc"\nobjectives = ["f1"]'), "either `metric` or `objectives`")
wrong("the same objective twice", tune('‸objectives = ["f1", "f1"]'), "stands twice")
wrong("a slip in an objective", tune('objectives = [‸"roc_auk"]'), "no metric 'roc_auk'", "did you mean 'roc_auc'?")
wrong("an objective of another task", tune('‸metric = "rmse"'), "rmse is no metric for classification")
wrong("a Pareto search with a pruner", tune('objectives = ["f1", "roc_auc"]\n‸pruner = "median"'), "cannot compare")
wrong("patience for a front", tune('objectives = ["f1", "roc_auc"]\n‸patience = 3'), "no best trial to wait for")
wrong("prune_on alone", tune('‸prune_on = "iterations"'), "without a pruner does nothing")
wrong("a slip in a sampler", tune('‸sampler = "tpa"'), "found the text 'tpa'", "did you mean 'tpe'?")
wrong("CMA-ES without numbers", tune('‸sampler = "cmaes"'), "CMA-ES needs numbers")
wrong("a range the wrong way round", space('‸"model.C" = "9..3"'), "the range '9..3' is empty")
wrong("a range of one", space('‸"model.C" = "3..3"'), "the range '3..3' is empty")
wrong("a log range from 0", space('‸"model.C" = "log 0..3"'), "a log range needs numbers above 0")
wrong("no range", space('‸"model.C" = "small"'), "'small' is no range", "write '15..127'")
wrong("an empty list", space('‸"model.C" = []'), "nothing to choose")
wrong("a number as a space", space('‸"model.C" = 3'), "expected a table, found the number 3")
wrong("a parameter without its table", space('‸C = "1..3"'), "nothing that can be searched", "model.learning_rate")
wrong("a parameter that is not there", space('‸"model.depht" = "1..3"'), "has no parameter 'depht'")
wrong("a value that the estimator refuses", space('‸"model.tol" = "-3..3"'), "tol of LogisticRegression")
wrong("an option that is not there", space('‸"features.dist.min_freq" = [5]'), "did you mean 'min_frequency'?")
wrong("an option of another kind", space('‸"features.dist.min_frequency" = [5]'), "is for categorical columns")
wrong("a value that an option cannot have", space('‸"features.carrier.encode" = ["twohot"]'), "a feature refuses")
wrong("a grid of endless values", space('‸"model.C" = "0.1..3"', 'sampler = "grid"'), "a grid cannot count 'model.C'")
wrong(
    "when on nothing",
    space('"model.C" = { range = "1..3", when = { "model.x" = 1 } }').replace("[tune.space]", "‸[tune.space]"),
    "no such entry",
)
wrong(
    "when on what never is",
    space('"model.tol" = [0.1]\n‸"model.C" = { range = "1..3", when = { "model.tol" = 5 } }'),
    "which it never is",
)
wrong(
    "fixed outside of the space",
    tune("").replace('n"\n\n[reg', 'n"\ntol = 5.0\n\n[reg').replace('"model.tol"', '‸"model.tol"'),
    "lies outside of the space",
)
wrong(
    "a candidate and a model",
    add('[tune.candidates.a]\nspace = { tol = "0.1..0.2" }').replace("[model]", "‸[model]"),
    "where candidates are searched",
)
wrong("too many folds", data("split = { ‸folds = 50 }") + '[tune.space]\n"model.C" = "1..3"\n', "folds")
wrong(
    "stages of what has none",
    space('"model.C" = "1..3"', '‸prune_on = "iterations"\npruner = "median"'),
    "cannot be fitted in stages",
)

# -- monitoring --------------------------------------------------------------------------------------------------------
wrong("monitor.window", add('[monitor]\n‸window = "1 dy"'), "'1 dy' is not a duration", "number of rows, such as 5000")
wrong("monitor.window of few rows", add("[monitor]\n‸window = 20"), "20 rows show nothing, at least 100")
wrong("monitor.false_alarms", add('[monitor]\n‸false_alarms = "rarely"'), "'rarely' is not a rate such as '1/year'")
wrong("monitor.false_alarms of none", add('[monitor]\n‸false_alarms = "0/year"'), "'0/year' is not a rate")
wrong("monitor.level", add("[monitor]\n‸level = 5"), "level: expected a share between 0 and 0.5, found 5")
wrong("monitor.min_effect", add("[monitor]\n‸min_effect = 0"), "min_effect: expected a share between 0 and 1, found 0")
wrong("monitor.margin", add("[monitor]\n‸margin = -0.1"), "margin: expected", "found -0.1")
wrong("monitor.metric", add('[monitor]\n‸metric = "auc"'), "there is no metric 'auc'", "did you mean 'roc_auc'?")
wrong("monitor.metric of another task", add('[monitor]\n‸metric = "rmse"'), "rmse is no metric for classification")
wrong("monitor key", add('[monitor]\n‸windw = "1d"'), "windw", "did you mean 'window'?")
wrong("data.private", data('private = [‸"carier"]'), "'carier' matches no column", "did you mean 'carrier'?")

# -- where and how it runs ---------------------------------------------------------------------------------------------
wrong("run.memory", add('[run]\n‸memory = "4 apples"'), "'4 apples' is not a size", "'512MB', '4GB'")
wrong("run.memory too small", add('[run]\n‸memory = "50MB"'), "the libraries alone need more than 50MB")
wrong("run.secrets name", add('[run]\nsecrets = [‸"a b"]'), "'a b' cannot be the name of an environment variable")
wrong("run.secrets unset", add('[run]\nsecrets = [‸"NOT_SET_ANYWHERE"]'), "NOT_SET_ANYWHERE is not set", "export")
wrong("run.env.apt", add('[run.env]\napt = [‸"rm -rf /"]'), "cannot be the name of a Debian package")
wrong("run.env.base", add('[run.env]\n‸base = "a b"'), "cannot be the name of an image", "python:3.11-slim")
wrong("run.env key", add('[run.env]\n‸pip = "x"'), "pip")
wrong("data.split.folds", data('split = { by = "day", ‸folds = 1 }'), "split.folds: expected 2 to 50, found 1")
wrong("data.split.unit", data('split = { by = "day", ‸unit = "dya" }'), "there is no column 'dya'")
wrong("data.split.group", data('split = { ‸group = "carier" }'), "no column 'carier'", "did you mean 'carrier'?")
wrong("data.label_delay", data('‸label_delay = "soon"'), "data.label_delay: 'soon' is not a duration")
wrong(
    "a slice of no column",
    add('[evaluate]\nslices = ["carrier", ‸"carier"]'),
    "there is no column 'carier'",
    "did you mean 'carrier'?",
)
wrong("a threshold that is none", add("[evaluate]\n‸threshold = 5"), "a probability between 0 and 1, found 5")
wrong(
    "costs of nothing", add("[evaluate]\n‸threshold = { false_positive = 0, false_negative = 0 }"), "both costs are 0"
)
wrong("evaluate.repeats", add("[evaluate]\n‸repeats = 1000"), "expected a number from 1 to 100, found 1,000")

# -- --set -------------------------------------------------------------------------------------------------------------
wrong("set without equals", BASE, "expected key=value, found 'model.C'", sets=("model.C",), where="--set model.C")
wrong("set without key", BASE, "expected key=value", sets=("=3",), where="--set =3")
wrong(
    "set with a bad key",
    BASE,
    "expected a dotted key, found 'data.use[0]'",
    sets=("data.use[0]=dist",),
    where="--set data.use[0]=dist",
)
wrong(
    "set of the wrong type",
    BASE,
    "run.seed: expected a whole number, found the text 'abc'",
    sets=("run.seed=abc",),
    where="--set run.seed=abc",
)
wrong("set of an unknown key", BASE, "no key 'sed' in [run]", "'seed'", sets=("run.sed=1",), where="--set run.sed=1")
wrong("set of an unknown table", BASE, "no table [mdel]", "'model'", sets=("mdel.C=1",), where="--set mdel.C=1")
wrong(
    "set of a bad value",
    BASE,
    "expected 'classification' or 'regression'",
    sets=("recipe.task=clustering",),
    where="--set recipe.task=clustering",
)
wrong("set of a bad parameter", BASE, "no parameter 'c'", sets=("model.c=1",), where="--set model.c=1")
wrong(
    "set of a refused value",
    BASE,
    "C of LogisticRegression",
    "found -1",
    sets=("model.C=-1",),
    where="--set model.C=-1",
)
wrong("set of a missing column", BASE, "no column 'dst'", sets=("data.target=dst",), where="--set data.target=dst")
wrong(
    "the last set counts", BASE, "no column 'b'", sets=("data.target=a", "data.target=b"), where="--set data.target=b"
)
wrong(
    "set below text",
    BASE,
    "recipe.name: expected text, found a table",
    sets=("recipe.name.first=x",),
    where="--set recipe.name.first=x",
)
wrong("set of a window", BASE, "'1x' is not a duration", sets=("monitor.window=1x",), where="--set monitor.window=1x")
wrong(
    "set beside an error of the file",
    change('target = "late"\n', "").replace("[data]", "‸[data]"),
    "[data] lacks 'target'",
    sets=("data.csv.header=true",),
)


# -- estimators and metrics --------------------------------------------------------------------------------------------
def model(text: str) -> str:
    return change('estimator = "LogisticRegression"', text)


wrong(
    "unknown estimator",
    model('‸estimator = "LogisticRegresion"'),
    "no estimator 'LogisticRegresion'",
    "did you mean 'LogisticRegression'?",
)
wrong("estimator of a missing module", model('‸estimator = "sklern.svm.SVC"'), "no module 'sklern'", "install")
wrong(
    "estimator missing in its module",
    model('‸estimator = "sklearn.svm.SVCC"'),
    "no 'SVCC' in sklearn.svm",
    "did you mean 'SVC'?",
)
wrong("estimator that is none", model('‸estimator = "os.path"'), "'os.path' is no scikit-learn estimator")
wrong(
    "estimator that needs its path",
    model('‸estimator = "MultiOutputClassifier"'),
    "needs its dotted path",
    "sklearn.multioutput.MultiOutputClassifier",
)
wrong("a module with a mistake", model('‸estimator = "broken.Mine"'), "'broken.Mine' cannot be imported", "NameError")
wrong(
    "a regressor for classes",
    model('‸estimator = "Ridge"'),
    "Ridge is a regressor",
    "task is classification",
    "RidgeClassifier",
)
wrong(
    "a classifier for numbers",
    REGRESSION.replace('estimator = "LinearRegression"', '‸estimator = "RandomForestClassifier"'),
    "is a classifier",
    "task is regression",
    "RandomForestRegressor",
)
wrong("a transformer", model('‸estimator = "StandardScaler"'), "neither a classifier nor a regressor")
wrong(
    "unknown parameter",
    model('estimator = "LogisticRegression"\n‸max_itr = 10'),
    "no parameter 'max_itr'",
    "did you mean 'max_iter'?",
)
wrong(
    "unknown parameter in params",
    model('estimator = "LogisticRegression"\n[model.params]\n‸max_itr = 10'),
    "no parameter 'max_itr'",
)
wrong(
    "a value that is refused",
    model('estimator = "LogisticRegression"\n‸C = -1.0'),
    "C of LogisticRegression: expected",
    "found -1.0",
)
wrong(
    "a choice that is refused",
    model('estimator = "LogisticRegression"\n‸solver = "adamm"'),
    "solver of",
    "one of",
    "'lbfgs'",
    "found 'adamm'",
)
wrong("text for a number", model('estimator = "LogisticRegression"\n‸max_iter = "100"'), "max_iter of", "found '100'")
wrong("a parameter that is missing", model('‸estimator = "VotingClassifier"'), "lacks the parameter 'estimators'")
wrong(
    "a wrong part of an estimator",
    model(
        'estimator = "AdaBoostClassifier"\nparams.estimator = { estimator = "DecisionTreeClassifier", ‸max_depth = 0 }'
    ),
    "max_depth of DecisionTreeClassifier",
    "found 0",
)
wrong("unknown metric", add('[evaluate]\nmetrics = ["f1", ‸"auc"]'), "no metric 'auc'", "roc_auc")
wrong("a metric of the other task", add('[evaluate]\nmetrics = [‸"rmse"]'), "rmse is no metric for classification")
wrong(
    "probabilities that there are not",
    model('estimator = "RidgeClassifier"') + '[evaluate]\nmetrics = [‸"log_loss"]\n',
    "log_loss needs probabilities",
    "RidgeClassifier",
    "roc_auc",
)
wrong(
    "a gate on what is not evaluated",
    add('gates = [‸"roc_auc > 0.5"]\n[evaluate]\nmetrics = ["f1"]'),
    "'roc_auc' is not evaluated",
    "f1",
)
wrong(
    "a gate on what cannot be evaluated",
    model('estimator = "RidgeClassifier"') + 'gates = [‸"log_loss < 1"]\n',
    "'log_loss' is not evaluated",
    "balanced_accuracy",
)
wrong(
    "an estimator without weights",
    model('estimator = "KNeighborsClassifier"').replace("[model]", '‸weight = "w"\n[model]'),
    "KNeighborsClassifier takes no weights",
    "HistGradientBoostingClassifier",
)


# -- files -------------------------------------------------------------------------------------------------------------
def source(name: str, mark: bool = True) -> str:
    return change('source = "rows.csv"', f'{MARK if mark else ""}source = "{name}"')


wrong("missing file", source("row.csv"), "no file 'row.csv'", "did you mean 'rows.csv'?")
wrong("missing folder", source("dta/rows.csv"), "no file 'dta/rows.csv'", "folder")
wrong("missing file in a list", change('"rows.csv"', '["rows.csv", ‸"more.csv"]'), "no file 'more.csv'")
wrong("glob without match", source("rows-*.csv"), "'rows-*.csv' matches no file")
wrong("folder without data", source("hollow"), "no data file in the folder 'hollow'", ".csv")
wrong("remote source", source("s3://bucket/rows.csv"), "remote sources are not built yet")
wrong("unknown ending", source("rows.xlsx"), "format of 'rows.xlsx' is not known", ".parquet")
wrong(
    "two formats",
    change('source = "rows.csv"', '‸source = ["rows.csv", "rows.jsonl"]'),
    "different formats",
    "rows.jsonl",
)
wrong("0 bytes", source("nothing.csv"), "nothing.csv is empty", "expected a header and rows, found 0 bytes")
wrong("blank lines", source("blank.csv"), "no rows in blank.csv")
wrong("header only", source("header.csv"), "no rows in header.csv")
wrong("a row too long", source("ragged.csv"), "ragged.csv:4: expected 3 fields", "found 4")
wrong("a quote not closed", source("quote.csv"), "quote.csv:3: a quote is opened here and not closed")
wrong("wrong separator", source("semicolon.csv"), "only one column", "'late;dist'", 'separator = ";"')
wrong("wrong separator and decimal commas", source("german.csv"), "german.csv:2", 'separator = ";"')
wrong("wrong encoding", source("latin.csv"), "latin.csv:3: expected utf-8, found the byte 0xfc", 'encoding = "latin-1"')
wrong("UTF-16", source("wide.csv"), "found UTF-16", 'encoding = "utf-16"')
wrong("binary as CSV", source("binary.csv"), "expected text, found binary data")
wrong("Parquet as CSV", source("really.csv"), "expected CSV, found a Parquet file", 'format = "parquet"')
wrong("Excel as CSV", source("excel.csv"), "found a ZIP or Excel file")
wrong("CSV as Parquet", source("text.parquet"), "expected Parquet, found something else")
wrong("Parquet cut off", source("cut.parquet"), "cut.parquet is cut off")
wrong("Parquet damaged", source("damaged.parquet"), "damaged.parquet is damaged")
wrong(
    "a line that is no JSON",
    source("broken.jsonl"),
    "broken.jsonl:2: expected one JSON object a line",
    "found '{\"late\":'",
)
wrong("a JSON list", source("list.json"), "expected one JSON object a line, found a JSON list")
wrong(
    "files with other columns",
    change('source = "rows.csv"', '‸source = ["rows.csv", "fewer.csv"]'),
    "has a column",
    "fewer.csv does not have",
)
wrong("a reserved column", source("reserved.csv"), "'__target__'")


# -- target, weight, key -----------------------------------------------------------------------------------------------
def target(text: str, base: str = BASE, more: str = "") -> str:
    old = 'target = "late"' if base == BASE else 'target = "minutes"'
    return change(old, f"‸target = {text}{more}", base)


wrong("missing target", target('"lat"'), "no column 'lat'", "did you mean 'late'?")
wrong("missing target with a space", target('"dep delay"'), "'dep delay'", "no column")
wrong("one class", target('"one"'), "'one' has only one class, \"x\", in 80 rows")
wrong("one class by expression", target('"dist > 99999"'), "only one class, false")
wrong("target without a value", target('"gone"'), "'gone' has no value in any of the 80 rows")
wrong("target of dates", target('"day"'), "'day' is Date, which has no classes", "expression")
wrong("too many classes", target('"id"'), "'id' has 80 different values in 80 rows", "regression?")
wrong(
    "text for a regression",
    target('"carrier"', REGRESSION),
    "a number",
    "'carrier' is String",
    "'AA'",
    "classification?",
)
wrong("infinite target", target('"ratio"', REGRESSION), "'ratio' is infinite in 1 row")
wrong(
    "positive that is no class",
    data('‸positive = "maybe"'),
    "expected one of the target's classes",
    '"no", "yes"',
    'found "maybe"',
)
wrong(
    "positive of another type",
    data("‸positive = true").replace('target = "late"', 'target = "flag"'),
    "0, 1",
    "found true",
)
wrong("positive in quotes", data('‸positive = "1"').replace('target = "late"', 'target = "flag"'), "positive = 1")
wrong(
    "positive of three",
    data('‸positive = "a"').replace('target = "late"', 'target = "grade"'),
    "has 3",
    '"a", "b", "c"',
)
wrong("missing weight", data('‸weight = "weight"'), "no column 'weight'")
wrong("weight below zero", data('‸weight = "neg"'), "'neg' is no weight in", "expected 0 or more, found -1")
wrong("weight is text", data('‸weight = "carrier"'), "a weight is a number; 'carrier' is String")
wrong("weights of nothing", data('‸weight = "dist * 0"'), "is 0 in every row")
wrong("missing key", data('‸key = "idd"'), "no column 'idd'", "did you mean 'id'?")


# -- split and checks --------------------------------------------------------------------------------------------------
def split(text: str) -> str:
    return data(f"split = {{ {text} }}")


wrong("by a missing column", split('‸by = "dya"'), "no column 'dya'", "did you mean 'day'?")
wrong("by a number", split('‸by = "dist"'), "expected a date or a time; 'dist' is Int64", "day")
wrong("by a text", split('‸by = "carrier"'), "'carrier' is String, for example 'AA'")
wrong("by a column with holes", split('‸by = "holes"'), "'holes' is null in 8 rows")
wrong("nothing to learn from", split('by = "day", ‸test = "900d"'), "no rows to learn from", "2024-01-01", "'900d'")
wrong("a gap too large", split('by = "day", test = 0.2, ‸gap = "900d"'), "no rows to learn from", "gap = '900d'")
wrong(
    "one class in the test",
    split('by = "day", ‸test = "1d"').replace('"late"\n', '"half"\n', 2).replace('name = "half"', 'name = "late"'),
    "the test part has",
    "only 1 of the 2 classes",
)
wrong(
    "a class that comes late",
    split('by = "day", ‸test = 0.2').replace('target = "late"', 'target = "era"'),
    "the train part has",
    "only 2 of the 3 classes",
)
wrong("a share of too few rows", split("‸test = 0.001"), "without rows", "80 rows")
wrong(
    "strata of a rare class",
    split("‸stratify = true").replace('target = "late"', 'target = "rare"'),
    "each class",
    "rarest class has 1 row",
)
wrong("a check on a missing column", add('[[data.checks]]\n‸column = "dst"\nmin = 1'), "no column 'dst'", "'dist'")
wrong(
    "a bound of text", add('[[data.checks]]\ncolumn = "dist"\n‸min = "low"'), 'min = "low" cannot be compared', "Int64"
)
wrong(
    "a bound that is no date",
    add('[[data.checks]]\ncolumn = "day"\n‸max = "soon"'),
    'max = "soon"',
    "Date",
    "2024-01-01",
)
wrong(
    "allowed of another type",
    add('[[data.checks]]\ncolumn = "carrier"\n‸allowed = [1]'),
    "1",
    "'carrier', which is String",
)

# -- features ----------------------------------------------------------------------------------------------------------
wrong("use without match", data('use = ["dist", ‸"tmp*"]'), "'tmp*' matches no column")
wrong("use with a slip", data('use = [‸"dits"]'), "'dits' matches no column", "did you mean 'dist'?")
wrong("use of the target", data('use = ["dist", ‸"late"]'), "'late' makes the target", "leak")
wrong("exclude without match", data('exclude = [‸"nothing"]'), "'nothing' matches no column")
wrong("nothing left", data('‸exclude = ["*"]'), "no column is left to learn from", "`exclude`")
wrong("nothing but a target", source("single.csv").replace("‸", "").replace("[data]", "‸[data]"), "no column is left")
wrong("nothing left but constants", data('‸use = ["one", "gone"]'), "no column is left to learn from", "one value only")
wrong(
    "a feature that is no column",
    add('[features]\n‸carier = { kind = "categorical" }'),
    "no column 'carier'",
    "'carrier'",
)
wrong("a feature that is the target", add('[features]\n‸late = { kind = "categorical" }'), "'late' makes the target")
wrong(
    "text as number",
    add('[features]\ncarrier = { ‸kind = "numeric" }'),
    "'carrier' cannot be numeric",
    "'AA'",
    "categorical",
)
wrong(
    "number as date", add('[features]\ndist = { ‸kind = "datetime" }'), "'dist' cannot be datetime", "Int64", "numeric"
)
wrong(
    "option of another kind",
    add('[features]\ncarrier = { ‸scale = "standard" }'),
    "'scale' is for numeric columns",
    "encode",
)
wrong("parts of a number", add('[features]\ndist = { ‸parts = ["month"] }'), "'parts' is for datetime columns")
wrong("encoding of a number", add('[features]\ndist = { ‸encode = "onehot" }'), "'encode' is for categorical columns")
wrong("min_frequency of nothing", add("[features]\ncarrier = { ‸min_frequency = 0 }"), "at least 1, found 0")


def expression(name: str, text: str, *says: str) -> None:
    wrong(f"expression: {name}", add(f"[features]\n‸made = '''{text}'''"), *says)


expression("aggregate", "dist / avg(dist)", "not row-wise", "an aggregate")
expression("count", "count(*)", "not row-wise", "an aggregate")
expression("text aggregate", "string_agg(carrier, ',')", "not row-wise", "an aggregate")
expression("window", "sum(dist) over (partition by carrier)", "not row-wise", "a window")
expression("rank", "rank() over (order by dist)", "not row-wise", "a window")
expression("the row before", "lag(dist)", "not row-wise", "a window")
expression("row number", "row_number() over ()", "not row-wise", "position")
expression("subquery", "(select max(dist) from rows)", "not row-wise", "a subquery")
expression("clock", "day > now()", "asks the clock", "date '")
expression("today", "day > current_date", "asks the clock")
expression("chance", "dist + random()", "not row-wise", "random")
expression("file", "read_csv('x')", "'read_csv'", "not there")
expression("unknown function", "sqroot(dist)", "'sqroot'", "did you mean 'sqrt'?")
expression("unknown column", "dst * 2", "names a column 'dst'", "did you mean 'dist'?")
expression("text in double quotes", 'carrier = "AA"', "names a column 'AA'", "single quotes: 'AA'")
expression("text and number", "carrier + 1", "does not fit its columns (carrier is String)", "no number")
expression("comparison of text and number", "dist > 'far'", "(dist is Int64)", "text cannot be compared with a number")
expression("hour of a number", "extract(hour from dist)", "hour needs a date or a time")
expression("text that is no number", "cast(carrier as int)", "fails on this data", "try_cast")
expression("syntax", "dist +", "cannot be read", "not one whole expression")
expression("bracket", "(dist", "cannot be read", "not one whole expression")
expression("two expressions", "dist, temp", "expected one expression, found ','")
expression("statement", "select dist", "'select' is a word of SQL")
expression("a name after it", "dist as far", "more than one expression")
expression("empty", "", "the expression is empty")
expression("constant", "1 + 1", "reads no column")
expression("leak", "case when late = 'yes' then 1 else 0 end", "reads 'late'", "leak")
wrong(
    "expression: leak of a target's column",
    add("[features]\n‸made = 'minutes * 2'").replace('target = "late"', 'target = "minutes > 15"'),
    "reads 'minutes'",
    "leak",
)
wrong("expression: in a table", add("[features]\nmade = { kind = 'numeric', ‸expr = 'avg(dist)' }"), "an aggregate")
wrong("target: aggregate", target('"minutes > avg(minutes)"'), "not row-wise", "an aggregate")
wrong("target: unknown column", target('"minuets > 15"'), "'minuets'", "did you mean 'minutes'?")
wrong("weight: aggregate", data('‸weight = "w / max(w)"'), "not row-wise", "an aggregate")
