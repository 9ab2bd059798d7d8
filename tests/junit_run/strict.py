"""Reads JUnit documents with a parser that accepts nothing but well-formed XML, and tells what is in them.

Standard input holds the documents, each after a line with its length in bytes. For each a line of JSON is printed.
"""

import json
import sys
import xml.etree.ElementTree as tree

KINDS = ("error", "failure", "skipped")


def properties(element):
    found = element.find("properties")
    return [] if found is None else [[item.get("name"), item.get("value")] for item in found]


def case(element):
    kinds = [child.tag for child in element if child.tag in KINDS]
    assert len(kinds) <= 1, kinds
    verdict = element.find(kinds[0]) if kinds else None
    return {
        "attributes": element.attrib,
        "kind": kinds[0] if kinds else "passed",
        "type": None if verdict is None else verdict.get("type"),
        "message": None if verdict is None else verdict.get("message"),
        "text": None if verdict is None else verdict.text,
        "properties": properties(element),
    }


def suite(element):
    cases = [case(child) for child in element if child.tag == "testcase"]
    return {"attributes": element.attrib, "cases": cases, "properties": properties(element)}


def document(text):
    root = tree.fromstring(text)
    assert root.tag == "testsuites", root.tag
    return {"attributes": root.attrib, "suites": [suite(child) for child in root]}


while length := sys.stdin.buffer.readline():
    print(json.dumps(document(sys.stdin.buffer.read(int(length)))))
