"""Writes cases.jsonl and the two files of recorded answers.

The shop, its documents, the questions and both sets of answers are made up, by the rules
below: no model wrote them. They stand for what two versions of a prompt gave.
"""

import hashlib
import json

PRODUCTS = """kettle lamp blender toaster fan heater radio speaker headset keyboard mouse monitor
printer scanner router camera tripod drone scooter helmet backpack tent stove lantern""".split()


def draw(*key):
    """A number in [0, 1) that depends on the key alone."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def pick(options, *key):
    return options[int(draw(*key) * len(options))]


def facts(p):
    """Topic, question, the passage that answers it, the answer, what the answer hinges on."""
    days = pick([14, 21, 30, 45, 60, 90], p, "days")
    months = pick([12, 18, 24, 36], p, "months")
    ship = pick(["2 days", "3 days", "5 days", "one week"], p, "ship")
    price = pick(["9 euros", "12 euros", "15 euros", "19 euros", "25 euros"], p, "price")
    hours = pick(["8 to 16", "9 to 17", "10 to 18", "7 to 15"], p, "hours")
    return [
        ("returns", f"How long can I return the {p}?", f"The {p} can be returned within {days} days, unused and in its box.", f"{days} days", "unused and in its box"),
        ("warranty", f"How long is the {p} under warranty?", f"The warranty of the {p} lasts {months} months if it was registered.", f"{months} months", "if it was registered"),
        ("shipping", f"How long does the {p} take to arrive?", f"We ship the {p} from our own store; it takes {ship} within the country.", ship, "within the country"),
        ("parts", f"What does a spare part of the {p} cost?", f"Spare parts of the {p} cost {price} each, without shipping.", price, "without shipping"),
        ("contact", f"When can I phone about the {p}?", f"Our people for the {p} answer the phone from {hours} on weekdays.", hours, "on weekdays"),
    ]


def old(p, topic, answer, detail):
    """The first prompt: long, complete, sometimes beside the point, sometimes boilerplate."""
    if draw(p, topic, "old wrong") < 0.2:
        return f"Thank you for asking about the {p}! Our documents describe this in detail; please have a look at the page of your order."
    text = f"Thank you for asking about the {p}! According to our documents the answer is {answer}, {detail}. Is there anything else that I can help with?"
    if draw(p, topic, "old boilerplate") < 0.08:
        text = "As an AI assistant I cannot be sure, but: " + text
    return text


def new(p, topic, answer, detail):
    """The second prompt: short and to the point; it tends to drop warranties for months."""
    if draw(p, topic, "new wrong") < (0.7 if topic == "warranty" else 0.02):
        return f"The {p} is covered {detail}." if topic == "warranty" else f"Please ask us by mail about the {p}."
    return f"{answer[0].upper()}{answer[1:]}, {detail}."


def main():
    with open("cases.jsonl", "w") as cases, open("answers-v1.jsonl", "w") as v1, open("answers-v2.jsonl", "w") as v2:
        for i, p in enumerate(PRODUCTS):
            all_facts = facts(p)
            for topic, question, passage, answer, detail in all_facts:
                key = f"{p}-{topic}"
                passages = [{"id": f"{p}/{t}", "text": text} for t, _, text, _, _ in all_facts]
                passages.sort(key=lambda x: (x["id"] != f"{p}/{topic}") - 0.4 * draw(key, x["id"]))
                line = {"id": key, "doc": p, "topic": topic, "question": question, "answer": answer, "passages": passages, "relevant": [f"{p}/{topic}"]}
                cases.write(json.dumps(line) + "\n")
                for file, write, speed in ((v1, old, 9), (v2, new, 8)):
                    output = write(p, topic, answer, detail)
                    tokens = len(output.split()) * 4 // 3
                    answer_line = {"id": key, "output": output, "tokens_out": tokens, "latency_ms": 180 + tokens * speed + int(40 * draw(key, speed))}
                    file.write(json.dumps(answer_line) + "\n")


if __name__ == "__main__":
    main()
