"""Runs test files with unittest and writes down what happens, a line of JSON for each fact.

    python3 -c THIS REPORT_DIR COUNT UNIT... [-k PATTERN] [-f] [-b] [--locals]

A unit is a file, or a part of one: `path/test_x.py::Class.method`. Each has a report of its own, `unittest-N.jsonl`:

    {"event": "file", "unit": "path/test_x.py", "python": "3.11.2"}
    {"event": "start", "class": "path.test_x.Class", "name": "test_y", "file": "path/test_x.py", "line": 7}
    {"event": "outcome", "class": ..., "name": ..., "outcome": "failed", "seconds": 0.1, "type": ..., "message": ...,
     "text": ...}
    {"event": "stop"}
    {"event": "end"}

Outcomes are passed, failed, errored, skipped, expected-failure and unexpected-success. There is one for each status that
`unittest -v` prints, so a failed subtest has its own, and so has the setup of a class. A test that started and did
not stop was running when the process ended; a report without its last line is not whole.

What people see is what `python3 -m unittest -v` writes. Needs Python 3.7.

    python3 -c THIS --list COUNT FILE... [the same options]

imports the files and runs none of their tests. For each that can be divided it prints a line of JSON with its parts:

    {"unit": "path/test_x.py", "parts": ["Class.test_y", "Other"]}
"""

import argparse
import importlib.util
import inspect
import json
import os
import sys
import unittest
from collections import Counter

# Tests may replace any of these while their failures are written down.
from os import O_APPEND, O_CREAT, O_WRONLY, close as os_close, getpid, open as os_open, write as os_write
from time import perf_counter

# Takes this program's own frames out of tracebacks, as unittest does with its own.
__unittest = True

ENCODE = json.JSONEncoder().encode
ROOT = os.getcwd()
MAIN_PROCESS = getpid()
MOST_CHARACTERS = 200000


class Report:
    """The report of one unit, opened anew for each line: tests may close what is open."""

    def __init__(self, path):
        self.path = path

    def tell(self, **fact):
        # A test may have forked, and its child may have come here.
        if getpid() != MAIN_PROCESS:
            return
        line = (ENCODE({key: value for key, value in fact.items() if value is not None}) + "\n").encode("ascii")
        descriptor = os_open(self.path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        try:
            while line:
                line = line[os_write(descriptor, line):]
        finally:
            os_close(descriptor)


class Result(unittest.TextTestResult):
    """Writes to the report what it prints."""

    report = None
    mark = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.report.tell(event="start", **named(test), **place_of(test))
        self.mark = perf_counter()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.tell_outcome("passed", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell_outcome("failed", test, err, self.failures)

    def addError(self, test, err):
        super().addError(test, err)
        self.tell_outcome("errored", test, err, self.errors)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            self.tell_outcome("failed" if failed else "errored", subtest, err, self.failures if failed else self.errors)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.tell_outcome("skipped", test, message=reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.tell_outcome("expected-failure", test, err, self.expectedFailures)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.tell_outcome("unexpected-success", test)

    def tell_outcome(self, outcome, test, err=None, kept=None, message=None):
        now = perf_counter()
        kind = None
        if err is not None:
            kind, message = err[0].__name__, shown(err[1])
        self.report.tell(
            event="outcome",
            outcome=outcome,
            seconds=round(now - self.mark, 6) if self.mark else None,
            type=kind,
            message=cut(message),
            # unittest has just put the traceback there.
            text=cut(kept[-1][1]) if kept else None,
            **named(test),
            **place_of(test)
        )
        self.mark = now

    def stopTest(self, test):
        super().stopTest(test)
        # A SIGINT comes through here too.
        if sys.exc_info()[0] is None:
            self.report.tell(event="stop")
        # What comes between tests, such as the setup of a class, has no beginning.
        self.mark = 0.0


class NotLoaded(unittest.TestCase):
    """Stands for a file that could not be imported, or that skips itself."""

    def __init__(self, module, error):
        super().__init__("fail")
        self.module = module
        self.error = error

    def fail(self):
        raise self.error

    def id(self):
        return self.module + ".import"

    def __str__(self):
        return "import (%s)" % self.module


class Units:
    """All units, each loaded when its turn comes: what one does while it is imported harms none before it."""

    def __init__(self, units, loader, directory):
        self.units = units
        self.loader = loader
        self.directory = directory

    def __call__(self, result):
        for number, unit in enumerate(self.units):
            if result.shouldStop:
                break
            result.report = Report(os.path.join(self.directory, "unittest-%d.jsonl" % number))
            result.report.tell(event="file", unit=cut(unit), python="%d.%d.%d" % sys.version_info[:3])
            # The path of a file is from here, wherever a test before it went.
            os.chdir(ROOT)
            # Else unittest would put the last class of the unit before away once more.
            result._previousTestClass = None
            self.load(unit)(result)
            result.report.tell(event="end")

    def load(self, unit):
        path, _, part = unit.partition(".py::")
        path = path + ".py" if part else unit
        try:
            module = imported(path)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # as discovery does, SystemExit too
            return self.loader.suiteClass([NotLoaded(module_name(path), error)])
        if part:
            return self.loader.suiteClass([self.loader.loadTestsFromName(part.replace("::", "."), module)])
        return self.loader.suiteClass([self.loader.loadTestsFromModule(module)])


def module_name(path):
    return os.path.normpath(path)[:-len(".py")].replace(os.sep, ".")


def imported(path):
    """Imports a file as `python3 -m unittest path/test_x.py` does, by the dotted path from here.

    Where something else has that name, such as the `test` of the standard library, the file is loaded by its place.
    """
    name = module_name(path)
    try:
        __import__(name)
        if is_file(sys.modules[name], path):
            return sys.modules[name]
    except ModuleNotFoundError as error:
        # Not for want of something that the file itself imports.
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise
    spec = importlib.util.spec_from_file_location(name, os.path.abspath(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def is_file(module, path):
    try:
        return os.path.samefile(module.__file__, path)
    except (AttributeError, OSError, TypeError):
        return False


def named(test):
    """Returns the class and the name of a test, of a subtest, or of the setup of a class or a module."""
    owner = getattr(test, "test_case", test)
    whole, method = str(test.id()), getattr(owner, "_testMethodName", None)
    if method is None:
        # `setUpClass (module.Class)`
        name, _, above = whole.partition(" (")
        above = above[:-1] if above.endswith(")") else above
    elif owner.id().endswith("." + method):
        above = owner.id()[:-len(method) - 1]
        name = whole[len(above) + 1:]
    else:
        above, _, name = whole.rpartition(".")
    return {"class": cut(above), "name": cut(name)}


def place_of(test):
    """Returns the file and the line of a test's method, if there is one."""
    owner = getattr(test, "test_case", test)
    if isinstance(owner, NotLoaded):
        return {}
    try:
        code = inspect.unwrap(getattr(type(owner), owner._testMethodName)).__code__
    except Exception:
        return {}
    path = os.path.join(ROOT, code.co_filename)
    below = path[len(ROOT) + 1:] if path.startswith(ROOT + os.sep) else path
    return {"file": cut(below), "line": code.co_firstlineno}


def shown(value):
    try:
        return str(value)
    except Exception:
        return "(an exception that cannot be shown)"


def cut(text):
    """Makes a text fit for a line: of a bounded length, and without halves of characters."""
    if text is None:
        return None
    text = str(text)
    if len(text) > MOST_CHARACTERS:
        half = MOST_CHARACTERS // 2
        text = "%s\n[minke cut %d characters here]\n%s" % (text[:half], len(text) - 2 * half, text[-half:])
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def list_parts(files, loader):
    # Files may print while they are imported, so that no line of this is theirs.
    output = os.dup(1)
    os.dup2(2, 1)
    for path in files:
        os.chdir(ROOT)
        try:
            module = imported(path)
            parts = parts_of(module, loader)
        except KeyboardInterrupt:
            raise
        except BaseException:  # the file is whole then, and says so when it is run
            continue
        line = ("\n" + ENCODE({"unit": path, "parts": parts}) + "\n").encode("ascii")
        while line:
            line = line[os_write(output, line):]


def parts_of(module, loader):
    """Returns names that together select every test of a module, each once; none when only the whole is sure to be that.

    What a module or a class does once for all its tests, and may fail in, is not done by each of its parts.
    """
    if hasattr(module, "load_tests"):
        return []
    whole = Counter(ids_of(loader.loadTestsFromModule(module)))
    parts = []
    for name in dir(module):
        kind = getattr(module, name, None)
        if not isinstance(kind, type) or not issubclass(kind, unittest.TestCase):
            continue
        home = sys.modules.get(kind.__module__)
        tests = loader.loadTestsFromTestCase(kind)
        if not tests.countTestCases():
            continue
        if any(hasattr(home, fixture) for fixture in ("setUpModule", "tearDownModule")):
            return []
        methods = ["%s.%s" % (name, method) for method in loader.getTestCaseNames(kind)]
        is_divided = not has_class_fixture(kind) and selected(methods, module, loader) == Counter(ids_of(tests))
        parts.extend(methods if is_divided else [name])
    return parts if selected(parts, module, loader) == whole else []


def has_class_fixture(kind):
    fixtures = ("setUpClass", "tearDownClass")
    return any(getattr(getattr(kind, name), "__func__", None) is not getattr(unittest.TestCase, name).__func__
               for name in fixtures)


def selected(parts, module, loader):
    if not all(part.isprintable() and "::" not in part for part in parts):
        return None
    return Counter(test for part in parts for test in ids_of(loader.loadTestsFromName(part, module)))


def ids_of(test):
    if not isinstance(test, unittest.BaseTestSuite):
        return [str(test.id())]
    return [name for below in test for name in ids_of(below)]


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="minke unittest --", allow_abbrev=False, add_help=False)
    parser.add_argument("-k", dest="patterns", action="append", default=[], metavar="PATTERN")
    parser.add_argument("-f", "--failfast", action="store_true")
    parser.add_argument("-b", "--buffer", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--locals", action="store_true")
    return parser.parse_args(arguments)


def main():
    directory, count = sys.argv[1], int(sys.argv[2])
    units, options = sys.argv[3:3 + count], options_of(sys.argv[3 + count:])
    sys.argv[:] = ["python3 -m unittest"]
    loader = unittest.defaultTestLoader
    if options.patterns:
        loader.testNamePatterns = [text if "*" in text else "*%s*" % text for text in options.patterns]
    if directory == "--list":
        return list_parts(units, loader)
    os.makedirs(directory, exist_ok=True)
    runner = unittest.TextTestRunner(
        verbosity=2,
        failfast=options.failfast,
        buffer=options.buffer,
        tb_locals=options.locals,
        warnings=None if sys.warnoptions else "default",
        resultclass=Result
    )
    result = runner.run(Units(units, loader, directory))
    if not result.wasSuccessful():
        sys.exit(1)
    # As from Python 3.12 on: without any test nothing was found out.
    sys.exit(5 if result.testsRun == 0 and not result.skipped else 0)


main()
