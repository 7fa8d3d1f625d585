from __future__ import annotations

import pytest

from bineego import errors


def all_errors() -> list[type[errors.BineegoError]]:
    return errors.BineegoError.__subclasses__()


def test_exit_codes_are_those_of_the_contract() -> None:
    codes = {error.__name__: error.exit_code for error in all_errors()}
    assert codes == {
        "UsageError": 2,
        "InputMissing": 3,
        "InputInvalid": 4,
        "BatchFailed": 5,
        "ModelError": 6,
        "ResourceExhausted": 7,
    }


@pytest.mark.parametrize("error", all_errors())
def test_message_says_what_where_and_what_to_do(error: type[errors.BineegoError]) -> None:
    text = str(error("it is wrong", where="a.csv, line 3", remedy="mend it"))
    assert text.index("a.csv, line 3") < text.index("it is wrong") < text.index("mend it")
    assert str(error("it is wrong")) == "it is wrong"


def test_nearest_names_only_what_is_close() -> None:
    assert errors.nearest("trian", ["train", "val"]) == " (did you mean 'train'?)"
    assert errors.nearest("xyz", ["train", "val"]) == ""
