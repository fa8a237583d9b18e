"""Writes cases.jsonl: a made-up shop, its documents, questions and what a search found.

Products come in pairs (kettle, travel kettle), so that the passage of the wrong one looks
right. For one question in ten the search misses the passage that holds the answer.
Only cases are made here: the answers are recorded from a model (README.md).
"""

import hashlib
import json

PRODUCTS = """kettle lamp blender toaster fan heater radio speaker headset keyboard mouse monitor
printer scanner router camera""".split()


def draw(*key):
    """A number in [0, 1) that depends on the key alone."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def pick(options, *key):
    return options[int(draw(*key) * len(options))]


def facts(p):
    """Topic: question, the passage that answers it, the answer."""
    days = pick([14, 21, 30, 45, 60, 90], p, "days")
    months = pick([12, 18, 24, 36], p, "months")
    ship = pick([2, 3, 4, 5, 6, 8], p, "ship")
    price = pick([9, 12, 15, 19, 25, 32], p, "price")
    opens, closes = pick([7, 8, 9, 10], p, "a"), pick([16, 17, 18, 19], p, "b")
    return {
        "returns": (f"How many days do I have to send the {p} back?", f"The {p} may be sent back within {days} days, unused and in its box.", f"{days} days"),
        "warranty": (f"How long is the {p} under warranty?", f"If it was registered, the {p} is under warranty for {months} months.", f"{months} months"),
        "shipping": (f"How long does the {p} take to arrive?", f"We send the {p} from our own store; it arrives after {ship} working days.", f"{ship} working days"),
        "parts": (f"What does a spare part for the {p} cost?", f"Spare parts for the {p} cost {price} euros each, shipping not included.", f"{price} euros"),
        "hours": (f"Until when can I phone you about the {p}?", f"Our people for the {p} answer the phone from {opens} to {closes} o'clock on weekdays.", f"{closes} o'clock"),
    }


def cases():
    for base in PRODUCTS:
        pair = [base, f"travel {base}"]
        documents = {p: facts(p) for p in pair}
        for p in pair:
            twin = pair[1 - pair.index(p)]
            for topic, (question, _, answer) in documents[p].items():
                key = f"{p.replace(' ', '-')}-{topic}"
                other = pick([t for t in documents[p] if t != topic], key, "other")
                found = [(p, topic), (twin, topic), (p, other)]
                if draw(key, "found") < 0.1:  # the search missed it
                    found = [(twin, topic), (p, other), (twin, other)]
                found.sort(key=lambda x: draw(key, x) - (0.25 if x == (p, topic) else 0))
                yield {
                    "id": key, "doc": base, "topic": topic, "question": question, "answer": answer,
                    "passages": [{"id": f"{a.replace(' ', '-')}/{t}", "text": documents[a][t][1]} for a, t in found],
                    "relevant": [f"{p.replace(' ', '-')}/{topic}"],
                }


if __name__ == "__main__":
    with open("cases.jsonl", "w") as f:
        f.writelines(json.dumps(c) + "\n" for c in cases())
