"""Writers and browsers that go on through every fault, and what they have seen."""

import http.client
import json
import random
import threading
import time

from programs import PATIENCE, token

USERS = 4
EVENT_SECONDS = 0.02


class Writer(threading.Thread):
    """Sends notifications to one user, one after the other, and remembers which were
    acknowledged. Those without an answer may or may not exist."""

    def __init__(self, port, user):
        super().__init__(daemon=True)
        self.port, self.user, self.bearer = port, user, token(user)
        self.acknowledged, self.unknown, self.statuses = [], [], {}
        self.longest = 0.0
        self.number = 0
        self.over = False
        self.connection = None

    def run(self):
        while not self.over:
            self.number += 1
            title = '%s-%d' % (self.user, self.number)
            begin = time.monotonic()
            status = self.send(title)
            self.longest = max(self.longest, time.monotonic() - begin)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                self.acknowledged.append(title)
            else:
                self.unknown.append(title)
                time.sleep(0.1)
            time.sleep(EVENT_SECONDS)

    def send(self, title):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)
            self.connection.request('POST', '/notifications', json.dumps({'user_id': self.user, 'title': title}), {
                'Authorization': 'Bearer ' + self.bearer, 'Content-Type': 'application/json'})
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 'no answer'


class Browser(threading.Thread):
    """Reads one user's stream as EventSource does."""

    def __init__(self, port, user):
        super().__init__(daemon=True)
        self.port, self.user, self.bearer = port, user, token(user)
        self.titles, self.resets, self.away, self.ends = [], 0, 0, 0
        self.refusals = {}
        self.last_id = ''
        self.opened = threading.Event()
        self.last_event = 0.0
        self.longest_silence = 0.0
        self.over = False

    def run(self):
        while not self.over:
            try:
                self.read()
            except (OSError, http.client.HTTPException, ValueError):
                pass
            if not self.over:
                self.ends += 1
                time.sleep(random.uniform(0.1, 0.3))

    def read(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)
        headers = {'Authorization': 'Bearer ' + self.bearer, 'Accept': 'text/event-stream'}
        if self.last_id:
            headers['Last-Event-ID'] = self.last_id
        connection.request('GET', '/notifications/stream', headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            answer.read()
            self.refusals[answer.status] = self.refusals.get(answer.status, 0) + 1
            return
        self.opened.set()
        name, data, event_id = '', '', None
        for raw in answer:
            if self.over:
                break
            line = raw.decode().rstrip('\n')
            if line.startswith('event: '):
                name = line[7:]
            elif line.startswith('data: '):
                data = line[6:]
            elif line.startswith('id:'):
                event_id = line[3:].strip()
            elif line == '' and data != '':
                if event_id is not None:
                    self.last_id = event_id
                self.dispatch(name, data)
                name, data, event_id = '', '', None
        connection.close()

    def dispatch(self, name, data):
        if name == 'reset':
            self.resets += 1
        elif name == 'upstream':
            self.away += '"away"' in data
        elif name in ('unread', 'new'):
            now = time.monotonic()
            if self.last_event:
                self.longest_silence = max(self.longest_silence, now - self.last_event)
            self.last_event = now
            self.titles.append(json.loads(data)['title'])


class Workload:
    """USERS writers at `write`, and two browsers for each user at `read`."""

    def __init__(self, write, read=None, users=USERS):
        self.writers = [Writer(write, 'user%d' % i) for i in range(users)]
        self.browsers = [Browser(read or write, 'user%d' % i) for i in range(users) for _ in range(2)]
        for each in self.browsers:
            each.start()
        for each in self.browsers:
            if not each.opened.wait(PATIENCE):
                raise TimeoutError('a stream does not open')
        for each in self.writers:
            each.start()

    def run(self, seconds):
        time.sleep(seconds)

    def acknowledged(self):
        return sum(len(writer.acknowledged) for writer in self.writers)

    def finish(self):
        """Writes until everybody is served again, and waits until all is delivered.
        Returns what there is to report."""
        for writer in self.writers:
            before = len(writer.acknowledged)
            self.wait(lambda: len(writer.acknowledged) > before + 2)
        for writer in self.writers:
            writer.over = True
        for writer in self.writers:
            writer.join(PATIENCE)
        complete = self.wait(lambda: all(
            browser.titles and browser.titles[-1] == self.last_of(browser.user) for browser in self.browsers), 30)
        for browser in self.browsers:
            browser.over = True
        return self.result(complete)

    def last_of(self, user):
        (writer,) = [each for each in self.writers if each.user == user]
        return writer.acknowledged[-1]

    @staticmethod
    def wait(holds, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def result(self, complete):
        lost, twice, disorder, extra = 0, 0, 0, 0
        for browser in self.browsers:
            (writer,) = [each for each in self.writers if each.user == browser.user]
            acknowledged = set(writer.acknowledged)
            seen = set(browser.titles)
            lost += len(acknowledged - seen)
            twice += len(browser.titles) - len(seen)
            extra += len(seen - acknowledged)
            numbers = [int(title.split('-')[1]) for title in browser.titles]
            disorder += sum(a > b for a, b in zip(numbers, numbers[1:]))
        statuses = {}
        for writer in self.writers:
            for status, count in writer.statuses.items():
                statuses[status] = statuses.get(status, 0) + count
        refusals = {}
        for browser in self.browsers:
            for status, count in browser.refusals.items():
                refusals[status] = refusals.get(status, 0) + count
        return {
            'acknowledged': statuses.pop(200, 0), 'refused': statuses,
            'longest_write': max(writer.longest for writer in self.writers),
            'lost': lost, 'twice': twice, 'disorder': disorder, 'unacknowledged_seen': extra,
            'resets': sum(browser.resets for browser in self.browsers),
            'away': sum(browser.away for browser in self.browsers),
            'reconnects': sum(browser.ends for browser in self.browsers), 'refusals': refusals,
            'longest_silence': max(browser.longest_silence for browser in self.browsers),
            'complete': complete, 'browsers': len(self.browsers),
        }
