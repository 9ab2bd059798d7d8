import pytest

from planner.clock import minutes, text


@pytest.mark.parametrize("value", ["00:00", "09:05", "12:30", "23:59", "24:00"])
def test_there_and_back(value):
    assert text(minutes(value)) == value


@pytest.mark.parametrize("value", ["24:01", "12:60", "-1:00", "noon"])
def test_refused(value):
    with pytest.raises(ValueError):
        minutes(value)


def test_hours_alone():
    assert minutes("7") == 420
