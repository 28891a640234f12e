"""Messages on the socket: a header of eight bytes, a JSON text, and perhaps an open file with tensors."""

import array
import json
import os
import socket
import struct

#: Version of the protocol; the host must speak the same one.
PROTOCOL = 1

#: What this side can do.
FEATURES = ["hooks", "channels", "boxes"]
if hasattr(socket.socket, "sendmsg") and hasattr(socket, "SCM_RIGHTS"):
    FEATURES.insert(0, "tensors-by-descriptor")

_HEADER = struct.Struct("<II")


class Closed(BaseException):
    """The host has closed the socket: it has ended, and so does this process."""


class Wire:
    """One end of the socket."""

    def __init__(self, connection):
        self._socket = connection

    def send(self, message, file=None):
        """Sends a message, with the descriptor of a file."""
        text = json.dumps(message, allow_nan=False).encode("utf-8")
        header = _HEADER.pack(len(text), 0 if file is None else 1)
        try:
            if file is not None:
                rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))
                header = header[self._socket.sendmsg([header], [rights]) :]
            self._socket.sendall(header + text)
        except OSError as error:
            raise Closed() from error

    def receive(self):
        """The next message, with the descriptor of a file or None. Whoever receives a descriptor closes it."""
        header, files = b"", []
        space = socket.CMSG_SPACE(array.array("i").itemsize)
        try:
            while len(header) < _HEADER.size:
                data, control, _, _ = self._socket.recvmsg(_HEADER.size - len(header), space)
                for level, kind, content in control:
                    if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                        received = array.array("i")
                        received.frombytes(content[: len(content) - len(content) % received.itemsize])
                        files.extend(received)
                if not data:
                    raise Closed()
                header += data
            length, _ = _HEADER.unpack(header)
            text = bytearray()
            while len(text) < length:
                data = self._socket.recv(min(length - len(text), 1 << 20))
                if not data:
                    raise Closed()
                text += data
        except OSError as error:
            raise Closed() from error
        for file in files:
            os.set_inheritable(file, False)
        return json.loads(text.decode("utf-8")), (files[0] if files else None)
