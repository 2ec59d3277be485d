"""The programs that are shipped are hardened: hardening_test.py PROGRAM...

Asks readelf what the linker has made of the options, for an option that is given
and has no effect looks well in a build file only.
"""

import re
import subprocess
import sys


def readelf(program, *options):
    return subprocess.run(["readelf", "-W", *options, program], check=True,
                          capture_output=True, text=True).stdout


def faults(program):
    """What is not as it should be."""
    header = readelf(program, "-h")
    segments = readelf(program, "-l")
    dynamic = readelf(program, "-d")
    symbols = readelf(program, "--dyn-syms")
    stack = re.search(r"^ *GNU_STACK .*", segments, re.MULTILINE)
    checks = [
        # At another address each time.
        ("a position-independent executable",
         re.search(r"Type: +DYN", header) and
         re.search(r"\(FLAGS_1\).*\bPIE\b", dynamic)),
        # Nobody can bend a call that has been bound.
        ("relocations are read-only", "GNU_RELRO" in segments),
        ("all symbols are bound at the start",
         re.search(r"\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*\bNOW\b", dynamic)),
        ("code is not written to", "TEXTREL" not in dynamic),
        ("the stack is not executed",
         stack and "RWE" not in stack.group(0)),
        ("no segment is both written and executed",
         not re.search(r"^ *LOAD .* RWE ", segments, re.MULTILINE)),
        ("libraries come from the system alone",
         not re.search(r"\((RPATH|RUNPATH)\)", dynamic)),
        # -fstack-protector-strong
        ("stack frames are guarded", "__stack_chk_fail" in symbols),
        # -D_FORTIFY_SOURCE=2
        ("lengths of buffers are checked",
         re.search(r"\b__(memcpy|memset|memmove|read|recv|snprintf|vsnprintf|"
                   r"fprintf|printf|vfprintf)_chk\b", symbols)),
        # -D_GLIBCXX_ASSERTIONS
        ("indexes of containers are checked", "__glibcxx_assert_fail" in symbols),
    ]
    return [name for name, holds in checks if not holds]


def main():
    failed = False
    for program in sys.argv[1:]:
        for fault in faults(program):
            failed = True
            print(f"{program}: not so: {fault}")
    if not sys.argv[1:]:
        sys.exit("usage: hardening_test.py PROGRAM...")
    sys.exit(1 if failed else 0)


main()
