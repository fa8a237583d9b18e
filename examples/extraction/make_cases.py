"""Writes cases.jsonl: made-up mails to a shop, and what should be read out of each.

Only cases are made here: the answers are recorded from a model (README.md).
"""

import hashlib
import json

NAMES = ["Anna Berg", "Tom Hill", "Maria Costa", "Jan Novak", "Lena Fischer", "Paul Martin", "Rosa Lund", "Omar Aziz", "Ida Moen", "Leo Rossi"]
ITEMS = ["kettle", "desk lamp", "blender", "toaster", "table fan", "radio", "headset", "keyboard", "monitor", "printer", "camera", "backpack"]
COUNTS = {2: "two", 3: "three", 4: "four"}
ISSUES = {
    "broken": ["It does not switch on.", "The glass is cracked.", "It stopped working after a day."],
    "late": ["It should have come last week.", "The parcel has not arrived yet.", "I have been waiting for two weeks."],
    "wrong": ["I got another colour than I ordered.", "You sent me a different model.", "This is not what I ordered."],
    "refund": ["Please give me my money back.", "I would like a refund.", "I want to return it and be paid back."],
}


def draw(*key):
    """A number in [0, 1) that depends on the key alone."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def pick(options, *key):
    return options[int(draw(*key) * len(options))]


def case(i):
    key = ("mail", i)
    item, issue, name = pick(ITEMS, key, "i"), pick(list(ISSUES), key, "s"), pick(NAMES, key, "w")
    order = f"{2020 + int(draw(key, 'y') * 6)}-{1000 + int(draw(key, 'o') * 9000)}"
    quantity = pick([1, 1, 1, 2, 3, 4], key, "n")
    goods = f"a {item}" if quantity == 1 else f"{COUNTS[quantity]} {item}s"
    complaint = pick(ISSUES[issue], key, "t")
    style = pick(["plain", "long", "form"], key, "l")
    if style == "plain":
        mail = f"Hello, I ordered {goods} (order {order}). {complaint} {name}"
    elif style == "long":  # with the number of another order in it
        old = pick(["2019-0001", "2018-0042", "2019-0777"], key, "old")
        mail = f"Dear team, I have bought from you for years, last time in order {old}. Now I ordered {goods}, and the number of the order is {order}. {complaint} Kind regards, {name}"
    else:
        mail = f"Customer: {name}. Order: {order}. Items: {quantity} x {item}. Message: {complaint}"
    answer = {"order": order, "item": item, "quantity": quantity, "issue": issue}
    return {"id": f"mail-{i:03}", "style": style, "issue": issue, "mail": mail, "answer": json.dumps(answer), "order": order, "item": item, "quantity": str(quantity)}


if __name__ == "__main__":
    with open("cases.jsonl", "w") as f:
        f.writelines(json.dumps(case(i)) + "\n" for i in range(1, 201))
