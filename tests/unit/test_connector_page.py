"""docs/write-a-connector.md: its example and its tables are what the program has."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
import yaml

from tests.checks import connector_page
from warehouse import engine
from warehouse.connectors import Connector, Money, SourceObject
from warehouse.raw_rows import with_money


def test_the_page_is_what_its_sources_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert connector_page.main([]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("model", [Connector, SourceObject, Money])
def test_every_key_is_described(model: type[Connector]) -> None:
    undescribed = [
        name for name, field in model.model_fields.items() if not field.exclude and not field.description
    ]
    assert undescribed == []


def test_the_example_of_money_over_a_nested_list_gives_the_sum_of_its_rounded_members() -> None:
    [declared] = [
        yaml.safe_load(block)["money"]
        for block in re.findall(
            r"```yaml\n(.*?)```", connector_page.PAGE.read_text(encoding="utf-8"), re.DOTALL
        )
        if "list_transform" in block
    ]
    source = SourceObject(columns=("lines", "currency"), money=Money(**declared))
    lines = '[{"quantity": 3, "price": "0.335"}, {"quantity": 1.5, "price": "0.33"}]'
    connection = engine.connect()
    connection.execute("create table rows as select ? as lines, 'EUR' as currency", [lines])
    row = connection.execute(f"select _amount from ({with_money(source, 'select * from rows')})").fetchone()
    connection.close()
    # 1.005 and 0.495, each rounded to cents
    assert row == (Decimal("1.51"),)
