"""HTTP/2 as its clients see it: http2_test.py BRIDGE BACKENDS

curl, nghttp and h2load are clients that others have written. python3-h2 says what
no good client would.
"""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

import h2.config
import h2.connection
import h2.events

BRIDGE, BACKENDS = map(os.path.abspath, sys.argv[1:3])
# Whatever is waited for has long happened by then.
PATIENCE = 30


class Program:
    """A program that says where it listens."""

    def __init__(self, *command, folder=None):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True,
                                        cwd=folder)
        self.addresses = {}
        line = self.process.stdout.readline()
        self.address = line.strip().removeprefix("listening on ")
        self.rest = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.rest.append(line.strip())

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Client:
    """A connection of python3-h2, which lets malformed frames pass."""

    def __init__(self, port, tls=False, window=True, initial_window=None,
                 address="127.0.0.1"):
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE,
                                             (address, 0))
        if tls:
            context = ssl._create_unverified_context()
            context.set_alpn_protocols(["h2"])
            self.sock = context.wrap_socket(self.sock)
        self.conn = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True,
                                      header_encoding="utf-8"))
        self.window = window
        self.bodies, self.heads, self.ended, self.resets = {}, {}, set(), {}
        self.goaways = []
        self.closed = False
        if initial_window is not None:
            self.conn.local_settings.initial_window_size = initial_window
            self.conn.local_settings.acknowledge()
        self.received = b""
        self.conn.initiate_connection()
        self.flush()

    def flush(self):
        self.sock.sendall(self.conn.data_to_send())

    def request(self, path, method="GET", body=None, headers=(), end=True):
        stream = self.conn.get_next_available_stream_id()
        self.conn.send_headers(stream, [
            (":method", method), (":scheme", "http"), (":authority", "localhost"),
            (":path", path), *headers], end_stream=body is None and end)
        if body is not None:
            self.conn.send_data(stream, body, end_stream=end)
        self.bodies[stream] = b""
        self.flush()
        return stream

    def upload(self, stream, body):
        """Sends part of a body, as far as the server's windows allow; stops when
        the request has its answer."""
        while body and stream not in self.heads and stream not in self.resets:
            size = min(len(body), self.conn.max_outbound_frame_size,
                       self.conn.local_flow_control_window(stream))
            if size == 0:
                self.step()
                continue
            self.conn.send_data(stream, body[:size])
            self.flush()
            body = body[size:]

    def raw(self, *frames):
        self.sock.sendall(b"".join(frames))

    def step(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        except TimeoutError:
            raise AssertionError(f"nothing came: goaways={self.goaways} "
                                 f"resets={self.resets} ended={self.ended} "
                                 f"heads={self.heads}")
        if not data:
            self.closed = True
            return
        for event in self.conn.receive_data(self.without_goaways(data)):
            if isinstance(event, h2.events.ResponseReceived):
                self.heads[event.stream_id] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] += event.data
                if self.window is True or event.stream_id in (self.window or ()):
                    self.conn.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self.resets[event.stream_id] = event.error_code
        try:
            self.flush()
        except OSError:
            self.closed = True

    def without_goaways(self, data):
        """h2 takes nothing more once it has seen one."""
        self.received += data
        passed = b""
        while len(self.received) >= 9:
            size = 9 + int.from_bytes(self.received[:3], "big")
            if len(self.received) < size:
                break
            one, self.received = self.received[:size], self.received[size:]
            if one[3] == 7:
                self.goaways.append((int.from_bytes(one[13:17], "big"),
                                     int.from_bytes(one[9:13], "big")))
            else:
                passed += one
        return passed

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.closed or time.monotonic() > end:
                raise AssertionError(
                    f"closed={self.closed} goaways={self.goaways} "
                    f"resets={self.resets} ended={self.ended}")
            self.step()

    def until_closed(self):
        while not self.closed:
            self.step()

    def get(self, path, **options):
        stream = self.request(path, **options)
        self.until(lambda: stream in self.ended)
        return self.heads[stream], self.bodies[stream]

    def close(self):
        self.sock.close()


def frame(kind, flags, stream, payload=b""):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) +
            stream.to_bytes(4, "big") + payload)


def curl(*arguments):
    return subprocess.run(["curl", "-sS", "-k", *arguments], capture_output=True,
                          text=True, timeout=PATIENCE)


def curl_events(count, *arguments):
    """The first lines of a stream."""
    process = subprocess.Popen(["curl", "-sSNk", *arguments],
                               stdout=subprocess.PIPE, text=True)
    lines = []
    while sum(line.startswith("data:") for line in lines) < count:
        line = process.stdout.readline()
        if not line:
            break
        lines.append(line)
    process.kill()
    process.wait()
    process.stdout.close()
    return lines


class Http2Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.cert = os.path.join(cls.folder.name, "cert.pem")
        cls.key = os.path.join(cls.folder.name, "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-keyout", cls.key, "-out",
             cls.cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, capture_output=True)
        cls.backends = Program(BACKENDS, "--listen", "127.0.0.1:0",
                               folder=cls.folder.name)
        cls.plain = cls.bridge()
        cls.tls = cls.bridge("--tls-cert", cls.cert, "--tls-key", cls.key)

    @classmethod
    def bridge(cls, *options):
        program = Program(BRIDGE, "--listen", "127.0.0.1:0", "--admin",
                          "127.0.0.1:0", "--upstream", cls.backends.address,
                          "--cors-origin", "https://page.example",
                          "--max-streams-per-address", "1000", *options)
        program.port = int(program.address.rsplit(":", 1)[1])
        return program

    @classmethod
    def tearDownClass(cls):
        for program in (cls.plain, cls.tls, cls.backends):
            program.stop()
        cls.folder.cleanup()

    def metric(self, program, name):
        end = time.monotonic() + PATIENCE
        while not program.rest:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        address = re.search(r"http://\S+", "\n".join(program.rest)).group(0)
        with urllib.request.urlopen(address + "/metrics") as answer:
            text = answer.read().decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else 0

    def until_metric(self, program, name, value):
        end = time.monotonic() + PATIENCE
        while self.metric(program, name) != value:
            self.assertLess(time.monotonic(), end, name)
            time.sleep(0.02)

    # ---- Clients of others ----

    def test_curl_with_prior_knowledge(self):
        answer = curl("--http2-prior-knowledge", "-w", "%{http_version}", "-o",
                      "/dev/null", self.plain.address + "/openapi.yaml")
        self.assertEqual(answer.stdout, "2")
        one = curl("--http2-prior-knowledge", self.plain.address + "/openapi.yaml")
        two = curl("--http1.1", self.plain.address + "/openapi.yaml")
        self.assertEqual(one.stdout, two.stdout)

    def test_curl_with_alpn(self):
        for option, version in (("--http2", "2"), ("--http1.1", "1.1")):
            answer = curl(option, "-w", "%{http_version}", "-o", "/dev/null",
                          self.tls.address + "/openapi.yaml")
            self.assertEqual(answer.stdout, version, answer.stderr)

    def test_curl_receives_events(self):
        for option, program in (("--http2-prior-knowledge", self.plain),
                                ("--http2", self.tls)):
            lines = curl_events(
                2, option, program.address + "/prices/stream?symbols=AAPL")
            data = [line for line in lines if line.startswith("data:")]
            self.assertEqual(len(data), 2)
            self.assertEqual(json.loads(data[0][5:])["symbol"], "AAPL")

    def test_a_head_of_http2_is_that_of_http11(self):
        def heads(*options):
            text = curl("-I", *options, self.plain.address +
                        "/prices/stream?symbols=AAPL").stdout
            names = [line.split(":")[0].lower() for line in text.splitlines()[1:]]
            return sorted(set(names) - {"connection", "keep-alive", ""})
        self.assertEqual(heads("--http2-prior-knowledge"), heads("--http1.1"))

    def test_errors_and_cors(self):
        answer = curl("--http2-prior-knowledge", "-D-", "-H",
                      "Origin: https://page.example",
                      self.plain.address + "/nothing").stdout
        self.assertIn("HTTP/2 404", answer)
        self.assertIn("access-control-allow-origin: https://page.example", answer)
        self.assertIn('"status":"NOT_FOUND"', answer)
        answer = curl("--http2-prior-knowledge", "-X", "OPTIONS", "-D-", "-H",
                      "Origin: https://page.example", "-H",
                      "Access-Control-Request-Method: POST",
                      self.plain.address + "/prices/stream").stdout
        self.assertIn("HTTP/2 204", answer)
        self.assertIn("access-control-allow-methods", answer)

    def test_refused_requests_have_cors_headers_too(self):
        answer = curl("--http2-prior-knowledge", "-D-", "-H",
                      "Origin: https://page.example", "-H", "X: " + "x" * 20000,
                      self.plain.address + "/openapi.yaml").stdout
        self.assertIn("HTTP/2 431", answer)
        self.assertIn("access-control-allow-origin: https://page.example", answer)
        body = os.path.join(self.folder.name, "body")
        with open(body, "w") as file:
            file.write("x" * ((1 << 20) + 1))
        answer = curl("--http2-prior-knowledge", "-D-", "-H",
                      "Origin: https://page.example", "-d", "@" + body,
                      self.plain.address + "/prices/stream")
        self.assertIn("HTTP/2 413", answer.stdout, answer.stderr)

    def test_nghttp(self):
        answer = subprocess.run(
            ["nghttp", "-v", self.plain.address + "/openapi.yaml"],
            capture_output=True, text=True, timeout=PATIENCE)
        self.assertIn(":status: 200", answer.stdout)
        self.assertTrue("openapi: " in answer.stdout)
        self.assertFalse("PROTOCOL_ERROR" in answer.stdout)

    def test_h2load(self):
        for program in (self.plain, self.tls):
            answer = subprocess.run(
                ["h2load", "-n", "3000", "-c", "5", "-m", "50",
                 program.address + "/openapi.yaml"],
                capture_output=True, text=True, timeout=PATIENCE)
            self.assertIn("3000 succeeded, 0 failed, 0 errored", answer.stdout)

    # ---- Streams ----

    def test_many_streams_on_one_connection(self):
        for program in (self.plain, self.tls):
            client = Client(program.port, tls=program is self.tls)
            symbols = ["AAPL", "MSFT", "AMZN"]
            streams = [client.request("/prices/stream?symbols=" + symbols[i % 3])
                       for i in range(100)]
            client.until(lambda: all(
                client.bodies[s].count(b"data:") >= 2 for s in streams))
            for i, stream in enumerate(streams):
                self.assertEqual(client.heads[stream][":status"], "200")
                self.assertIn(symbols[i % 3].encode(), client.bodies[stream])
            client.close()

    def test_all_streams_of_a_connection_end_with_it(self):
        client = Client(self.plain.port)
        streams = [client.request("/prices/stream?symbols=AAPL") for _ in range(5)]
        client.until(lambda: all(s in client.heads for s in streams))
        client.close()
        self.until_metric(self.plain, "sse_bridge_connections_open", 0)
        self.until_metric(self.plain, "sse_bridge_http2_connections", 0)

    def test_a_reset_ends_one_stream(self):
        client = Client(self.plain.port)
        one = client.request("/prices/stream?symbols=AAPL")
        two = client.request("/prices/stream?symbols=AAPL")
        client.until(lambda: one in client.heads and two in client.heads)
        client.conn.reset_stream(one)
        client.flush()
        self.until_metric(self.plain, "sse_bridge_connections_open", 1)
        before = len(client.bodies[two])
        client.until(lambda: len(client.bodies[two]) > before)
        client.close()

    def test_a_stream_that_is_not_read_delays_no_other(self):
        client = Client(self.plain.port, window=set(), initial_window=100)
        slow = client.request("/prices/stream?symbols=AAPL")
        quick = client.request("/prices/stream?symbols=AAPL")
        client.conn.increment_flow_control_window(60000, quick)
        client.flush()
        client.until(lambda: client.bodies[quick].count(b"data:") >= 4)
        self.assertEqual(len(client.bodies[slow]), 100)
        # It goes on where it stopped.
        client.conn.increment_flow_control_window(60000, slow)
        client.flush()
        client.until(lambda: client.bodies[slow].count(b"data:") >= 4)
        client.close()

    def test_resumes_after_an_id(self):
        token = self.token()
        client = Client(self.plain_with_key().port)
        headers = [("authorization", "Bearer " + token)]
        for number in range(3):
            head, _ = client.get(
                "/notifications", method="POST", headers=headers,
                body=json.dumps({"user_id": "u", "type": "t", "title": str(number),
                                 "body": "b"}).encode())
            self.assertEqual(head[":status"], "200")
        first = client.request("/notifications/stream", headers=headers)
        client.until(lambda: client.bodies[first].count(b"data:") >= 3)
        ids = re.findall(rb"^id: ?(.*)$", client.bodies[first], re.MULTILINE)
        again = client.request("/notifications/stream", headers=headers + [
            ("last-event-id", ids[0].decode())])
        client.until(lambda: client.bodies[again].count(b"data:") >= 2)
        self.assertEqual(
            re.findall(rb"^id: ?(.*)$", client.bodies[again], re.MULTILINE)[:2],
            ids[1:3])
        client.close()

    def plain_with_key(self):
        key = os.path.join(self.folder.name, "dev.key")
        with open(key, "w") as file:
            file.write("0" * 64)
        program = self.bridge("--auth-key", key)
        self.addCleanup(program.stop)
        return program

    def token(self):
        import base64
        import hashlib
        import hmac

        def part(value):
            if not isinstance(value, bytes):
                value = json.dumps(value).encode()
            return base64.urlsafe_b64encode(value).rstrip(b"=")
        text = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(
            {"sub": "u", "exp": int(time.time()) + 600,
             "scope": "notifications:read notifications:write"})
        mac = hmac.new(b"0" * 64, text, hashlib.sha256).digest()
        return (text + b"." + part(mac)).decode()

    def test_a_drain_says_goodbye_and_ends_the_streams(self):
        program = self.bridge("--drain-timeout", "1s")
        client = Client(program.port)
        streams = [client.request("/prices/stream?symbols=AAPL") for _ in range(10)]
        client.until(lambda: all(s in client.heads for s in streams))
        program.process.send_signal(signal.SIGTERM)
        client.until(lambda: all(s in client.ended for s in streams))
        client.until_closed()
        self.assertEqual(client.resets, {})
        self.assertTrue(client.goaways)
        self.assertEqual(client.goaways[-1], (0, streams[-1]))
        for stream in streams:
            self.assertIn(b"retry:", client.bodies[stream])
        self.assertEqual(program.process.wait(PATIENCE), 0)
        program.stop()

    # ---- The setting ----

    def test_it_can_be_turned_off(self):
        program = self.bridge("--http2=false")
        self.addCleanup(program.stop)
        with socket.create_connection(("127.0.0.1", program.port)) as sock:
            sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            self.assertIn(b"HTTP/1.1 ", sock.recv(100))
        tls = self.bridge("--http2=false", "--tls-cert", self.cert, "--tls-key",
                          self.key)
        self.addCleanup(tls.stop)
        answer = curl("--http2", "-w", "%{http_version}", "-o", "/dev/null",
                      tls.address + "/openapi.yaml")
        self.assertEqual(answer.stdout, "1.1")

    # ---- What no good client does ----

    def test_a_preface_in_pieces(self):
        with socket.create_connection(("127.0.0.1", self.plain.port)) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0):
                sock.sendall(bytes([byte]))
            self.assertEqual(sock.recv(9)[3], 4)

    def test_what_begins_like_a_preface(self):
        with socket.create_connection(("127.0.0.1", self.plain.port)) as sock:
            sock.sendall(b"PRI / HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"HTTP/1.1 501", sock.recv(100))

    def test_malformed_frames_end_the_connection(self):
        malformed = [
            frame(0, 0, 0, b"x"),                   # DATA on stream 0
            frame(1, 5, 2, b"\x82"),                # a stream of the server's
            frame(4, 0, 0, b"x"),                   # SETTINGS of 1 byte
            frame(6, 0, 0, b"x"),                   # PING of 1 byte
            frame(8, 0, 0, bytes(4)),               # WINDOW_UPDATE of 0
            frame(9, 4, 1, b"\x82"),                # CONTINUATION of nothing
            frame(1, 5, 1, b"\xff\xff\xff\xff"),    # no HPACK
            frame(0, 0, 1, bytes(16385)),           # too long
            frame(5, 4, 1, bytes(4) + b"\x82"),     # a push of the client's
        ]
        for number, bad in enumerate(malformed):
            with self.subTest(bad=bad[:12]):
                # Addresses of their own, so that none has to wait.
                client = Client(self.plain.port,
                                address="127.0.2.%d" % (1 + number))
                client.raw(bad)
                client.until_closed()
                self.assertTrue(client.goaways)
                self.assertNotEqual(client.goaways[-1][0], 0)
                client.close()
        head, _ = Client(self.plain.port).get("/openapi.yaml")
        self.assertEqual(head[":status"], "200")

    def test_malformed_requests_are_reset(self):
        def literal(name, value):
            return (b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) +
                    value)
        whole = b"\x82\x86\x84" + literal(b":authority", b"a")
        blocks = [
            b"\x86\x84",                                       # no :method
            whole + literal(b":method", b"GET"),               # two
            whole + literal(b"connection", b"close"),
            whole + literal(b"transfer-encoding", b"chunked"),
            whole + literal(b"Upper", b"x"),
            whole + literal(b"x", b"a\r\nb: c"),
            whole + literal(b":path", b"/late"),
        ]
        for block in blocks:
            with self.subTest(block=block):
                client = Client(self.plain.port)
                client.bodies[1] = b""
                client.raw(frame(1, 5, 1, block))
                end = time.monotonic() + PATIENCE
                while (time.monotonic() < end and not client.closed and
                       1 not in client.heads):
                    try:
                        client.step()
                    except h2.exceptions.ProtocolError:
                        break  # the reset of a stream that h2 did not open
                self.assertNotIn(1, client.heads)
                client.close()

    def flood(self, program, frames, address):
        """Sends until the connection is closed."""
        client = Client(program.port, address=address)
        client.until(lambda: True)
        try:
            for data in frames:
                client.raw(data)
            while client.sock.recv(65536):
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        client.close()

    def test_floods_end_their_connection_and_no_other(self):
        reason = 'sse_bridge_http2_connections_ended_total{reason="flood"}'
        other = Client(self.plain.port)
        stream = other.request("/prices/stream?symbols=AAPL")
        other.until(lambda: stream in other.heads)
        block = b"\x82\x86\x84\x01\x01a"
        endless = b"\x82\x86\x04\x1b/prices/stream?symbols=AAPL\x01\x01a"
        floods = {
            "ping": [frame(6, 0, 0, bytes(8)) * 300],
            "settings": [frame(4, 0, 0) * 300],
            "window": [frame(8, 0, 0, b"\0\0\0\1") * 3000],
            "priority": [frame(2, 0, 1, b"\0\0\0\0\1") * 3000],
            "reset": [b"".join(frame(1, 5, i, block) + frame(3, 0, i, b"\0\0\0\x08")
                               for i in range(1, 801, 2))],
            # What the bridge is made to reset, by an overflow of a window.
            "provoked reset": [b"".join(
                frame(1, 5, i, block) + frame(8, 0, i, b"\x7f\xff\xff\xff")
                for i in range(1, 101, 2))],
            # More streams than it may have, of a client that never says that it
            # knows how many those are.
            "refused streams": [b"".join(frame(1, 5, i, endless)
                                         for i in range(1, 6001, 2))],
            "continuation": [frame(1, 1, 1, b"\x82") + frame(9, 0, 1) * 20],
            "empty data": [frame(1, 4, 1, b"\x83\x86\x84\x01\x01a") +
                           frame(0, 0, 1) * 400],
        }
        for number, (name, frames) in enumerate(floods.items()):
            with self.subTest(flood=name):
                before = self.metric(self.plain, reason)
                self.flood(self.plain, frames, "127.0.3.%d" % (1 + number))
                self.until_metric(self.plain, reason, before + 1)
        seen = len(other.bodies[stream])
        other.until(lambda: len(other.bodies[stream]) > seen)
        other.close()

    def test_an_address_that_floods_again_and_again_waits(self):
        address = "127.0.4.1"
        old = Client(self.plain.port, address=address)
        stream = old.request("/prices/stream?symbols=AAPL")
        old.until(lambda: stream in old.heads)
        for _ in range(5):
            self.flood(self.plain, [frame(6, 0, 0, bytes(8)) * 300], address)
        began = time.monotonic()
        client = Client(self.plain.port, address=address)
        self.assertEqual(client.get("/schema.json")[0][":status"], "200")
        # A second, less a tick of the bridge's clock.
        self.assertGreater(time.monotonic() - began, 0.8)
        seen = len(old.bodies[stream])
        old.until(lambda: len(old.bodies[stream]) > seen)
        client.close()
        old.close()

    def test_too_many_streams(self):
        client = Client(self.plain.port)
        block = b"\x82\x86\x84\x01\x01a"
        client.until(lambda: client.conn.remote_settings.max_concurrent_streams
                     == 128)
        streams = [client.request("/prices/stream?symbols=AAPL")
                   for _ in range(128)]
        client.until(lambda: all(s in client.heads for s in streams))
        client.raw(frame(1, 5, streams[-1] + 2, block))
        client.until_closed()
        self.assertNotEqual(client.goaways[-1][0], 0)
        self.until_metric(self.plain, "sse_bridge_connections_open", 0)

    def test_idle_connections_of_an_address_have_their_bound(self):
        program = self.bridge("--max-connections-per-address", "2")
        self.addCleanup(program.stop)
        busy = Client(program.port)
        stream = busy.request("/prices/stream?symbols=AAPL")
        busy.until(lambda: stream in busy.heads)
        idle = []
        for _ in range(3):
            idle.append(Client(program.port))
            head, _ = idle[-1].get("/openapi.yaml")
            self.assertEqual(head[":status"], "200")
        # The one that has been idle for longest is closed for the third.
        idle[0].until_closed()
        self.assertEqual(idle[1].get("/schema.json")[0][":status"], "200")
        self.assertEqual(idle[2].get("/schema.json")[0][":status"], "200")
        seen = len(busy.bodies[stream])
        busy.until(lambda: len(busy.bodies[stream]) > seen)
        for client in [busy, *idle]:
            client.close()

    def test_requests_in_memory_have_their_bound(self):
        # One address may have 2 MiB: a quarter.
        program = self.bridge("--max-body", "1MiB",
                              "--max-buffered-bytes", "8MiB")
        self.addCleanup(program.stop)
        client = Client(program.port)
        small, *large = [client.request("/prices", method="POST", end=False)
                         for _ in range(3)]
        client.upload(small, b"x" * 300_000)
        for stream in large:
            client.upload(stream, b"x" * 900_000)
        client.until(lambda: any(s in client.heads for s in large))
        refused = [s for s in large if s in client.heads]
        for stream in refused:
            self.assertEqual(client.heads[stream][":status"], "503")
        # Another address is served meanwhile, and then the others are.
        other = Client(program.port, address="127.0.0.2")
        self.assertEqual(other.get("/schema.json")[0][":status"], "200")
        for stream in (small, *[s for s in large if s not in refused]):
            client.conn.end_stream(stream)
            client.flush()
            client.until(lambda: stream in client.heads)
            self.assertEqual(client.heads[stream][":status"], "401")
        client.close()
        other.close()

    def test_an_unfinished_request_is_answered_in_time(self):
        program = self.bridge("--body-timeout", "1s")
        self.addCleanup(program.stop)
        client = Client(program.port)
        stream = client.request("/prices/stream", method="POST", body=b"{",
                                end=False)
        client.until(lambda: stream in client.ended or stream in client.resets)
        self.assertEqual(client.heads[stream][":status"], "408")
        client.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
