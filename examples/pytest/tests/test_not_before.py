import time

import pytest

from planner.clock import minutes
from planner.plan import Day, Task


@pytest.mark.parametrize("wanted, begin", [("08:00", "09:00"), ("11:00", "11:00"), ("16:30", "16:30")])
def test_begins_no_earlier(wanted, begin):
    time.sleep(0.2)
    assert Day().plan([Task("call", 30, not_before=minutes(wanted))]) == [(begin, "call")]


def test_too_late():
    day = Day()
    assert day.plan([Task("call", 30, not_before=minutes("16:45"))]) == []
    assert len(day.left_over) == 1
