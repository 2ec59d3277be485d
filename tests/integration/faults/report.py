#!/usr/bin/env python3
"""tests/integration/faults/report.py [--only NAME]...: does to the real programs what is in
scenarios.py, and writes tests/integration/FAULTS.md. Takes about seven minutes; needs
scripts/build.sh release sse-bridge realtime-backends clock_shift, Redis and a C compiler.
With --only the result is printed and no file is written. Fails if anything acknowledged is
lost or comes twice where Redis itself has kept it."""

import os
import sys
import time
import traceback

import programs
from scenarios import SCENARIOS, told

# Here Redis loses what it has acknowledged.
LOSING = ('redis_killed_without_log', 'redis_failover_lagging')

OUT = os.path.join(programs.ROOT, 'tests', 'integration', 'FAULTS.md')

HEAD = '''# Fault report

`tests/integration/faults/report.py` wrote this page: the real programs on one machine, and
what is done to them while events flow. Four users each have a writer, which sends one
notification after the other through one bridge, and two browsers, which read them through
another (through the same one where only one is running). Browsers reconnect as EventSource
does, with their `Last-Event-ID`.

- **Acknowledged** are writes that were answered with 200. **Not acknowledged** are other
  answers; such a write may have been executed.
- **Lost** are acknowledged events that a browser never got, **twice** those that it got more
  than once, **disorder** those that it got after a later one; all three summed up over the
  browsers.
- **Reconnects** are connections that a browser had to open again. **Away** counts events
  `upstream` with which the bridge told of an outage, and **resets** events `reset` with which
  it told of a gap.
- **Longest write** is the longest time until a write was answered, whatever the answer.
'''

TAIL = '''
## What follows

- Nothing that was acknowledged is lost or comes twice, unless Redis itself loses it: without
  its append-only file, or in a failover to a replica that is behind. Use `appendonly yes` and
  `appendfsync always`. `everysec` is enough against the end of a process, not against that of
  a machine. Where a replica may be promoted, `min-replicas-to-write 1` bounds the loss.
- What Redis has lost is told by a `reset` where the cursor is no longer in the log. After a
  failover that lost events, new ones may get cursors that browsers have seen already; no
  `reset` can tell of that.
- While Redis or its disk hangs, writes wait about 10 s and are then refused with 503. Streams
  stay open.
- Steps of the clock end no stream and lose nothing. gRPC's own timers follow the time of day,
  so after a step back the deadline of a unary call that is under way comes late.
- A bridge that runs out of memory is killed by the system; browsers resume when it is started
  again. `max_connections`, `max_streams_per_address` and `max_streams` keep it from that.
- A bridge without free descriptors refuses further streams; those that are open go on, and
  `/healthz` answers.
'''


def seconds(value):
    return '%.1f s' % value


def row(what, duration, seen, note):
    if seen is None:
        return '| %s | %s | | | | | | | | %s |' % (what, duration or '', note)
    refused = told(seen['refused']) or '0'
    away = '%d away, %d resets' % (seen['away'], seen['resets'])
    notes = [note] if note else []
    if seen['refusals']:
        notes.append('streams refused at first: ' + told(seen['refusals']))
    if not seen['complete']:
        notes.append('**not everybody had everything after 30 s**')
    return '| %s | %s | %d | %s | %s | %d | %d | %d | %d; %s | %s |' % (
        what, '%d s' % duration if duration else '', seen['acknowledged'], refused, seconds(seen['longest_write']),
        seen['lost'], seen['twice'], seen['disorder'], seen['reconnects'], away, '; '.join(notes))


def broken(name, seen):
    return seen is not None and name not in LOSING and (
        seen['lost'] > 0 or seen['twice'] > 0 or seen['disorder'] > 0 or not seen['complete'])


def main():
    only = [sys.argv[i + 1] for i, word in enumerate(sys.argv[:-1]) if word == '--only']
    names = [function.__name__ for _, function in SCENARIOS]
    if any(name not in names for name in only) or (not only and sys.argv[1:]):
        sys.exit(__doc__ + '\n' + ', '.join(names))
    text, group, failed = HEAD, None, []
    for each, function in SCENARIOS:
        if only and function.__name__ not in only:
            continue
        if each != group:
            group = each
            text += ('\n## %s\n\n| what was done | for | acknowledged | not acknowledged | longest write | lost | twice | '
                     'disorder | reconnects; told | |\n| --- | --- | ---: | --- | --- | ---: | ---: | ---: | --- | --- |\n' % group)
        begin = time.monotonic()
        try:
            what, duration, seen, note = function()
            line = row(what, duration, seen, note)
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            sys.exit('%s failed' % function.__name__)
        finally:
            for program in programs._programs:
                program.kill()
            programs._programs.clear()
        print('%s (%.0f s): %s' % (function.__name__, time.monotonic() - begin, line), flush=True)
        text += line + '\n'
        if broken(function.__name__, seen):
            failed.append(function.__name__)
    if failed:
        sys.exit('broken: ' + ', '.join(failed))
    if only:
        return
    with open(OUT, 'w') as file:
        file.write(text + TAIL)


if __name__ == '__main__':
    main()
