"""A server that knows the kinds of a cluster and has nothing, for `kubectl --dry-run=client`.

Says its port on standard output, and ends with its standard input.
"""

import http.server
import json
import sys
import threading

GROUPS = {
    "/api/v1": ("v1", [("persistentvolumeclaims", "PersistentVolumeClaim")]),
    "/apis/batch/v1": ("batch/v1", [("jobs", "Job")]),
}
BATCH = {"groupVersion": "batch/v1", "version": "v1"}
ANSWERS = {
    "/version": {"major": "1", "minor": "32", "gitVersion": "v1.32.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [{"name": "batch", "versions": [BATCH], "preferredVersion": BATCH}],
    },
}
for path, (version, kinds) in GROUPS.items():
    verbs = ["create", "get", "list", "patch"]
    ANSWERS[path] = {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": version,
        "resources": [
            {"name": name, "singularName": "", "namespaced": True, "kind": kind, "verbs": verbs}
            for name, kind in kinds
        ],
    }


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = ANSWERS.get(self.path.split("?")[0])
        absent = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound"}
        body = json.dumps(answer or dict(absent, code=404)).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
