"""A rule's condition as a Great Expectations expectation, pushed down as SQL. Imports Great Expectations: seconds.

The built-in expectations look at one column each; most rules compare several. This one takes the
condition as it stands in the suite, so that a rule is written once, where people read it.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from great_expectations.render import LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer


class RowMeetsCondition(ColumnMapMetricProvider):
    """True where the condition is not false: one that is null does not apply to the row."""

    condition_metric_name = "column_values.row_meets_condition"
    condition_value_keys = ("condition",)
    filter_column_isnull = False

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, condition: str, **kwargs: Any) -> Any:  # noqa: ARG002, N805
        return sa.func.coalesce(sa.literal_column(f"({condition})", sa.Boolean), sa.true())


class ExpectRowsToMeetCondition(ColumnMapExpectation):
    """Every row meets an SQL condition over the columns of its check view."""

    condition: str

    map_metric = "column_values.row_meets_condition"
    success_keys: ClassVar[tuple[str, ...]] = ("condition", "mostly")

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(cls, configuration: Any = None, result: Any = None, **_: Any) -> list[Any]:
        """The rule as people read it, for the documentation pages."""
        told = configuration or result.expectation_config
        words = {"rule": told.meta["rule"], "said": told.meta["said"]}
        template = {
            "template": "$rule: $said",
            "params": words,
            "styling": {"params": {"rule": {"tag": "code"}}},
        }
        return [RenderedStringTemplateContent(content_block_type="string_template", string_template=template)]
