from planner.plan import Day


def test_a_new_day_is_free():
    assert Day().free == [(540, 1020)]


def test_a_block_in_the_middle():
    day = Day()
    day.block("12:00", "13:00")
    assert day.free == [(540, 720), (780, 1020)]


def test_a_block_over_the_whole_day():
    day = Day()
    day.block("08:00", "18:00")
    assert day.free == []
