#!/usr/bin/env python3
"""Installs the Python 2 release of Autobahn|Testsuite into a Python 3 environment.

usage: convert.py SOURCES SITE_PACKAGES

SOURCES holds the archives that sources.txt names, SITE_PACKAGES is where their packages go. The suite's own sources
are converted on the way, in three passes:

1. fissix (lib2to3) for syntax;
2. string literals of the test cases become bytes, unless their context makes them text;
3. a few exact replacements. Each has to match, or the conversion fails.

No logic of a case is rewritten, so the bytes sent and the verdicts are those of the release.
"""

import ast
import re
import sys
import tarfile
import tempfile
from pathlib import Path

from fissix import refactor

PACKAGES = {"autobahn-0.10.9": "autobahn", "autobahntestsuite-25.10.1": "autobahntestsuite", "txaio-2.1.0": "txaio"}


def main():
    sources, site_packages = (Path(argument) for argument in sys.argv[1:3])
    for release, package in PACKAGES.items():
        unpack(sources / f"{release}.tar.gz", f"{release}/{package}", site_packages)

    protocol = site_packages / "autobahn" / "websocket" / "protocol.py"
    rewrite(protocol, lambda source: replace(source, protocol.name, PROTOCOL))
    convert_suite(site_packages / "autobahntestsuite")


def unpack(archive, folder, site_packages):
    with tempfile.TemporaryDirectory(dir=site_packages) as directory:
        with tarfile.open(archive) as tar:
            tar.extractall(directory, [member for member in tar if member.name.startswith(f"{folder}/")])
        (Path(directory) / folder).rename(site_packages / Path(folder).name)


def convert_suite(package):
    for path in sorted((package / "case").glob("*.py")):
        rewrite(path, lambda source: convert_case(path.name, convert_syntax(path, source)))
    for name in ("caseset.py", "choosereactor.py", "report.py", "util.py"):
        rewrite(package / name, lambda source: convert_syntax(package / name, source))
    fuzzing = package / "fuzzing.py"
    rewrite(fuzzing, lambda source: convert_fuzzing(convert_syntax(fuzzing, source)))
    (package / "__init__.py").write_text(PACKAGE_INIT, encoding="utf-8")
    (package / "__main__.py").write_text(FRONT_END, encoding="utf-8")


def rewrite(path, conversion):
    path.write_text(conversion(path.read_text(encoding="utf-8")), encoding="utf-8")


def replace(source, name, pairs):
    for old, new in pairs:
        if old not in source:
            sys.exit(f"{name}: nothing matches {old!r}")
        source = source.replace(old, new)
    return source


# Pass 1: syntax.

FIXERS = (
    "print has_key xrange dict except import raise unicode numliterals map zip filter long basestring exec itertools "
    "next raw_input reduce repr ne imports urllib"
)


def convert_syntax(path, source):
    tool = refactor.RefactoringTool([f"fissix.fixes.fix_{fixer}" for fixer in FIXERS.split()])
    # The path tells the fixer of imports which modules are siblings.
    return str(tool.refactor_string(source if source.endswith("\n") else source + "\n", str(path)))


# Pass 2: the literals of the cases.

TEXT_NAMES = set("DESCRIPTION EXPECTATION desc exp result resultClose mt cc co_desc sa_desc __all__".split())
TEXT_KEYS = set("DESCRIPTION EXPECTATION desc url file".split())
TEXT_CALLS = set(
    "Exception print open getattr setattr hasattr type resource_filename encode decode continueLater format "
    "append_text".split()
)
EVENT_TAGS = {"message", "ping", "pong", "timeout"}


def literals_to_bytes(source, name):
    lines = [line.encode("utf-8") for line in source.splitlines(True)]
    # From the end to the start, so that an edit moves no literal that is still to come.
    for literal in sorted(byte_literals(ast.parse(source)), key=position, reverse=True):
        if literal.lineno != literal.end_lineno:
            sys.exit(f"{name}:{literal.lineno}: a byte literal over several lines")
        line = lines[literal.lineno - 1]
        text = line[literal.col_offset : literal.end_col_offset]
        # Python 2 read the bytes of the source file; a Python 3 bytes literal wants them escaped.
        escaped = b"".join(b"\\x%02x" % byte if byte > 127 else bytes([byte]) for byte in text)
        lines[literal.lineno - 1] = line[: literal.col_offset] + b"b" + escaped + line[literal.end_col_offset :]
    return b"".join(lines).decode("utf-8")


def position(node):
    return node.lineno, node.col_offset


def byte_literals(tree):
    found = []

    def visit(node, ancestors):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not is_text(node, ancestors):
            found.append(node)
        for child in ast.iter_child_nodes(node):
            visit(child, [node, *ancestors])

    visit(tree, [])
    return found


def is_text(literal, ancestors):
    """Whether the literal stays a str: judged by each ancestor, from the inside out."""
    child = literal
    for ancestor in ancestors:
        if makes_text(ancestor, child):
            return True
        child = ancestor
    # createUtf8TestSequences starts each of its lists with a title: ["title", []].
    parent = ancestors[0]
    return isinstance(parent, ast.List) and len(parent.elts) == 2 and isinstance(parent.elts[1], ast.List)


def makes_text(node, child):
    if isinstance(node, ast.Expr):  # a docstring
        return isinstance(child, ast.Constant)
    if isinstance(node, ast.Tuple):  # an expected event: ("message", payload, is_binary)
        tag = getattr(node.elts[0], "value", None) if node.elts else None
        return tag == "timeout" or (child is node.elts[0] and isinstance(tag, str) and tag in EVENT_TAGS)
    if isinstance(node, ast.Dict):
        return any(child is key for key in node.keys) or any(
            child is value and getattr(key, "value", None) in TEXT_KEYS for key, value in zip(node.keys, node.values)
        )
    if isinstance(node, ast.Assign):
        return name_of(node.targets[0]) in TEXT_NAMES
    if isinstance(node, ast.Subscript):
        return child is node.slice
    if isinstance(node, ast.Call):
        return child is not node.func and name_of(node.func) in TEXT_CALLS
    if isinstance(node, ast.Compare):
        return any(name_of(part) == "__name__" for part in ast.walk(node) if isinstance(part, ast.Name))
    return False


def name_of(node):
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


# Pass 3: exact replacements.


def convert_case(name, source):
    if name == "__init__.py":
        # Not among the suite's cases, and it needs a zope.interface that is gone.
        return replace(source, name, [("from .case9_9_1 import *\n", "")])
    if name == "case.py":
        return replace(source, name, [("pickle.dumps(obj1) == pickle.dumps(obj2)", "obj1 == obj2")])
    if name == "case12_x_x.py":
        source = replace(source, name, [("msg = ''", "msg = b''")])
    else:
        source = literals_to_bytes(source, name)

    source = source.replace("(object, Case, )", "(Case, )")
    if "binascii.b2a_hex" in source:
        source = source.replace("binascii.b2a_hex(", "_hex(")
        source = source.replace("import binascii", "import binascii" + HEX, 1)
    # Indexing bytes gives a number, slicing them gives bytes.
    source = re.sub(r"\bPAYLOAD\[(\d+)\]", lambda match: f"PAYLOAD[{match[1]}:{int(match[1]) + 1}]", source)
    source = re.sub(r"s \+= chr\((\w+)\)", r"s += bytes([\1])", source)
    if name == "case10_1_1.py":
        division = "len(self.payload) {} self.p.autoFragmentSize"
        source = replace(source, name, [(division.format("/"), division.format("//"))])
    return source


def convert_fuzzing(source):
    return replace(source, "fuzzing.py", FUZZING)


HEX = """
def _hex(x):
   import binascii
   if isinstance(x, str): x = x.encode('utf-8')
   return binascii.b2a_hex(x).decode('ascii')
"""

# Python 2 divided whole numbers without a remainder.
PROTOCOL = [("range(payload_len / len(payload))", "range(payload_len // len(payload))")]

# Where the fuzzing engine writes its log and its reports: bytes become text at the last moment.
FUZZING = [
    ("dd = binascii.b2a_hex(data[:maxlen]) + ellipses", "dd = binascii.b2a_hex(data[:maxlen]).decode('ascii') + ellipses"),
    ("dd = binascii.b2a_hex(data)\n", "dd = binascii.b2a_hex(data).decode('ascii')\n"),
    (
        """   ellipses = " ..."
   try:
      if len(data) > maxlen - len(ellipses):
         dd = data[:maxlen] + ellipses
""",
        """   ellipses = " ..."
   try:
      if isinstance(data, str):
         data = data.encode('utf8')
      if len(data) > maxlen - len(ellipses):
         dd = data[:maxlen] + ellipses.encode('ascii')
""",
    ),
    ("p = ''.join(payload)", "p = b''.join(payload)"),
    ("json.dumps(len(self.factory.specCases))", "json.dumps(len(self.factory.specCases)).encode('utf8')"),
    (
        "self.sendMessage(json.dumps({\n               'behavior':results['behavior']\n            }))",
        "self.sendMessage(json.dumps({\n               'behavior':results['behavior']\n            }).encode('utf8'))",
    ),
    (
        "self.factory.CaseSet.caseClassToPrettyDescription(self.Case),\n         }))",
        "self.factory.CaseSet.caseClassToPrettyDescription(self.Case),\n         }).encode('utf8'))",
    ),
    ("ll.encode('utf8')", "ll"),
    ('% (c[0], case[c[0]], c[1])).encode("utf-8"))', "% (c[0], case[c[0]], c[1])))"),
    (
        "open(os.path.join(outdir, report_filename), 'w')",
        "open(os.path.join(outdir, report_filename), 'w', encoding='utf-8')",
    ),
    ("f.write(json.dumps(", "f.write(_dumps("),
    ("binascii.b2a_hex(frameHeader.mask)", "binascii.b2a_hex(frameHeader.mask).decode('ascii')"),
    (
        "mmask = binascii.b2a_hex(t[6])",
        "mmask = binascii.b2a_hex(t[6] if isinstance(t[6], bytes) else t[6].encode('ascii')).decode('ascii')",
    ),
    # Serves the reports; twisted.web names its children in bytes.
    ("webdir.putChild('cwd'", "webdir.putChild(b'cwd'"),
    (
        "def binLogData(",
        """def _dumps(o, **kw):
   def d(x):
      if isinstance(x, (bytes, bytearray)):
         return bytes(x).decode('utf8', 'replace')
      raise TypeError(type(x))
   kw.setdefault('default', d)
   return json.dumps(o, **kw)


def binLogData(""",
    ),
]

PACKAGE_INIT = """\
from ._version import __version__
version = __version__
from . import choosereactor
"""

# Stands in for wstest, which imports WAMP and klein for modes that are not about WebSocket conformance.
FRONT_END = '''\
"""The fuzzing client and the fuzzing server of Autobahn|Testsuite, with the options of wstest."""

import argparse
import json
import sys

from twisted.internet import reactor
from twisted.python import log

from autobahntestsuite import fuzzing

parser = argparse.ArgumentParser(prog="wstest")
parser.add_argument("-m", "--mode", required=True, choices=["fuzzingclient", "fuzzingserver"])
parser.add_argument("-s", "--spec", required=True)
parser.add_argument("-u", "--webport", type=int, default=0)
parser.add_argument("-k", "--key")
parser.add_argument("-c", "--cert")
options = parser.parse_args()

log.startLogging(sys.stdout)
with open(options.spec) as file:
    spec = json.load(file)
if options.mode == "fuzzingclient":
    fuzzing.startClient(spec)
else:
    fuzzing.startServer(spec, options.webport, options.key, options.cert)
reactor.run()
'''


if __name__ == "__main__":
    main()
