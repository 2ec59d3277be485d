#!/usr/bin/env python3
"""bridge/feed/model/check.py [MODEL...]: checks the models of this folder with Spin.

Each model must hold its invariants in every state within its bounds, and each planted
fault must break the invariant that is named here. The invariants must be named in
comments of the code that the model describes. Needs Debian's packages spin and gcc."""

import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))

# The bounds of a model, and what its faults break: number: (invariant, mistake). A
# fault has to be found within one of the bounds.
MODELS = {
    'resume': (
        [dict(EVENTS=4, FORGOTTEN=4, LOSSES=2, DROPS=2, BROWSERS=1),
         dict(EVENTS=2, FORGOTTEN=2, LOSSES=1, DROPS=1, BROWSERS=2),
         dict(EVENTS=3, FORGOTTEN=1, LOSSES=0, DROPS=2, BROWSERS=2)],
        {
            1: ('NoDuplicate', 'callbacks of a superseded call are not ignored'),
            2: ('NoDuplicate', 'a call resumes with the event, not after it'),
            3: ('Complete', 'the replay buffer skips an event'),
            4: ('Complete', 'what happens between joining and attaching is not sent'),
            5: ('NoDuplicate', 'an event between joining and attaching is sent twice'),
            6: ('Complete', 'no reset is owed after CURSOR_EXPIRED'),
            7: ('NoDuplicate', 'an id from elsewhere yields no reset'),
            8: ('NoNeedlessReset', 'an id that only the backend has yields a reset'),
            9: ('NoGap', 'a full queue drops an event and not the connection'),
            10: ('NoGap', 'a subscriber that fell behind before it was attached goes on'),
            11: ('NoDuplicate', 'the next call resumes where the first one did'),
            12: ('NoGap', 'the first id is used after an event was dropped'),
            13: ('Complete', 'a reset that an open feed owes waits for the next event'),
            14: ('NoGap', 'the owed reset comes after the event'),
        }),
    'snapshot': (
        [dict(VALUES=5)],
        {
            1: ('NewestValueArrives', 'what happens between joining and attaching is not sent'),
            2: ('NewestValueArrives', 'dropped events are not noticed when attaching'),
            3: ('NewestValueArrives', 'dropped events are not replaced by current values'),
            4: ('NoOlderValue', 'the position after current values is before them'),
            5: ('NewestValueArrives', 'a new value keeps the age of the old one'),
            6: ('SnapshotBeforeLive', 'the current values come after a newer event'),
        }),
    'admission': (
        [dict(EVENTS=3)],
        {
            1: ('LeaveAfterEnter', '`leave` is called while `enter` is in flight'),
            2: ('NoGhost', 'no `leave` if it is unknown whether `enter` was executed'),
            3: ('NoGhost', 'no `leave` if the client has gone during `enter`'),
            4: ('NoFalseLeave', 'a renewal that is refused leaves, but the stream goes on'),
            5: ('RefusalEnds', 'a refused renewal does not end the stream'),
            6: ('RefusalEnds', 'a refusal before the client was attached is forgotten'),
            7: ('RefusedIsNotServed', 'who was refused gets the stream'),
            8: ('OneCallAtOnce', 'a renewal does not wait for the call before'),
            9: ('EndsOnlyOpenStreams', 'a refusal ends a stream that is over'),
            10: ('NoGhost', '`leave` is not retried'),
            11: ('NoGap', 'the stream begins now and not where the greeting says'),
            12: ('NoDuplicate', 'the stream begins with the event of the greeting'),
            13: ('NoDuplicate', 'a feed that lags behind the greeting is joined'),
            14: ('GreetingFirst', 'the greeting is missing'),
        }),
}
SECONDS = 120


def run(argv, folder, **options):
    done = subprocess.run(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=SECONDS, **options)
    return done.stdout


def compile_model(name, bounds, folder):
    model = os.path.join(HERE, name + '.pml')
    out = run(['spin', '-a'] + ['-D%s=%d' % each for each in bounds.items()] + [model], folder)
    # -w: what spin writes is not ours. SAFETY: no liveness. Unsigned data fits.
    out += run(['gcc', '-O2', '-w', '-DSAFETY', '-DVECTORSZ=2048', '-o', 'pan', 'pan.c'], folder)
    if not os.path.exists(os.path.join(folder, 'pan')):
        sys.exit('%s does not compile:\n%s' % (name, out))


def explore(folder, fault, errors=0):
    """(invariants that are broken, number of states, what is wrong otherwise). Stops after
    so many errors; 0: never."""
    out = run(['./pan', '-n', '-m300000', '-w24', '-c%d' % errors], folder,
              env=dict(os.environ, FAULT=str(fault)))
    broken = set(re.findall(r'assertion violated \(+(\w+)\|\|', out))
    states = re.search(r'(\d+) states, stored', out)
    wrong = [line for line in out.splitlines()
             if 'max search depth' in line or 'pan:1: invalid end state' in line or
             re.search(r'assertion violated (?!\(+\w+\|\|)', line) or 'out of memory' in line]
    if states is None:
        sys.exit('the search did not end:\n' + out[-2000:])
    return broken, int(states.group(1)), wrong


def invariants(name):
    with open(os.path.join(HERE, name + '.pml')) as file:
        text = file.read()
    declared = re.search(r'// Names of the invariants.*?\nbool (.*?);', text, re.S)
    names = set(re.findall(r'\w+', declared.group(1)))
    asserted = set(re.findall(r'assert\((\w+) \|\|', text))
    files = re.findall(r'bridge/\S+\.(?:cc|h)', ' '.join(re.findall(r'^// Code: (.*)$', text, re.M)))
    return names, asserted, files


def check_names(name):
    """Every invariant is asserted in the model, broken by a fault, and named in the code."""
    names, asserted, files = invariants(name)
    problems = ['%s is not asserted' % each for each in names - asserted]
    broken = {invariant for invariant, _ in MODELS[name][1].values()}
    problems += ['%s is broken by no fault' % each for each in names - broken]
    code = ''
    for path in files:
        path = os.path.join(ROOT, path)
        for each in {path, re.sub(r'\.cc$', '.h', path)}:
            if os.path.exists(each):
                with open(each) as file:
                    code += ''.join(line for line in file if '//' in line)
    if code != '':
        problems += ['%s is not named in %s' % (each, ', '.join(files))
                     for each in names if not re.search(r'\b%s\b' % each, code)]
    return problems


def check_model(name):
    bounds, faults = MODELS[name]
    problems = check_names(name)
    missed = dict(faults)
    for each in bounds:
        with tempfile.TemporaryDirectory() as folder:
            compile_model(name, each, folder)
            broken, states, wrong = explore(folder, 0)
            text = ' '.join('%s=%d' % bound for bound in each.items())
            print('%s (%s): %d states' % (name, text, states), flush=True)
            problems += ['%s: %s is broken' % (text, invariant) for invariant in sorted(broken)]
            problems += ['%s: %s' % (text, line) for line in wrong[:3]]
            for fault, (invariant, mistake) in list(missed.items()):
                if invariant in explore(folder, fault, 1)[0] or invariant in explore(folder, fault)[0]:
                    print('  fault %d breaks %s: %s' % (fault, invariant, mistake), flush=True)
                    del missed[fault]
    problems += ['fault %d does not break %s: %s' % (fault, *what) for fault, what in missed.items()]
    return ['%s: %s' % (name, problem) for problem in problems]


def main():
    names = sys.argv[1:] or list(MODELS)
    if any(name not in MODELS for name in names):
        sys.exit(__doc__)
    problems = [problem for name in names for problem in check_model(name)]
    if problems:
        sys.exit('\n'.join(problems))


if __name__ == '__main__':
    main()
