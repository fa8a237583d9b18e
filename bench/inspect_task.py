"""The bench's questions as an Inspect task: bench/llm.sh runs it against the stub."""

import os

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.solver import generate


@task
def questions():
    passage = "A passage of text that the answer should rest upon. " * 12
    n = int(os.environ["PEER_CASES"])
    return Task(dataset=MemoryDataset([Sample(id=i + 1, input=f"{passage}Question {i}?") for i in range(n)]), solver=generate())
