"""Frames of HTTP/2 (RFC 9113), and header fields as plain text (RFC 7541)."""

import struct

(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, _, PING, GOAWAY, WINDOW_UPDATE,
 CONTINUATION) = range(10)
ACK = 1
END_STREAM, END_HEADERS = 1, 4
LARGEST_FRAME = 16_384


def frame(kind, flags, stream, payload=b''):
    return (struct.pack('>I', len(payload))[1:] +
            struct.pack('>BBI', kind, flags, stream) + payload)


OPENING = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(SETTINGS, 0, 0)


def text(value):
    size = len(value)
    if size < 127:
        return bytes([size]) + value
    head, size = [127], size - 127
    while size >= 128:
        head.append(size % 128 | 128)
        size //= 128
    return bytes(head + [size]) + value


def field(name, value):
    return b'\0' + text(name) + text(value)


def request(method, path):
    """The block of a request's header fields."""
    return ({'GET': b'\x82', 'POST': b'\x83'}[method] + b'\x86' +  # :scheme http
            b'\x01' + text(b'127.0.0.1') + b'\x04' + text(path))


def headers(stream, block, flags=END_STREAM):
    """HEADERS, and CONTINUATION for what does not fit."""
    parts = [block[at:at + LARGEST_FRAME]
             for at in range(0, len(block), LARGEST_FRAME)]
    return b''.join(
        frame(CONTINUATION if i else HEADERS,
              (0 if i else flags) | (END_HEADERS if i + 1 == len(parts) else 0),
              stream, part) for i, part in enumerate(parts))


def is_ok(block):
    """Whether the block of an answer begins with :status 200. A change of the
    table's size may come first."""
    if block[:1] and block[0] & 0xe0 == 0x20:
        at = 1
        if block[0] == 0x3f:
            while block[at] & 0x80:
                at += 1
            at += 1
        block = block[at:]
    return block[:1] == b'\x88'


def take_frames(data):
    """Removes whole frames from a bytearray: (kind, flags, stream, payload)."""
    while len(data) >= 9:
        end = 9 + int.from_bytes(data[:3], 'big')
        if len(data) < end:
            return
        whole = bytes(data[:end])
        del data[:end]
        yield whole[3], whole[4], int.from_bytes(whole[5:9], 'big'), whole[9:]
