"""docs/write-a-connector.md: its example and its tables are what the program has."""

from __future__ import annotations

import pytest

from tests.checks import connector_page
from warehouse.connectors import Connector, Money, SourceObject


def test_the_page_is_what_its_sources_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert connector_page.main([]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("model", [Connector, SourceObject, Money])
def test_every_key_is_described(model: type[Connector]) -> None:
    undescribed = [
        name for name, field in model.model_fields.items() if not field.exclude and not field.description
    ]
    assert undescribed == []
