#!/usr/bin/env python3
"""plant.py TREE FAULT...: plants faults in a copy of the code.

A fault is a text file: a line that describes it, `== FILE`, the lines that it
replaces, `==`, and the lines that replace them. These ask SseFault("NAME")
whether the fault is active.
"""

import os
import re
import sys

DECLARATION = 'bool SseFault(const char* name);  // planted\n'


def main():
    tree, *faults = sys.argv[1:]
    texts = {}
    for fault in faults:
        with open(fault, encoding='utf-8') as file:
            match = re.fullmatch(r'.+\n== (\S+)\n(.*?)\n==\n(.*?)\n', file.read(), re.S)
        if match is None:
            sys.exit(f'{fault}: not a fault')
        path, old, new = match.groups()
        name = os.path.basename(fault)[:-len('.fault')]
        if f'SseFault("{name}")' not in new:
            sys.exit(f'{fault}: does not ask for itself')
        if path not in texts:
            with open(os.path.join(tree, path), encoding='utf-8') as file:
                texts[path] = file.read()
        if texts[path].count(old) != 1:
            sys.exit(f'{fault}: {path} has {texts[path].count(old)} such places, not one')
        texts[path] = texts[path].replace(old, new)
    for path, text in texts.items():
        with open(os.path.join(tree, path), 'w', encoding='utf-8') as file:
            file.write(DECLARATION + text)
    with open(os.path.join(tree, 'tests/simulation/main.cc'), 'a', encoding='utf-8') as file:
        file.write('''
bool SseFault(const char* name) {
  static const char* const active = getenv("SSE_FAULT");
  return active != nullptr && strcmp(active, name) == 0;
}
''')


if __name__ == '__main__':
    main()
