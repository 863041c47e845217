"""Alarms, dashboard and mail: each figure is one that somebody counts, and what it says reaches somebody."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import photosort
from infra.settings import Settings
from photosort.stack import METRICS_DIMENSION, METRICS_NAMESPACE, Metric
from photosort.telemetry import emit
from tests.infra.template_parts import FUNCTIONS, Parts, target

COUNTED = {name: value for name, value in vars(Metric).items() if name.isupper()}
SOURCES = Path(str(photosort.__file__)).parent

# Of what AWS itself counts: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
OF_AWS = {
    "AWS/Lambda": {"Errors", "Throttles", "Duration", "ConcurrentExecutions"},
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesVisible",
    },
}


def counted_by(module: str) -> set[str]:
    """What the module counts, and what it imports from the package: names of metrics as the code says them."""
    found, seen, waiting = set(), set(), [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name == "stack":  # which defines the names
            continue
        seen.add(name)
        for node in ast.walk(ast.parse((SOURCES / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "photosort":
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("photosort."):
                waiting.append(str(node.module).removeprefix("photosort."))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Metric":
                found.add(COUNTED[node.attr])
    return found


def alarms(parts: Parts) -> dict[str, dict[str, Any]]:
    """Properties by the name, without the stack's."""
    found = [resource["Properties"] for resource in parts.of("AWS::CloudWatch::Alarm").values()]
    return {alarm["AlarmName"].partition("-")[2]: alarm for alarm in found}


def resolved(value: Any) -> str:
    """Text of a template, references as the logical names of what they refer to."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return "".join(resolved(part) for part in value["Fn::Join"][1])
    return target(value) if "Fn::GetAtt" in value else str(value["Ref"])


Figure = tuple[str, str, tuple[tuple[str, str], ...]]  # namespace, name, dimensions


def figures_of_alarms(parts: Parts) -> Iterator[Figure]:
    for alarm in alarms(parts).values():
        queries = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
        for metric in queries or [alarm]:
            dimensions = tuple((each["Name"], resolved(each["Value"])) for each in metric["Dimensions"])
            yield metric["Namespace"], metric["MetricName"], dimensions


def figures_of_dashboard(parts: Parts) -> Iterator[Figure]:
    _, dashboard = parts.only("AWS::CloudWatch::Dashboard")
    for widget in json.loads(resolved(dashboard["DashboardBody"]))["widgets"]:
        for entry in widget["properties"].get("metrics", []):
            namespace, name, *dimensions = [part for part in entry if isinstance(part, str)] or ("", "")
            if namespace:
                yield namespace, name, tuple(zip(dimensions[::2], dimensions[1::2], strict=True))


@pytest.mark.parametrize("figures", [figures_of_alarms, figures_of_dashboard])
def test_every_figure_is_one_that_somebody_counts(parts: Parts, figures: Any) -> None:
    functions = {parts.function(module)[0]: module for module in FUNCTIONS}
    queues = {parts.queue_of(module)[0] for module in FUNCTIONS}
    found = list(figures(parts))
    assert len(found) > 10
    for namespace, name, dimensions in found:
        [(dimension, of)] = dimensions
        if namespace == METRICS_NAMESPACE:
            assert dimension == METRICS_DIMENSION
            assert name in counted_by(functions[of]), f"{functions[of]} does not count {name}"
        else:
            assert name in OF_AWS[namespace]
            assert (dimension, of in (functions if namespace == "AWS/Lambda" else queues)) == (
                "FunctionName" if namespace == "AWS/Lambda" else "QueueName",
                True,
            )


def test_everything_that_is_counted_is_shown_and_free(parts: Parts) -> None:
    counted = {(name, parts.function(module)[0]) for module in FUNCTIONS for name in counted_by(module)}
    shown = set(figures_of_dashboard(parts))
    ours = {(name, of) for namespace, name, [(_, of)] in shown if namespace == METRICS_NAMESPACE}
    assert ours == counted
    assert {name for name, _ in counted} == set(COUNTED.values())
    assert len(counted) == 12  # the README says so, with what they cost
    assert len(shown) <= 50


def test_what_is_printed_is_what_the_alarms_ask_for(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    """Powertools' line of CloudWatch's embedded metric format: namespace, name, dimension and its value."""
    name, _ = parts.function("record_failures")
    emit({Metric.DEAD_LETTERS: 2}, SimpleNamespace(function_name=name))  # type: ignore[arg-type]
    printed = json.loads(capsys.readouterr().out)
    [directive] = printed["_aws"]["CloudWatchMetrics"]
    [dimensions] = directive["Dimensions"]
    figure = (
        directive["Namespace"],
        directive["Metrics"][0]["Name"],
        tuple((dimension, printed[dimension]) for dimension in dimensions),
    )
    assert figure in set(figures_of_alarms(parts))


def test_nothing_is_counted_under_a_name_of_its_own() -> None:
    """It belongs into photosort.stack.Metric, or neither an alarm nor the dashboard would know of it."""
    files = list(SOURCES.glob("*.py"))
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    counted = [node for node in nodes if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("counts")]
    assert len(counted) > 8
    assert not [ast.unparse(node) for node in counted if isinstance(node.slice, ast.Constant)]


def test_the_alarms(parts: Parts) -> None:
    """Name: threshold, and how many portions of five minutes running it must last."""
    found = alarms(parts)
    assert {name: (alarm["Threshold"], alarm["EvaluationPeriods"]) for name, alarm in found.items()} == {
        "CompareQueueAge": (86_400, 1),
        "EnrollQueueAge": (2_700, 1),
        "DeadLetters": (1, 1),
        "DeadLettersStanding": (1, 12),
        "ComparePhotosErrors": (1, 1),
        "EnrollPersonErrors": (1, 1),
        "RecordFailuresErrors": (1, 1),
        "FunctionsThrottled": (1, 3),
        "RekognitionThrottled": (5, 3),
        "FailedComparisons": (1, 1),
    }
    for name, alarm in found.items():
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert f"See {name} in docs/runbook.md" in alarm["AlarmDescription"]
    billed = sum(max(1, sum("MetricStat" in query for query in alarm.get("Metrics", []))) for alarm in found.values())
    assert billed == 15  # the README says so, with what they cost


def test_no_alarm_misses_a_value_while_its_figures_have_none(parts: Parts) -> None:
    """It would look at older ones instead: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html"""
    for name, alarm in alarms(parts).items():
        [expression] = [query["Expression"] for query in alarm["Metrics"] if "Expression" in query]
        ids = [query["Id"] for query in alarm["Metrics"] if "MetricStat" in query]
        assert ids, name
        if name == "RekognitionThrottled":
            assert expression == "100 * FILL(throttled, 0) / FILL(calls, 1)"
        else:
            assert expression == " + ".join(f"FILL({each}, 0)" for each in ids), name


def test_photos_that_are_kept_for_a_day_ring_before_they_are_gone(chosen: Parts) -> None:
    assert alarms(chosen)["CompareQueueAge"]["Threshold"] == 12 * 3600


def test_without_an_address_nobody_is_told(parts: Parts) -> None:
    assert not [name for name, resource in parts.all.items() if resource["Type"].startswith("AWS::SNS::")]
    assert not any("AlarmActions" in alarm for alarm in alarms(parts).values())


def test_every_alarm_writes_to_the_address(chosen: Parts) -> None:
    topic, properties = chosen.only("AWS::SNS::Topic")
    _, subscription = chosen.only("AWS::SNS::Subscription")
    assert subscription == {"TopicArn": {"Ref": topic}, "Protocol": "email", "Endpoint": "ana@example.com"}
    # CloudWatch cannot publish under AWS's own key; no key at all it can.
    assert "KmsMasterKeyId" not in properties
    for name, alarm in alarms(chosen).items():
        assert alarm["AlarmActions"] == [{"Ref": topic}], name
        assert alarm.get("ActionsEnabled", True)
    # Of an event the end is no news.
    assert {name for name, alarm in alarms(chosen).items() if "OKActions" in alarm} == {
        "CompareQueueAge",
        "EnrollQueueAge",
        "DeadLettersStanding",
        "FunctionsThrottled",
        "RekognitionThrottled",
    }


def test_the_alarms_of_this_stack_may_publish_and_only_over_tls(chosen: Parts) -> None:
    """The topic's policy stands in place of the default one, by which everything in the account may publish."""
    topic, _ = chosen.only("AWS::SNS::Topic")
    _, policy = chosen.only("AWS::SNS::TopicPolicy")
    assert policy["Topics"] == [{"Ref": topic}]
    statements = policy["PolicyDocument"]["Statement"]
    [allowed] = [statement for statement in statements if statement["Effect"] == "Allow"]
    [denied] = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    source = resolved(allowed["Condition"]["ArnLike"]["aws:SourceArn"])
    assert source == "arn:AWS::Partition:cloudwatch:eu-west-1:AWS::AccountId:alarm:Family-*"
    assert all(name["AlarmName"].startswith("Family-") for name in alarms(chosen).values())
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (denied["Principal"], denied["Action"]) == ("*", "sns:Publish")


def test_two_stacks_of_one_name_have_two_dashboards(parts: Parts, chosen: Parts) -> None:
    names = {each.only("AWS::CloudWatch::Dashboard")[1]["DashboardName"] for each in (parts, chosen)}
    assert names == {f"{Settings().stack_name}-{Settings().region}", "Family-eu-west-1"}
