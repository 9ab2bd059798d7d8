"""Reads merged reports with a parser that accepts nothing but well-formed XML, and counts.

Standard input holds the documents, each after a line with its length in bytes. For each a line tells how many cases it
has, and how many of them failed or erred. Counters that are not those of the elements are an error.
"""

import sys
import xml.parsers.expat

COUNTED = ("tests", "failures", "errors", "skipped")
KINDS = {"failure": 1, "error": 2, "skipped": 3}


def count(text):
    path, open_suites, total = [], [], [0, 0, 0, 0]

    def check(attributes, counted, name):
        claimed = [int(attributes[key]) for key in COUNTED]
        assert claimed == counted, (name, claimed, counted)

    def start(name, attributes):
        if name in ("testsuites", "testsuite"):
            assert all(key in attributes for key in COUNTED), attributes
            open_suites.append((name, attributes, [0, 0, 0, 0]))
        if name == "testcase":
            assert path[-1] == "testsuite", path
            assert attributes["name"] and float(attributes["time"]) >= 0, attributes
            for _, _, counted in open_suites:
                counted[0] += 1
        if path and path[-1] == "testcase" and name in KINDS:
            for _, _, counted in open_suites:
                counted[KINDS[name]] += 1
        path.append(name)

    def end(name):
        path.pop()
        if name in ("testsuites", "testsuite"):
            _, attributes, counted = open_suites.pop()
            check(attributes, counted, name)
            if not path:
                total[:] = counted

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(text, True)
    return total[0], total[1] + total[2]


while length := sys.stdin.buffer.readline():
    print(*count(sys.stdin.buffer.read(int(length))))
