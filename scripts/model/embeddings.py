"""An OpenAI-compatible /v1/embeddings for all-MiniLM-L6-v2: python embeddings.py FOLDER PORT.

The network is BERT with six layers, mean pooling and unit length, in numpy. Texts are cut at
256 tokens, as the model's own settings have it.
"""

import json
import math
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

HEADS, LAYERS, LONGEST = 12, 6, 256


def erf(x):
    """Abramowitz and Stegun 7.1.26: within 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    y = 1 - t * np.exp(-x * x) * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * y


class MiniLM:
    def __init__(self, folder):
        self.w = load_file(f"{folder}/model.safetensors")
        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(LONGEST)
        self.lock = Lock()  # one at a time: numpy has threads of its own

    def linear(self, x, name):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12) * self.w[name + ".weight"] + self.w[name + ".bias"]

    def embed(self, text):
        """The unit vector of a text, and how many tokens it has."""
        ids = self.tokenizer.encode(text).ids
        e = "embeddings."
        x = self.w[e + "word_embeddings.weight"][ids] + self.w[e + "position_embeddings.weight"][: len(ids)] + self.w[e + "token_type_embeddings.weight"][0]
        x = self.norm(x, e + "LayerNorm")
        for i in range(LAYERS):
            p = f"encoder.layer.{i}."
            q, k, v = (self.linear(x, f"{p}attention.self.{n}").reshape(len(ids), HEADS, -1).swapaxes(0, 1) for n in ("query", "key", "value"))
            s = q @ k.swapaxes(1, 2) / math.sqrt(q.shape[-1])
            s = np.exp(s - s.max(-1, keepdims=True))
            y = ((s / s.sum(-1, keepdims=True)) @ v).swapaxes(0, 1).reshape(len(ids), -1)
            x = self.norm(x + self.linear(y, p + "attention.output.dense"), p + "attention.output.LayerNorm")
            h = self.linear(x, p + "intermediate.dense")
            h = h * (1 + erf(h / math.sqrt(2))) / 2
            x = self.norm(x + self.linear(h, p + "output.dense"), p + "output.LayerNorm")
        v = x.mean(0)
        return v / np.linalg.norm(v), len(ids)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, body):
        b = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(b)))
        self.end_headers()
        self.wfile.write(b)

    def do_GET(self):
        self.reply(200, {"status": "ok"})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if self.path != "/v1/embeddings":
                return self.reply(404, {"error": {"message": f"no {self.path} here"}})
            texts = json.loads(raw)["input"]
            texts = [texts] if isinstance(texts, str) else texts
            if not texts or not all(isinstance(t, str) for t in texts):
                raise ValueError("input is a text or a list of texts")
        except (ValueError, KeyError, TypeError) as e:
            return self.reply(400, {"error": {"message": str(e), "type": "invalid_request_error"}})
        with self.server.model.lock:
            made = [self.server.model.embed(t) for t in texts]
        data = [{"object": "embedding", "index": i, "embedding": v.tolist()} for i, (v, _) in enumerate(made)]
        tokens = sum(n for _, n in made)
        return self.reply(200, {"object": "list", "model": "all-MiniLM-L6-v2", "data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
    server.model = MiniLM(sys.argv[1])
    server.serve_forever()
