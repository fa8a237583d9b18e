"""Builds each event of a file again from the classes that openlineage-python generates
from the standard's schemas, so that an unknown, missing or misspelt field fails, then
compares what its own serializer makes of it with what was sent."""

import json
import sys
from importlib.metadata import version

from openlineage.client import facet_v2
from openlineage.client.generated import base, test_run
from openlineage.client.serde import Serde

FACETS = {
    "test": test_run.TestRunFacet,
    "errorMessage": facet_v2.error_message_run.ErrorMessageRunFacet,
    "jobType": facet_v2.job_type_job.JobTypeJobFacet,
    "documentation": facet_v2.documentation_job.DocumentationJobFacet,
    "version": facet_v2.dataset_version_dataset.DatasetVersionDatasetFacet,
    "schema": facet_v2.schema_dataset.SchemaDatasetFacet,
    "dataQualityMetrics": facet_v2.data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet,
}

def facets(values):
    out = {}
    for name, fields in values.items():
        cls, fields = FACETS[name], dict(fields)
        sent = fields.pop("_schemaURL"), fields.pop("_producer")
        if name == "test":
            fields["tests"] = [test_run.TestExecution(**t) for t in fields["tests"]]
            assert all(t.status in ("pass", "fail", "skip") and t.severity in ("error", "warn") for t in fields["tests"])
        if name == "schema":
            fields["fields"] = [facet_v2.schema_dataset.SchemaDatasetFacetFields(**f) for f in fields["fields"]]
        facet = cls(**fields)
        assert facet._schemaURL == sent[0], f"{name}: {sent[0]}, the library has {facet._schemaURL}"
        out[name] = facet
    return out


def check(event):
    inputs = []
    for d in event["inputs"]:
        inputs.append(base.InputDataset(namespace=d["namespace"], name=d["name"], facets=facets(d["facets"]), inputFacets=facets(d.get("inputFacets", {}))))
    built = base.RunEvent(
        eventTime=event["eventTime"],
        eventType=base.EventType[event["eventType"]],
        run=base.Run(runId=event["run"]["runId"], facets=facets(event["run"]["facets"])),
        job=base.Job(namespace=event["job"]["namespace"], name=event["job"]["name"], facets=facets(event["job"]["facets"])),
        inputs=inputs,
        outputs=[],
        producer=event["producer"],
    )
    assert built.schemaURL == event["schemaURL"], (built.schemaURL, event["schemaURL"])
    again = json.loads(Serde.to_json(built))
    for key in ("eventType", "eventTime"):
        assert again[key] == event[key], (again[key], event[key])
    assert set(again["run"].get("facets", {})) == set(event["run"]["facets"])


events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert events, "no event"
for e in events:
    check(e)
print(f"{len(events)} OpenLineage events are what openlineage-python {version('openlineage-python')} would make")
