#!/usr/bin/env python3
"""What protobuf's conformance_test_runner talks to: hands each case of binary
input and JSON output to `sse-bridge transcode`, and skips all others.

usage: testee.py PROGRAM DESCRIPTOR_SET LOG

Each case is also written to LOG as "TYPE BASE64 ANSWER", in the order of the
runner, which keeps the cases' names to itself.
"""
import base64
import struct
import subprocess
import sys

# Fields of ConformanceRequest and ConformanceResponse, and WireFormat.JSON.
PROTOBUF_PAYLOAD, OTHER_PAYLOADS, OUTPUT_FORMAT, MESSAGE_TYPE = 1, (2, 7, 8), 3, 4
JSON_RESULT, SKIPPED, SERIALIZE_ERROR = 4, 5, 6
JSON = 2


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def write_varint(value):
    out = b''
    while value > 0x7f:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def fields_of(data):
    """The fields of a message that has only varints and delimited ones."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if tag & 7 == 2:
            at, value = at + value, data[at:at + value]
        fields[tag >> 3] = value
    return fields


def result(field, text):
    text = text.encode()
    return bytes([field << 3 | 2]) + write_varint(len(text)) + text


class Testee:
    def __init__(self, program, descriptor_set, log):
        self.log = open(log, 'a')  # the runner starts one for each suite
        self.bridge = subprocess.Popen(
            [program, 'transcode', '--descriptor-set', descriptor_set],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answer(self, request):
        if (request.get(OUTPUT_FORMAT) != JSON or
                any(other in request for other in OTHER_PAYLOADS)):
            return result(SKIPPED, 'not from binary to JSON')
        case = (request[MESSAGE_TYPE].decode() + ' ' +
                base64.b64encode(request.get(PROTOBUF_PAYLOAD, b'')).decode())
        self.bridge.stdin.write(case.encode() + b'\n')
        self.bridge.stdin.flush()
        line = self.bridge.stdout.readline().decode().rstrip('\n')
        print(case, line, file=self.log, flush=True)
        if line.startswith('OK '):
            return result(JSON_RESULT, line[3:])
        return result(SERIALIZE_ERROR, line)


def main():
    # The runner gives its program the name twice.
    testee = Testee(*sys.argv[-3:])
    while head := sys.stdin.buffer.read(4):
        size, = struct.unpack('<I', head)
        answer = testee.answer(fields_of(sys.stdin.buffer.read(size)))
        sys.stdout.buffer.write(struct.pack('<I', len(answer)) + answer)
        sys.stdout.buffer.flush()


main()
