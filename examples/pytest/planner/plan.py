"""Puts the most important tasks first, each as early as it fits."""
from dataclasses import dataclass

from planner.clock import minutes, text


@dataclass(frozen=True)
class Task:
    name: str
    length: int
    priority: int = 0
    not_before: int = 0


class Day:
    def __init__(self, start="09:00", end="17:00"):
        self.free = [(minutes(start), minutes(end))]
        self.planned = []
        self.left_over = []

    def block(self, start, end):
        start, end = minutes(start), minutes(end)
        pieces = [(a, min(b, start)) for a, b in self.free] + [(max(a, end), b) for a, b in self.free]
        self.free = sorted({(a, b) for a, b in pieces if a < b})

    def place(self, task):
        for a, b in self.free:
            begin = max(a, task.not_before)
            if begin + task.length <= b:
                self.block(text(begin), text(begin + task.length))
                self.planned.append((begin, task))
                return True
        self.left_over.append(task)
        return False

    def plan(self, tasks):
        for task in sorted(tasks, key=lambda task: -task.priority):
            self.place(task)
        self.planned.sort(key=lambda entry: entry[0])
        return [(text(begin), task.name) for begin, task in self.planned]
