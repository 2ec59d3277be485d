"""What clients in other languages make of compressed streams and answers:
compression_test.py BRIDGE BACKENDS

A stream that is read with gzip says byte for byte what a plain one says, to
Python's zlib, to Node's and to curl, and its member ends in order.
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zlib

PATIENCE = 60
KEY = b"k" * 32
STREAM = "/prices/stream?symbols=AAPL"
EVENTS = 300
# What follows the last event is each connection's own: when to come back.
LAST = b'"price":%d.5' % (EVENTS - 1 + 1000)
END = b"retry: "

failures = 0


def check(holds, what):
    global failures
    if not holds:
        failures += 1
        print("FAIL", what, flush=True)


class Program:
    def __init__(self, argv, ready):
        self.log = tempfile.NamedTemporaryFile("w+", delete=False)
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        end = time.monotonic() + PATIENCE
        while True:
            text = open(self.log.name).read()
            if ready in text and "\n" in text[text.index(ready):]:
                break
            if time.monotonic() > end or self.process.poll() is not None:
                self.stop()
                sys.exit(f"{argv[0]} did not start:\n{text}")
            time.sleep(0.02)
        self.address = text[text.index(ready) + len(ready):].split()[0]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        if os.path.exists(self.log.name):
            os.unlink(self.log.name)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token():
    text = "%s.%s" % (encoded(b'{"alg":"HS256"}'), encoded(json.dumps(
        {"sub": "test", "exp": int(time.time()) + 3600,
         "scope": "prices:publish"}).encode()))
    return "%s.%s" % (text, encoded(
        hmac.new(KEY, text.encode(), hashlib.sha256).digest()))


def get(address, path, **headers):
    """Status, headers and undecoded body."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    connection.request("GET", path, headers={
        name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    return response.status, response, response.read()


class Reader(threading.Thread):
    """Reads a stream in the background; `text` is what it said so far."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.name = name
        self.text = b""
        self.ended_well = None
        self.start()

    def wait_for(self, what):
        end = time.monotonic() + PATIENCE
        while what not in self.text:
            if time.monotonic() > end:
                check(False, f"{self.name}: no {what!r} in {self.text[-200:]!r}")
                return
            time.sleep(0.02)


class PythonReader(Reader):
    def __init__(self, address, encoding):
        self.address, self.encoding, self.wire = address, encoding, 0
        super().__init__(f"Python, {encoding}")

    def run(self):
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        connection.request("GET", STREAM, headers={
            "Accept-Encoding": self.encoding})
        response = connection.getresponse()
        self.headers = response.headers
        inflater = None
        if response.headers["Content-Encoding"] == "gzip":
            inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        while True:
            part = response.read1(65536)
            if not part:
                break
            self.wire += len(part)
            self.text += inflater.decompress(part) if inflater else part
        self.ended_well = inflater is None or (
            inflater.eof and not inflater.unused_data)


class ProgramReader(Reader):
    def __init__(self, name, argv):
        self.argv = argv
        super().__init__(name)

    def run(self):
        process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        while True:
            part = process.stdout.read1(65536)
            if not part:
                break
            self.text += part
        self.ended_well = process.wait() == 0


NODE = """
const http = require('node:http');
const zlib = require('node:zlib');
http.get(process.argv[1], {headers: {'Accept-Encoding': 'gzip'}}, (response) => {
  if (response.headers['content-encoding'] !== 'gzip') process.exit(3);
  const gunzip = zlib.createGunzip({flush: zlib.constants.Z_SYNC_FLUSH});
  gunzip.on('error', (error) => { console.error(error); process.exit(4); });
  response.pipe(gunzip).pipe(process.stdout);
});
"""


def streams(bridge, publish):
    url = f"http://{bridge.address}{STREAM}"
    plain = PythonReader(bridge.address, "identity")
    readers = [
        PythonReader(bridge.address, "gzip"),
        ProgramReader("curl", ["curl", "-sSN", "--compressed", url]),
        ProgramReader("Node", ["node", "-e", NODE, url]),
    ]
    for reader in [plain, *readers]:
        reader.wait_for(b": open\n\n")
    late = []
    for i in range(EVENTS):
        publish(i)
        if i == EVENTS // 2:
            late = [PythonReader(bridge.address, "identity"),
                    PythonReader(bridge.address, "gzip")]
            for reader in late:
                reader.wait_for(b"data: ")
    for reader in [plain, *readers, *late]:
        reader.wait_for(LAST)
    bridge.process.terminate()
    for reader in [plain, *readers, *late]:
        reader.join(PATIENCE)
        check(END in reader.text.split(LAST)[1], f"{reader.name}: no end")
        check(reader.ended_well, f"{reader.name}: a bad end")
    for reader in readers:
        check(reader.text.split(LAST)[0] == plain.text.split(LAST)[0],
              f"{reader.name}: another text than the plain stream's")
    check(late[0].text.split(LAST)[0] == late[1].text.split(LAST)[0],
          "late: another text than the plain stream's")
    gzip = readers[0]
    check(gzip.headers["Content-Encoding"] == "gzip", "not compressed")
    check("Accept-Encoding" in plain.headers["Vary"], "plain: no Vary")
    check("Accept-Encoding" in gzip.headers["Vary"], "gzip: no Vary")
    check(gzip.wire * 2 < len(gzip.text),
          f"{gzip.wire} bytes for {len(gzip.text)}")


def negotiation(address):
    for accept, wanted in (("gzip", "gzip"), ("gzip;q=0", None), ("br", None),
                           ("*", "gzip"), ("identity, gzip;q=0.5", None),
                           ("deflate, gzip;q=1.0, *;q=0.5", "gzip")):
        connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        connection.request("GET", STREAM, headers={"Accept-Encoding": accept})
        response = connection.getresponse()
        check(response.headers["Content-Encoding"] == wanted, f"stream, {accept}")
        connection.close()
    # Streams of several feeds, and combined ones, are each client's own.
    for path in (STREAM + "&symbols=MSFT", "/events?stream=" + STREAM):
        connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        check(response.headers["Content-Encoding"] is None, path)
        connection.close()


def documents(address):
    for path in ("/", "/openapi.json", "/openapi.yaml", "/schema.json"):
        _, head, plain = get(address, path, Accept_Encoding="identity")
        check(head.headers["Content-Encoding"] is None, path)
        _, head, wire = get(address, path, Accept_Encoding="gzip")
        check(head.headers["Content-Encoding"] == "gzip", f"{path}: not gzip")
        check("Accept-Encoding" in head.headers.get("Vary", ""), f"{path}: Vary")
        check(len(wire) < len(plain) / 2, f"{path}: {len(wire)}/{len(plain)}")
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        check(inflater.decompress(wire) == plain and inflater.eof, path)
        curl = subprocess.run(
            ["curl", "-sS", "--compressed", f"http://{address}{path}"],
            stdout=subprocess.PIPE, check=True).stdout
        check(curl == plain, f"{path}: curl")


def main():
    bridge_program, backends_program = sys.argv[1:]
    backends = Program([backends_program, "--listen", "127.0.0.1:0", "--store",
                        "sqlite::memory:", "--nosimulate_market"],
                       "listening on ")
    with tempfile.NamedTemporaryFile() as key:
        key.write(KEY)
        key.flush()
        bridge = Program([bridge_program, "--listen", "127.0.0.1:0", "--upstream",
                          backends.address, "--auth-key", key.name, "--admin",
                          "127.0.0.1:0", "--drain-timeout", "5s"],
                         "listening on http://")
        publisher = http.client.HTTPConnection(bridge.address, timeout=PATIENCE)
        headers = {"Authorization": "Bearer " + token(),
                   "Content-Type": "application/json"}

        def publish(i):
            publisher.request("POST", "/prices", headers=headers, body=json.dumps(
                {"symbol": "AAPL", "price": 1000.5 + i}))
            response = publisher.getresponse()
            body = response.read()
            if response.status != 200:
                sys.exit(f"publishing: {response.status} {body}")

        try:
            publish(-1)
            negotiation(bridge.address)
            documents(bridge.address)
            streams(bridge, publish)
        finally:
            bridge.stop()
            backends.stop()
    sys.exit(1 if failures else 0)


main()
