import time

import pytest

from planner.plan import Day, Task


@pytest.fixture
def day():
    day = Day()
    day.block("12:00", "13:00")
    return day


def test_work_stops_at_lunch(day):
    time.sleep(0.5)
    assert day.plan([Task("a", 120, 2), Task("b", 90, 1)]) == [("09:00", "a"), ("13:00", "b")]


def test_work_up_to_lunch(day):
    assert day.plan([Task("a", 180)]) == [("09:00", "a")]
