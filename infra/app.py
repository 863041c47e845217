"""The CDK app: `python -m infra.app`, which cdk.json names."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.bundle import bundle
from infra.settings import Settings
from infra.stack import PhotoSortStack
from sortclient.errors import SortError


def build(app: App) -> PhotoSortStack:
    """Add the stack to ``app``, as its context says, with the rules that it has to pass when it is synthesized.

    Raises InputError for a wrong setting and BundleError where the Lambdas' code cannot be put together.
    """
    settings = Settings.from_context(app.node.get_all_context())
    stack = PhotoSortStack(app, settings=settings, code=bundle())
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stack


def synthesize(context: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The template, as CloudFormation would get it."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(context=dict(context or {}), outdir=folder, analytics_reporting=False)
        stack = build(app)
        template: dict[str, Any] = app.synth().get_stack_artifact(stack.artifact_id).template
        return template


def main() -> int:
    app = App(analytics_reporting=False)
    try:
        build(app)
    except SortError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
