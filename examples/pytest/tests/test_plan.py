import time

from planner.plan import Day, Task


def test_important_things_first():
    plan = Day().plan([Task("mail", 30), Task("report", 60, priority=2), Task("call", 15, priority=1)])
    assert plan == [("09:00", "report"), ("10:00", "call"), ("10:15", "mail")]


def test_small_things_fill_gaps():
    day = Day()
    day.block("09:30", "16:30")
    assert day.plan([Task("workshop", 60, priority=5), Task("mail", 30)]) == [("09:00", "mail")]
    assert [task.name for task in day.left_over] == ["workshop"]


def test_nothing_to_do():
    assert Day().plan([]) == []


def test_a_long_day():
    """Slow on purpose, so that there is something to gain from several containers."""
    time.sleep(0.8)
    tasks = [Task(f"task {number}", 5) for number in range(96)]
    assert len(Day().plan(tasks)) == 96
