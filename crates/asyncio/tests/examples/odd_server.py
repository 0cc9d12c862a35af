"""Answers a GET in every way a server may or may not; prints its address first.

One thread a connection, and the answers are written as they stand here.
"""

import socketserver
import time

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"


def redirect(location):
    return b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

ANSWERS = {
    "/length": HELLO,
    "/target": HELLO,
    "/deep/target": HELLO,
    "/the%20target": HELLO,
    "/chunked": CHUNKED
    + b"b;name=value\r\nhello world\r\n"
    + b"11170\r\n"
    + b"x" * 70_000
    + b"\r\n0\r\nTrailer: yes\r\n\r\n",
    "/until-closed": OK + b"\r\n" + b"x" * 100_000,
    "/no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HELLO,
    "/redirect/0": HELLO,
    "/deep/relative?query": redirect(b"target"),
    "/with-space": redirect(b"/the target"),
    "/to-tls": redirect(b"https://localhost/"),
    "/truncated": OK + b"Content-Length: 10\r\n\r\nhello",
    "/truncated-chunk": CHUNKED + b"5\r\nhel",
    "/no-answer": b"",
    "/garbage": b"\x00\x01\x02 nonsense\r\n\r\n",
    "/endless-header": OK + b"X: " + b"x" * 200_000,
    "/endless-trailer": CHUNKED + b"0\r\n" + b"X: y\r\n" * 50_000,
    "/bad-chunk": CHUNKED + b"five\r\nhello\r\n0\r\n\r\n",
    "/two-lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
}


class Odd(socketserver.StreamRequestHandler):
    def handle(self):
        target = self.rfile.readline().split()[1].decode()
        host = b""
        while (line := self.rfile.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"host":
                host = value.strip()
        try:
            self.answer(target, host)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The client has seen enough.

    def answer(self, target, host):
        if target == "/absolute":
            self.wfile.write(redirect(b"http://" + host + b"/target"))
        elif target == "/silent":
            time.sleep(20)
        elif target == "/trickle":
            self.wfile.write(OK + b"Content-Length: 100\r\n\r\n")
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.2)
        elif target == "/in-pieces":
            for byte in HELLO:
                self.wfile.write(bytes([byte]))
        elif target.startswith("/redirect/") and target not in ANSWERS:
            self.wfile.write(redirect(b"/redirect/%d" % (int(target.rpartition("/")[2]) - 1)))
        else:
            self.wfile.write(ANSWERS.get(target, b"HTTP/1.1 404 Not Found\r\n\r\n"))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 1024
    allow_reuse_address = True


with Server(("127.0.0.1", 0), Odd) as server:
    print("http://%s:%d" % server.server_address, flush=True)
    server.serve_forever()
