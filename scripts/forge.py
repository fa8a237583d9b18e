"""A stand-in for the APIs of GitHub and GitLab, as far as `fairtrial ci` speaks to them.

It keeps comments, checks and SARIF uploads in memory and writes each request that changes
something to a file, a JSON line each. Only tests use it: it is not the real service.

    forge.py PORTFILE LOGFILE
"""

import http.server
import json
import re
import sys
import threading
import urllib.parse

ROUTES = [
    # GitHub
    (r"/repos/[^/]+/[^/]+/issues/(\d+)/comments", "list"),
    (r"/repos/[^/]+/[^/]+/issues/comments/(\d+)", "one"),
    (r"/repos/[^/]+/[^/]+/check-runs", "keep"),
    (r"/repos/[^/]+/[^/]+/code-scanning/sarifs", "keep"),
    # GitLab
    (r"/projects/[^/]+/merge_requests/(\d+)/notes", "list"),
    (r"/projects/[^/]+/merge_requests/\d+/notes/(\d+)", "one"),
]
comments = {n: {"id": n, "body": f"somebody's comment {n}", "system": False} for n in range(1, 151)}  # more than a page
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        if not (self.headers.get("Authorization") == "Bearer secret" or self.headers.get("PRIVATE-TOKEN") == "secret"):
            return self.answer(401, {"message": "Bad credentials"})
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(data) if data else None
        for pattern, kind in ROUTES:
            if not (m := re.fullmatch(pattern, url.path)):
                continue
            with lock:
                if self.command != "GET":
                    with open(sys.argv[2], "a") as f:
                        f.write(json.dumps({"method": self.command, "path": url.path, "body": body}) + "\n")
                if kind == "list" and self.command == "GET":
                    q = urllib.parse.parse_qs(url.query)
                    n, page = int(q["per_page"][0]), int(q["page"][0])
                    return self.answer(200, list(comments.values())[(page - 1) * n : page * n])
                if kind == "list" and self.command == "POST":
                    if len(body["body"]) > 65536:
                        return self.answer(422, {"message": "body is too long"})
                    c = {"id": max(comments) + 1, "body": body["body"], "html_url": f"http://forge.test/{max(comments) + 1}"}
                    comments[c["id"]] = c
                    return self.answer(201, c)
                if kind == "one" and self.command in ("PATCH", "PUT"):
                    c = comments[int(m[1])]
                    c["body"] = body["body"]
                    return self.answer(200, c)
                if kind == "keep" and self.command == "POST":
                    return self.answer(201, {"id": 1})
        self.answer(404, {"message": "Not Found"})

    do_GET = do_POST = do_PATCH = do_PUT = handle_any

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1], "w") as f:
    f.write(str(server.server_port))
server.serve_forever()
