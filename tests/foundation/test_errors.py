"""Errors: what, where, which value, what to do; and an exit code for each."""

from __future__ import annotations

from headwater import errors
from headwater.errors import Fault, TableError


def every_error() -> list[type[errors.HeadwaterError]]:
    return [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.HeadwaterError)]


def test_fault_reads_as_place_value_problem_remedy() -> None:
    fault = Fault("links.csv", 7, "length_m", "-3", "is negative", "give a length")
    assert str(fault) == "links.csv, row 7, column length_m: «-3» is negative → give a length"


def test_message_lists_the_first_faults_and_counts_the_rest() -> None:
    faults = [Fault("t", i, "c", "v", "p", "r") for i in range(100)]
    lines = str(TableError(faults)).splitlines()
    assert len(lines) == errors.SHOWN + 1
    assert lines[-1] == "… and 70 more"


def test_every_error_has_an_exit_code_that_is_not_success() -> None:
    for kind in every_error():
        assert any(parent in errors.EXIT_CODES for parent in kind.__mro__), kind
    assert all(code > 0 for code in errors.EXIT_CODES.values())
