# SPDX-License-Identifier: Apache-2.0
"""Fields of protocol buffers without their schema, for the scripts that write test data."""


def fields(data):
    """(number, value) of each field: an integer, or the bytes of what has a length or is fixed."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        else:
            size = varint() if tag & 7 == 2 else {1: 8, 5: 4}[tag & 7]
            yield tag >> 3, data[at:at + size]
            at += size
