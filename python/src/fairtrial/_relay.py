"""Started by the program as a plug-in: carries its questions to the Python process that has the
functions (see _desk.py), and the answers back. Run alone, with nothing but the standard library."""

import os
import socket
import sys
import threading


def main() -> None:
    to = socket.socket(socket.AF_UNIX)
    to.connect(sys.argv[1])
    to.sendall(sys.argv[2].encode() + b"\n")

    def ask() -> None:
        while part := os.read(0, 1 << 16):
            to.sendall(part)
        to.shutdown(socket.SHUT_WR)

    threading.Thread(target=ask, daemon=True).start()
    while part := to.recv(1 << 16):
        sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
