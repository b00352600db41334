from __future__ import annotations

import pytest

from isograph.errors import (
    ConfigError,
    ConvergenceError,
    InputError,
    IsographError,
    ResourceError,
    SchemaError,
    UsageError,
    examples,
    setting,
    shown,
    speaking_flags,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (IsographError("x"), 1),
        (UsageError("x"), 2),
        (ConfigError("x"), 2),
        (InputError("x", ["y"]), 3),
        (SchemaError("x", ["y"]), 3),
        (ResourceError("x"), 4),
        (ConvergenceError("x"), 5),
    ],
)
def test_error__carries_the_exit_code_of_the_command_line(error, code):
    assert error.exit_code == code


def test_input_error__says_a_single_violation_in_one_line():
    assert str(InputError("samples", ["2 ids are missing."])) == "samples: 2 ids are missing."


def test_input_error__numbers_several_violations_and_keeps_them():
    error = InputError("samples", ["no ids.", "no rows."])
    assert str(error) == "samples: 2 problems\n  1. no ids.\n  2. no rows."
    assert error.violations == ("no ids.", "no rows.")
    assert error.subject == "samples"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("GENE-1 é", "GENE-1 é"),
        (7, "7"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b", "\\x9b"),
        ("\u202egnp", "\\u202egnp"),
        ("\udcff", "\\udcff"),
    ],
)
def test_shown__escapes_what_is_not_printable(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], ""),
        (["a"], "'a'"),
        (["a", "b\x07", 3], "'a', 'b\\x07', '3'"),
        (list("abcde"), "'a', 'b', 'c', 'd', 'e'"),
        (list("abcdef"), "'a', 'b', 'c', 'd', 'e', …"),
    ],
)
def test_examples__quotes_up_to_five(values, text):
    assert examples(values) == text


def test_examples__takes_another_limit():
    assert examples("abc", 2) == "'a', 'b', …"


@pytest.mark.parametrize(
    ("arguments", "python", "flags"),
    [
        (("beta", 0.5), "settings={'beta': 0.5}", "--set beta=0.5"),
        (("directions",), "settings={'directions': N}", "--set directions=N"),
        (("device", "cuda"), "settings={'device': 'cuda'}", "--set device=cuda"),
    ],
)
def test_setting__is_written_as_its_reader_gives_it(arguments, python, flags):
    assert setting(*arguments) == python
    with speaking_flags():
        assert setting(*arguments) == flags


def test_setting__with_an_option_of_its_own_is_that_on_the_command_line():
    assert setting("device", "cpu", flag="--device") == "settings={'device': 'cpu'}"
    with speaking_flags():
        assert setting("device", "cpu", flag="--device") == "--device cpu"
